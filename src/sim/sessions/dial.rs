//! Users without a session: they come, try, fail, try again, and are connected.

use super::group::{Cohort, NEVER, Why};
use super::{Dialer, Happening, nanos};
use crate::kernel::Phase;
use crate::plan::{PRIORITY_DEFAULT, SessionStart};
use crate::rng;
use crate::sim::arrivals::advance;
use crate::sim::engine::Engine;
use crate::sim::exec::Answer;
use crate::sim::fleet::Mark;
use crate::sim::frame::flag;
use crate::sim::tables::NONE;

const SALT_USER: u64 = rng::name_hash("session/user");
const SALT_FRESH: u64 = rng::name_hash("session/fresh");
const SALT_ARRIVAL: u64 = rng::name_hash("session/arrival");
const SALT_STAY: u64 = rng::name_hash("session/stay");
const SALT_AFTER: u64 = rng::name_hash("session/after");
const SALT_SPREAD: u64 = rng::name_hash("session/spread");
const SALT_AGE: u64 = rng::name_hash("session/age");
const SALT_AGED: u64 = rng::name_hash("session/aged");
const SALT_GAP: u64 = rng::name_hash("session/gap");
const SALT_TRY: u64 = rng::name_hash("session/try");
const SALT_BACKOFF: u64 = rng::name_hash("session/backoff");

/// Gaps between messages followed one by one; the rest of a longer stretch is drawn at once.
const GAPS_MAX: u64 = 100;
/// Lifetimes after which a session's age no longer depends on when the first one began.
const LIVES_BEFORE: f64 = 4.0;

impl Engine<'_> {
    /// Connects the populations that begin connected, and lets the others and those who arrive begin.
    pub(in crate::sim) fn start_sessions(&mut self) {
        for p in 0..self.sessions.populations.len() as u32 {
            let amount = self.sessions.populations[p as usize].amount.clone();
            match amount.start {
                SessionStart::Empty { .. } => {
                    if amount.population > 0 {
                        self.schedule_session(0, Phase::Arrive, Happening::Enter { population: p });
                    }
                }
                start => self.begin_connected(p, amount.population, start == SessionStart::Steady),
            }
            self.schedule_user(p);
            self.after_change(p);
        }
    }

    fn begin_connected(&mut self, p: u32, users: u64, is_steady: bool) {
        let mut refused = 0;
        for number in 0..users {
            let state = &mut self.sessions.populations[p as usize];
            let key = state.next_user(SALT_USER);
            let comp = &self.t.comps[state.comp as usize];
            let place = (number % u64::from(comp.initial.max(1))) as usize;
            if !self.takes_one_more(p, comp.first_replica + place as u32) {
                refused += 1;
                continue;
            }
            let cohort =
                if is_steady { self.steady_end(p, key, number) } else { self.connection_end(p, key, NEVER) };
            let state = &mut self.sessions.populations[p as usize];
            state.live[place].add(cohort, 1);
        }
        self.held(p).arrived += users;
        self.held(p).opened += users - refused;
        let now = self.now;
        let state = &mut self.sessions.populations[p as usize];
        state.open.set(now, users - refused);
        // Who found no room has to try like anybody else.
        for _ in 0..refused {
            self.lose(p, Cohort::until(NEVER), false, 0);
        }
        self.schedule_ends(p);
        for place in 0..self.sessions.populations[p as usize].live.len() {
            self.follow_beats(p, place);
        }
    }

    /// When a session that has been there for long ends.
    fn steady_end(&self, p: u32, key: u64, number: u64) -> Cohort {
        let state = &self.sessions.populations[p as usize];
        let fresh = self.connection_end(p, key, NEVER);
        let Some(age) = &state.age else { return fresh };
        if fresh.why == Why::Idle {
            return fresh;
        }
        let first = age.sample(rng::key(key, SALT_AGE));
        let second = age.sample(rng::nth(rng::key(key, SALT_AGE), 1));
        let left = if first == second {
            // One length for all: ages are spread evenly, and so are the ends.
            let users = state.amount.population as f64;
            first * ((number as f64 + rng::unit(rng::key(state.key, SALT_AGED))) / users)
        } else {
            // Renewals from long ago until one reaches over the start.
            let mut at = -(LIVES_BEFORE - rng::unit(rng::key(key, SALT_AGED))) * 0.5 * (first + second);
            let mut life = 0;
            while at <= 0.0 {
                at += age.sample(rng::nth(rng::key(key, SALT_AGED), life)).max(1.0);
                life += 1;
            }
            at
        };
        Cohort::until(NEVER).or(self.sessions.bucket(left as u64).max(1), Why::Age)
    }

    /// Whatever ends a session that is opened now, of a user who leaves then.
    pub(super) fn connection_end(&self, p: u32, key: u64, leave: u32) -> Cohort {
        let state = &self.sessions.populations[p as usize];
        let soonest = self.sessions.bucket(self.now).saturating_add(1);
        let mut cohort = Cohort::until(leave);
        if let Some(age) = &state.age {
            let end = self.now.saturating_add(nanos(age, rng::key(key, SALT_AGE)));
            cohort = cohort.or(self.sessions.bucket(end).max(soonest), Why::Age);
        }
        if let Some(quiet) = self.idle_after(p, key) {
            let end = self.now.saturating_add(quiet);
            cohort = cohort.or(self.sessions.bucket(end).max(soonest), Why::Idle);
        }
        cohort
    }

    /// Nanoseconds until a session opened now has been quiet for longer than is allowed; `None` if never.
    ///
    /// Messages are a Poisson process. The time until its first gap above `i` has mean `(e^(m·i) - 1) / m`,
    /// and once that is long against `i` it is exponential.
    pub(super) fn idle_after(&self, p: u32, key: u64) -> Option<u64> {
        let state = &self.sessions.populations[p as usize];
        let hub = &self.sessions.hubs[self.sessions.hub_of[state.comp as usize] as usize];
        let (idle, _) = hub.idle_timeout()?;
        if state.held.heartbeat.is_some_and(|beat| beat.every.0 <= idle) {
            return None;
        }
        let rate = state.held.messages_per_sec / 1e9;
        if rate == 0.0 {
            return Some(idle);
        }
        let mut quiet_at = 0.0;
        for gap in 0..GAPS_MAX {
            let length = -libm::log(rng::unit_open(rng::nth(rng::key(key, SALT_GAP), gap))) / rate;
            if length > idle as f64 {
                return Some((quiet_at + idle as f64) as u64);
            }
            quiet_at += length;
        }
        let mean = libm::expm1(rate * idle as f64) / rate;
        let rest = -libm::log(rng::unit_open(rng::nth(rng::key(key, SALT_GAP), GAPS_MAX))) * mean;
        Some((quiet_at + rest).min(1e19) as u64)
    }

    fn schedule_user(&mut self, p: u32) {
        let state = &mut self.sessions.populations[p as usize];
        if state.amount.curve.is_none() {
            return;
        }
        let gap = -libm::log(rng::unit_open(state.next_user(SALT_ARRIVAL)));
        let next = state.amount.curve.as_ref().and_then(|curve| advance(curve, state.arrived_at, gap));
        if let Some(at) = next {
            state.arrived_at = at;
            let at = (at.min(1e19) + 0.5) as u64;
            self.schedule_session(at, Phase::Arrive, Happening::Arrive { population: p });
        }
    }

    /// A user comes and tries at once.
    pub(super) fn user_arrives(&mut self, p: u32) -> u32 {
        self.schedule_user(p);
        let state = &mut self.sessions.populations[p as usize];
        let key = state.next_user(SALT_USER);
        let stay = state.stay.as_ref().map_or(u64::MAX, |law| nanos(law, rng::key(key, SALT_STAY)));
        let leave = self.sessions.bucket(self.now.saturating_add(stay));
        let leave = leave.max(self.sessions.bucket(self.now).saturating_add(1));
        self.begin_user(p, key, leave)
    }

    /// The next of a population that began empty comes.
    pub(super) fn next_enters(&mut self, p: u32) -> u32 {
        let state = &mut self.sessions.populations[p as usize];
        let key = state.next_user(SALT_USER);
        let SessionStart::Empty { over } = state.amount.start else { return NONE };
        state.entered += 1;
        let (entered, all) = (state.entered, state.amount.population);
        if entered < all {
            let next = u128::from(over.0) * u128::from(entered) / u128::from(all);
            self.schedule_session(next as u64, Phase::Arrive, Happening::Enter { population: p });
        }
        self.begin_user(p, key, NEVER)
    }

    fn begin_user(&mut self, p: u32, key: u64, leave: u32) -> u32 {
        self.held(p).arrived += 1;
        let dialer = Dialer {
            key,
            lost: u64::MAX,
            pause: 0,
            population: p,
            leave,
            attempts: 0,
            forgotten: 0,
            can_resume: false,
        };
        let dialer = self.sessions.keep(dialer);
        let now = self.now;
        let state = &mut self.sessions.populations[p as usize];
        state.dialing += 1;
        state.waiting.enter(now);
        self.after_change(p);
        self.dial(dialer)
    }

    /// A session has ended and its user is still there: the user will try again, `spread` nanoseconds apart
    /// from others whose session ended in the same bucket.
    pub(super) fn lose(&mut self, p: u32, cohort: Cohort, can_resume: bool, spread: u64) {
        let (now, bucket) = (self.now, self.sessions.bucket(self.now));
        if cohort.leave <= bucket {
            self.held(p).left_waiting += 1;
            return;
        }
        let forgotten = self.hub(p).forgotten;
        let state = &mut self.sessions.populations[p as usize];
        let key = state.next_user(SALT_FRESH);
        let pause = nanos(&state.after, rng::key(key, SALT_AFTER));
        let apart = (rng::unit(rng::key(key, SALT_SPREAD)) * spread as f64) as u64;
        state.dialing += 1;
        state.waiting.enter(now);
        let dialer = Dialer {
            key,
            lost: now,
            pause: 0,
            population: p,
            leave: cohort.leave,
            attempts: 0,
            forgotten,
            can_resume,
        };
        let dialer = self.sessions.keep(dialer);
        let at = now.saturating_add(pause).saturating_add(apart);
        self.schedule_session(at, Phase::Timer, Happening::Dial { dialer });
    }

    /// A user tries to get a session; returns the request's frame.
    pub(super) fn dial(&mut self, d: u32) -> u32 {
        let dialer = self.sessions.dialers[d as usize];
        let p = dialer.population;
        if dialer.leave <= self.sessions.bucket(self.now) {
            self.held(p).left_waiting += 1;
            self.forget_dialer(d);
            return NONE;
        }
        let flow = self.journey_of(dialer);
        let load = self.sessions.populations[p as usize].load;
        let flow = &self.t.loads[load as usize].flows[flow].1;
        let flow = (flow.entry, flow.traffic);
        let f = self.frames.alloc();
        let key = rng::nth(rng::key(dialer.key, SALT_TRY), u64::from(dialer.attempts));
        self.open_request(f, key, load, PRIORITY_DEFAULT, flow);
        let frame = &mut self.frames[f];
        frame.set(flag::DIALS);
        frame.target_replica = NONE;
        // A root has no parent: the field says whose it is.
        frame.parent_epoch = d;
        f
    }

    /// The journey of a try: a resume while there is something to resume, else a connect.
    fn journey_of(&self, dialer: Dialer) -> usize {
        let state = &self.sessions.populations[dialer.population as usize];
        let hub = &self.sessions.hubs[self.sessions.hub_of[state.comp as usize] as usize];
        let within = state.held.resume_within.map_or(u64::MAX, |within| within.0);
        let is_resumable = dialer.can_resume
            && dialer.lost != u64::MAX
            && self.now - dialer.lost <= within
            && hub.forgotten == dialer.forgotten;
        match state.held.resume {
            Some(resume) if is_resumable => resume,
            _ => state.held.connect,
        }
    }

    /// A try ended.
    pub(in crate::sim) fn dialled(&mut self, f: u32, answer: Answer) {
        let frame = &self.frames[f];
        let (d, traffic, called_in_vain) = (frame.parent_epoch, frame.op, frame.has(flag::CALL_FAILED));
        let mut replica = frame.target_replica;
        self.frames.release(f);
        let dialer = self.sessions.dialers[d as usize];
        let p = dialer.population;
        let rule = &self.t.comps[self.sessions.populations[p as usize].comp as usize];
        if replica == NONE && rule.replicas == 1 {
            replica = rule.first_replica;
        }
        let is_ours = (rule.first_replica..rule.first_replica + rule.replicas).contains(&replica);
        if answer.error.is_some() || called_in_vain || !is_ours || !self.takes_one_more(p, replica) {
            return self.try_later(d);
        }
        self.forget_dialer(d);
        let state = &self.sessions.populations[p as usize];
        let resume = state.held.resume.map(|flow| self.t.loads[state.load as usize].flows[flow].1.traffic);
        self.open_session(p, replica, dialer, resume == Some(traffic));
    }

    /// Whether a replica is up and takes one more session.
    fn takes_one_more(&self, p: u32, replica: u32) -> bool {
        let trouble = self.replicas[replica as usize].trouble.as_ref();
        let goes = |mark: Mark| matches!(mark, Mark::Absent | Mark::Leaving);
        if trouble.is_some_and(|it| it.down > 0 || !it.draining.is_empty() || goes(it.mark)) {
            return false;
        }
        let comp = self.sessions.populations[p as usize].comp;
        let hub = &self.sessions.hubs[self.sessions.hub_of[comp as usize] as usize];
        let Some(most) = hub.rules.per_replica else { return true };
        self.sessions_of(replica) < u64::from(most)
    }

    /// Sessions that a replica takes for open.
    pub(in crate::sim) fn sessions_of(&self, replica: u32) -> u64 {
        let (comp, place) = (self.replicas[replica as usize].comp, self.place_of(replica));
        let all = self.sessions.populations.iter().filter(|one| one.comp == comp);
        all.map(|one| one.live[place].count + one.dead[place].count).sum()
    }

    /// Sessions that a component's replicas take for open.
    pub(in crate::sim) fn sessions_to(&self, comp: u32) -> u64 {
        let all = self.sessions.populations.iter().filter(|one| one.comp == comp);
        all.flat_map(|one| one.live.iter().chain(&one.dead)).map(|group| group.count).sum()
    }

    fn open_session(&mut self, p: u32, replica: u32, dialer: Dialer, is_resume: bool) {
        let cohort = self.connection_end(p, dialer.key, dialer.leave);
        let (now, place) = (self.now, self.place_of(replica));
        let counts = self.held(p);
        counts.opened += 1;
        counts.resumed += u64::from(is_resume);
        if dialer.lost != u64::MAX {
            counts.reconnects += 1;
            counts.reconnect_time.record(now - dialer.lost);
        }
        let state = &mut self.sessions.populations[p as usize];
        state.live[place].add(cohort, 1);
        state.open.enter(now);
        self.schedule_ends(p);
        self.after_change(p);
        self.follow_beats(p, place);
    }

    fn try_later(&mut self, d: u32) {
        let dialer = &mut self.sessions.dialers[d as usize];
        dialer.attempts += 1;
        let (p, attempts) = (dialer.population, dialer.attempts);
        self.held(p).failed += 1;
        let state = &self.sessions.populations[p as usize];
        if state.held.attempts_max.is_some_and(|most| attempts >= most) {
            self.held(p).gave_up += 1;
            return self.forget_dialer(d);
        }
        let dialer = &mut self.sessions.dialers[d as usize];
        let draw = rng::unit(rng::nth(rng::key(dialer.key, SALT_BACKOFF), u64::from(attempts)));
        dialer.pause = state.held.backoff.pause(attempts, dialer.pause, draw);
        let at = self.now.saturating_add(dialer.pause);
        self.schedule_session(at, Phase::Timer, Happening::Dial { dialer: d });
    }

    /// A user is no longer without a session.
    fn forget_dialer(&mut self, d: u32) {
        let (p, now) = (self.sessions.dialers[d as usize].population, self.now);
        self.sessions.free.push(d);
        let state = &mut self.sessions.populations[p as usize];
        state.dialing -= 1;
        state.waiting.leave(now);
        self.after_change(p);
    }
}
