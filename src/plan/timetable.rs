//! When schedules run: periods, instants, and the five fields of cron.

use super::codes;
use super::context::{At, Context};
use super::model::Timetable;
use crate::spec::raw::RawSchedule;
use crate::units::{SimSpan, SimTime};

/// Shortest time between two runs: below it the runs would be the whole simulation.
const PERIOD_MIN: SimSpan = SimSpan(1_000_000);

/// The timetable of a schedule that gives exactly one.
pub(super) fn resolve_timetable(cx: &mut Context<'_>, at: &At, raw: &RawSchedule) -> Option<Timetable> {
    if raw.first.is_some() && raw.every.is_none() {
        cx.error(codes::CONTRADICTION, &at.key("first"), "`first` goes with `every`", "");
    }
    match (&raw.every, &raw.cron, raw.at.as_slice()) {
        (Some(every), None, []) => {
            let period = cx.span(&at.key("every"), every)?;
            let longest = crate::units::TIME_MAX.0;
            cx.within(&at.key("every"), "`every`", period, PERIOD_MIN..=SimSpan(longest))?;
            let first = cx.span_or(&at.key("first"), raw.first.as_ref(), period);
            Some(Timetable::Every { first: SimTime(first.0), period })
        }
        (None, Some(cron), []) => match cron_minutes(cron) {
            Ok(minutes) => Some(Timetable::Weekly { minutes }),
            Err(problem) => {
                let help = "such as `*/5 * * * *`, `0 3 * * *` or `30 9 * * 1-5`";
                cx.error(codes::BAD_VALUE, &at.key("cron"), problem, help);
                None
            }
        },
        (None, None, instants) if !instants.is_empty() => {
            let mut times = Vec::with_capacity(instants.len());
            for (index, text) in instants.iter().enumerate() {
                times.push(SimTime(cx.span(&at.key("at").index(index), text)?.0));
            }
            times.sort_unstable();
            Some(Timetable::At(times))
        }
        _ => {
            let message = "a schedule has exactly one of `every`, `cron` and `at`";
            cx.error(codes::CONTRADICTION, at, message, "such as `every: 5m`");
            None
        }
    }
}

/// Minutes of a week from Monday 00:00 at which five cron fields fire, sorted.
fn cron_minutes(text: &str) -> Result<Vec<u32>, String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields.as_slice() else {
        return Err(format!("`{text}` has {} fields, and cron has five", fields.len()));
    };
    if *day != "*" || *month != "*" {
        return Err("the fields of day and month must be `*`: a run has no calendar".to_owned());
    }
    let minutes = field("minute", minute, 0, 59)?;
    let hours = field("hour", hour, 0, 23)?;
    // Cron's weeks begin on Sunday, which is both 0 and 7; the run's on Monday.
    let mut days: Vec<u32> = field("weekday", weekday, 0, 7)?.iter().map(|day| (day + 6) % 7).collect();
    days.sort_unstable();
    days.dedup();
    let mut all = Vec::with_capacity(days.len() * hours.len() * minutes.len());
    for day in days {
        for hour in &hours {
            all.extend(minutes.iter().map(|minute| day * 1440 + hour * 60 + minute));
        }
    }
    Ok(all)
}

/// The values of one field, sorted: `*`, `5`, `1-5`, `*/10`, `0-30/10`, and lists of them.
fn field(name: &str, text: &str, least: u32, most: u32) -> Result<Vec<u32>, String> {
    let bad = || format!("`{text}` is no field for the {name}: it takes {least} to {most}");
    let number = |text: &str| -> Result<u32, String> {
        let number = text.parse().map_err(|_| bad())?;
        if (least..=most).contains(&number) { Ok(number) } else { Err(bad()) }
    };
    let mut values = Vec::new();
    for part in text.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let step: u32 = step.map_or(Ok(1), |step| step.parse().map_err(|_| bad()))?;
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (number(from)?, number(to)?),
            None if range == "*" => (least, most),
            None if part.contains('/') => (number(range)?, most),
            None => (number(range)?, number(range)?),
        };
        if step == 0 || from > to {
            return Err(bad());
        }
        values.extend((from..=to).step_by(step as usize));
    }
    values.sort_unstable();
    values.dedup();
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cron_fields_become_minutes_of_the_week() {
        assert_eq!(cron_minutes("0 0 * * 1"), Ok(vec![0]));
        assert_eq!(cron_minutes("30 9 * * 1-5").map(|all| all.len()), Ok(5));
        assert_eq!(cron_minutes("*/20 0 * * 0"), Ok(vec![6 * 1440, 6 * 1440 + 20, 6 * 1440 + 40]));
        assert_eq!(cron_minutes("0 0 * * 7"), cron_minutes("0 0 * * 0"));
        assert_eq!(cron_minutes("* * * * *").map(|all| all.len()), Ok(10_080));
        assert_eq!(cron_minutes("5,1-3 4 * * 2"), Ok([1, 2, 3, 5].map(|m| 1440 + 240 + m).to_vec()));
    }

    #[test]
    fn broken_cron_fields_are_refused() {
        for text in [
            "",
            "* * * *",
            "60 * * * *",
            "* 24 * * *",
            "*/0 * * * *",
            "5-1 * * * *",
            "a * * * *",
            "* * 1 * *",
        ] {
            assert!(cron_minutes(text).is_err(), "{text}");
        }
    }
}
