//! The outcome and its judgements for other programs.
//!
//! Objects are indented; arrays of plain values stay on one line, so that a
//! thousand windows are a line each and two reports can be compared.

use super::{Format, Sheet};
use crate::outcome::Outcome;
use crate::verdict::{Judgement, Verdict};
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use std::io::{Result, Write};

pub(super) const FORMAT: Format = Format {
    name: "json",
    extension: "json",
    summary: "everything the run measured, for other programs",
    write: |sheet| json(sheet).into_bytes(),
};

#[derive(Serialize)]
struct Document<'a> {
    /// [`crate::outcome::SCHEMA`] of the outcome within.
    schema: u32,
    verdict: Option<Verdict>,
    command: &'a str,
    judgements: &'a [Judgement],
    outcome: &'a Outcome,
}

/// `schema`, `verdict` (the worst; null without expectations), `command`, `judgements` and `outcome` as JSON.
///
/// Should a value have no JSON form, the document is `{"error": …}` instead.
#[must_use]
pub fn json(sheet: &Sheet<'_>) -> String {
    let document = Document {
        schema: sheet.outcome.schema,
        verdict: sheet.judgements.iter().map(|judgement| judgement.verdict).max(),
        command: &sheet.command,
        judgements: sheet.judgements,
        outcome: sheet.outcome,
    };
    let mut bytes = Vec::new();
    let written = document.serialize(&mut Serializer::with_formatter(&mut bytes, Indented::default()));
    bytes.push(b'\n');
    match written {
        Ok(()) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => format!("{}\n", serde_json::json!({ "error": error.to_string() })),
    }
}

/// Two spaces per level; a new line before every object and object member, none between plain values of an array.
#[derive(Default)]
struct Indented {
    /// For each open array or object, whether a line was begun in it.
    open: Vec<bool>,
    is_in_array: bool,
    kinds: Vec<bool>,
}

impl Indented {
    fn line<W: ?Sized + Write>(&self, out: &mut W) -> Result<()> {
        out.write_all(b"\n")?;
        (0..self.open.len()).try_for_each(|_| out.write_all(b"  "))
    }

    fn enter(&mut self, is_array: bool) {
        self.open.push(false);
        self.kinds.push(self.is_in_array);
        self.is_in_array = is_array;
    }

    fn leave<W: ?Sized + Write>(&mut self, out: &mut W) -> Result<()> {
        self.is_in_array = self.kinds.pop().unwrap_or(false);
        if self.open.pop().unwrap_or(false) { self.line(out) } else { Ok(()) }
    }
}

impl Formatter for Indented {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> Result<()> {
        self.enter(true);
        out.write_all(b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> Result<()> {
        self.leave(out)?;
        out.write_all(b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> Result<()> {
        if first { Ok(()) } else { out.write_all(b",") }
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> Result<()> {
        if self.is_in_array {
            self.line(out)?;
            self.open.last_mut().into_iter().for_each(|begun| *begun = true);
        }
        self.enter(false);
        out.write_all(b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> Result<()> {
        self.leave(out)?;
        out.write_all(b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        self.open.last_mut().into_iter().for_each(|begun| *begun = true);
        self.line(out)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> Result<()> {
        out.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn what_is_written_can_be_read_back() {
        let (outcome, judgements) = (sample::outcome(), sample::judgements());
        let text = json(&sample::sheet(&outcome, &judgements));
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["verdict"], "fail");
        assert_eq!(document["schema"], crate::outcome::SCHEMA);
        assert_eq!(document["outcome"]["components"].as_array().unwrap().len(), outcome.components.len());
        let judged: Vec<Judgement> = serde_json::from_value(document["judgements"].clone()).unwrap();
        assert_eq!(judged, judgements);
    }

    #[test]
    fn plain_values_stay_on_one_line() {
        let text = json(&sample::sheet(&sample::outcome(), &[]));
        assert!(text.contains("\n  \"verdict\": null,\n"), "{}", &text[..200]);
        assert!(
            text.lines().any(|line| line.trim_start().starts_with("\"p99_ns\": [") && line.ends_with("],"))
        );
        assert!(text.contains("\"open\": 0,\n"));
    }

    #[test]
    fn areas_beyond_64_bits_survive() {
        let mut outcome = sample::outcome();
        outcome.components[0].slots[0].in_system_area = u128::from(u64::MAX) * 3;
        let text = json(&sample::sheet(&outcome, &[]));
        assert!(text.contains("\"in_system_area\": 55340232221128654845"));
    }
}
