//! Texts on their way to the policy, shared where they can be.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use finqa_core::observation::cut_middle;
use finqa_core::sql::QueryResult;

/// One text. It is kept for the transcript and for the score, so a clone costs nothing; lists, table infos and query
/// results are shared by all episodes that saw them.
#[derive(Clone, Debug)]
pub enum Text {
    /// A text as it stands.
    Shared(Arc<str>),
    /// Rows of a query.
    Rows(Arc<QueryResult>),
}

impl Text {
    /// Appends the text to `out`.
    pub fn write_to(&self, out: &mut String) {
        match self {
            Self::Shared(s) => out.push_str(s),
            Self::Rows(rows) => {
                out.push_str(&rows.text);
                if rows.shown_rows < rows.total_rows || rows.total_is_lower_bound {
                    let at_least = if rows.total_is_lower_bound {
                        "at least "
                    } else {
                        ""
                    };
                    // Writing to a String cannot fail.
                    let _ = write!(
                        out,
                        "\n(showing the first {} of {at_least}{} rows; narrow the query or aggregate to see the rest)",
                        rows.shown_rows, rows.total_rows
                    );
                }
            }
        }
    }

    /// Takes the middle out of a text of more than `max_chars` characters. Rows are cut where they are made.
    pub fn cut(&mut self, max_chars: usize) {
        let whole = match self {
            Self::Shared(text) => &**text,
            Self::Rows(_) => return,
        };
        match cut_middle(whole, max_chars) {
            Cow::Borrowed(text) if text.len() == whole.len() => {}
            cut => *self = cut.into_owned().into(),
        }
    }

    /// The text without a copy, if it is whole as stored.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Shared(s) => Some(s),
            Self::Rows(rows)
                if rows.shown_rows == rows.total_rows && !rows.total_is_lower_bound =>
            {
                Some(&rows.text)
            }
            Self::Rows(_) => None,
        }
    }

    /// The text, copied only if it is not whole as stored.
    pub fn whole(&self) -> Cow<'_, str> {
        self.as_str().map_or_else(
            || {
                let mut text = String::new();
                self.write_to(&mut text);
                text.into()
            },
            Cow::Borrowed,
        )
    }
}

impl Default for Text {
    /// The empty text.
    fn default() -> Self {
        Self::Shared("".into())
    }
}

impl From<String> for Text {
    fn from(s: String) -> Self {
        Self::Shared(s.into())
    }
}

/// The answer to one call, a `tool` message of a chat.
#[derive(Clone, Debug)]
pub struct ToolMessage {
    /// Id of the call; empty means `call_<turn>_<index>`.
    pub id: Box<str>,
    /// Tool name as the policy wrote it; empty if there was none.
    pub name: Box<str>,
    /// What the policy sees.
    pub content: Text,
}

/// What a policy sees after one of its messages: one [`ToolMessage`] a call.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// In the order of the calls.
    pub messages: Vec<ToolMessage>,
}

impl Observation {
    /// The messages' texts, joined by a line feed.
    pub fn write_to(&self, out: &mut String) {
        for (i, message) in self.messages.iter().enumerate() {
            if i > 0 {
                out.push('\n');
            }
            message.content.write_to(out);
        }
    }

    /// The text without a copy, if there is exactly one message that is whole as stored (or none).
    pub fn as_str(&self) -> Option<&str> {
        match self.messages.as_slice() {
            [] => Some(""),
            [one] => one.content.as_str(),
            _ => None,
        }
    }
}
