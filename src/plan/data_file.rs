//! Data files: arrival times, rates and measured values, one line each.
//!
//! Columns are separated by commas; empty lines and lines that begin with `#`
//! are skipped, and so is a first line of words (a header).

use super::codes;
use super::context::{At, Context};
use super::model::InputFile;
use crate::diag::{Diag, Location};
use crate::dist::Law;
use crate::rng;
use crate::spec::law::{LawUnit, parse_law};
use crate::units::{SimSpan, SimTime};
use std::path::Path;

/// Most bytes of data files that one plan reads, counting a file as often as it is named.
const DATA_BYTES_MAX: u64 = 128 << 20;

/// Numbers of one line, and where it is.
struct Line<const N: usize> {
    number: u32,
    values: [f64; N],
}

/// Sorted arrival times, one per line, in seconds.
pub(super) fn read_timestamps(
    cx: &mut Context<'_>,
    at: &At,
    file: &str,
    duration: SimSpan,
) -> Option<Vec<SimTime>> {
    let lines = read(cx, at, file, "one number", parse_numbers::<1>)?;
    let times = times(cx, file, &lines)?;
    let end = SimTime::ZERO + duration;
    let late = times.iter().filter(|time| **time > end).count();
    if late > 0 {
        let message = format!("{late} of {} arrivals lie after the run's end at {duration}", times.len());
        cx.warning(codes::CUT_OFF, at, message, "");
    }
    Some(times)
}

/// Points of a rate curve, one per line: seconds, then arrivals per second.
pub(super) fn read_rates(cx: &mut Context<'_>, at: &At, file: &str) -> Option<Vec<(SimTime, f64)>> {
    let what = "two numbers with a comma between them";
    let lines = read(cx, at, file, what, parse_numbers::<2>)?;
    let times = times(cx, file, &lines)?;
    if lines.is_empty() {
        cx.error(
            codes::BAD_FILE,
            at,
            format!("{file} has no lines of numbers"),
            "write `SECONDS,RATE` lines",
        );
        return None;
    }
    if let Some(line) = lines.iter().find(|line| line.values[1] < 0.0) {
        complain(cx, file, line.number, "a rate must be 0 or more");
        return None;
    }
    Some(times.into_iter().zip(lines.iter().map(|line| line.values[1])).collect())
}

/// Values of a law, one per line; a plain number is seconds, bytes or a count.
pub(super) fn read_values(cx: &mut Context<'_>, at: &At, file: &str, unit: LawUnit) -> Option<Vec<f64>> {
    let parse = |text: &str| match (parse_numbers::<1>(text), parse_law(text, unit)) {
        (Some([seconds]), _) if unit == LawUnit::Time => {
            SimSpan::from_secs_f64(seconds).map(|span| [span.0 as f64])
        }
        (Some([value]), _) => (value >= 0.0).then_some([value]),
        (None, Ok(Law::Constant(value))) => Some([value]),
        (None, _) => None,
    };
    let lines = read(cx, at, file, "one value of 0 or more", parse)?;
    if lines.is_empty() {
        cx.error(codes::BAD_FILE, at, format!("{file} has no values"), "write one value per line");
        return None;
    }
    Some(lines.into_iter().map(|line| line.values[0]).collect())
}

fn times<const N: usize>(cx: &mut Context<'_>, file: &str, lines: &[Line<N>]) -> Option<Vec<SimTime>> {
    let mut times: Vec<SimTime> = Vec::with_capacity(lines.len());
    for line in lines {
        let Some(span) = SimSpan::from_secs_f64(line.values[0]) else {
            complain(cx, file, line.number, "a time must be from 0 seconds to 73 years");
            return None;
        };
        let time = SimTime(span.0);
        if times.last().is_some_and(|last| *last > time) {
            complain(
                cx,
                file,
                line.number,
                "times must be in order, and this one is before the one above it",
            );
            return None;
        }
        times.push(time);
    }
    Some(times)
}

fn complain(cx: &mut Context<'_>, file: &str, line: u32, message: &str) {
    let path = cx.input.folder.join(file);
    let location = Location { file: path.display().to_string(), line, column: 1, length: 1 };
    cx.report(Diag::error(codes::BAD_FILE, message).at(location));
}

/// The lines of a file, which must each be `what`.
fn read<const N: usize>(
    cx: &mut Context<'_>,
    at: &At,
    file: &str,
    what: &str,
    parse: impl Fn(&str) -> Option<[f64; N]>,
) -> Option<Vec<Line<N>>> {
    let path = cx.input.folder.join(file);
    let text = match read_text(&path, DATA_BYTES_MAX.saturating_sub(cx.data_bytes)) {
        Ok(text) => text,
        Err(problem) => {
            let message = format!("{} cannot be read: {problem}", path.display());
            cx.error(codes::BAD_FILE, at, message, "the path is relative to the scenario's folder");
            return None;
        }
    };
    cx.data_bytes += text.len() as u64;
    let fingerprint = format!("{:016x}", rng::name_hash(&text));
    cx.note_file(InputFile { path: path.display().to_string(), fingerprint });
    let mut lines = Vec::new();
    let mut is_first = true;
    for (index, text) in text.lines().enumerate() {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        match parse(text) {
            Some(values) => lines.push(Line { number: index as u32 + 1, values }),
            None if is_first && text.chars().any(char::is_alphabetic) => {}
            None => {
                complain(cx, file, index as u32 + 1, &format!("this line must be {what}"));
                return None;
            }
        }
        is_first = false;
    }
    Some(lines)
}

fn parse_numbers<const N: usize>(text: &str) -> Option<[f64; N]> {
    let mut values = [0.0; N];
    let mut columns = text.split(',');
    for value in &mut values {
        *value = columns.next()?.trim().parse().ok().filter(|value: &f64| value.is_finite())?;
    }
    columns.next().is_none().then_some(values)
}

fn read_text(path: &Path, bytes_max: u64) -> Result<String, String> {
    let data = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !data.is_file() {
        return Err("it is not a file".to_owned());
    }
    if data.len() > bytes_max {
        return Err(format!("with it, the data files have more than {} MiB", DATA_BYTES_MAX >> 20));
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
}
