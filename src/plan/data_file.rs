//! Data files that a scenario names: arrival times and rates, one line each.
//!
//! Columns are separated by commas; empty lines and lines that begin with `#`
//! are skipped, and so is a first line of words (a header).

use super::codes;
use super::context::{At, Context};
use super::model::InputFile;
use super::shim::fingerprint;
use crate::diag::{Diag, Location};
use crate::units::{SimSpan, SimTime};
use std::path::Path;

/// Largest data file, in bytes.
const FILE_BYTES_MAX: u64 = 256 << 20;

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
    let lines = read::<1>(cx, at, file)?;
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
    let lines = read::<2>(cx, at, file)?;
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

fn read<const N: usize>(cx: &mut Context<'_>, at: &At, file: &str) -> Option<Vec<Line<N>>> {
    let path = cx.input.folder.join(file);
    let text = match read_text(&path) {
        Ok(text) => text,
        Err(problem) => {
            let message = format!("{} cannot be read: {problem}", path.display());
            cx.error(codes::BAD_FILE, at, message, "the path is relative to the scenario's file");
            return None;
        }
    };
    cx.note_file(InputFile { path: path.display().to_string(), fingerprint: fingerprint(text.as_bytes()) });
    let mut lines = Vec::new();
    let mut is_first = true;
    for (index, text) in text.lines().enumerate() {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        match parse_line::<N>(text) {
            Some(values) => lines.push(Line { number: index as u32 + 1, values }),
            None if is_first && text.chars().any(char::is_alphabetic) => {}
            None => {
                let what = if N == 1 { "one number" } else { "two numbers with a comma between them" };
                complain(cx, file, index as u32 + 1, &format!("this line must be {what}"));
                return None;
            }
        }
        is_first = false;
    }
    Some(lines)
}

fn parse_line<const N: usize>(text: &str) -> Option<[f64; N]> {
    let mut values = [0.0; N];
    let mut columns = text.split(',');
    for value in &mut values {
        *value = columns.next()?.trim().parse().ok().filter(|value: &f64| value.is_finite())?;
    }
    columns.next().is_none().then_some(values)
}

fn read_text(path: &Path) -> Result<String, String> {
    let data = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !data.is_file() {
        return Err("it is not a file".to_owned());
    }
    if data.len() > FILE_BYTES_MAX {
        return Err(format!("it has {} MiB, more than {}", data.len() >> 20, FILE_BYTES_MAX >> 20));
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
}
