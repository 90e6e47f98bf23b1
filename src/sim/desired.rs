//! How many replicas there should be: the rules of autoscalers, without time or chance of their own.

use crate::plan::{Both, Measure, Points, Scaling, ScalingRule, StepLimit};
use std::collections::VecDeque;

/// Products that are whole but for rounding must not become one more.
const ROUNDING: f64 = 1e-9;

/// Means over one stretch of time; `None` where nothing served.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sample {
    /// Replicas in service.
    pub(super) serving: f64,
    pub(super) utilization: Option<f64>,
    pub(super) concurrency: Option<f64>,
    /// Per second.
    pub(super) requests: Option<f64>,
    pub(super) queue: Option<f64>,
    pub(super) backlog: Option<f64>,
    pub(super) sessions: Option<f64>,
}

impl Sample {
    fn value(&self, measure: Measure) -> Option<f64> {
        match measure {
            Measure::Utilization => self.utilization,
            Measure::Concurrency => self.concurrency,
            Measure::Requests => self.requests,
            Measure::Queue => self.queue,
            Measure::Backlog => self.backlog,
            Measure::Sessions => self.sessions,
        }
    }
}

/// What an autoscaler remembers.
#[derive(Clone, Debug)]
pub(super) struct Scaler {
    /// Replicas asked for.
    pub(super) desired: u32,
    /// Bounds in force.
    pub(super) min: u32,
    pub(super) max: u32,
    /// Data points that cannot be seen yet.
    pub(super) unseen: VecDeque<Sample>,
    /// Latest data points by rule, the newest last.
    history: Vec<VecDeque<f64>>,
    /// `(when, how many were wished for)`.
    wishes: VecDeque<(u64, u32)>,
    /// `(when, by how many)`.
    changes: VecDeque<(u64, i64)>,
    last_out: Option<u64>,
    last_change: Option<u64>,
}

impl Scaler {
    pub(super) fn new(desired: u32, min: u32, max: u32, rules: usize) -> Self {
        Self {
            desired,
            min,
            max,
            unseen: VecDeque::new(),
            history: vec![VecDeque::new(); rules],
            wishes: VecDeque::new(),
            changes: VecDeque::new(),
            last_out: None,
            last_change: None,
        }
    }

    /// Takes a data point in and says how many replicas there should be from now on.
    pub(super) fn decide(&mut self, rule: &Scaling, sample: &Sample, now: u64) -> u32 {
        let wish = self.wish(rule, sample);
        let longest = rule.stabilisation.out.0.max(rule.stabilisation.inward.0);
        self.wishes.push_back((now, wish));
        while self.wishes.front().is_some_and(|(at, _)| now - at > longest) {
            self.wishes.pop_front();
        }
        let wish = self.paced(rule, self.stabilised(rule, wish, now), now);
        self.move_to(wish.clamp(self.min, self.max), now);
        self.desired
    }

    /// Asks for another number, whatever the rules say.
    pub(super) fn move_to(&mut self, wanted: u32, now: u64) {
        if wanted == self.desired {
            return;
        }
        if wanted > self.desired {
            self.last_out = Some(now);
        }
        self.last_change = Some(now);
        self.changes.push_back((now, i64::from(wanted) - i64::from(self.desired)));
        self.desired = wanted;
    }

    /// What the rules would have: the most that any wants, fewer only if all agree.
    fn wish(&mut self, rule: &Scaling, sample: &Sample) -> u32 {
        let desired = self.desired;
        let keep = rule.points.out.of.max(rule.points.inward.of) as usize;
        let mut wishes = Vec::with_capacity(rule.rules.len());
        for (own, history) in rule.rules.iter().zip(&mut self.history) {
            let measure = match own {
                ScalingRule::Track { measure, .. } | ScalingRule::Steps { measure, .. } => *measure,
            };
            let Some(value) = sample.value(measure) else {
                wishes.push(desired);
                continue;
            };
            history.push_back(value);
            if history.len() > keep {
                history.pop_front();
            }
            wishes.push(match own {
                ScalingRule::Track { target, .. } => track(rule, history, *target, sample.serving, desired),
                ScalingRule::Steps { out, inward, .. } => steps(rule.points, history, (out, inward), desired),
            });
        }
        wishes.into_iter().max().unwrap_or(desired)
    }

    /// The most careful wish of the last while.
    fn stabilised(&self, rule: &Scaling, wish: u32, now: u64) -> u32 {
        let within = |length: u64| {
            self.wishes.iter().filter(move |(at, _)| now - at < length.max(1)).map(|(_, wish)| *wish)
        };
        if wish > self.desired {
            within(rule.stabilisation.out.0).min().unwrap_or(wish).max(self.desired)
        } else {
            within(rule.stabilisation.inward.0).max().unwrap_or(wish).min(self.desired)
        }
    }

    /// What pauses and limits let through.
    fn paced(&mut self, rule: &Scaling, wish: u32, now: u64) -> u32 {
        let rests = |last: Option<u64>, pause: u64| last.is_some_and(|at| now - at < pause);
        let is_out = wish > self.desired;
        if wish == self.desired
            || (is_out && rests(self.last_out, rule.cooldown.out.0))
            || (!is_out && rests(self.last_change, rule.cooldown.inward.0))
        {
            return self.desired;
        }
        let longest = [rule.limit.out, rule.limit.inward].iter().flatten().map(|limit| limit.per.0).max();
        while self.changes.front().is_some_and(|(at, _)| now - at >= longest.unwrap_or(0)) {
            self.changes.pop_front();
        }
        match if is_out { rule.limit.out } else { rule.limit.inward } {
            None => wish,
            Some(limit) if is_out => wish.min(self.allowed(limit, now, 1)).max(self.desired),
            Some(limit) => wish.max(self.allowed(limit, now, -1)).min(self.desired),
        }
    }

    /// How far a limit lets the number go in one direction.
    fn allowed(&self, limit: StepLimit, now: u64, direction: i64) -> u32 {
        let recent =
            self.changes.iter().filter(|(at, change)| now - at < limit.per.0 && change * direction > 0);
        let base = i64::from(self.desired) - recent.map(|(_, change)| change).sum::<i64>();
        let step = (base as f64 * limit.share + ROUNDING).floor().max(f64::from(limit.count)) as i64;
        (base + direction * step).clamp(0, i64::from(u32::MAX)) as u32
    }
}

/// Whether enough of the latest data points agree.
fn agree(points: Points, history: &VecDeque<f64>, breaches: impl Fn(f64) -> bool) -> bool {
    let latest = history.iter().rev().take(points.of as usize);
    latest.filter(|value| breaches(**value)).count() >= points.breaching as usize
}

/// The proportional rule: `ceil(replicas * value / target)` once the value is far enough off.
fn track(rule: &Scaling, history: &VecDeque<f64>, target: f64, serving: f64, desired: u32) -> u32 {
    let Both { out, inward } = rule.tolerance;
    let latest = history.back().copied().unwrap_or(target);
    let needed = (serving * latest / target - ROUNDING).ceil().clamp(0.0, f64::from(u32::MAX)) as u32;
    if agree(rule.points.out, history, |value| value > target * (1.0 + out) * (1.0 + ROUNDING)) {
        return needed.max(desired);
    }
    if agree(rule.points.inward, history, |value| value < target * (1.0 - inward) * (1.0 - ROUNDING)) {
        return needed.min(desired);
    }
    desired
}

/// Bounds, each with a number of replicas.
type Bounds = [(f64, u32)];

/// The step whose bound is passed furthest.
fn steps(
    points: Both<Points>,
    history: &VecDeque<f64>,
    (out, inward): (&Bounds, &Bounds),
    desired: u32,
) -> u32 {
    let latest = history.back().copied().unwrap_or(0.0);
    if out.first().is_some_and(|(bound, _)| agree(points.out, history, |value| value > *bound))
        && let Some((_, add)) = out.iter().rev().find(|(bound, _)| latest > *bound)
    {
        return desired.saturating_add(*add);
    }
    if inward.first().is_some_and(|(bound, _)| agree(points.inward, history, |value| value < *bound))
        && let Some((_, remove)) = inward.iter().rev().find(|(bound, _)| latest < *bound)
    {
        return desired.saturating_sub(*remove);
    }
    desired
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimSpan;

    const ONE: Points = Points { breaching: 1, of: 1 };

    fn both<T: Copy>(value: T) -> Both<T> {
        Both { out: value, inward: value }
    }

    fn rule(rules: Vec<ScalingRule>) -> Scaling {
        Scaling {
            min: 1,
            max: 1000,
            rules,
            period: SimSpan::from_secs(15),
            delay: SimSpan::ZERO,
            points: both(ONE),
            tolerance: both(0.1),
            stabilisation: both(SimSpan::ZERO),
            cooldown: both(SimSpan::ZERO),
            limit: both(None),
            protection: SimSpan::ZERO,
            schedule: Vec::new(),
            schedule_every: None,
            quota: None,
        }
    }

    fn cpu(target: f64) -> Scaling {
        rule(vec![ScalingRule::Track { measure: Measure::Utilization, target }])
    }

    fn sample(serving: u32, value: f64) -> Sample {
        Sample { serving: f64::from(serving), utilization: Some(value), ..Sample::default() }
    }

    fn secs(count: u64) -> u64 {
        count * 1_000_000_000
    }

    /// T12-hpa: the Kubernetes rule, exactly.
    #[test]
    fn the_proportional_rule_rounds_up_and_tolerates_a_tenth() {
        for (replicas, value, target, desired) in
            [(4, 90.0, 60.0, 6), (10, 63.0, 60.0, 10), (10, 30.0, 60.0, 5), (3, 200.0, 50.0, 12)]
        {
            let mut scaler = Scaler::new(replicas, 1, 1000, 1);
            assert_eq!(scaler.decide(&cpu(target), &sample(replicas, value), 0), desired);
        }
    }

    /// 3 of 3 data points above, as target tracking of ECS services waits for.
    #[test]
    fn an_alarm_needs_m_of_n_points_in_any_order() {
        let points = |breaching, of| Both { out: Points { breaching, of }, inward: ONE };
        let first_change = |points: Both<Points>, values: &[f64]| {
            let rule = Scaling { points, ..cpu(0.5) };
            let mut scaler = Scaler::new(2, 1, 10, 1);
            let mut decide = |(at, value)| scaler.decide(&rule, &sample(2, value), secs(at));
            (0..).zip(values.iter().copied()).position(|point| decide(point) > 2)
        };
        assert_eq!(first_change(points(3, 3), &[0.9, 0.9, 0.9]), Some(2));
        assert_eq!(first_change(points(3, 3), &[0.9, 0.5, 0.9, 0.9]), None);
        assert_eq!(first_change(points(2, 3), &[0.9, 0.5, 0.9]), Some(2));
        assert_eq!(first_change(points(3, 5), &[0.9, 0.9, 0.5, 0.5, 0.9]), Some(4));
    }

    #[test]
    fn steps_are_chosen_by_how_far_a_bound_is_passed() {
        let out = vec![(0.7, 1), (0.9, 4)];
        let rule = rule(vec![ScalingRule::Steps {
            measure: Measure::Utilization,
            out,
            inward: vec![(0.3, 1), (0.1, 3)],
        }]);
        for (value, desired) in [(0.7, 5), (0.8, 6), (0.95, 9), (0.3, 5), (0.2, 4), (0.05, 2)] {
            let mut scaler = Scaler::new(5, 1, 10, 1);
            assert_eq!(scaler.decide(&rule, &sample(5, value), 0), desired, "{value}");
        }
    }

    #[test]
    fn shrinking_waits_for_the_most_careful_wish_of_the_window() {
        let mut rule = cpu(0.5);
        rule.stabilisation.inward = SimSpan::from_secs(300);
        let mut scaler = Scaler::new(10, 1, 20, 1);
        assert_eq!(scaler.decide(&rule, &sample(10, 0.5), 0), 10);
        assert_eq!(scaler.decide(&rule, &sample(10, 0.1), secs(150)), 10);
        assert_eq!(scaler.decide(&rule, &sample(10, 0.2), secs(299)), 10);
        assert_eq!(scaler.decide(&rule, &sample(10, 0.1), secs(300)), 4);
    }

    #[test]
    fn limits_and_cooldowns_pace_the_change() {
        let mut rule = cpu(0.5);
        rule.limit.out = Some(StepLimit { count: 4, share: 1.0, per: SimSpan::from_secs(60) });
        let mut scaler = Scaler::new(2, 1, 100, 1);
        assert_eq!(scaler.decide(&rule, &sample(2, 9.0), 0), 6, "four more, which is more than double");
        assert_eq!(scaler.decide(&rule, &sample(2, 9.0), secs(30)), 6);
        assert_eq!(scaler.decide(&rule, &sample(6, 9.0), secs(60)), 12, "doubled");
        rule.limit.out = None;
        rule.cooldown.out = SimSpan::from_secs(300);
        assert_eq!(scaler.decide(&rule, &sample(12, 0.9), secs(350)), 12);
        assert_eq!(scaler.decide(&rule, &sample(12, 0.9), secs(360)), 22);
    }

    #[test]
    fn the_hungriest_rule_wins_and_shrinking_needs_all() {
        let mut rule = cpu(0.5);
        rule.rules.push(ScalingRule::Track { measure: Measure::Queue, target: 1.0 });
        let both = |cpu, queue| Sample { queue: Some(queue), ..sample(4, cpu) };
        let mut scaler = Scaler::new(4, 1, 100, 2);
        assert_eq!(scaler.decide(&rule, &both(0.1, 1.0), 0), 4);
        assert_eq!(scaler.decide(&rule, &both(0.1, 3.0), secs(1)), 12);
        let blind = Sample { utilization: None, ..both(0.0, 0.0) };
        assert_eq!(scaler.decide(&rule, &blind, secs(2)), 12, "what cannot be seen changes nothing");
    }
}
