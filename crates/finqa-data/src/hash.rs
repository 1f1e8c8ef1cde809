//! The content hash: what two corpora with the same tables and tasks have in common, whatever file they lie in.

use std::borrow::Borrow;

use finqa_core::{Company, Corpus, Table, Task};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// SHA-256 over tables and tasks, lower-case hex. Name, limits, licence and refusals are not part of it. Of a corpus
/// that makes its companies on demand it is what its source says: a hash of all that decides what is made.
///
/// Canonical form: one line of JSON, in the field order of the types, for each company name, each of its tables and
/// each task, in corpus order; every line starts with `C`, `T` or `Q` and ends with a newline.
pub fn content_hash(corpus: &Corpus) -> String {
    match corpus.as_stored() {
        Some(stored) => hash_of(stored.companies(), stored.tasks()),
        None => corpus.info().content_hash.clone(),
    }
}

/// [`content_hash`] of parts that are no corpus yet.
pub(crate) fn hash_of<C: Borrow<Company>, T: Borrow<Task>>(companies: &[C], tasks: &[T]) -> String {
    let mut hasher = Canonical::new();
    for company in companies {
        hasher.company(company.borrow());
    }
    for task in tasks {
        hasher.task(task.borrow());
    }
    hasher.finish()
}

/// [`content_hash`] of parts as they come: companies first, then tasks.
pub(crate) struct Canonical(Sha256);

impl Canonical {
    pub(crate) fn new() -> Self {
        Self(Sha256::new())
    }

    pub(crate) fn finish(self) -> String {
        hex(&self.0.finalize())
    }

    pub(crate) fn company(&mut self, company: &Company) {
        self.line(b'C', &company.name);
        for table in &company.tables {
            self.table(table);
        }
    }

    fn table(&mut self, table: &Table) {
        self.line(b'T', table);
    }

    pub(crate) fn task(&mut self, task: &Task) {
        self.line(b'Q', task);
    }

    fn line(&mut self, kind: u8, record: &impl Serialize) {
        self.0.update([kind]);
        // Writing these types to memory cannot fail: no map has keys other than strings, no writer is involved.
        let json = serde_json::to_vec(record).unwrap_or_default();
        self.0.update(&json);
        self.0.update(b"\n");
    }
}

/// SHA-256 of bytes, lower-case hex.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|b| [b >> 4, b & 15])
        .filter_map(|n| char::from_digit(n.into(), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use finqa_core::Value;

    use super::*;

    fn company(cell: Value) -> Company {
        let table = Table::new("a", "t", vec!["x".into()], vec![cell]).unwrap();
        Company {
            name: "a".into(),
            tables: vec![table],
        }
    }

    #[test]
    fn the_hash_sees_type_and_order() {
        let text = hash_of::<_, Task>(&[company(Value::text("1"))], &[]);
        assert_eq!(text.len(), 64);
        assert_eq!(text, hash_of::<_, Task>(&[company(Value::text("1"))], &[]));
        for other in [
            Value::Integer(1),
            Value::Real(1.0),
            Value::Null,
            Value::text("1 "),
        ] {
            assert_ne!(text, hash_of::<_, Task>(&[company(other)], &[]));
        }
    }

    #[test]
    fn known_digest() {
        // FIPS 180-2, appendix B.1.
        let want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_hex(b"abc"), want);
    }
}
