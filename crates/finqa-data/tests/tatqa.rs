//! The TAT-QA importer on the real development file and on invented records.

mod qa_support;

use finqa_data::import::tatqa;
use qa_support as support;

#[test]
fn the_development_file_becomes_tasks_with_right_programs() {
    let Some((path, text)) = support::shared("tatqa_dataset_dev.json") else {
        return;
    };
    let imported = tatqa::import(&path, &text).unwrap();
    let checked = support::check(&imported);
    println!("refused {:#?}", imported.refused);
    println!("tasks {} checked {checked:#?}", imported.tasks.len());
    for r in &imported.refusals {
        if r.reason != "answer_only_in_text" {
            println!(
                "{} {} {}",
                r.reason,
                &r.record[r.record.len().saturating_sub(60)..],
                r.detail
            );
        }
    }
}
