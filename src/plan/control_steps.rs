//! Steps that hold other steps, and failures.

use super::codes;
use super::context::At;
use super::model::{ErrorClass, Step};
use super::policy::{all_classes, error_class, error_classes};
use super::steps::{List, Salts, StepBuilder};
use crate::spec::raw::{RawBranch, RawFail, RawFailDetails, RawParallel, RawRepeat, RawTry};

/// How far shares may miss 100 % by rounding.
pub(super) const SHARE_SLACK: f64 = 1e-9;

impl StepBuilder<'_, '_> {
    /// One of several lists; what is left of 100 % does nothing.
    pub(super) fn choose(
        &mut self,
        at: &At,
        raw: &[RawBranch],
        list: &List,
        salts: &mut Salts,
    ) -> Option<Step> {
        let salt = salts.next(list, "choose");
        let mut branches = Vec::with_capacity(raw.len() + 1);
        for (index, branch) in raw.iter().enumerate() {
            let at = at.index(index);
            let share = self.cx.share(&at.key("share"), &branch.share).unwrap_or(0.0);
            branches.push((share, self.list(&branch.steps, &list.branch(at.key("do"), &salt, index))));
        }
        let total: f64 = branches.iter().map(|(share, _)| share).sum();
        if total > 1.0 + SHARE_SLACK {
            let message = format!("the shares sum to {:.6}%, more than 100%", total * 100.0);
            self.cx.error(codes::BAD_SHARES, at, message, "what is left of 100% does nothing");
        }
        if raw.is_empty() {
            self.cx.error(
                codes::MISSING,
                at,
                "there is nothing to choose from",
                "list branches with `share` and `do`",
            );
        }
        if total < 1.0 - SHARE_SLACK {
            branches.push((1.0 - total, Vec::new()));
        }
        Some(Step::Choose { salt, branches })
    }

    /// A list done several times.
    pub(super) fn repeat(
        &mut self,
        at: &At,
        raw: &RawRepeat,
        list: &List,
        salts: &mut Salts,
    ) -> Option<Step> {
        let salt = salts.next(list, "repeat");
        let times = self.cx.count_law(&at.key("times"), &raw.times);
        let at_most = self.cx.within(&at.key("at-most"), "`at-most`", raw.at_most, 1..=u32::MAX);
        let body = self.list(&raw.steps, &list.inside(at.key("do"), &salt, "do"));
        Some(Step::Repeat { times: times?, at_most: at_most?, body, salt })
    }

    /// Several lists at once: different ones, or copies of one.
    pub(super) fn parallel(
        &mut self,
        at: &At,
        raw: &RawParallel,
        list: &List,
        salts: &mut Salts,
    ) -> Option<Step> {
        let salt = salts.next(list, "parallel");
        let branches = match (raw.branches.is_empty(), raw.times) {
            (false, None) if raw.steps.is_empty() => {
                let lists = raw.branches.iter().enumerate();
                lists
                    .map(|(index, steps)| {
                        let at = at.key("branches").index(index);
                        self.list(steps, &list.inside(at, &salt, &(index + 1).to_string()))
                    })
                    .collect()
            }
            (true, Some(times)) if times > 0 => self.copies(at, raw, times, list, &salt),
            _ => {
                let message = "`parallel` has either `branches` or both `times` (at least 1) and `do`";
                self.cx.error(codes::CONTRADICTION, at, message, "`times` makes copies of `do`");
                return None;
            }
        };
        let count = branches.len() as u32;
        let need = raw.need.unwrap_or(count);
        if !(1..=count).contains(&need) {
            let message = format!("`need` must be from 1 to the {count} lists there are, not {need}");
            self.cx.error(codes::OUT_OF_RANGE, &at.key("need"), message, "");
        }
        let cancel_stragglers = raw.cancel_stragglers.unwrap_or(false);
        Some(Step::Parallel { salt, branches, need, cancel_stragglers })
    }

    fn copies(&mut self, at: &At, raw: &RawParallel, times: u32, list: &List, salt: &str) -> Vec<Vec<Step>> {
        let mut copies = Vec::new();
        for index in 0..times {
            if !self.counts_one_more(&at.key("times")) {
                break;
            }
            let inside = list.inside(at.key("do"), salt, &(index + 1).to_string());
            copies.push(self.list(&raw.steps, &inside));
        }
        copies
    }

    /// A list, and what to do instead if it fails.
    pub(super) fn attempt(&mut self, at: &At, raw: &RawTry, list: &List, salts: &mut Salts) -> Option<Step> {
        let salt = salts.next(list, "try");
        if raw.rescue.is_empty() {
            let message = "`try` without `rescue` does nothing about a failure";
            self.cx.error(
                codes::MISSING,
                &at.key("rescue"),
                message,
                "add `rescue: [{ do: [] }]` to go on after any failure",
            );
        }
        let body = self.list(&raw.steps, &list.inside(at.key("do"), &salt, "do"));
        let mut rescue = Vec::with_capacity(raw.rescue.len());
        for (index, entry) in raw.rescue.iter().enumerate() {
            let at = at.key("rescue").index(index);
            let classes = entry.on.as_deref().map_or_else(all_classes, error_classes);
            let inside = list.inside(at.key("do"), &salt, &format!("rescue {}", index + 1));
            rescue.push((classes, self.list(&entry.steps, &inside)));
        }
        Some(Step::Try { salt, body, rescue, degraded: raw.degraded.unwrap_or(true) })
    }

    /// A failure.
    pub(super) fn fail(&mut self, at: &At, raw: &RawFail, list: &List, salts: &mut Salts) -> Option<Step> {
        let salt = salts.next(list, "fail");
        let (text, text_at, class) = match raw {
            RawFail::Probability(share) => (Some(share), at.clone(), ErrorClass::Error),
            RawFail::Details(details) => (
                details.probability.as_ref(),
                at.key("probability"),
                details.class.map_or(ErrorClass::Error, error_class),
            ),
        };
        let probability = match text {
            None => 1.0,
            Some(text) => self.cx.share(&text_at, text)?,
        };
        let key = match raw {
            RawFail::Details(RawFailDetails { key: Some(name), .. }) => {
                Some(self.directory.entity(self.cx, &at.key("key"), name)?)
            }
            _ => None,
        };
        Some(Step::Fail { salt, probability, class, key })
    }
}
