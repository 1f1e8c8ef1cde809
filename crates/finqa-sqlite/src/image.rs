//! One serialised SQLite database per company, counted and bounded.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use finqa_core::{Company, Table, Value};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, MAIN_DB, ToSql};
use rustc_hash::FxHashMap;

/// The bytes of a company's database, shared by the connections of all threads.
#[derive(Debug)]
pub(crate) struct Image {
    bytes: Box<[u8]>,
    /// Columns of the widest table: `SELECT *` of it must pass the column limit.
    widest_table: usize,
}

impl Image {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn widest_table(&self) -> usize {
        self.widest_table
    }

    /// Builds the database of `company` with the platform's file system and without per-call caps.
    pub(crate) fn build(company: &Company) -> Result<Self, String> {
        let widest_table = company
            .tables
            .iter()
            .map(|t| t.columns.len())
            .max()
            .unwrap_or(0);
        build_bytes(company)
            .map(|bytes| Self {
                bytes,
                widest_table,
            })
            .map_err(|(table, error)| {
                format!(
                    "company {:?}: table {table:?} cannot become an SQL table: {error}",
                    company.name
                )
            })
    }
}

/// A name as SQL takes it verbatim.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn build_bytes(company: &Company) -> Result<Box<[u8]>, (String, String)> {
    let outside = |error: rusqlite::Error| ("(none)".to_owned(), error.to_string());
    let mut connection = Connection::open_in_memory().map_err(outside)?;
    // The text is UTF-8 and the pages have one size, whatever the defaults of the build are: images are compared.
    connection
        .execute_batch("PRAGMA page_size=4096; PRAGMA encoding='UTF-8'; BEGIN")
        .map_err(outside)?;
    for table in &company.tables {
        insert_table(&connection, table).map_err(|error| (table.name.clone(), error))?;
    }
    connection.execute_batch("COMMIT").map_err(outside)?;
    let data = connection.serialize(MAIN_DB).map_err(outside)?;
    Ok(Box::from(&*data))
}

/// The declared type of a column: one whose affinity leaves each of its values as it is.
fn affinity<'a>(mut cells: impl Iterator<Item = &'a Value>) -> &'static str {
    let mut kind = None;
    let uniform = cells.all(|cell| {
        let this = match cell {
            Value::Null => return true,
            Value::Integer(_) => " INTEGER",
            Value::Real(_) => " REAL",
            Value::Text(_) => " TEXT",
        };
        *kind.get_or_insert(this) == this
    });
    if uniform { kind.unwrap_or(" TEXT") } else { "" }
}

fn insert_table(connection: &Connection, table: &Table) -> Result<(), String> {
    if table.name.contains('\0') || table.columns.iter().any(|c| c.contains('\0')) {
        return Err("a name holds a NUL character".to_owned());
    }
    let width = table.columns.len();
    let mut create = format!("CREATE TABLE {} (", quoted(&table.name));
    let mut insert = format!("INSERT INTO {} VALUES (", quoted(&table.name));
    for (index, column) in table.columns.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let kind = affinity(table.rows.iter().skip(index).step_by(width));
        let written = write!(create, "{comma}{}{kind}", quoted(column));
        debug_assert!(written.is_ok(), "a String takes every write");
        insert.push_str(comma);
        insert.push('?');
    }
    create.push(')');
    insert.push(')');
    connection
        .execute(&create, [])
        .map_err(|error| error.to_string())?;
    let mut statement = connection
        .prepare(&insert)
        .map_err(|error| error.to_string())?;
    for row in table.rows.chunks(width) {
        statement
            .execute(rusqlite::params_from_iter(row.iter().map(Cell)))
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

struct Cell<'a>(&'a Value);

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(i) => ValueRef::Integer(*i),
            Value::Real(r) => ValueRef::Real(*r),
            Value::Text(t) => ValueRef::Text(t.as_bytes()),
        }))
    }
}

/// A company as a backend knows it. Identity is the address of its `Arc`; the weak reference keeps that address from
/// being given to another company while the slot lives.
#[derive(Debug)]
pub(crate) struct CompanySlot {
    /// Unique in the process, never used again.
    pub(crate) id: u64,
    company: Weak<Company>,
    /// Held while the image is built, so that it is built once.
    building: Mutex<()>,
}

impl CompanySlot {
    pub(crate) fn new(id: u64, company: &Arc<Company>) -> Self {
        Self {
            id,
            company: Arc::downgrade(company),
            building: Mutex::new(()),
        }
    }

    /// Whether nobody but slots refers to the company any more.
    pub(crate) fn is_orphaned(&self) -> bool {
        self.company.strong_count() == 0
    }
}

/// Counters of the image cache.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ImageCounts {
    pub(crate) built: u64,
    pub(crate) bytes: usize,
    pub(crate) cached: usize,
}

/// The images that were used last, up to a number of bytes. Evicted ones live on in the connections that use them.
#[derive(Debug)]
pub(crate) struct ImageCache {
    max_bytes: usize,
    inner: Mutex<Lru>,
}

#[derive(Debug, Default)]
struct Lru {
    entries: FxHashMap<u64, Entry>,
    /// Time of last use to company id.
    order: BTreeMap<u64, u64>,
    clock: u64,
    bytes: usize,
    built: u64,
}

#[derive(Debug)]
struct Entry {
    image: Arc<Image>,
    slot: Arc<CompanySlot>,
    used_at: u64,
}

/// Images of companies that are gone are looked for on every n-th build.
const BUILDS_PER_SWEEP: u64 = 64;

impl ImageCache {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            inner: Mutex::default(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Lru> {
        // The cache's own invariants hold between statements; a panic elsewhere must not take it down.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The image of `company`, built if it is not at hand.
    pub(crate) fn get(
        &self,
        slot: &Arc<CompanySlot>,
        company: &Company,
    ) -> Result<Arc<Image>, String> {
        if let Some(image) = self.lock().touch(slot.id) {
            return Ok(image);
        }
        let _building = slot.building.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(image) = self.lock().touch(slot.id) {
            return Ok(image);
        }
        let image = Arc::new(Image::build(company)?);
        self.lock().insert(slot, &image, self.max_bytes);
        Ok(image)
    }

    pub(crate) fn counts(&self) -> ImageCounts {
        let lru = self.lock();
        ImageCounts {
            built: lru.built,
            bytes: lru.bytes,
            cached: lru.entries.len(),
        }
    }
}

impl Lru {
    fn touch(&mut self, id: u64) -> Option<Arc<Image>> {
        let entry = self.entries.get_mut(&id)?;
        self.clock += 1;
        self.order.remove(&entry.used_at);
        entry.used_at = self.clock;
        self.order.insert(self.clock, id);
        Some(Arc::clone(&entry.image))
    }

    fn insert(&mut self, slot: &Arc<CompanySlot>, image: &Arc<Image>, max_bytes: usize) {
        self.built += 1;
        self.clock += 1;
        self.bytes += image.bytes.len();
        let entry = Entry {
            image: Arc::clone(image),
            slot: Arc::clone(slot),
            used_at: self.clock,
        };
        self.entries.insert(slot.id, entry);
        self.order.insert(self.clock, slot.id);
        if self.built.is_multiple_of(BUILDS_PER_SWEEP) {
            let gone: Vec<u64> = self
                .order
                .values()
                .copied()
                .filter(|id| self.entries.get(id).is_some_and(|e| e.slot.is_orphaned()))
                .collect();
            for id in gone {
                self.remove(id);
            }
        }
        while self.bytes > max_bytes {
            let Some((_, &oldest)) = self.order.first_key_value() else {
                break;
            };
            self.remove(oldest);
        }
    }

    fn remove(&mut self, id: u64) {
        if let Some(entry) = self.entries.remove(&id) {
            self.order.remove(&entry.used_at);
            self.bytes -= entry.image.bytes.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn company(rows: Vec<Value>) -> Arc<Company> {
        let table = Table::new("c", "t", vec!["a".into()], rows).unwrap();
        Arc::new(Company {
            name: "c".into(),
            tables: vec![table],
        })
    }

    #[test]
    fn affinity_never_changes_a_value() {
        let mixed = [Value::Integer(1), Value::Real(2.0), Value::text("3")];
        assert_eq!(affinity(mixed.iter()), "");
        assert_eq!(affinity([Value::Null, Value::text("007")].iter()), " TEXT");
        assert_eq!(affinity([Value::Integer(1), Value::Real(1.0)].iter()), "");
        assert_eq!(affinity([Value::Real(1.0), Value::Null].iter()), " REAL");
        assert_eq!(affinity([Value::Null].iter()), " TEXT");
    }

    #[test]
    fn images_are_evicted_by_bytes_and_identical_when_rebuilt() {
        crate::ffi::start().unwrap();
        let (a, b) = (
            company(vec![Value::text("x")]),
            company(vec![Value::text("y")]),
        );
        let (slot_a, slot_b) = (
            Arc::new(CompanySlot::new(1, &a)),
            Arc::new(CompanySlot::new(2, &b)),
        );
        let one = Image::build(&a).unwrap().bytes.len();
        let cache = ImageCache::new(one);
        let first = cache.get(&slot_a, &a).unwrap();
        cache.get(&slot_a, &a).unwrap();
        assert_eq!(cache.counts().built, 1);
        cache.get(&slot_b, &b).unwrap();
        assert_eq!(cache.counts().cached, 1);
        let again = cache.get(&slot_a, &a).unwrap();
        assert_eq!(cache.counts().built, 3);
        assert_eq!(first.bytes(), again.bytes());
    }

    #[test]
    fn a_reserved_name_is_refused_with_its_table() {
        crate::ffi::start().unwrap();
        let mut bad = (*company(vec![])).clone();
        bad.tables[0].name = "sqlite_x".into();
        let error = Image::build(&bad).unwrap_err();
        assert!(
            error.contains("sqlite_x") && error.contains("reserved"),
            "{error}"
        );
    }
}
