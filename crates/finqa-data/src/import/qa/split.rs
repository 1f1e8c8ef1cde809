//! Which split a file is.

use std::path::Path;

use finqa_core::Split;

/// The split that the file's name states (`tatqa_dataset_dev.json` is "dev"), else "all".
pub(crate) fn of_file(path: &Path) -> Split {
    let name = path
        .file_stem()
        .and_then(|s| s.to_str())
        .unwrap_or_default()
        .to_lowercase();
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let found = words.find_map(|w| match w {
        "train" => Some("train"),
        "dev" | "val" | "valid" | "validation" => Some("dev"),
        "test" => Some("test"),
        _ => None,
    });
    Split(found.unwrap_or(Split::ALL).to_owned())
}
