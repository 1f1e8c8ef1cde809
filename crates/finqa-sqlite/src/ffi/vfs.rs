//! A file system in which nothing can be opened, nothing is random and time stands still.
//!
//! It is registered under its own name and used by episode connections only; imports keep the platform's.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

use rusqlite::ffi;

/// The name to open episode connections with.
pub(super) const NAME: &CStr = c"finqa_null";

/// The instant that `date('now')` shows: 2024-01-01 00:00:00 UTC, as a Julian day in milliseconds.
const FROZEN_JULIAN_MS: i64 = 212_570_827_200_000;

const MAX_PATHNAME: c_int = 512;

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    _: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    _: c_int,
    _: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes room for `szOsFile` bytes; without methods it will not try to close the file.
    unsafe { (*file).pMethods = ptr::null() };
    ffi::SQLITE_CANTOPEN
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, _: *const c_char, _: c_int) -> c_int {
    ffi::SQLITE_IOERR_DELETE
}

unsafe extern "C" fn access(
    _: *mut ffi::sqlite3_vfs,
    _: *const c_char,
    _: c_int,
    exists: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes an out parameter.
    unsafe { *exists = 0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_pathname(
    _: *mut ffi::sqlite3_vfs,
    _: *const c_char,
    room: c_int,
    out: *mut c_char,
) -> c_int {
    if room < 2 {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: `out` has `room` bytes. No path is ever told: each is "/".
    unsafe {
        *out = b'/' as c_char;
        *out.add(1) = 0;
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn dl_open(_: *mut ffi::sqlite3_vfs, _: *const c_char) -> *mut c_void {
    ptr::null_mut()
}

unsafe extern "C" fn dl_error(_: *mut ffi::sqlite3_vfs, room: c_int, out: *mut c_char) {
    if room > 0 {
        // SAFETY: `out` has `room` bytes.
        unsafe { *out = 0 };
    }
}

unsafe extern "C" fn dl_sym(
    _: *mut ffi::sqlite3_vfs,
    _: *mut c_void,
    _: *const c_char,
) -> Option<unsafe extern "C" fn(*mut ffi::sqlite3_vfs, *mut c_void, *const c_char)> {
    None
}

unsafe extern "C" fn dl_close(_: *mut ffi::sqlite3_vfs, _: *mut c_void) {}

unsafe extern "C" fn randomness(_: *mut ffi::sqlite3_vfs, n: c_int, out: *mut c_char) -> c_int {
    let Ok(len) = usize::try_from(n) else {
        return 0;
    };
    // SAFETY: `out` has `n` bytes.
    unsafe { ptr::write_bytes(out, 0x5a, len) };
    n
}

unsafe extern "C" fn sleep(_: *mut ffi::sqlite3_vfs, _: c_int) -> c_int {
    0
}

unsafe extern "C" fn current_time(_: *mut ffi::sqlite3_vfs, days: *mut f64) -> c_int {
    // SAFETY: SQLite passes an out parameter.
    unsafe { *days = FROZEN_JULIAN_MS as f64 / 86_400_000.0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn current_time_ms(
    _: *mut ffi::sqlite3_vfs,
    ms: *mut ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite passes an out parameter.
    unsafe { *ms = FROZEN_JULIAN_MS };
    ffi::SQLITE_OK
}

unsafe extern "C" fn last_error(_: *mut ffi::sqlite3_vfs, _: c_int, _: *mut c_char) -> c_int {
    0
}

/// Registers the file system under [`NAME`], not as the default.
pub(super) fn register() -> Result<(), String> {
    let vfs = Box::new(ffi::sqlite3_vfs {
        iVersion: 2,
        szOsFile: size_of::<ffi::sqlite3_file>() as c_int,
        mxPathname: MAX_PATHNAME,
        pNext: ptr::null_mut(),
        zName: NAME.as_ptr(),
        pAppData: ptr::null_mut(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        xDlOpen: Some(dl_open),
        xDlError: Some(dl_error),
        xDlSym: Some(dl_sym),
        xDlClose: Some(dl_close),
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: Some(last_error),
        xCurrentTimeInt64: Some(current_time_ms),
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    });
    // SAFETY: the structure is leaked once per process and so outlives every connection, as SQLite demands; version
    // 2 has all the methods that are set.
    let rc = unsafe { ffi::sqlite3_vfs_register(Box::leak(vfs), c_int::from(false)) };
    super::check(rc, "registering the null file system")
}
