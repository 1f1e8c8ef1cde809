//! SQLite's heap: the system allocator plus accounting against the running call's memory cap.
//!
//! `sqlite3_hard_heap_limit64` would count all threads together, so that one episode's outcome would depend on its
//! neighbours, and needs memory statistics, a global mutex on every allocation.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::{c_int, c_void};
use std::ptr;

use rusqlite::ffi;

use crate::meter;

/// Bytes before each block that hold its size. SQLite asks for blocks aligned to 8.
const HEADER: usize = 8;
const ALIGN: usize = 8;

fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(HEADER)?, ALIGN).ok()
}

unsafe extern "C" fn malloc(n: c_int) -> *mut c_void {
    let Ok(size) = usize::try_from(n) else {
        return ptr::null_mut();
    };
    let Some(layout) = layout(size) else {
        return ptr::null_mut();
    };
    if size == 0 || !meter::allocate(i64::from(n)) {
        return ptr::null_mut();
    }
    // SAFETY: the layout is never empty, it holds at least the header.
    let block = unsafe { System.alloc(layout) };
    if block.is_null() {
        meter::release(i64::from(n));
        return ptr::null_mut();
    }
    // SAFETY: the block holds HEADER + size bytes and is aligned for a usize.
    unsafe {
        #[expect(clippy::cast_ptr_alignment, reason = "the layout asks for 8")]
        block.cast::<u64>().write(size as u64);
        block.add(HEADER).cast()
    }
}

/// Size of a block and its start.
///
/// # Safety
/// `user` must come from [`malloc`] or [`realloc`] and not be freed.
unsafe fn block_of(user: *mut c_void) -> (*mut u8, usize) {
    // SAFETY: by contract the header lies right before `user`.
    unsafe {
        let block = user.cast::<u8>().sub(HEADER);
        #[expect(
            clippy::cast_ptr_alignment,
            reason = "blocks are aligned to 8, so is their header"
        )]
        (block, block.cast::<u64>().read() as usize)
    }
}

unsafe extern "C" fn free(user: *mut c_void) {
    if user.is_null() {
        return;
    }
    // SAFETY: SQLite passes blocks of this allocator only.
    let (block, size) = unsafe { block_of(user) };
    meter::release(size as i64);
    if let Some(layout) = layout(size) {
        // SAFETY: same layout as at allocation.
        unsafe { System.dealloc(block, layout) };
    }
}

unsafe extern "C" fn realloc(user: *mut c_void, n: c_int) -> *mut c_void {
    if user.is_null() {
        // SAFETY: plain allocation.
        return unsafe { malloc(n) };
    }
    let Ok(size) = usize::try_from(n) else {
        return ptr::null_mut();
    };
    // SAFETY: SQLite passes blocks of this allocator only.
    let (block, old_size) = unsafe { block_of(user) };
    let (Some(old_layout), Some(new_layout)) = (layout(old_size), layout(size)) else {
        return ptr::null_mut();
    };
    // A grown block counts as new bytes in the total: it may be copied. One that shrinks needs nothing, and SQLite
    // takes it that giving bytes back cannot fail.
    let charged = size > old_size;
    if charged && !meter::allocate(size as i64) {
        return ptr::null_mut();
    }
    // SAFETY: the block was allocated with `old_layout`; the new size is not zero because of the header.
    let grown = unsafe { System.realloc(block, old_layout, new_layout.size()) };
    if grown.is_null() {
        if charged {
            meter::release(size as i64);
        }
        return ptr::null_mut();
    }
    meter::release(if charged { old_size } else { old_size - size } as i64);
    // SAFETY: as in `malloc`.
    unsafe {
        #[expect(clippy::cast_ptr_alignment, reason = "the layout asks for 8")]
        grown.cast::<u64>().write(size as u64);
        grown.add(HEADER).cast()
    }
}

unsafe extern "C" fn size(user: *mut c_void) -> c_int {
    if user.is_null() {
        return 0;
    }
    // SAFETY: SQLite passes blocks of this allocator only.
    unsafe { block_of(user) }.1 as c_int
}

unsafe extern "C" fn roundup(n: c_int) -> c_int {
    n.saturating_add(7) & !7
}

unsafe extern "C" fn init(_: *mut c_void) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn shutdown(_: *mut c_void) {}

/// Makes this SQLite's allocator.
pub(super) fn install() -> Result<(), String> {
    let methods = ffi::sqlite3_mem_methods {
        xMalloc: Some(malloc),
        xFree: Some(free),
        xRealloc: Some(realloc),
        xSize: Some(size),
        xRoundup: Some(roundup),
        xInit: Some(init),
        xShutdown: Some(shutdown),
        pAppData: ptr::null_mut(),
    };
    // SAFETY: SQLITE_CONFIG_MALLOC takes a pointer to the methods, which SQLite copies.
    let rc = unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, &raw const methods) };
    super::check(rc, "installing the accounting allocator")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::{Allowance, Metered};

    #[test]
    fn a_block_can_shrink_at_the_cap() {
        let metered = Metered::start(&Allowance {
            max_ops: 1,
            max_live_bytes: 1_000,
            max_total_bytes: 10_000,
            deadline: None,
        });
        let before = meter::thread_heap_bytes();
        // SAFETY: blocks of this allocator, each used until it is resized or freed, within its size.
        unsafe {
            let block = malloc(1_000);
            assert!(!block.is_null());
            block.cast::<u8>().write(7);
            let block = realloc(block, 400);
            assert!(!block.is_null(), "giving bytes back was refused");
            assert_eq!((block.cast::<u8>().read(), size(block)), (7, 400));
            assert_eq!(meter::thread_heap_bytes() - before, 400);
            assert!(
                realloc(block, 900).is_null(),
                "both blocks may live at once"
            );
            let block = realloc(block, 600);
            assert_eq!((block.cast::<u8>().read(), size(block)), (7, 600));
            free(block);
        }
        assert_eq!(meter::thread_heap_bytes(), before);
        assert_eq!(metered.usage().total_bytes, 1_600);
    }
}
