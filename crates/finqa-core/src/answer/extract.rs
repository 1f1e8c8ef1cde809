//! Which part of a text is the answer.

/// The part of a submission that counts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Extracted<'a> {
    /// No boxes: the text behind the marker, or the whole text.
    Plain(&'a str),
    /// The contents of all boxed parts, at least one.
    Boxes(Vec<&'a str>),
}

/// All boxed parts if there are any, else what follows the last marker, else the whole text.
pub(crate) fn extract(text: &str) -> Extracted<'_> {
    let boxes = boxes(text);
    if boxes.is_empty() {
        return Extracted::Plain(after_marker(text).unwrap_or(text));
    }
    Extracted::Boxes(boxes.into_iter().map(|b| b.content).collect())
}

/// The final answer in a message without calls.
///
/// It is what follows the last `FINAL ANSWER:` (any case, markdown emphasis around it allowed) up to the next blank
/// line or code fence; a fence or blank lines directly behind the marker are skipped. Without a marker it is the
/// stretch from the first `\boxed{…}` to the last one; without either there is none.
///
/// ```
/// use finqa_core::answer::final_answer;
///
/// assert_eq!(final_answer("Hence 4.5.\n**Final answer:** 4.5%\n\nAnything else?"), Some("4.5%"));
/// assert_eq!(final_answer(r"Hence \boxed{1}, \boxed{2}."), Some(r"\boxed{1}, \boxed{2}"));
/// assert_eq!(final_answer("I will look at the table first."), None);
/// ```
pub fn final_answer(text: &str) -> Option<&str> {
    after_marker(text).or_else(|| {
        let boxes = boxes(text);
        Some(&text[boxes.first()?.start..boxes.last()?.end])
    })
}

struct Boxed<'a> {
    start: usize,
    end: usize,
    content: &'a str,
}

/// The outermost boxed parts with balanced braces, in order. One pass, whatever the nesting.
fn boxes(text: &str) -> Vec<Boxed<'_>> {
    const COMMAND: &[u8] = b"\\boxed";
    let mut found: Vec<Boxed<'_>> = Vec::new();
    if memchr::memmem::find(text.as_bytes(), COMMAND).is_none() {
        return found;
    }
    let bytes = text.as_bytes();
    // Where each open brace's box starts and its content begins; `None` for a brace of something else.
    let mut open: Vec<Option<(usize, usize)>> = Vec::new();
    let mut i = 0;
    while i < bytes.len() {
        match bytes[i] {
            b'\\' if bytes[i..].starts_with(COMMAND) => {
                let mut brace = i + COMMAND.len();
                while bytes.get(brace) == Some(&b' ') {
                    brace += 1;
                }
                if bytes.get(brace) == Some(&b'{') {
                    open.push(Some((i, brace + 1)));
                    brace += 1;
                }
                i = brace;
            }
            b'\\' if matches!(bytes.get(i + 1), Some(b'{' | b'}')) => i += 2,
            b'{' => {
                open.push(None);
                i += 1;
            }
            b'}' => {
                if let Some(Some((start, content))) = open.pop() {
                    while found.last().is_some_and(|inner| inner.start > start) {
                        found.pop();
                    }
                    found.push(Boxed {
                        start,
                        end: i + 1,
                        content: &text[content..i],
                    });
                }
                i += 1;
            }
            _ => i += 1,
        }
    }
    found
}

/// What follows the last marker; `None` without a marker.
fn after_marker(text: &str) -> Option<&str> {
    const MARKER: &[u8] = b"final answer";
    let bytes = text.as_bytes();
    let mut end = bytes.len();
    while let Some(at) = memchr::memrchr2(b'f', b'F', &bytes[..end]) {
        end = at;
        let starts_word = at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
        let is_marker = bytes
            .get(at..at + MARKER.len())
            .is_some_and(|b| b.eq_ignore_ascii_case(MARKER));
        if starts_word
            && is_marker
            && let Some(rest) = behind_colon(&text[at + MARKER.len()..])
        {
            return Some(up_to_end(rest));
        }
    }
    None
}

/// What follows the colon that belongs to a marker, emphasis aside.
fn behind_colon(text: &str) -> Option<&str> {
    const EMPHASIS: [char; 3] = ['*', '_', ' '];
    let rest = text.trim_start_matches(EMPHASIS);
    let rest = rest.strip_prefix(':').or_else(|| rest.strip_prefix('：'))?;
    // Emphasis closed behind the colon; a single star could also be a bullet, which means nothing either.
    Some(rest.trim_start_matches(['*', '_']))
}

fn up_to_end(text: &str) -> &str {
    const FENCE: &str = "```";
    let mut text = text.trim_start();
    if let Some(fenced) = text.strip_prefix(FENCE) {
        // The info string of an opening fence ("text", "json") is no part of the answer.
        text = fenced
            .find('\n')
            .map_or("", |at| &fenced[at..])
            .trim_start();
    }
    let mut end = text.find(FENCE).unwrap_or(text.len());
    let mut line = 0;
    for (at, _) in text[..end].match_indices('\n') {
        if text[line..at].trim().is_empty() {
            end = line;
            break;
        }
        line = at + 1;
    }
    text[..end].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(text: &str) -> Vec<&str> {
        boxes(text).into_iter().map(|b| b.content).collect()
    }

    #[test]
    fn boxes_have_balanced_braces() {
        assert_eq!(
            contents(r"so \boxed{1} and \boxed {\text{2}\%}"),
            ["1", r"\text{2}\%"]
        );
        assert_eq!(contents(r"\boxed{\boxed{5}}"), [r"\boxed{5}"]);
        assert_eq!(contents(r"\boxed{\boxed{5}"), ["5"]);
        assert_eq!(contents(r"\boxed{5"), [""; 0]);
        assert_eq!(contents(r"\boxed{a\}b}"), [r"a\}b"]);
        assert_eq!(contents(r"} \boxed{}"), [""]);
        assert_eq!(contents(r"\boxed 5"), [""; 0]);
    }

    #[test]
    fn the_last_marker_counts_up_to_a_blank_line_or_fence() {
        for (text, want) in [
            ("FINAL ANSWER: 37", "37"),
            ("final answer: 1\nFinal Answer: 2\n3\n \n4", "2\n3"),
            ("**FINAL ANSWER:** 37", "37"),
            ("**Final Answer**: 37", "37"),
            ("__FINAL ANSWER :__ 37", "37"),
            ("```\nFINAL ANSWER: 37\n```\nbye", "37"),
            ("FINAL ANSWER:\n\n37\n\nbye", "37"),
            ("FINAL ANSWER:\n```text\n37\n```", "37"),
            ("FINAL ANSWER: 5\n\nThe final answer is above", "5"),
            ("FINAL ANSWER：３７", "３７"),
            ("FINAL ANSWER:", ""),
        ] {
            assert_eq!(final_answer(text), Some(want), "{text:?}");
        }
        for text in ["", "semifinal answer: 5", "the final answer is 5", "FINAL"] {
            assert_eq!(final_answer(text), None, "{text:?}");
        }
    }
}
