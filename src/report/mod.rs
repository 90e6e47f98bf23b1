//! What a run found out, for people and for other programs.
//!
//! Everything here reads a [`Sheet`] (an outcome, what was judged of it, and
//! how to repeat it) and gives text or bytes back; nothing is printed or
//! written. A format is one file in this folder and one line in [`FORMATS`].
//!
//! | format | for |
//! |---|---|
//! | [`terminal()`] | the person who ran it, in ten seconds |
//! | [`html()`] | a design review: one file, offline, no scripts |
//! | `markdown` | the summary page of a CI job |
//! | `json` | other programs |

mod charts;
mod facts;
mod figures;
mod html;
mod json;
mod markdown;
#[cfg(test)]
mod sample;
mod table;
mod terminal;
mod topology;
mod words;

pub use html::html;
pub use json::json;
pub use markdown::markdown;
pub use terminal::{Style, terminal};

use crate::outcome::Outcome;
use crate::verdict::Judgement;

/// Everything a report is made from.
#[derive(Clone, Debug)]
pub struct Sheet<'a> {
    /// What the run found out; of several replications, the first.
    pub outcome: &'a Outcome,
    /// The other replications, if there are any.
    pub others: &'a [Outcome],
    /// What became of each expectation, in the scenario's order.
    pub judgements: &'a [Judgement],
    /// The command line that repeats the run.
    pub command: String,
    /// `(path, text)` of the files read, for printing; those left out show as fingerprints only.
    pub inputs: Vec<(String, String)>,
}

/// A way to write a sheet down.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Name on the command line.
    pub name: &'static str,
    /// Usual ending of a file's name.
    pub extension: &'static str,
    /// What it is for, in one line.
    pub summary: &'static str,
    /// Writes it; the same bytes for the same sheet, and never fails.
    pub write: fn(&Sheet<'_>) -> Vec<u8>,
}

/// Every format.
pub static FORMATS: &[Format] = &[terminal::FORMAT, html::FORMAT, markdown::FORMAT, json::FORMAT];

/// The format of that name.
#[must_use]
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_have_distinct_names_and_can_be_found_by_them() {
        for (index, entry) in FORMATS.iter().enumerate() {
            assert!(FORMATS[..index].iter().all(|other| other.name != entry.name));
            assert_eq!(format(entry.name).map(|found| found.extension), Some(entry.extension));
        }
        assert!(format("pdf").is_none());
    }

    #[test]
    fn every_format_writes_full_and_empty_outcomes_the_same_way_twice() {
        let (full, empty, judgements) = (sample::outcome(), sample::empty(), sample::judgements());
        for sheet in [sample::sheet(&full, &judgements), sample::sheet(&empty, &[])] {
            for entry in FORMATS {
                let bytes = (entry.write)(&sheet);
                assert!(!bytes.is_empty(), "{}", entry.name);
                assert!(bytes == (entry.write)(&sheet), "{} differs between two writings", entry.name);
                let text = String::from_utf8(bytes).unwrap();
                assert!(text.contains(&sheet.outcome.digest), "{} lacks the digest", entry.name);
                assert!(text.contains("--seed 42"), "{} lacks the replay line", entry.name);
                assert!(!text.contains("NaN"), "{} prints NaN", entry.name);
            }
        }
    }

    #[test]
    #[ignore = "writes every format of the sample to target/report-sample, to be looked at"]
    fn writes_the_sample_to_look_at() {
        let (outcome, judgements) = (sample::outcome(), sample::judgements());
        let sheet = sample::sheet(&outcome, &judgements);
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/report-sample");
        std::fs::create_dir_all(&folder).unwrap();
        for entry in FORMATS {
            std::fs::write(folder.join(format!("{}.{}", entry.name, entry.extension)), (entry.write)(&sheet))
                .unwrap();
        }
        let coloured = terminal(&sheet, Style { colour: true, width: 100 });
        std::fs::write(folder.join("terminal-colour.txt"), coloured).unwrap();
    }
}
