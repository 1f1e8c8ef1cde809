//! Which crate may know which, and where `unsafe` may stand.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// Our crates and what each may depend on (tests may use more).
const ARROWS: [(&str, &[&str]); 9] = [
    ("finqa-core", &[]),
    ("finqa-sqlite", &["finqa-core"]),
    ("finqa-synth", &["finqa-core"]),
    ("finqa-data", &["finqa-core", "finqa-synth"]),
    ("finqa-env", &["finqa-core"]),
    ("finqa-policy", &["finqa-core", "finqa-env"]),
    (
        "finqa-datafusion",
        &["finqa-core", "finqa-data", "finqa-synth"],
    ),
    (
        "finqa-python",
        &[
            "finqa-core",
            "finqa-sqlite",
            "finqa-data",
            "finqa-datafusion",
            "finqa-env",
            "finqa-policy",
        ],
    ),
    (
        "finqa-benches",
        &[
            "finqa-core",
            "finqa-sqlite",
            "finqa-data",
            "finqa-env",
            "finqa-policy",
        ],
    ),
];

/// Crates with a reviewed module of `unsafe` code.
const UNSAFE_INSIDE: [&str; 2] = ["finqa-sqlite", "finqa-python"];

struct Package {
    /// Names of normal and build dependencies, with their kind.
    dependencies: Vec<String>,
    /// Path of `lib.rs`.
    library: PathBuf,
}

fn workspace() -> BTreeMap<String, Package> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--offline",
            "--no-deps",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |value: &Value| value.as_str().expect("a text").to_string();
    let list = |value: &Value| value.as_array().expect("a list").clone();
    list(&metadata["packages"])
        .iter()
        .map(|package| {
            let dependencies = list(&package["dependencies"])
                .iter()
                .filter(|d| d["kind"].as_str() != Some("dev"))
                .map(|d| text(&d["name"]))
                .collect();
            let library = list(&package["targets"])
                .iter()
                .map(|target| PathBuf::from(text(&target["src_path"])))
                .find(|path| path.ends_with("src/lib.rs"))
                .expect("a library");
            (
                text(&package["name"]),
                Package {
                    dependencies,
                    library,
                },
            )
        })
        .collect()
}

#[test]
fn dependencies_point_one_way() {
    let workspace = workspace();
    let names: Vec<&str> = workspace.keys().map(String::as_str).collect();
    let mut expected: Vec<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    expected.sort_unstable();
    assert_eq!(
        names, expected,
        "a new crate needs a line in ARROWS: what may it depend on?"
    );
    for (name, allowed) in ARROWS {
        for dependency in &workspace[name].dependencies {
            let ours = workspace.contains_key(dependency);
            assert!(
                !ours || allowed.contains(&dependency.as_str()),
                "{name} depends on {dependency}; of our crates it may depend on {allowed:?} only"
            );
        }
    }
}

#[test]
fn only_the_binding_crate_knows_python_and_only_the_sandbox_knows_sqlite() {
    for (name, package) in workspace() {
        for (dependency, owner) in [
            ("pyo3", "finqa-python"),
            ("numpy", "finqa-python"),
            ("rusqlite", "finqa-sqlite"),
            ("libsqlite3-sys", "finqa-sqlite"),
        ] {
            let has = package.dependencies.iter().any(|d| d == dependency);
            assert!(!has || name == owner, "{name} depends on {dependency}");
        }
    }
}

#[test]
fn unsafe_code_is_forbidden_or_denied() {
    for (name, package) in workspace() {
        let wanted = if UNSAFE_INSIDE.contains(&name.as_str()) {
            "#![deny(unsafe_code)]"
        } else {
            "#![forbid(unsafe_code)]"
        };
        let source = std::fs::read_to_string(&package.library).unwrap();
        assert!(
            source.lines().any(|line| line.trim() == wanted),
            "{} has no line {wanted}",
            package.library.display()
        );
    }
}
