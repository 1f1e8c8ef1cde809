//! How fast a million recorded episodes are asked: writes them once, then times each view and some scans.
//!
//! `cargo run --release -p finqa-datafusion --example query_rate -- FOLDER [EPISODES]`

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use finqa_core::behaviour::{Check, Failure, Flag};
use finqa_core::trajectory::{
    CallRecord, CriterionRecord, EpisodeRecord, MessageRecord, TurnRecord,
};
use finqa_data::trajectories::Session;
use finqa_datafusion::query::{Limits, RELATIONS, RunFolder, query};

const TOOLS: [&str; 5] = [
    "list_tables",
    "table_info",
    "sql_query",
    "sql_query",
    "submit_answer",
];
const TYPES: [&str; 6] = ["lookup", "change", "share", "compare", "series", "report"];
const ERRORS: [&str; 3] = ["sql_syntax", "sql_no_such_column", "unknown_table"];
const EPISODES_OF_A_QUESTION: u64 = 8;

/// Bits without pattern: what an episode does must not depend on the order of making them.
fn mixed(number: u64) -> u64 {
    let bits = (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (bits ^ (bits >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 8
}

/// An episode of five turns with texts as long as real ones: about 2,500 characters.
fn episode(number: u64, of: u64) -> EpisodeRecord {
    let question = number / EPISODES_OF_A_QUESTION;
    let bits = mixed(number);
    let step = number * 10 / of * 100;
    let right = bits % 1000 < 300 + step / 2;
    let error = (bits / 1000)
        .is_multiple_of(4)
        .then(|| ERRORS[(bits / 4000 % 3) as usize]);
    let failure = Failure::ALL[(bits / 16_000 % Failure::COUNT as u64) as usize];
    let text = |length: usize, seed: u64| -> String {
        (0..length as u64 / 8).fold(String::new(), |mut out, i| {
            // Writing to a String cannot fail.
            let _ = write!(out, "{:07} ", mixed(seed.wrapping_mul(31) + i) % 10_000_000);
            out
        })
    };
    let calls = TOOLS.iter().enumerate().map(|(turn, tool)| CallRecord {
        turn: turn as i32 + 1,
        tool: Some((*tool).to_string()),
        status: "ok".to_string(),
        error: error.filter(|_| turn == 2).map(str::to_string),
        company: Some(format!("company {}", question % 500)),
        table: Some("debt".to_string()),
        rows: Some((bits % 20) as i32),
        tool_ms: Some(0.01),
    });
    let turns = TOOLS.iter().enumerate().map(|(turn, tool)| TurnRecord {
        action: format!("{tool} {}", text(150, bits + turn as u64)),
        num_tokens: Some(60),
        messages: vec![MessageRecord {
            id: "1".to_string(),
            name: (*tool).to_string(),
            content: text(250, question + turn as u64),
        }],
        ..TurnRecord::default()
    });
    EpisodeRecord {
        policy: "tiny".to_string(),
        episode: number as i64,
        policy_step: Some(step as i64),
        task_id: format!("task-{question:06}"),
        task_index: Some(question as i32),
        split: "train".to_string(),
        question_type: TYPES[(question % 6) as usize].to_string(),
        level: Some((question % 4) as i8 + 1),
        num_tables: Some((question % 3) as i16 + 1),
        companies: vec![format!("company {}", question % 500)],
        question: text(120, question),
        truth: Some((question % 1000).to_string()),
        duration_ms: Some((bits % 5000) as f64),
        status: "terminated".to_string(),
        submission: Some("42".to_string()),
        is_correct: Some(right),
        outcome: Some(f32::from(u8::from(right))),
        reward: Some(f32::from(u8::from(right))),
        wrong_answer: if right { "none" } else { "other" }.to_string(),
        failure: if right { "" } else { failure.name() }.to_string(),
        failures: if right {
            vec![]
        } else {
            vec![failure.name().to_string()]
        },
        num_turns: 5,
        num_calls: 5,
        num_errors: i32::from(error.is_some()),
        num_prompt_tokens: Some(900),
        num_completion_tokens: Some(300),
        dimensions: [Some(f32::from(u8::from(right))); 6],
        checks: [Some((bits % 3) as f32 / 2.0); Check::COUNT],
        flags: (bits as u32) & !(1 << Flag::InfraFault as u32),
        criteria: vec![CriterionRecord {
            id: "answer".to_string(),
            dim: "primary".to_string(),
            weight: 1.0,
            score: f32::from(u8::from(right)),
            applicable: true,
            reason: "equal".to_string(),
        }],
        calls: calls.collect(),
        prompt: text(400, question),
        turns: turns.collect(),
        ..EpisodeRecord::default()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments
        .next()
        .ok_or("usage: query_rate FOLDER [EPISODES]")?;
    let folder = Path::new(&folder);
    let num_episodes: u64 = arguments.next().map_or(Ok(1_000_000), |n| n.parse())?;
    let mut out = String::new();
    if !folder.join("run.json").exists() {
        let start = Instant::now();
        let info = serde_json::json!({"format": 1, "run": "generated"});
        let episodes = (0..num_episodes).map(|number| Ok(episode(number, num_episodes)));
        Session::start(folder, &info, false)?.write(episodes)?;
        writeln!(out, "written in {:.1} s", start.elapsed().as_secs_f64())?;
    }
    let bytes: u64 = std::fs::read_dir(folder)?
        .filter_map(|entry| entry.ok()?.metadata().ok())
        .map(|metadata| metadata.len())
        .sum();
    writeln!(out, "{} MB on disk", bytes / 1_000_000)?;
    let runs = [RunFolder {
        name: None,
        path: folder.to_path_buf(),
    }];
    let mut asked: Vec<(String, String)> = RELATIONS
        .iter()
        .filter(|relation| !relation.is_table && relation.name != "paired")
        .map(|relation| {
            (
                relation.name.to_string(),
                format!("SELECT * FROM {}", relation.name),
            )
        })
        .collect();
    for sql in [
        "SELECT count(*) FROM episodes",
        "SELECT question_type, avg(reward) FROM episodes GROUP BY question_type",
        "SELECT tool, error, count(*) FROM calls GROUP BY tool, error",
        "SELECT prompt, turns FROM episodes WHERE task_id = 'task-000777'",
        "SELECT count(*) FROM turns WHERE action LIKE '%1234567%'",
    ] {
        asked.push((sql.to_string(), sql.to_string()));
    }
    for (name, sql) in asked {
        let mut seconds: Vec<f64> = Vec::new();
        let mut rows = 0;
        for _ in 0..3 {
            let start = Instant::now();
            rows = query(&sql, &runs, &Limits::default(), &mut || true)?.num_rows();
            seconds.push(start.elapsed().as_secs_f64());
        }
        seconds.sort_by(f64::total_cmp);
        writeln!(out, "{:8.3} s  {rows:7} rows  {name}", seconds[1])?;
    }
    std::io::Write::write_all(&mut std::io::stdout(), out.as_bytes())?;
    Ok(())
}
