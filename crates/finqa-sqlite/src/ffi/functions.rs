//! SQL functions that replace SQLite's own on episode connections.
//!
//! Two reasons: functions whose cost inside one VM operation is more than linear get linear algorithms and charge
//! fuel on the operation budget; functions that call the C library's mathematics get a pure-Rust one, since the last
//! digits of `pow` or `ln` differ between C libraries. Results are SQLite's, which tests compare.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::slice;

use rusqlite::ffi;

use crate::meter;
use crate::pattern::{self, Syntax};
use crate::text::{self, Ends, TrimSet};

/// The message of a call that ran out of fuel; the backend replaces it by a text that names the budget.
const OUT_OF_FUEL: &CStr = c"operation budget used up";

type Context = *mut ffi::sqlite3_context;
type Values = *mut *mut ffi::sqlite3_value;
type Function = unsafe extern "C" fn(Context, c_int, Values);

/// The arguments of one call.
struct Arguments {
    context: Context,
    values: Values,
    count: usize,
}

impl Arguments {
    /// # Safety
    /// The three must be what SQLite passed to a function, and live no longer than the call.
    unsafe fn new(context: Context, count: c_int, values: Values) -> Self {
        Self {
            context,
            values,
            count: usize::try_from(count).unwrap_or(0),
        }
    }

    fn value(&self, index: usize) -> *mut ffi::sqlite3_value {
        assert!(index < self.count, "argument {index} of {}", self.count);
        // SAFETY: SQLite passes `count` valid values (contract of `new`).
        unsafe { *self.values.add(index) }
    }

    fn kind(&self, index: usize) -> c_int {
        // SAFETY: a valid value, see `value`.
        unsafe { ffi::sqlite3_value_type(self.value(index)) }
    }

    /// The value as text; `None` for NULL or if memory ran out.
    fn text(&self, index: usize) -> Option<&[u8]> {
        let value = self.value(index);
        // SAFETY: the text stays valid until the value changes, which is after this call; its length is asked for
        // after the conversion, as SQLite's documentation demands.
        unsafe {
            let start = ffi::sqlite3_value_text(value);
            if start.is_null() {
                return None;
            }
            let len = ffi::sqlite3_value_bytes(value);
            Some(slice::from_raw_parts(
                start,
                usize::try_from(len).unwrap_or(0),
            ))
        }
    }

    fn blob(&self, index: usize) -> &[u8] {
        let value = self.value(index);
        // SAFETY: as in `text`; an empty blob is a null pointer.
        unsafe {
            let start = ffi::sqlite3_value_blob(value).cast::<u8>();
            let len = usize::try_from(ffi::sqlite3_value_bytes(value)).unwrap_or(0);
            if start.is_null() {
                &[]
            } else {
                slice::from_raw_parts(start, len)
            }
        }
    }

    /// The value if it is a number or a text that looks like one.
    fn number(&self, index: usize) -> Option<f64> {
        let value = self.value(index);
        // SAFETY: a valid value.
        unsafe {
            match ffi::sqlite3_value_numeric_type(value) {
                ffi::SQLITE_INTEGER | ffi::SQLITE_FLOAT => Some(ffi::sqlite3_value_double(value)),
                _ => None,
            }
        }
    }

    fn limit(&self, which: c_int) -> usize {
        // SAFETY: the context has a connection; -1 only asks.
        let limit =
            unsafe { ffi::sqlite3_limit(ffi::sqlite3_context_db_handle(self.context), which, -1) };
        usize::try_from(limit).unwrap_or(0)
    }

    /// Charges fuel; on false the call has failed and must return.
    fn charge(&self, units: usize) -> bool {
        let within = meter::burn(units as u64);
        if !within {
            self.fail(OUT_OF_FUEL);
        }
        within
    }

    fn fail(&self, message: &CStr) {
        // SAFETY: SQLite copies the message.
        unsafe { ffi::sqlite3_result_error(self.context, message.as_ptr(), -1) }
    }

    fn give_text(&self, text: &[u8]) {
        // SAFETY: SQLite copies `text.len()` bytes, which is below its own limit of 2^31.
        unsafe {
            ffi::sqlite3_result_text(
                self.context,
                text.as_ptr().cast::<c_char>(),
                text.len() as c_int,
                ffi::SQLITE_TRANSIENT(),
            );
        }
    }

    fn give_integer(&self, value: usize) {
        // SAFETY: a valid context.
        unsafe { ffi::sqlite3_result_int64(self.context, value as i64) }
    }

    fn give_real(&self, value: f64) {
        // SAFETY: a valid context; SQLite turns NaN into NULL.
        unsafe { ffi::sqlite3_result_double(self.context, value) }
    }
}

unsafe extern "C" fn instr(context: Context, count: c_int, values: Values) {
    // SAFETY: SQLite calls this.
    let args = unsafe { Arguments::new(context, count, values) };
    let (haystack_kind, needle_kind) = (args.kind(0), args.kind(1));
    if haystack_kind == ffi::SQLITE_NULL || needle_kind == ffi::SQLITE_NULL {
        return;
    }
    let bytes = |index: usize, kind: c_int| {
        if kind == ffi::SQLITE_BLOB {
            Some(args.blob(index))
        } else {
            args.text(index)
        }
    };
    let (Some(haystack), Some(needle)) = (bytes(0, haystack_kind), bytes(1, needle_kind)) else {
        // SAFETY: a valid context. Only a failed conversion comes here.
        return unsafe { ffi::sqlite3_result_error_nomem(context) };
    };
    let is_text = haystack_kind != ffi::SQLITE_BLOB || needle_kind != ffi::SQLITE_BLOB;
    let price = if is_text && !text::instr_is_linear(needle) {
        haystack.len() * needle.len() / 16
    } else {
        (haystack.len() + needle.len()) / 16
    };
    if args.charge(price) {
        args.give_integer(text::instr(haystack, needle, is_text));
    }
}

unsafe extern "C" fn replace(context: Context, count: c_int, values: Values) {
    // SAFETY: SQLite calls this.
    let args = unsafe { Arguments::new(context, count, values) };
    let (Some(input), Some(wanted)) = (args.text(0), args.text(1)) else {
        return;
    };
    if wanted.first().is_none_or(|&first| first == 0) {
        return args.give_text(input);
    }
    let Some(by) = args.text(2) else { return };
    if !args.charge((input.len() + wanted.len()) / 16) {
        return;
    }
    let len = text::replaced_len(input, wanted, by);
    if len > args.limit(ffi::SQLITE_LIMIT_LENGTH) {
        // SAFETY: a valid context.
        return unsafe { ffi::sqlite3_result_error_toobig(context) };
    }
    if !args.charge(len / 16) {
        return;
    }
    // SAFETY: SQLite's allocator gives `len + 1` bytes or null; they are written before they are read, and the
    // ownership goes to SQLite with its own `sqlite3_free`.
    unsafe {
        let out = ffi::sqlite3_malloc64(len as u64 + 1).cast::<u8>();
        if out.is_null() {
            return ffi::sqlite3_result_error_nomem(context);
        }
        out.write_bytes(0, len + 1);
        text::replace_into(input, wanted, by, slice::from_raw_parts_mut(out, len));
        ffi::sqlite3_result_text(
            context,
            out.cast::<c_char>(),
            len as c_int,
            Some(ffi::sqlite3_free),
        );
    }
}

/// The shared part of LIKE and GLOB.
fn pattern_matches(args: &Arguments, syntax: Syntax) {
    // The number of bytes is asked for before any conversion fails, as SQLite does: a long pattern is an error even
    // beside NULL.
    let (wanted, subject) = (args.text(0), args.text(1));
    let Some(wanted) = wanted else { return };
    if wanted.len() > args.limit(ffi::SQLITE_LIMIT_LIKE_PATTERN_LENGTH) {
        return args.fail(c"LIKE or GLOB pattern too complex");
    }
    let Some(subject) = subject else { return };
    if args.charge(subject.len() * wanted.len() / 64) {
        args.give_integer(usize::from(pattern::matches(syntax, wanted, subject)));
    }
}

unsafe extern "C" fn glob(context: Context, count: c_int, values: Values) {
    // SAFETY: SQLite calls this.
    pattern_matches(
        &unsafe { Arguments::new(context, count, values) },
        Syntax::GLOB,
    );
}

unsafe extern "C" fn like(context: Context, count: c_int, values: Values) {
    // SAFETY: SQLite calls this.
    let args = unsafe { Arguments::new(context, count, values) };
    if args.count < 3 {
        return pattern_matches(&args, Syntax::LIKE);
    }
    let too_long = args
        .text(0)
        .is_some_and(|wanted| wanted.len() > args.limit(ffi::SQLITE_LIMIT_LIKE_PATTERN_LENGTH));
    if too_long {
        return args.fail(c"LIKE or GLOB pattern too complex");
    }
    let Some(escape) = args.text(2) else { return };
    let escape = pattern::until_nul(escape);
    if escape.is_empty() {
        return args.fail(c"ESCAPE expression must be a single character");
    }
    let (character, after) = pattern::read_char(escape, 0);
    if after != escape.len() {
        return args.fail(c"ESCAPE expression must be a single character");
    }
    pattern_matches(&args, Syntax::like_with_escape(character));
}

fn trim_ends(args: &Arguments, ends: Ends) {
    if args.kind(0) == ffi::SQLITE_NULL {
        return;
    }
    let Some(input) = args.text(0) else { return };
    let set = if args.count == 1 {
        &b" "[..]
    } else {
        let Some(set) = args.text(1) else { return };
        set
    };
    if !args.charge((input.len() + set.len()) / 16) {
        return;
    }
    let set_len = set.len();
    let set = TrimSet::new(set, input);
    if set.is_linear() || args.charge(input.len() * set_len / 16) {
        args.give_text(set.trim(input, ends));
    }
}

unsafe extern "C" fn trim(context: Context, count: c_int, values: Values) {
    // SAFETY: SQLite calls this.
    trim_ends(
        &unsafe { Arguments::new(context, count, values) },
        Ends::Both,
    );
}

unsafe extern "C" fn ltrim(context: Context, count: c_int, values: Values) {
    // SAFETY: SQLite calls this.
    trim_ends(
        &unsafe { Arguments::new(context, count, values) },
        Ends::Left,
    );
}

unsafe extern "C" fn rtrim(context: Context, count: c_int, values: Values) {
    // SAFETY: SQLite calls this.
    trim_ends(
        &unsafe { Arguments::new(context, count, values) },
        Ends::Right,
    );
}

unsafe extern "C" fn length(context: Context, count: c_int, values: Values) {
    // SAFETY: SQLite calls this.
    let args = unsafe { Arguments::new(context, count, values) };
    match args.kind(0) {
        ffi::SQLITE_NULL => {}
        ffi::SQLITE_TEXT => {
            let Some(input) = args.text(0) else { return };
            if args.charge(input.len() / 64) {
                args.give_integer(text::length(input));
            }
        }
        // SAFETY: a valid value; numbers are measured as text, blobs as they are.
        _ => args.give_integer(unsafe { ffi::sqlite3_value_bytes(args.value(0)) } as usize),
    }
}

/// One-argument mathematics; the function is the user data.
struct Math1(fn(f64) -> f64);
/// Two-argument mathematics.
struct Math2(fn(f64, f64) -> f64);

unsafe extern "C" fn math1(context: Context, count: c_int, values: Values) {
    // SAFETY: SQLite calls this; the user data is a `&'static Math1`, given at registration.
    let (args, function) = unsafe {
        (
            Arguments::new(context, count, values),
            &*ffi::sqlite3_user_data(context).cast::<Math1>(),
        )
    };
    if let Some(x) = args.number(0) {
        args.give_real((function.0)(x));
    }
}

unsafe extern "C" fn math2(context: Context, count: c_int, values: Values) {
    // SAFETY: as in `math1`, with a `&'static Math2`.
    let (args, function) = unsafe {
        (
            Arguments::new(context, count, values),
            &*ffi::sqlite3_user_data(context).cast::<Math2>(),
        )
    };
    if let (Some(x), Some(y)) = (args.number(0), args.number(1)) {
        args.give_real((function.0)(x, y));
    }
}

/// Logarithms are NULL outside their domain.
unsafe extern "C" fn logarithm(context: Context, count: c_int, values: Values) {
    // SAFETY: as in `math1`.
    let (args, function) = unsafe {
        (
            Arguments::new(context, count, values),
            &*ffi::sqlite3_user_data(context).cast::<Math1>(),
        )
    };
    if let Some(x) = args.number(0).filter(|&x| x > 0.0) {
        args.give_real((function.0)(x));
    }
}

/// `log(base, x)`. SQLite checks the type of the base only; a text that is no number counts as 0 and gives NULL.
unsafe extern "C" fn log_to_base(context: Context, count: c_int, values: Values) {
    // SAFETY: SQLite calls this.
    let args = unsafe { Arguments::new(context, count, values) };
    let Some(base) = args.number(0).filter(|&base| base > 0.0).map(libm::log) else {
        return;
    };
    if base <= 0.0 {
        return;
    }
    // SAFETY: a valid value.
    let x = unsafe { ffi::sqlite3_value_double(args.value(1)) };
    if x > 0.0 {
        args.give_real(libm::log(x) / base);
    }
}

const TEXT_FUNCTIONS: [(&CStr, c_int, Function); 13] = [
    (c"instr", 2, instr),
    (c"replace", 3, replace),
    (c"like", 2, like),
    (c"like", 3, like),
    (c"glob", 2, glob),
    (c"trim", 1, trim),
    (c"trim", 2, trim),
    (c"ltrim", 1, ltrim),
    (c"ltrim", 2, ltrim),
    (c"rtrim", 1, rtrim),
    (c"rtrim", 2, rtrim),
    (c"length", 1, length),
    (c"log", 2, log_to_base),
];

static LOGARITHMS: [(&CStr, Math1); 4] = [
    (c"ln", Math1(libm::log)),
    (c"log", Math1(libm::log10)),
    (c"log10", Math1(libm::log10)),
    (c"log2", Math1(libm::log2)),
];

static MATH1: [(&CStr, Math1); 14] = [
    (c"exp", Math1(libm::exp)),
    (c"sqrt", Math1(libm::sqrt)),
    (c"sin", Math1(libm::sin)),
    (c"cos", Math1(libm::cos)),
    (c"tan", Math1(libm::tan)),
    (c"asin", Math1(libm::asin)),
    (c"acos", Math1(libm::acos)),
    (c"atan", Math1(libm::atan)),
    (c"sinh", Math1(libm::sinh)),
    (c"cosh", Math1(libm::cosh)),
    (c"tanh", Math1(libm::tanh)),
    (c"asinh", Math1(libm::asinh)),
    (c"acosh", Math1(libm::acosh)),
    (c"atanh", Math1(libm::atanh)),
];

static MATH2: [(&CStr, Math2); 4] = [
    (c"pow", Math2(libm::pow)),
    (c"power", Math2(libm::pow)),
    (c"atan2", Math2(libm::atan2)),
    (c"mod", Math2(libm::fmod)),
];

/// Registers all functions on a connection.
///
/// # Safety
/// `db` must be open and used by this thread only.
pub(super) unsafe fn register(db: *mut ffi::sqlite3) -> rusqlite::Result<()> {
    let add = |name: &CStr, arguments: c_int, data: *mut c_void, function: Function| {
        // SAFETY: the name is copied; the data is static; the functions follow SQLite's conventions.
        let rc = unsafe {
            ffi::sqlite3_create_function_v2(
                db,
                name.as_ptr(),
                arguments,
                ffi::SQLITE_UTF8 | ffi::SQLITE_DETERMINISTIC | ffi::SQLITE_INNOCUOUS,
                data,
                Some(function),
                None,
                None,
                None,
            )
        };
        if rc == ffi::SQLITE_OK {
            Ok(())
        } else {
            Err(rusqlite::Error::SqliteFailure(ffi::Error::new(rc), None))
        }
    };
    for (name, arguments, function) in TEXT_FUNCTIONS {
        add(name, arguments, std::ptr::null_mut(), function)?;
    }
    for (name, math) in &LOGARITHMS {
        add(
            name,
            1,
            std::ptr::from_ref(math).cast_mut().cast(),
            logarithm,
        )?;
    }
    for (name, math) in &MATH1 {
        add(name, 1, std::ptr::from_ref(math).cast_mut().cast(), math1)?;
    }
    for (name, math) in &MATH2 {
        add(name, 2, std::ptr::from_ref(math).cast_mut().cast(), math2)?;
    }
    Ok(())
}
