//! Writes the published JSON Schemas into a folder:
//! `cargo run -p finqa-core --example config_schemas -- docs/spec`.

use std::path::Path;

use finqa_core::config_schema::{reward_schema, rubric_file_schema, rubric_schema};

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    for (name, schema) in [
        ("rubric", rubric_schema()),
        ("rubric_file", rubric_file_schema()),
        ("reward", reward_schema()),
    ] {
        let path = Path::new(&folder).join(format!("{name}.schema.json"));
        std::fs::write(path, format!("{schema:#}\n"))?;
    }
    Ok(())
}
