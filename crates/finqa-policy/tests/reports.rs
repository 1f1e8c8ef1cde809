//! Gold programs that name an extreme or fill a report, run through the engine on tables written by hand.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]

use std::sync::Arc;

use finqa_core::answer::{AnswerSpec, Unit};
use finqa_core::corpus::CorpusInfo;
use finqa_core::gold::{CellRef, Gold, GoldAnswer, GoldQuery, GoldRule, GoldValue};
use finqa_core::rubric::Rubric;
use finqa_core::sql::SqlBackend;
use finqa_core::{Company, Corpus, Table, Task, ToolProfile, Value};
use finqa_env::episode::Step;
use finqa_env::stats::Delta;
use finqa_env::{Action, Context, EnvConfig, Episode, Status};
use finqa_policy::gold::GoldRun;
use finqa_policy::{ValidateOptions, validate};
use finqa_sqlite::{BackendConfig, SqliteBackend};

const TABLE: &str = "us_gaap_DebtTableTextBlock";

/// A company with one table: interest and debt of three years.
fn company() -> Company {
    let cells = [
        "item", "2024", "2023", "2022", "interest", "$ (77)", "80", "80", "debt", "1,526", "1,600",
        "—",
    ];
    let mut cells = cells.iter().map(|c| (*c).to_owned());
    let columns: Vec<String> = cells.by_ref().take(4).collect();
    Company {
        name: "acme".into(),
        tables: vec![Table::new("acme", TABLE, columns, cells.map(Value::text).collect()).unwrap()],
    }
}

fn gold(answer: GoldAnswer) -> Gold {
    let row = |label: &str| GoldQuery {
        company: "acme".into(),
        table: TABLE.into(),
        sql: format!(
            "SELECT \"2024\", \"2023\", \"2022\" FROM \"{TABLE}\" WHERE \"item\" = '{label}'"
        ),
    };
    Gold {
        queries: vec![row("interest"), row("debt")],
        answer,
    }
}

/// The cell of query 0 (interest) or 1 (debt), column 0 (2024) to 2 (2022).
fn cell(query: u16, column: u16) -> CellRef {
    CellRef {
        query,
        row: 0,
        column,
    }
}

/// What the program submits, and how many calculator calls it made.
fn run(answer: GoldAnswer, profile: ToolProfile) -> (String, usize) {
    try_run(answer, profile).unwrap()
}

/// The same, or the code of the first tool error.
fn try_run(
    answer: GoldAnswer,
    profile: ToolProfile,
) -> Result<(String, usize), finqa_core::ToolErrorCode> {
    let task = Task {
        id: "t".into(),
        companies: vec!["acme".into()],
        question: "?".into(),
        truth: "x".into(),
        answer: AnswerSpec {
            unit: Unit::Text,
            ..AnswerSpec::default()
        },
        gold: Some(gold(answer)),
        ..Task::default()
    };
    let corpus = Corpus::new(CorpusInfo::default(), vec![company()], vec![task.clone()]).unwrap();
    let backend: Arc<dyn SqlBackend> =
        Arc::new(SqliteBackend::new(BackendConfig::default()).unwrap());
    let config = EnvConfig {
        tool_profile: profile,
        ..EnvConfig::default()
    };
    let ctx = Context::new(Arc::new(corpus), backend, config).unwrap();
    let mut episode = Episode::new(&ctx, 0).unwrap();
    let mut run = GoldRun::new(&task);
    let mut delta = Delta::new(false);
    let (mut observation, mut calculations) = (String::new(), 0);
    while episode.status() == Status::Running {
        let message = run.act(&task, &ctx.toolbox, &observation);
        calculations += usize::from(message.contains("\"expression\""));
        let Step::Done(turn) = episode.step(&ctx, Action::Text(&message), false, &mut delta) else {
            panic!("no user tools are there");
        };
        if let Some(code) = turn.last_error {
            return Err(code);
        }
        observation.clear();
        turn.observation.write_to(&mut observation);
    }
    Ok((episode.submission().unwrap().to_owned(), calculations))
}

fn number(name: &str, expression: &str, decimals: Option<u8>, suffix: &str) -> GoldValue {
    GoldValue {
        name: name.into(),
        rule: GoldRule::Number {
            expression: expression.into(),
            decimals,
            suffix: suffix.into(),
        },
    }
}

#[test]
fn a_report_is_filled_in() {
    let band = |name: &str, expression: &str| GoldValue {
        name: name.into(),
        rule: GoldRule::Band {
            expression: expression.into(),
            bands: vec![
                ("-0.05".into(), "low".into()),
                ("0.05".into(), "moderate".into()),
            ],
            otherwise: "high".into(),
        },
    };
    let answer = || {
        GoldAnswer::Report {
        operands: vec![cell(0, 0), cell(1, 0), cell(0, 1), cell(1, 1)],
        values: vec![
            number("interest", "{0}", None, " million"),
            number("debt", "{1}", Some(1), ""),
            number("ratio", "{0}/{1}", Some(3), ""),
            number("ratio_2023", "{2}/{3}", None, ""),
            number("again", "${ratio}", Some(5), ""),
            // Unrounded: (-77/1526) * 1526 is -77 again, and -0.050 * 1526 is not.
            number("back", "0-${ratio}*${debt}", Some(0), ""),
            GoldValue {
                name: "year".into(),
                rule: GoldRule::Extreme {
                    expressions: vec!["${ratio}".into(), "${ratio_2023}".into()],
                    names: vec!["2024".into(), "2023".into()],
                    largest: true,
                },
            },
            band("first", "${ratio}"),
            band("second", "${ratio_2023}"),
            band("third", "${ratio_2023}-0.1"),
        ],
        text: "- Interest: ${interest} of $ ${debt}\n- Ratio: ${ratio}, ${ratio_2023}, ${again}\n- Back: ${back}\n\
               Highest in ${year}: ${first}, ${second}, ${third} {}"
            .into(),
    }
    };
    for profile in ToolProfile::ALL {
        let (submission, calculations) = run(answer(), profile);
        assert_eq!(
            submission,
            "- Interest: -77 million of $ 1526.0\n- Ratio: -0.050, 0.05, -0.05046\n- Back: 77\n\
             Highest in 2023: low, high, moderate {}",
            "{profile:?}"
        );
        // Three expressions are no bare cells or values; profile openenv has no calculator to give them to.
        let expected = if profile == ToolProfile::OpenEnv {
            0
        } else {
            3
        };
        assert_eq!(calculations, expected, "{profile:?}");
    }
}

#[test]
fn the_name_of_the_largest_and_smallest_cell() {
    let answer = |query, largest| GoldAnswer::Extreme {
        operands: (0..3).map(|column| cell(query, column)).collect(),
        names: ["2024", "2023", "2022"].map(Into::into).to_vec(),
        largest,
    };
    for profile in ToolProfile::ALL {
        assert_eq!(run(answer(0, false), profile).0, "2024");
        assert_eq!(run(answer(1, true), profile).0, "2023");
        assert_eq!(run(answer(1, false), profile).0, "2022");
        // Two years have the largest interest: neither is the answer.
        let (tied, calculations) = run(answer(0, true), profile);
        assert_eq!(
            (tied.as_str(), calculations),
            ("The tables do not hold the answer.", 0)
        );
    }
}

#[test]
fn a_report_with_a_value_missing_is_not_handed_in() {
    let report = |expression, text: &str| GoldAnswer::Report {
        operands: vec![cell(0, 0)],
        values: vec![
            number("v", expression, None, ""),
            number("later", "{0}", None, ""),
        ],
        text: text.into(),
    };
    for (expression, text) in [("{9}", "${v}"), ("{0}+${later}", "${v}"), ("{0}", "${w}")] {
        let (submission, _) = run(report(expression, text), ToolProfile::Rllm);
        assert_eq!(
            submission, "The tables do not hold the answer.",
            "{expression}"
        );
    }
    assert_eq!(
        try_run(report("{0}/0", "${v}"), ToolProfile::Rllm),
        Err(finqa_core::ToolErrorCode::CalcDivisionByZero)
    );
}

#[test]
fn reports_and_questions_without_an_answer_are_validated() {
    let answer = GoldAnswer::Report {
        operands: vec![cell(0, 0), cell(1, 0)],
        values: vec![
            number("interest", "{0}", None, ""),
            number("debt", "{1}", None, ""),
            number("ratio", "${interest}/${debt}", Some(3), ""),
        ],
        text: "# Inputs\n- Interest: ${interest}\n- Debt: ${debt}\n- Ratio: ${ratio}".into(),
    };
    let rubric: Rubric = serde_json::from_str(
        r#"{"criteria": [
        {"id": "p1", "dim": "primary", "kind": "value", "slot": "interest", "truth": {"value": "-77", "op": "exact"}},
        {"id": "p2", "dim": "primary", "kind": "value", "slot": "debt", "truth": {"value": "1526", "op": "exact"}},
        {"id": "d1", "dim": "derived", "kind": "value", "slot": "ratio", "truth": {"value": "-0.050", "unit": "ratio"},
         "from": {"expr": "interest/debt"}},
        {"id": "s1", "dim": "structure", "kind": "format", "headings": ["Inputs"]}]}"#,
    )
    .unwrap();
    let report = Task {
        id: "report".into(),
        companies: vec!["acme".into()],
        truth: "# Inputs\n- Interest: (77)\n- Debt: 1,526\n- Ratio: -5.0%".into(),
        gold: Some(gold(answer)),
        rubric: Some(rubric),
        ..Task::default()
    };
    let mut wrong = report.clone();
    "wrong".clone_into(&mut wrong.id);
    if let Some(Gold {
        answer: GoldAnswer::Report { operands, .. },
        ..
    }) = &mut wrong.gold
    {
        operands[1] = cell(1, 1);
    }
    let absent = Task {
        id: "absent".into(),
        companies: vec!["acme".into()],
        truth: "not answerable".into(),
        answer: AnswerSpec {
            unit: Unit::Absent,
            ..AnswerSpec::default()
        },
        // No such row: the policy says so itself.
        gold: Some(gold(GoldAnswer::Cells {
            cells: vec![CellRef {
                query: 0,
                row: 7,
                column: 0,
            }],
        })),
        ..Task::default()
    };
    let tasks = vec![report, wrong, absent];
    let corpus = Corpus::new(CorpusInfo::default(), vec![company()], tasks).unwrap();
    let backend: Arc<dyn SqlBackend> =
        Arc::new(SqliteBackend::new(BackendConfig::default()).unwrap());
    let checks = validate(
        &Arc::new(corpus),
        &backend,
        &ValidateOptions::default(),
        &mut |_| true,
    )
    .unwrap();
    let outcomes: Vec<&str> = checks.iter().map(|c| c.outcome).collect();
    assert_eq!(outcomes, ["ok", "wrong_answer", "ok"], "{checks:#?}");
}
