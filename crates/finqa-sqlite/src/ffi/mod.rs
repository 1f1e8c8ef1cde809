//! The reviewed unsafe part: everything that rusqlite's safe API does not reach.
//!
//! - [`allocator`]: SQLite's heap with per-call accounting,
//! - [`vfs`]: a file system without files, with a clock that stands still,
//! - [`functions`]: SQL functions with fuel, and the mathematical ones in pure Rust,
//! - [`start`]: process-wide settings, made once before SQLite is initialised,
//! - [`open_shared`]: a connection over image bytes that are shared and not copied.
#![expect(
    unsafe_code,
    reason = "SQLite's C interface beyond rusqlite's safe API"
)]

mod allocator;
mod functions;
mod vfs;

use std::ffi::c_int;
use std::sync::{Arc, OnceLock};

use rusqlite::{Connection, MAIN_DB, OpenFlags, ffi};

use crate::image::Image;

/// Prepares the process: allocator, memory statistics off, null VFS, time zones off. Runs once; later calls return
/// the result of the first.
///
/// # Errors
/// If SQLite was already initialised by somebody else in this process (the allocator cannot be changed then), or
/// refuses a setting.
pub(crate) fn start() -> Result<(), String> {
    static STARTED: OnceLock<Result<(), String>> = OnceLock::new();
    STARTED
        .get_or_init(|| {
            allocator::install()?;
            // SAFETY: SQLITE_CONFIG_MEMSTATUS takes one int; SQLite is not initialised yet (checked by `install`,
            // whose own call would have failed).
            let rc =
                unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MEMSTATUS, c_int::from(false)) };
            check(rc, "switching memory statistics off")?;
            // SAFETY: no arguments; safe to call from any thread.
            check(unsafe { ffi::sqlite3_initialize() }, "initialising SQLite")?;
            vfs::register()?;
            // SAFETY: this test control takes one int. With 1, 'localtime' and 'utc' become an error: their result
            // would depend on the machine's time zone.
            let rc = unsafe {
                ffi::sqlite3_test_control(ffi::SQLITE_TESTCTRL_LOCALTIME_FAULT, c_int::from(true))
            };
            check(rc, "switching time zones off")
        })
        .clone()
}

fn check(rc: c_int, what: &str) -> Result<(), String> {
    if rc == ffi::SQLITE_OK {
        Ok(())
    } else {
        Err(format!(
            "{what} failed with SQLite code {rc}; was SQLite already used in this process before finqa-sqlite?"
        ))
    }
}

/// A read-only connection whose pages are the bytes of `image`, with the sandbox's functions.
#[derive(Debug)]
pub(crate) struct SharedConnection {
    // Declared before `_image`: fields drop in this order, so SQLite lets go of the bytes before they are freed.
    connection: Connection,
    _image: Arc<Image>,
}

impl SharedConnection {
    /// The connection. It must not be moved out or outlive `self`, which only a shared reference ensures.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Sets the two callbacks, which need a mutable connection.
    pub(crate) fn set_hooks<A>(
        &mut self,
        authorizer: A,
        ops_per_tick: u32,
        tick: fn() -> bool,
    ) -> rusqlite::Result<()>
    where
        A: for<'r> FnMut(rusqlite::hooks::AuthContext<'r>) -> rusqlite::hooks::Authorization
            + Send
            + 'static,
    {
        self.connection.authorizer(Some(authorizer))?;
        self.connection
            .progress_handler(ops_per_tick as c_int, Some(tick))
    }
}

/// Opens `image` without copying it and registers the functions.
pub(crate) fn open_shared(image: Arc<Image>) -> rusqlite::Result<SharedConnection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_in_memory_with_flags_and_vfs(flags, vfs::NAME)?;
    let bytes = image.bytes();
    // SQLite reads the cell pointers of a mapped page as 16-bit words. The type promises no alignment, every allocator
    // gives it to blocks of this size.
    debug_assert!(
        bytes.as_ptr().addr().is_multiple_of(align_of::<u16>()),
        "pages start at an odd address"
    );
    // SAFETY: the slice is only used by `connection`, which `SharedConnection` drops before its `Arc<Image>`; an
    // image's bytes never move or change. If an error returns early, `connection` (declared later than the
    // parameter `image`) is dropped first as well.
    let extended: &'static [u8] =
        unsafe { std::slice::from_raw_parts(bytes.as_ptr(), bytes.len()) };
    connection.deserialize_bytes(MAIN_DB, extended)?;
    // SAFETY: the handle is open and used on this thread only.
    unsafe { functions::register(connection.handle()) }?;
    Ok(SharedConnection {
        connection,
        _image: image,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use finqa_core::{Company, Table, Value};

    #[test]
    fn the_null_file_system_opens_nothing_and_is_not_the_default() {
        start().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let null = Connection::open_with_flags_and_vfs(&path, flags, vfs::NAME)
            .and_then(|connection| connection.execute_batch("CREATE TABLE t(a)"));
        assert!(null.is_err());
        assert!(!path.exists());
        Connection::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE t(a)")
            .unwrap();
        assert!(path.exists());
    }

    #[test]
    fn an_image_cannot_be_written_even_without_the_authorizer() {
        start().unwrap();
        let table = Table::new("c", "t", vec!["a".into()], vec![Value::text("x")]).unwrap();
        let company = Company {
            name: "c".into(),
            tables: vec![table],
        };
        let image = Arc::new(Image::build(&company).unwrap());
        let before = image.bytes().to_vec();
        let shared = open_shared(Arc::clone(&image)).unwrap();
        for sql in [
            "INSERT INTO t VALUES ('y')",
            "DROP TABLE t",
            "PRAGMA user_version=7",
            "VACUUM",
        ] {
            assert!(shared.connection().execute_batch(sql).is_err(), "{sql}");
        }
        drop(shared);
        assert_eq!(image.bytes(), before);
        assert_eq!(
            Arc::strong_count(&image),
            1,
            "the connection let go of the image"
        );
    }

    #[test]
    fn pages_of_an_image_are_not_copied() {
        start().unwrap();
        let cells = (0..20_000).map(|i| Value::text(format!("cell number {i} of a large table")));
        let table = Table::new("c", "t", vec!["a".into(), "b".into()], cells.collect()).unwrap();
        let image = Image::build(&Company {
            name: "c".into(),
            tables: vec![table],
        })
        .unwrap();
        let size = image.bytes().len() as i64;
        assert!(size > 500_000);
        let heap = crate::meter::thread_heap_bytes();
        let connection = crate::connection::EpisodeConnection::open(Arc::new(image)).unwrap();
        let limits = finqa_core::sql::QueryLimits::default();
        let rows: i64 = connection
            .with_limits(&limits)
            .unwrap()
            .query_row("SELECT count(*) FROM t WHERE b LIKE '%9 of%'", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(rows, 2_000);
        let used = crate::meter::thread_heap_bytes() - heap;
        assert!(
            used < 120_000,
            "{used} bytes for a connection to an image of {size}"
        );
    }
}
