//! Finding the one number of a text.

use super::number::{Literal, Number, literal};
use super::unit::{Marks, Meaning, Tag, conversion, exponent, is_currency, meaning};
use super::{Reason, Scale, Unit};

/// A number in the question's unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// The value in the question's unit and scale.
    pub(super) value: Number,
    /// The value if the amount is written in full ("$77,000,000" for 77 million): only where a currency sign or word,
    /// or "shares", marks the number and it is at least as large as the scale. The table's own way of writing
    /// ("$ 483,361" under "in thousands") looks the same, so this is a second reading and not the only one.
    pub(super) in_full: Option<Number>,
}

#[derive(Debug)]
enum Kind<'a> {
    Word(&'a str, Meaning),
    Number(Box<Literal>),
    Symbol(char),
}

#[derive(Debug)]
struct Token<'a> {
    kind: Kind<'a>,
    /// White space, or nothing at all, stands before.
    spaced: bool,
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let bytes = text.as_bytes();
    let mut found = Vec::with_capacity(8);
    let mut spaced = true;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let starts_number = byte.is_ascii_digit()
            || (byte == b'.' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit));
        if starts_number {
            let (literal, length) = literal(&bytes[at..]);
            found.push(Token {
                kind: Kind::Number(Box::new(literal)),
                spaced,
            });
            at += length;
        } else {
            let Some(c) = text[at..].chars().next() else {
                break;
            };
            if c.is_whitespace() {
                spaced = true;
                at += c.len_utf8();
                continue;
            }
            if c.is_alphanumeric() {
                let rest = &text[at..];
                let length = rest
                    .find(|c: char| c.is_ascii_digit() || !c.is_alphanumeric())
                    .unwrap_or(rest.len());
                found.push(Token {
                    kind: Kind::Word(&rest[..length], meaning(&rest[..length])),
                    spaced,
                });
                at += length;
            } else {
                found.push(Token {
                    kind: Kind::Symbol(c),
                    spaced,
                });
                at += c.len_utf8();
            }
        }
        spaced = false;
    }
    found
}

/// Reads a normalised text as a value of a question.
///
/// # Errors
/// Why it is none.
pub(super) fn read(
    text: &str,
    unit: Unit,
    scale: Scale,
    signed_change: bool,
) -> Result<Reading, Reason> {
    let tokens = tokens(text);
    let found = find_number(&tokens, unit)?;
    let mut marks = found.marks;
    let mut direction = [false; 2];
    let mut is_marked = marks.currency;
    for (i, token) in tokens.iter().enumerate() {
        let Kind::Word(_, meaning) = token.kind else {
            continue;
        };
        match meaning {
            Meaning::Increase => direction[0] = true,
            Meaning::Decrease => direction[1] = true,
            Meaning::Currency => is_marked = true,
            Meaning::Shares => {
                is_marked |= !matches!(
                    i.checked_sub(1).map(|j| &tokens[j].kind),
                    Some(Kind::Word(_, Meaning::Per))
                );
            }
            // "In millions: 77": as explicit as behind the number, unless the two disagree.
            Meaning::Scale {
                exponent,
                spelled_out: true,
            } if matches!(unit, Unit::Amount | Unit::Count) => {
                if marks.scale.is_some_and(|other| other != exponent) {
                    return Err(Reason::WrongUnit);
                }
                marks.scale = Some(exponent);
            }
            _ => {}
        }
    }
    let shift = conversion(unit, scale, marks)?;
    let mut number = found.number;
    if signed_change && direction == [false, true] {
        number.negative = true;
    }
    let full = exponent(scale);
    let takes_full = full > 0
        && is_marked
        && marks.scale.is_none()
        && matches!(unit, Unit::Amount | Unit::Count);
    let in_full = (takes_full && number.reaches(full)).then(|| number.clone().shifted(-full));
    Ok(Reading {
        value: number.shifted(shift),
        in_full,
    })
}

struct Found {
    number: Number,
    marks: Marks,
    is_year: bool,
}

/// The one candidate among the numbers of a text.
fn find_number(tokens: &[Token<'_>], unit: Unit) -> Result<Found, Reason> {
    let mut values = Values::default();
    let (mut opened, mut malformed) = (0usize, None);
    for (i, token) in tokens.iter().enumerate() {
        match &token.kind {
            Kind::Number(literal) => match with_context(tokens, i, literal) {
                Ok(found) => values.push(found),
                Err(reason) => malformed = malformed.or(Some(reason)),
            },
            Kind::Symbol('(') => opened += 1,
            Kind::Symbol(')') => match opened.checked_sub(1) {
                Some(left) => opened = left,
                None => malformed = malformed.or(Some(Reason::MalformedNumber)),
            },
            // LaTeX or braces that normalisation did not understand.
            Kind::Symbol('\\' | '{' | '}') => {
                malformed = malformed.or(Some(Reason::MalformedNumber));
            }
            _ => {}
        }
    }
    if let Some(reason) = malformed {
        return Err(reason);
    }
    if values.count == 0 {
        return Err(Reason::NoNumber);
    }
    if opened > 0 {
        return Err(Reason::MalformedNumber);
    }
    if unit == Unit::Year {
        return match values.only {
            Some(found) if values.count == 1 && found.is_year => Ok(found),
            _ if values.count == 1 => Err(Reason::NoNumber),
            _ => Err(Reason::SeveralNumbers),
        };
    }
    if values.candidates == 1 {
        return values.only.ok_or(Reason::NoNumber);
    }
    if values.candidates == 0 && values.count == 1 {
        return values.only.ok_or(Reason::NoNumber);
    }
    Err(Reason::SeveralNumbers)
}

/// The numbers of a text so far.
#[derive(Default)]
struct Values {
    count: usize,
    /// Those that are no years.
    candidates: usize,
    /// The first candidate, or the first year while there is none.
    only: Option<Found>,
}

impl Values {
    fn push(&mut self, found: Found) {
        let is_first_candidate = !found.is_year && self.candidates == 0;
        self.count += 1;
        self.candidates += usize::from(!found.is_year);
        if is_first_candidate || self.only.is_none() {
            self.only = Some(found);
        }
    }
}

/// A literal with the sign, currency, parentheses and unit around it.
fn with_context(tokens: &[Token<'_>], at: usize, literal: &Literal) -> Result<Found, Reason> {
    let mut number = literal.value.clone()?;
    let mut before = prefix(tokens, at, literal.is_year)?;
    let (after, is_open) = suffix(tokens, at, before.parentheses > 0)?;
    if is_open {
        // "(77 of them)" is neither a negative number nor plain words; "(2024 figures)" only names a year.
        if !literal.is_year {
            return Err(Reason::MalformedNumber);
        }
        before.parentheses = 0;
    }
    if before.parentheses > 1 || (before.parentheses == 1 && before.negative.is_some()) {
        return Err(Reason::MalformedNumber);
    }
    number.negative = before.parentheses == 1 || before.negative == Some(true);
    let currency = before.currency || after.currency;
    let is_bare =
        before.negative.is_none() && after.tag.is_none() && after.scale.is_none() && !currency;
    Ok(Found {
        number,
        marks: Marks { currency, ..after },
        is_year: literal.is_year && is_bare,
    })
}

#[derive(Default)]
struct Prefix {
    /// `Some(true)` for a minus sign, `Some(false)` for a plus sign.
    negative: Option<bool>,
    currency: bool,
    parentheses: usize,
}

fn prefix(tokens: &[Token<'_>], at: usize, is_year: bool) -> Result<Prefix, Reason> {
    let mut found = Prefix::default();
    let mut next = at;
    while let Some(i) = next.checked_sub(1) {
        let attached = !tokens[next].spaced;
        match &tokens[i].kind {
            Kind::Symbol('(') => found.parentheses += 1,
            Kind::Symbol(c) if is_currency(*c) => found.currency = true,
            Kind::Word(_, Meaning::Currency) => found.currency = true,
            // "US$5", "A$5": the letters belong to the sign.
            Kind::Word(word, _)
                if attached
                    && matches!(tokens[next].kind, Kind::Symbol('$'))
                    && word.len() <= 2 => {}
            Kind::Word(_, Meaning::Fiscal) if attached && is_year => break,
            Kind::Word(..) if attached && next == at => return Err(Reason::MalformedNumber),
            Kind::Symbol(sign @ ('-' | '+')) => match sign_role(tokens, i, attached, is_year)? {
                Role::Punctuation => break,
                Role::Sign if found.negative.is_some() => return Err(Reason::MalformedNumber),
                Role::Sign => found.negative = Some(*sign == '-'),
            },
            Kind::Symbol('_' | '^') if attached => return Err(Reason::MalformedNumber),
            Kind::Symbol('±') => return Err(Reason::MalformedNumber),
            _ => break,
        }
        next = i;
    }
    Ok(found)
}

enum Role {
    Sign,
    Punctuation,
}

/// Whether the dash or plus at `at` is the sign of the number behind it; `attached` if no space follows it.
fn sign_role(
    tokens: &[Token<'_>],
    at: usize,
    attached: bool,
    is_year: bool,
) -> Result<Role, Reason> {
    let Some(before) = at.checked_sub(1).map(|i| &tokens[i].kind) else {
        return Ok(Role::Sign);
    };
    let spaced = tokens[at].spaced;
    match before {
        // "2022-2023" and "mid-2024" are years; "6.2-6.3" and "COVID-19" are no values.
        Kind::Number(other) if !(spaced && attached) => {
            if is_year && other.is_year {
                Ok(Role::Punctuation)
            } else {
                Err(Reason::SeveralNumbers)
            }
        }
        Kind::Word(_, Meaning::Currency) => Ok(Role::Sign),
        Kind::Word(..) if !spaced => {
            if is_year {
                Ok(Role::Punctuation)
            } else {
                Err(Reason::MalformedNumber)
            }
        }
        Kind::Word(..) | Kind::Symbol('%' | ')') if spaced && !attached => Ok(Role::Punctuation),
        Kind::Symbol('-' | '+' | '/') if !spaced => Err(Reason::MalformedNumber),
        _ => Ok(Role::Sign),
    }
}

/// Unit, scale and currency behind the number, and whether a parenthesis opened directly before it is still open.
fn suffix(
    tokens: &[Token<'_>],
    at: usize,
    mut parenthesised: bool,
) -> Result<(Marks, bool), Reason> {
    let mut marks = Marks::default();
    let kind = |i: usize| tokens.get(i).map(|token| &token.kind);
    let attached = |i: usize| tokens.get(i).is_some_and(|token| !token.spaced);
    let set_tag = |marks: &mut Marks, tag: Tag| match marks.tag.replace(tag) {
        None => Ok(()),
        Some(_) => Err(Reason::WrongUnit),
    };
    let mut i = at + 1;
    loop {
        let (step, tag) = match (kind(i), kind(i + 1), kind(i + 2)) {
            (Some(Kind::Symbol('%') | Kind::Word(_, Meaning::Tag(Tag::Percent))), next, _) => {
                match next {
                    Some(Kind::Word(_, Meaning::Point)) => (2, Tag::Points),
                    _ => (1, Tag::Percent),
                }
            }
            (Some(Kind::Symbol('×')), ..) => (1, Tag::Times),
            (Some(Kind::Word(_, Meaning::Tag(tag))), ..) => (1, *tag),
            (
                Some(Kind::Word(_, Meaning::Per)),
                Some(Kind::Word(_, Meaning::Tag(Tag::Foreign))),
                _,
            ) => (2, Tag::Percent),
            (Some(Kind::Word(_, Meaning::Percentage)), Some(Kind::Word(_, Meaning::Point)), _) => {
                (2, Tag::Points)
            }
            (Some(Kind::Word(_, Meaning::Basis)), Some(Kind::Word(_, Meaning::Point)), _) => {
                (2, Tag::BasisPoints)
            }
            (Some(Kind::Word("p", _)), Some(Kind::Symbol('.')), Some(Kind::Word("p", _))) => {
                (3, Tag::Points)
            }
            (Some(Kind::Word(_, Meaning::Scale { exponent, .. })), ..) => {
                if marks.scale.replace(*exponent).is_some() {
                    return Err(Reason::WrongUnit);
                }
                i += 1;
                continue;
            }
            (Some(Kind::Word(_, Meaning::Currency)), ..) if !starts_amount(tokens, i) => {
                marks.currency = true;
                i += 1;
                continue;
            }
            (Some(Kind::Symbol(c)), ..) if is_currency(*c) && !starts_amount(tokens, i) => {
                marks.currency = true;
                i += 1;
                continue;
            }
            (Some(Kind::Symbol(')')), ..) if parenthesised => {
                parenthesised = false;
                i += 1;
                continue;
            }
            (Some(Kind::Word(..)), ..) if i == at + 1 && attached(i) => {
                return Err(Reason::MalformedNumber);
            }
            (Some(Kind::Symbol('_' | '^')), ..) if attached(i) => {
                return Err(Reason::MalformedNumber);
            }
            (Some(Kind::Symbol('-')), next, _)
                if attached(i) && !matches!(next, Some(Kind::Number(_))) =>
            {
                return Err(Reason::MalformedNumber);
            }
            _ => break,
        };
        set_tag(&mut marks, tag)?;
        i += step;
    }
    Ok((marks, parenthesised))
}

/// Whether the currency at `at` belongs to a number behind it ("in 2024 $6", "2024: USD (6)").
fn starts_amount(tokens: &[Token<'_>], at: usize) -> bool {
    let kind = |i: usize| tokens.get(i).map(|token| &token.kind);
    match (kind(at + 1), kind(at + 2)) {
        (Some(Kind::Number(_)), _) => true,
        (Some(Kind::Symbol('-' | '(')), Some(Kind::Number(literal))) => !literal.is_year,
        _ => false,
    }
}
