//! The grammar of expectations:
//!
//! ```text
//! METRIC [STATISTIC] [of [KIND] NAME] COMPARISON VALUE [WINDOW]
//!
//! latency p99 of web.checkout < 250ms outside faults
//! hit-ratio of redis >= 80%
//! retry-amplification of orders -> payments <= 1.2 during faults
//! recovery-time <= 5m
//! ```
//!
//! The window is `always` (the default), `before faults`, `during faults`,
//! `outside faults`, `after faults`, `after recovery` or `between 10m and 20m`.

use super::codes;
use super::context::{At, Context, suggestion};
use super::expect_scope::{Names, resolve_scope};
use super::metrics::{METRICS, MetricInfo, Quantity, Statistic, metric};
use super::model::{Comparison, Expectation, Metric, When};
use super::tokens::{Token, tokens};
use crate::diag::{Diag, Location};
use crate::spec::scalar::ExpectText;
use crate::units::{SimSpan, SimTime, parse};

/// The parts of a run that an expectation can name.
pub(super) struct Schedule {
    /// How long the run lasts.
    pub(super) duration: SimSpan,
    /// Start left out of every statistic.
    pub(super) warm_up: SimSpan,
    /// Whether anything goes wrong in it.
    pub(super) has_faults: bool,
}

/// All expectations, in order.
pub(super) fn resolve_expectations(
    cx: &mut Context<'_>,
    names: &Names<'_>,
    schedule: &Schedule,
) -> Vec<Expectation> {
    let raw = &cx.input.scenario.expect;
    let mut expectations = Vec::with_capacity(raw.len());
    for (index, text) in raw.iter().enumerate() {
        if cx.is_full() {
            break;
        }
        let location = cx.locate(&At::scenario("expect").index(index));
        let reader = Reader { tokens: tokens(text.as_str()), names, schedule };
        match reader.expectation(text, &location) {
            Ok(expectation) => expectations.push(expectation),
            Err(problem) => {
                let at = problem.location(text.as_str(), location);
                cx.report(Diag::error(problem.code, problem.message).help(problem.help).at(at));
            }
        }
    }
    expectations
}

/// What is wrong with an expectation, and with which of its characters.
pub(super) struct Problem {
    code: &'static str,
    message: String,
    help: String,
    /// First character and how many; `None` is the whole text.
    span: Option<(usize, usize)>,
}

impl Problem {
    /// A mistake in some words.
    pub(super) fn new(
        code: &'static str,
        words: &[Token],
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let span = match (words.first(), words.last()) {
            (Some(first), Some(last)) => Some((first.start, last.end() - first.start)),
            _ => None,
        };
        Self { code, message: message.into(), help: help.into(), span }
    }

    /// Narrows the text's location down to the words, if it is on one line as written.
    fn location(&self, text: &str, whole: Location) -> Location {
        let Some((start, length)) = self.span else { return whole };
        let quote = match (whole.length as usize).checked_sub(text.chars().count()) {
            Some(0) => 0,
            Some(2) => 1,
            _ => return whole,
        };
        Location { column: whole.column + (quote + start) as u32, length: length.max(1) as u32, ..whole }
    }
}

struct Reader<'e> {
    tokens: Vec<Token>,
    names: &'e Names<'e>,
    schedule: &'e Schedule,
}

const SHAPE: &str = "an expectation reads METRIC [of NAME] COMPARISON VALUE [WINDOW], \
                     such as `latency p99 of web < 250ms during faults`";
const WINDOWS: &str = "a window is `always`, `before faults`, `during faults`, `outside faults`, \
                       `after faults`, `after recovery` or `between 10m and 20m`";

impl Reader<'_> {
    fn expectation(&self, text: &ExpectText, location: &Location) -> Result<Expectation, Problem> {
        let Some(compare_at) = self.tokens.iter().position(|token| token.is_comparison()) else {
            let message = "there is no comparison";
            return Err(Problem::new(codes::EXPECT_SYNTAX, &self.tokens, message, SHAPE));
        };
        let (what, rest) = self.tokens.split_at(compare_at);
        let (comparison, rest) = (&rest[..1], &rest[1..]);
        let (info, metric, name) = self.metric(what)?;
        let scope = resolve_scope(self.names, info, name, what)?;
        let is_window = |token: &Token| WINDOW_WORDS.contains(&token.text.as_str());
        let window_at = rest.iter().position(is_window).unwrap_or(rest.len());
        let (value, window) = rest.split_at(window_at);
        let target = self.value(info, comparison, value)?;
        Ok(Expectation {
            text: text.as_str().to_owned(),
            location: format!("{}:{}", location.file, location.line),
            metric,
            scope,
            comparison: self.comparison(&comparison[0])?,
            target,
            when: self.when(info, window)?,
        })
    }

    /// The metric, and the words after `of`.
    fn metric<'t>(
        &self,
        what: &'t [Token],
    ) -> Result<(&'static MetricInfo, Metric, Option<&'t [Token]>), Problem> {
        let Some(first) = what.first() else {
            return Err(Problem::new(codes::EXPECT_SYNTAX, &self.tokens, "there is no metric", SHAPE));
        };
        let Some(info) = METRICS.iter().find(|info| info.word == first.text) else {
            let help = suggestion(&first.text, METRICS.iter().map(|info| info.word));
            let message = format!("there is no metric `{}`", first.text);
            return Err(Problem::new(codes::EXPECT_METRIC, &what[..1], message, help));
        };
        let of = what.iter().position(|token| token.text == "of");
        let statistic = &what[1..of.unwrap_or(what.len())];
        let metric = read_statistic(info, first, statistic)?;
        let name = of.map(|of| &what[of + 1..]);
        if name.is_some_and(<[Token]>::is_empty) {
            return Err(Problem::new(
                codes::EXPECT_SYNTAX,
                &what[what.len() - 1..],
                "there is no name after `of`",
                SHAPE,
            ));
        }
        Ok((info, metric, name))
    }

    fn comparison(&self, token: &Token) -> Result<Comparison, Problem> {
        match token.text.as_str() {
            "<" => Ok(Comparison::Less),
            "<=" => Ok(Comparison::LessOrEqual),
            ">" => Ok(Comparison::Greater),
            ">=" => Ok(Comparison::GreaterOrEqual),
            other => {
                let message = format!("`{other}` is no comparison");
                let help = "the comparisons are <, <=, > and >=: measured numbers are never exactly equal";
                Err(Problem::new(codes::EXPECT_SYNTAX, std::slice::from_ref(token), message, help))
            }
        }
    }

    fn value(&self, info: &MetricInfo, comparison: &[Token], words: &[Token]) -> Result<f64, Problem> {
        if words.is_empty() {
            return Err(Problem::new(
                codes::EXPECT_SYNTAX,
                comparison,
                "there is no value to compare with",
                SHAPE,
            ));
        }
        let text: String = words.iter().map(|token| token.text.as_str()).collect();
        let (parsed, what) = match info.quantity {
            Quantity::Time => (parse::span(&text).map(SimSpan::as_secs_f64), "a time such as `250ms`"),
            Quantity::Share => (parse::share(&text), "a share such as `99.9%`"),
            Quantity::Rate => (parse::rate(&text), "a rate such as `40/s`"),
            Quantity::Number => (parse::number(&text), "a number such as `1.5`"),
        };
        parsed.map_err(|problem| {
            let help = format!("`{}` is compared with {what}", info.word);
            Problem::new(codes::EXPECT_VALUE, words, problem.message, help)
        })
    }

    fn when(&self, info: &MetricInfo, words: &[Token]) -> Result<When, Problem> {
        let texts: Vec<&str> = words.iter().map(|token| token.text.as_str()).collect();
        let when = match texts.as_slice() {
            [] | ["always"] => return Ok(When::Always),
            ["before", "faults"] => When::BeforeFaults,
            ["during", "faults"] => When::DuringFaults,
            ["outside", "faults"] => When::OutsideFaults,
            ["after", "faults"] => When::AfterFaults,
            ["after", "recovery"] => When::AfterRecovery,
            ["between", from, "and", to] => self.between(words, from, to)?,
            _ => return Err(Problem::new(codes::EXPECT_SYNTAX, words, "there is no such window", WINDOWS)),
        };
        if info.word == "recovery-time" {
            let message = "`recovery-time` is measured over the whole run";
            return Err(Problem::new(codes::EXPECT_WINDOW, words, message, "leave the window out"));
        }
        if !matches!(when, When::Between(..)) && !self.schedule.has_faults {
            let message = "the scenario has no faults";
            return Err(Problem::new(
                codes::EXPECT_WINDOW,
                words,
                message,
                "leave the window out, or add `faults:`",
            ));
        }
        Ok(when)
    }

    fn between(&self, words: &[Token], from: &str, to: &str) -> Result<When, Problem> {
        let time = |text: &str, word: &Token| {
            parse::span(text).map_err(|problem| {
                Problem::new(codes::EXPECT_VALUE, std::slice::from_ref(word), problem.message, problem.help)
            })
        };
        let (from, to) = (time(from, &words[1])?, time(to, &words[3])?);
        let Schedule { duration, warm_up, .. } = *self.schedule;
        let problem = if from >= to {
            Some(format!("nothing lies between {from} and {to}"))
        } else if from >= duration {
            Some(format!("the run ends at {duration}"))
        } else if to <= warm_up {
            Some(format!("the warm-up lasts until {warm_up}, and nothing is measured in it"))
        } else {
            None
        };
        match problem {
            Some(message) => Err(Problem::new(codes::EXPECT_WINDOW, words, message, WINDOWS)),
            None => Ok(When::Between(SimTime(from.0), SimTime(to.0))),
        }
    }
}

/// Words that a window begins with.
const WINDOW_WORDS: [&str; 6] = ["always", "before", "during", "outside", "after", "between"];

fn read_statistic(info: &MetricInfo, first: &Token, words: &[Token]) -> Result<Metric, Problem> {
    let allowed = info
        .statistics
        .join(", ")
        .replace("pNN", "a quantile such as p99 or p99.9")
        .replace('N', "a number from 1");
    let wrong = |words: &[Token], message: String| {
        let help = match info.statistics {
            [] => format!("`{}` is followed by `of` or a comparison", info.word),
            _ => format!("`{}` is followed by {allowed}", info.word),
        };
        Problem::new(codes::EXPECT_SYNTAX, words, message, help)
    };
    match (words, info.statistics) {
        ([], []) => metric(info.word, None),
        ([], _) => {
            return Err(wrong(std::slice::from_ref(first), format!("which `{}` is not said", info.word)));
        }
        ([word], [_, ..]) => {
            let statistic = Statistic::parse(&word.text);
            let statistic = statistic.filter(|statistic| info.statistics.contains(&statistic.word()));
            statistic.and_then(|statistic| metric(info.word, Some(statistic)))
        }
        _ => None,
    }
    .ok_or_else(|| wrong(words, format!("`{}` cannot follow `{}`", joined(words), info.word)))
}

/// Words as they were, one space between.
pub(super) fn joined(words: &[Token]) -> String {
    words.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ")
}
