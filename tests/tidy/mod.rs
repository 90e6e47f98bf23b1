//! The repository checks itself: layers, sizes, dead files, words, modelines.

mod files;
mod layers;
mod sizes;
mod source;
mod words;

/// Fails with all complaints at once.
fn assert_none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
