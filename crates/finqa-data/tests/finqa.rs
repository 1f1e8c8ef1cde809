//! The FinQA importer on 200 real records and on invented ones.

mod qa_support;

use finqa_data::import::finqa;
use qa_support as support;

#[test]
fn the_development_records_become_tasks_with_right_programs() {
    let Some((path, text)) = support::shared("finqa_dev_200.json") else {
        return;
    };
    let imported = finqa::import(&path, &text).unwrap();
    let checked = support::check(&imported);
    println!("refused {:#?}", imported.refused);
    println!("tasks {} checked {checked:#?}", imported.tasks.len());
    for r in &imported.refusals {
        println!(
            "{} {} {}",
            r.reason,
            &r.record[r.record.len().saturating_sub(30)..],
            r.detail
        );
    }
}
