//! What is wrong with an input: stable code, where, what is allowed, what to do.

use serde::Serialize;

/// Where in a file something was written. Lines and columns count from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Location {
    /// Path as the user gave it.
    pub file: String,
    /// Line, from 1; 0 when the whole file is meant.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Characters marked, at least 1.
    pub length: u32,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The input cannot be used.
    Error,
    /// It can, but probably does not mean what it says.
    Warning,
}

/// Characters of a message; what a file says in ten thousand need not be repeated whole.
const MESSAGE_MAX: usize = 600;

/// A message with its middle left out if it is very long.
fn cut(message: String) -> String {
    let length = message.chars().count();
    if length <= MESSAGE_MAX {
        return message;
    }
    let start: String = message.chars().take(MESSAGE_MAX / 2).collect();
    let end: String = message.chars().skip(length - MESSAGE_MAX / 2).collect();
    format!("{start} … {end}")
}

/// One thing wrong with an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diag {
    /// Stable code, such as `E102`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where.
    pub at: Option<Location>,
    /// What is allowed, or what to do next.
    pub help: Option<String>,
}

impl Diag {
    /// An error.
    #[must_use]
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, message: cut(message.into()), at: None, help: None }
    }

    /// A warning.
    #[must_use]
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.at = Some(location);
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_keeps_its_ends_however_long_the_text_it_quotes() {
        let message = Diag::error("E1", format!("`{}` is odd", "ä".repeat(100_000))).message;
        assert!(message.starts_with("`ää") && message.ends_with("ä` is odd"), "{message}");
        assert_eq!(message.chars().count(), MESSAGE_MAX + 3);
        assert_eq!(Diag::warning("W1", "short").message, "short");
    }
}
