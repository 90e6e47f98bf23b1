//! What every part of resolution shares: the input, what was found wrong so
//! far, and how a place in a file is named.

use super::codes;
use super::model::InputFile;
use crate::diag::{Diag, Location, Severity};
use crate::spec::{Input, Part};

/// A value in one of the two documents, by its pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct At {
    part: Part,
    pointer: String,
}

impl At {
    /// A value of the topology.
    pub(super) fn topology(pointer: &str) -> Self {
        Self { part: Part::Topology, pointer: pointer.to_owned() }
    }

    /// A value of the scenario.
    pub(super) fn scenario(pointer: &str) -> Self {
        Self { part: Part::Scenario, pointer: pointer.to_owned() }
    }

    /// The value under a key.
    pub(super) fn key(&self, key: &str) -> Self {
        let pointer =
            if self.pointer.is_empty() { key.to_owned() } else { format!("{}/{key}", self.pointer) };
        Self { part: self.part, pointer }
    }

    /// The value at an index of a list.
    pub(super) fn index(&self, index: usize) -> Self {
        self.key(&index.to_string())
    }
}

/// The input and what is wrong with it.
pub(super) struct Context<'a> {
    /// What the files say.
    pub(super) input: &'a Input,
    diags: Vec<Diag>,
    /// Findings beyond the most that are kept.
    more: usize,
    has_errors: bool,
    files: Vec<InputFile>,
    /// Bytes of data files read so far.
    pub(super) data_bytes: u64,
    /// Replicas and ends of paths that faults hit so far.
    fault_targets: u64,
}

/// Most replicas and ends of paths that all faults together hit: each is kept by the plan.
const FAULT_TARGETS_MAX: u64 = 10_000_000;

/// Most findings kept: more help nobody, and a hostile file could make millions.
const FINDINGS_MAX: usize = 1000;

impl<'a> Context<'a> {
    /// Starts with nothing wrong.
    pub(super) fn new(input: &'a Input) -> Self {
        Self {
            input,
            diags: Vec::new(),
            more: 0,
            has_errors: false,
            files: Vec::new(),
            data_bytes: 0,
            fault_targets: 0,
        }
    }

    /// Where a value was written.
    pub(super) fn locate(&self, at: &At) -> Location {
        self.input.origins.locate(at.part, &at.pointer)
    }

    /// Notes a finding.
    pub(super) fn report(&mut self, diag: Diag) {
        self.has_errors |= diag.severity == Severity::Error;
        if self.is_full() {
            self.more += 1;
        } else {
            self.diags.push(diag);
        }
    }

    /// Whether further findings are only counted.
    pub(super) fn is_full(&self) -> bool {
        self.diags.len() >= FINDINGS_MAX
    }

    /// What to do about an unknown name; nothing when nobody would see it.
    pub(super) fn suggest<'n>(&self, name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
        if self.is_full() { String::new() } else { suggestion(name, known) }
    }

    /// Notes an error with what to do about it; an empty `help` says nothing.
    pub(super) fn error(
        &mut self,
        code: &'static str,
        at: &At,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let diag = Diag::error(code, message).at(self.locate(at));
        self.report(with_help(diag, help.into()));
    }

    /// Notes a warning with what to do about it; an empty `help` says nothing.
    pub(super) fn warning(
        &mut self,
        code: &'static str,
        at: &At,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let diag = Diag::warning(code, message).at(self.locate(at));
        self.report(with_help(diag, help.into()));
    }

    /// Notes that nothing has this name, with the nearest that do.
    pub(super) fn unknown<'n>(
        &mut self,
        at: &At,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'n str>,
    ) {
        let help = self.suggest(name, known);
        self.error(codes::UNKNOWN_NAME, at, format!("there is no {what} `{name}`"), help);
    }

    /// Whether there is room for so many more targets of faults; complains if not.
    pub(super) fn counts_targets(&mut self, at: &At, count: u64) -> bool {
        self.fault_targets = self.fault_targets.saturating_add(count);
        let is_fine = self.fault_targets <= FAULT_TARGETS_MAX;
        if !is_fine {
            let message = format!("the faults hit more than {FAULT_TARGETS_MAX} replicas and ends in all");
            self.error(codes::TOO_BIG, at, message, "hit fewer replicas, or have fewer faults");
        }
        is_fine
    }

    /// Notes a data file that was read.
    pub(super) fn note_file(&mut self, file: InputFile) {
        if !self.files.contains(&file) {
            self.files.push(file);
        }
    }

    /// The data files read.
    pub(super) fn take_files(&mut self) -> Vec<InputFile> {
        std::mem::take(&mut self.files)
    }

    /// Whether anything makes the input unusable.
    pub(super) fn has_errors(&self) -> bool {
        self.has_errors
    }

    /// Everything found, in the order of the files.
    pub(super) fn into_diags(mut self) -> Vec<Diag> {
        self.diags.sort_by(|a, b| (&a.at, a.code, &a.message).cmp(&(&b.at, b.code, &b.message)));
        self.diags.dedup();
        if self.more > 0 {
            let message = format!("there are {} more findings", self.more);
            self.diags.push(if self.has_errors {
                Diag::error(codes::MORE_ERRORS, message)
            } else {
                Diag::warning(codes::MORE_WARNINGS, message)
            });
        }
        self.diags
    }
}

fn with_help(diag: Diag, help: String) -> Diag {
    if help.is_empty() { diag } else { diag.help(help) }
}

/// Most names listed in a message.
const NAMES_LISTED: usize = 12;

/// The nearest name if one is near, and what names there are.
pub(super) fn suggestion<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let nearest = nearest(name, &known).map(|near| format!("did you mean `{near}`?"));
    let list = match known.as_slice() {
        [] => "there are none".to_owned(),
        known => format!("there is {}", listed(known.iter().copied())),
    };
    nearest.map_or(list.clone(), |nearest| format!("{nearest} ({list})"))
}

/// The names in a row, cut after a dozen.
pub(super) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let shown = names[..names.len().min(NAMES_LISTED)].join(", ");
    match names.len().saturating_sub(NAMES_LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The known name most like this one, if any is like it at all; the first of equals.
pub(super) fn nearest<'n>(name: &str, known: &[&'n str]) -> Option<&'n str> {
    let mut best: Option<(&str, f64)> = None;
    for candidate in known {
        let likeness = strsim::jaro_winkler(&name.to_lowercase(), &candidate.to_lowercase());
        if likeness > best.map_or(0.75, |(_, likeness)| likeness) {
            best = Some((candidate, likeness));
        }
    }
    best.map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_only_if_it_is_near() {
        let known = ["redis", "postgres", "orders"];
        assert_eq!(nearest("rediss", &known), Some("redis"));
        assert_eq!(nearest("Postgre", &known), Some("postgres"));
        assert_eq!(nearest("xyz", &known), None);
        assert_eq!(suggestion("rdis", known), "did you mean `redis`? (there is redis, postgres, orders)");
        assert_eq!(suggestion("x", []), "there are none");
    }

    #[test]
    fn long_lists_of_names_are_cut() {
        let names: Vec<String> = (0..20).map(|n| format!("name-{n}")).collect();
        let text = suggestion("zzz", names.iter().map(String::as_str));
        assert!(text.ends_with("name-11 and 8 more"), "{text}");
    }
}
