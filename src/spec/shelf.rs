//! Parts of the catalogue that are read when somebody first asks for them.

use std::sync::OnceLock;

/// A kind or a nemesis, read already or not.
///
/// A scenario uses a handful of all that come with the program; reading the others
/// would take longer than many a run.
#[derive(Clone, Debug)]
pub(super) struct Shelved<T> {
    /// Path and text of what came with the program.
    unread: (&'static str, &'static str),
    read: OnceLock<T>,
}

impl<T> Shelved<T> {
    /// What was read from a user's file.
    pub(super) fn read(value: T) -> Self {
        Self { unread: ("", ""), read: OnceLock::from(value) }
    }

    /// What came with the program.
    pub(super) fn unread(path: &'static str, text: &'static str) -> Self {
        Self { unread: (path, text), read: OnceLock::new() }
    }

    /// The thing itself; `read` makes it from the name of its file and its text.
    pub(super) fn get(&self, read: fn(&str, &str) -> T) -> &T {
        self.read.get_or_init(|| read(&format!("catalogue/{}", self.unread.0), self.unread.1))
    }
}
