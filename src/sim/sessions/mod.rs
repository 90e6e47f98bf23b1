//! Sessions: long-lived connections that are counted, not kept one by one.
//!
//! An open session is a number in a [`group::Cohort`]: how many of one replica end
//! in the same bucket of time, for the same reason. So idle sessions cost no
//! events, and memory only by the number of different ends. Heartbeats take a
//! share of the cores instead of being sent. Only what happens to a user who
//! has no session is an event each: a pause, then a connect, which is a request
//! like any other. One event per bucket ends all sessions that are due in it; a
//! bucket is at most 2^-16 of the run, and times are rounded to the nearest.
//!
//! Users are exchangeable: which of a replica's sessions a fault takes is not
//! drawn for each, but the same share of every cohort.

mod account;
mod broadcast;
mod chatter;
mod close;
mod dial;
mod group;
mod silence;
pub(super) mod tables;

use super::control::Control;
use super::engine::Engine;
use super::record::Area;
use super::tables::{NONE, Tables};
use crate::dist::Sampler;
use crate::kernel::Phase;
use crate::outcome::{HubSlot, SessionOutage, SessionSlot};
use crate::plan::{ClientSessions, Plan, SessionLoad, SessionRules, Source};
use crate::rng;
use broadcast::Casting;
use chatter::Chatter;
use group::{Group, NEVER};
use silence::Silence;

/// Buckets of time in one run.
const BUCKETS: u64 = 1 << 16;

/// Something about sessions that happens on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happening {
    /// Sessions of a population end.
    Ends { population: u32, bucket: u32 },
    /// A user without a session tries to get one.
    Dial { dialer: u32 },
    /// A user comes.
    Arrive { population: u32 },
    /// One more of a population that began empty comes.
    Enter { population: u32 },
    /// A session sends a message.
    Say { population: u32, token: u32 },
    /// Some more clients notice that their replica is silent.
    Notice { silence: u32 },
}

/// A user without a session.
#[derive(Clone, Copy, Debug)]
struct Dialer {
    /// Address of its draws.
    key: u64,
    /// When the last session ended; `u64::MAX` if there was none.
    lost: u64,
    /// Its last pause.
    pause: u64,
    population: u32,
    /// Bucket in which the user leaves.
    leave: u32,
    /// Tries that failed since then.
    attempts: u32,
    /// How often state had been lost when the session ended.
    forgotten: u32,
    can_resume: bool,
}

/// The users of one load.
#[derive(Clone, Debug)]
struct Population {
    load: u32,
    comp: u32,
    held: ClientSessions,
    amount: SessionLoad,
    /// Root of all its draws.
    key: u64,
    after: Sampler,
    stay: Option<Sampler>,
    age: Option<Sampler>,
    /// Open sessions by replica.
    live: Vec<Group>,
    /// Sessions that only the replica takes for open.
    dead: Vec<Group>,
    /// Sessions that only the client takes for open.
    ghosts: Group,
    /// Bucket for which an event is pending, or [`NEVER`].
    due: u32,
    /// Users of a population that began empty who have come.
    entered: u64,
    /// Users counted so far, for the addresses of their draws.
    users: u64,
    /// Fraction of a user who vanishes.
    vanishing: f64,
    /// Where the arrival process stands, in nanoseconds.
    arrived_at: f64,
    chatter: Chatter,
    open: Area,
    /// Users without a session who try to get one.
    dialing: u64,
    /// Users without a session, knowing it or not.
    waiting: Area,
    /// Sessions that one side only takes for open.
    half_open: Area,
    outage: Option<SessionOutage>,
    outages: Vec<SessionOutage>,
    marks: [u128; 3],
    slots: Vec<SessionSlot>,
    /// Open, waiting, opened and failed by window; the last two as totals.
    windows: [Vec<u64>; 4],
}

/// What one component with sessions remembers.
#[derive(Clone, Debug)]
struct Hub {
    comp: u32,
    rules: SessionRules,
    /// Idle timeouts of faults: fault, nanoseconds, and whether nobody is told.
    idle_faults: Vec<(u32, u64, bool)>,
    /// How often the state for resuming was lost.
    forgotten: u32,
    /// When each replica has sent all that it was given.
    sent_by: Vec<u64>,
    /// Share of each replica's cores left by heartbeats.
    pace: Vec<f64>,
    slots: Vec<HubSlot>,
}

/// All sessions of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Sessions {
    populations: Vec<Population>,
    hubs: Vec<Hub>,
    /// Hub of each component, or `NONE`.
    hub_of: Vec<u32>,
    dialers: Vec<Dialer>,
    free: Vec<u32>,
    silences: Vec<Silence>,
    castings: Vec<Casting>,
    castings_free: Vec<u32>,
    /// Nanoseconds of one bucket.
    width: u64,
}

impl Sessions {
    pub(super) fn new(plan: &Plan, t: &Tables, seed: u64) -> Self {
        let mut sessions = Self { width: plan.duration.0.div_ceil(BUCKETS).max(1), ..Self::default() };
        sessions.hub_of = vec![NONE; t.comps.len()];
        for (comp, component) in plan.components.iter().enumerate() {
            if let Some(rules) = &component.sessions {
                sessions.hub_of[comp] = sessions.hubs.len() as u32;
                sessions.hubs.push(Hub::new(comp as u32, rules, t.comps[comp].replicas));
            }
        }
        for (load, workload) in plan.workloads.iter().enumerate() {
            if let (Source::Sessions(amount), Some(held)) =
                (&workload.source, &plan.clients[workload.client].sessions)
            {
                let rules = plan.components[held.component].sessions.as_ref();
                let key = rng::key(seed, t.loads[load].salt);
                let replicas = t.comps[held.component].replicas;
                sessions.populations.push(Population::new(load as u32, held, amount, rules, key, replicas));
            }
        }
        sessions
    }

    /// Makes room for one more slot.
    pub(super) fn add_slot(&mut self) {
        self.populations.iter_mut().for_each(|one| one.slots.push(SessionSlot::default()));
        self.hubs.iter_mut().for_each(|one| one.slots.push(HubSlot::default()));
    }

    /// The nearest bucket to an instant.
    fn bucket(&self, at: u64) -> u32 {
        let bucket = at.saturating_add(self.width / 2) / self.width;
        u32::try_from(bucket).unwrap_or(NEVER)
    }

    fn keep(&mut self, dialer: Dialer) -> u32 {
        if let Some(index) = self.free.pop() {
            self.dialers[index as usize] = dialer;
            return index;
        }
        self.dialers.push(dialer);
        (self.dialers.len() - 1) as u32
    }
}

impl Hub {
    fn new(comp: u32, rules: &SessionRules, replicas: u32) -> Self {
        Self {
            comp,
            rules: rules.clone(),
            idle_faults: Vec::new(),
            forgotten: 0,
            sent_by: vec![0; replicas as usize],
            pace: vec![1.0; replicas as usize],
            slots: Vec::new(),
        }
    }

    /// The idle timeout in force in nanoseconds, and whether nobody is told.
    fn idle_timeout(&self) -> Option<(u64, bool)> {
        let own = self.rules.idle_timeout.map(|timeout| (timeout.0, false));
        let faults = self.idle_faults.iter().map(|(_, timeout, half_open)| (*timeout, *half_open));
        own.into_iter().chain(faults).min()
    }
}

impl Population {
    fn new(
        load: u32,
        held: &ClientSessions,
        amount: &SessionLoad,
        rules: Option<&SessionRules>,
        key: u64,
        replicas: u32,
    ) -> Self {
        let groups = vec![Group::default(); replicas as usize];
        Self {
            load,
            comp: held.component as u32,
            held: held.clone(),
            amount: amount.clone(),
            key,
            after: Sampler::new(&held.after),
            stay: held.stay.as_ref().map(Sampler::new),
            age: rules.and_then(|rules| rules.max_lifetime.as_ref()).map(Sampler::new),
            live: groups.clone(),
            dead: groups,
            ghosts: Group::default(),
            due: NEVER,
            entered: 0,
            users: 0,
            vanishing: 0.0,
            arrived_at: 0.0,
            chatter: Chatter::default(),
            open: Area::default(),
            dialing: 0,
            waiting: Area::default(),
            half_open: Area::default(),
            outage: None,
            outages: Vec::new(),
            marks: [0; 3],
            slots: Vec::new(),
            windows: Default::default(),
        }
    }

    /// A new address for a user's draws.
    fn next_user(&mut self, salt: u64) -> u64 {
        self.users += 1;
        rng::nth(self.key ^ salt, self.users)
    }

    /// Heartbeats per nanosecond of one session.
    fn beats_per_ns(&self) -> f64 {
        self.held.heartbeat.map_or(0.0, |beat| beat.rate(self.held.messages_per_sec) / 1e9)
    }
}

/// A sampled time in whole nanoseconds.
fn nanos(sampler: &Sampler, key: u64) -> u64 {
    (sampler.sample(key).min(1e19) + 0.5) as u64
}

impl Engine<'_> {
    pub(super) fn session_event(&mut self, happening: Happening) -> u32 {
        match happening {
            Happening::Ends { population, bucket } => self.sessions_end(population, bucket),
            Happening::Dial { dialer } => return self.dial(dialer),
            Happening::Arrive { population } => return self.user_arrives(population),
            Happening::Enter { population } => return self.next_enters(population),
            Happening::Say { population, token } => return self.session_says(population, token),
            Happening::Notice { silence } => self.silence_noticed(silence),
        }
        NONE
    }

    /// Whom it concerns, by name and address and never by index.
    pub(super) fn session_identity(&self, happening: Happening) -> u64 {
        let key = |population: u32| self.sessions.populations[population as usize].key;
        match happening {
            Happening::Ends { population, bucket } => key(population) ^ u64::from(bucket) << 8 ^ 4,
            Happening::Dial { dialer } => self.sessions.dialers[dialer as usize].key ^ 5,
            Happening::Arrive { population } => key(population) ^ 6,
            Happening::Enter { population } => key(population) ^ 7,
            Happening::Say { population, token } => key(population) ^ u64::from(token) << 8 ^ 8,
            Happening::Notice { silence } => key(self.sessions.silences[silence as usize].population) ^ 9,
        }
    }

    fn schedule_session(&mut self, at: u64, phase: Phase, happening: Happening) {
        if at <= self.end {
            self.schedule_control(at.saturating_sub(self.now), phase, Control::Session(happening));
        }
    }

    /// The present slot's counts.
    fn held(&mut self, population: u32) -> &mut SessionSlot {
        &mut self.sessions.populations[population as usize].slots[self.slots.current]
    }

    /// The hub of a population's component.
    fn hub(&mut self, population: u32) -> &mut Hub {
        let comp = self.sessions.populations[population as usize].comp as usize;
        &mut self.sessions.hubs[self.sessions.hub_of[comp] as usize]
    }

    /// Populations connected to a component.
    fn connected_to(&self, comp: u32) -> Vec<u32> {
        let all = (0u32..).zip(&self.sessions.populations);
        all.filter(|(_, one)| one.comp == comp).map(|(number, _)| number).collect()
    }

    /// Number of a replica among those of its component.
    fn place_of(&self, replica: u32) -> usize {
        let comp = self.replicas[replica as usize].comp as usize;
        (replica - self.t.comps[comp].first_replica) as usize
    }
}
