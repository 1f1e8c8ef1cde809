//! The tables, over several runs at once.

use finqa_datafusion::query::{Limits, RELATIONS, RunFolder, columns, query};

use crate::fixture::{Runs, lines};

#[test]
fn all_runs_are_asked_together() {
    let runs = Runs::new();
    let counted =
        runs.ask("SELECT run, count(*), sum(num_calls) FROM episodes GROUP BY run ORDER BY run");
    assert_eq!(counted, ["base|12|24", "tuned|9|18"]);
    assert_eq!(runs.ask("SELECT count(*) FROM episodes"), ["21"]);
    assert_eq!(
        runs.ask("SELECT count(*) FROM episodes WHERE run = 'tuned'"),
        ["9"]
    );
    assert_eq!(
        runs.ask(
            "SELECT run, policy, policy_step, scoring, corpus, num_episodes FROM runs ORDER BY run"
        ),
        ["base|tiny||3|toy|12", "tuned|tiny||3|toy|9"]
    );
}

#[test]
fn calls_turns_and_criteria_are_rows() {
    let runs = Runs::new();
    assert_eq!(
        runs.ask("SELECT call, turn, tool, error, rows FROM calls WHERE run = 'base' AND episode = 1 ORDER BY call"),
        ["1|1|list_tables||3", "2|2|sql_query|sql_syntax|3"]
    );
    assert_eq!(
        runs.ask("SELECT turn, action, messages[1]['content'] FROM turns WHERE run = 'base' AND episode = 1 ORDER BY turn"),
        ["1|list|debt, leases", "2|query|42"]
    );
    assert_eq!(
        runs.ask("SELECT id, dim, avg(score), count(*) FROM criteria WHERE run = 'tuned' GROUP BY id, dim"),
        ["answer|primary|0.8889|9"]
    );
    assert_eq!(runs.ask("SELECT count(*) FROM calls"), ["42"]);
}

#[test]
fn every_column_of_the_specification_is_there() {
    let names: Vec<String> = columns("episodes")
        .unwrap()
        .fields()
        .iter()
        .map(|f| f.name().clone())
        .collect();
    for name in [
        "run",
        "episode",
        "policy_step",
        "check_budget",
        "flag_infra_fault",
        "dimension_primary",
        "turns",
    ] {
        assert!(names.iter().any(|n| n == name), "{name} of {names:?}");
    }
    assert_eq!(names[0], "run");
    assert_eq!(
        names.len(),
        1 + finqa_data::trajectories::schema().fields().len()
    );
}

#[test]
fn every_relation_plans_and_runs_without_any_run() {
    for relation in RELATIONS.iter() {
        assert!(
            !columns(relation.name).unwrap().fields().is_empty(),
            "{}",
            relation.name
        );
        assert!(relation.doc.ends_with('.'), "{}", relation.name);
    }
}

#[test]
fn a_run_takes_the_name_it_is_given() {
    let runs = Runs::new();
    let named = RunFolder {
        name: Some("step 200/a=b%".to_string()),
        path: runs.folder.path().join("tuned"),
    };
    let ask = |sql: &str| {
        lines(
            &query(
                sql,
                std::slice::from_ref(&named),
                &Limits::default(),
                &mut || true,
            )
            .unwrap(),
        )
    };
    assert_eq!(ask("SELECT DISTINCT run FROM episodes"), ["step 200/a=b%"]);
    assert_eq!(
        ask("SELECT count(*) FROM episodes WHERE run = 'step 200/a=b%'"),
        ["9"]
    );
    assert_eq!(
        ask("SELECT count(*) FROM episodes WHERE run = 'other'"),
        ["0"]
    );
}

#[test]
fn a_filter_on_the_run_reads_the_files_of_that_run_only() {
    let runs = Runs::new();
    let plan = runs
        .ask("EXPLAIN SELECT task_id FROM episodes WHERE run = 'base' AND num_calls > 1")
        .join("\n");
    assert!(plan.contains("run=base/"), "{plan}");
    assert!(!plan.contains("run=tuned/"), "{plan}");
    assert!(plan.contains("predicate=num_calls"), "{plan}");
    assert!(
        !plan.contains("prompt"),
        "columns that nobody asked for are read: {plan}"
    );
}

#[test]
fn names_have_meanings() {
    let runs = Runs::new();
    let rows = runs.ask("SELECT kind, meaning FROM meanings WHERE name = 'gave_up'");
    assert_eq!(
        rows,
        ["failure|Said that there is no answer, where there is one."]
    );
}

#[test]
fn folders_that_are_no_runs_are_named() {
    let runs = Runs::new();
    let ask = |path: &std::path::Path, name: Option<&str>| {
        let folder = RunFolder {
            name: name.map(str::to_string),
            path: path.to_path_buf(),
        };
        let both = [
            folder,
            RunFolder {
                name: None,
                path: runs.folder.path().join("base"),
            },
        ];
        query("SELECT 1", &both, &Limits::default(), &mut || true)
            .unwrap_err()
            .to_string()
    };
    let empty = tempfile::tempdir().unwrap();
    assert!(ask(empty.path(), None).contains("run.json"));
    assert!(ask(&empty.path().join("gone"), None).contains("gone"));
    let twice = ask(&runs.folder.path().join("tuned"), Some("base"));
    assert!(
        twice.contains("another run is called \"base\" too"),
        "{twice}"
    );
    std::fs::write(empty.path().join("run.json"), r#"{"format": 99}"#).unwrap();
    assert!(ask(empty.path(), None).contains("99"));
}

#[test]
fn a_result_can_be_written_as_parquet() {
    let runs = Runs::new();
    let result = runs
        .try_ask(
            "SELECT run, task_id, calls FROM episodes",
            &Limits::default(),
        )
        .unwrap();
    let path = runs.folder.path().join("out.parquet");
    result.write_parquet(&path).unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() > 100);
    assert!(
        result
            .write_parquet(&runs.folder.path().join("no/folder.parquet"))
            .is_err()
    );
}

#[test]
fn columns_of_one_name_are_refused_with_what_would_tell_them_apart() {
    let runs = Runs::new();
    let join = "FROM episodes a JOIN episodes b ON a.run = b.run AND a.task_id = b.task_id";
    for list in ["a.episode, b.episode", "*"] {
        let error = runs
            .try_ask(&format!("SELECT {list} {join}"), &Limits::default())
            .unwrap_err();
        let text = error.to_string();
        assert_eq!(error.code(), "sql", "{text}");
        assert!(text.contains("name them apart with AS"), "{text}");
    }
    let sql = format!("SELECT a.episode AS first, b.episode {join} WHERE a.task_id = 'q4'");
    assert_eq!(runs.ask(&sql), ["8|8"]);
    // Columns that are joined by are one.
    let sql = "SELECT * FROM (SELECT run, task_id FROM episodes WHERE task_id = 'q4') a
               JOIN (SELECT run, level FROM episodes WHERE task_id = 'q4') b USING (run)";
    assert_eq!(runs.ask(sql), ["tuned|q4|1"]);
}

#[test]
fn a_result_that_threads_write_to_one_path_is_whole() {
    let runs = Runs::new();
    let result = runs
        .try_ask("SELECT * FROM calls", &Limits::default())
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.parquet");
    std::thread::scope(|scope| {
        let (result, path) = (&result, &path);
        let writers: Vec<_> = (0..4)
            .map(|_| scope.spawn(move || (0..20).try_for_each(|_| result.write_parquet(path))))
            .collect();
        for writer in writers {
            writer.join().unwrap().unwrap();
        }
    });
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(std::fs::read(&path).unwrap().ends_with(b"PAR1"));
    let missing = folder.path().join("no").join("out.parquet");
    assert!(result.write_parquet(&missing).is_err() && !missing.exists());
}
