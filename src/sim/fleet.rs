//! The life of replicas: each component has a slot for every replica it may
//! ever have at once. A slot is absent, starting, serving or draining; the
//! *rotation* is the short list of slots that balancers may choose from. A
//! component whose replicas always exist and are never checked has neither:
//! its requests never look here.

use super::control::Control;
use super::desired::Scaler;
use super::engine::Engine;
use super::health::Watch;
use super::scaling::Meter;
use super::serverless::Cloud;
use super::tables::Tables;
use crate::dist::Sampler;
use crate::kernel::Phase;
use crate::outcome::{ReplicaNote, ReplicaNoteKind};
use crate::plan::{Component, Plan};
use crate::rng;
use crate::units::SimTime;

const SALT_START: u64 = rng::name_hash("replica/start");
/// Notes kept: enough to read, bounded in memory.
const NOTES_MAX: usize = 5_000;

/// Where a slot is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// There is no replica.
    Absent,
    /// Asked for; it does not serve yet.
    Starting,
    /// It serves, unless a fault keeps it from it.
    Serving,
    /// It gets no new requests and goes when the last has left.
    Draining,
}

/// What the door of a replica must know of its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mark {
    /// Nothing.
    #[default]
    None,
    /// Nobody is there: requests are refused.
    Absent,
    /// It goes when the last request has left.
    Leaving,
    /// It hands requests to instances.
    Desk,
    /// It is an instance: the platform is told when a request leaves.
    Instance,
}

/// One slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) life: Life,
    /// When its present life began.
    pub(super) since: u64,
    /// Grows with every replica that takes the slot: timers of an earlier one find it changed.
    pub(super) born: u32,
    /// Whether another replica takes the slot as soon as this one has ended.
    pub(super) returns: bool,
}

/// Slots that balancers choose from, by number within the component.
#[derive(Clone, Debug, Default)]
pub(super) struct Rotation {
    pub(super) list: Vec<u32>,
    /// All serve because too few are healthy.
    pub(super) is_open: bool,
}

/// How a component's replicas begin, compiled.
#[derive(Clone, Debug)]
pub(super) struct Beginning {
    pub(super) start: Sampler,
    pub(super) warm_up: Option<(u64, f64)>,
}

/// Units of a shared limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    pub(super) amount: u64,
    pub(super) used: u64,
}

/// Something due in the life of replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FleetEvent {
    /// A data point is complete.
    Tick { comp: u32 },
    /// A data point can be seen.
    Decide { comp: u32 },
    /// The schedule has other bounds.
    Bounds { comp: u32, entry: u32 },
    /// A replica has started.
    Started { replica: u32, born: u32 },
    /// A slow start is over.
    Warmed { replica: u32, born: u32 },
    /// A draining replica may be empty.
    Emptied { replica: u32, born: u32 },
    /// A draining replica has had its time.
    Overdue { replica: u32, born: u32 },
    /// A replica is probed.
    Probe { replica: u32, born: u32 },
    /// An ejection is over.
    Readmit { replica: u32, born: u32 },
    /// An instance may have been idle for long enough.
    Idle { replica: u32, born: u32 },
    /// Instances that are always there are missing.
    Restore { comp: u32 },
}

impl FleetEvent {
    /// Kind and index, for the digest: which of the replica's or component's events it is.
    fn parts(self) -> (u64, u32, bool) {
        match self {
            Self::Tick { comp } => (0, comp, true),
            Self::Decide { comp } => (1, comp, true),
            Self::Bounds { comp, .. } => (2, comp, true),
            Self::Started { replica, .. } => (3, replica, false),
            Self::Warmed { replica, .. } => (4, replica, false),
            Self::Emptied { replica, .. } => (5, replica, false),
            Self::Overdue { replica, .. } => (6, replica, false),
            Self::Probe { replica, .. } => (7, replica, false),
            Self::Readmit { replica, .. } => (8, replica, false),
            Self::Idle { replica, .. } => (9, replica, false),
            Self::Restore { comp } => (10, comp, true),
        }
    }
}

/// Everything about replicas that come and go.
#[derive(Clone, Debug)]
pub(super) struct Fleet {
    /// By replica.
    pub(super) slots: Vec<Slot>,
    /// By component.
    pub(super) rotations: Vec<Rotation>,
    pub(super) beginnings: Vec<Beginning>,
    pub(super) scalers: Vec<Option<Scaler>>,
    pub(super) meters: Vec<Meter>,
    pub(super) watches: Vec<Option<Watch>>,
    pub(super) clouds: Vec<Option<Cloud>>,
    /// Faults that deny new replicas, by component.
    pub(super) denials: Vec<Vec<(u32, f64)>>,
    /// By shared limit.
    pub(super) allowances: Vec<Allowance>,
    /// Amounts that faults put in place of the nominal one: `(fault, limit, amount)`.
    pub(super) cuts: Vec<(u32, usize, u64)>,
    pub(super) notes: Vec<ReplicaNote>,
}

impl Fleet {
    pub(super) fn new(plan: &Plan, t: &Tables) -> Self {
        let mut slots = Vec::new();
        for comp in &t.comps {
            let life = |number: u32| if number < comp.initial { Life::Serving } else { Life::Absent };
            let slot = |number| Slot { life: life(number), since: 0, born: 0, returns: false };
            slots.extend((0..comp.replicas).map(slot));
        }
        let components = &plan.components;
        let beginning = |component: &Component| Beginning {
            start: Sampler::new(&component.lifecycle.start),
            warm_up: component.lifecycle.warm_up.map(|(length, pace)| (length.0, pace)),
        };
        Self {
            slots,
            rotations: vec![Rotation::default(); components.len()],
            beginnings: components.iter().map(beginning).collect(),
            scalers: components.iter().map(scaler).collect(),
            meters: vec![Meter::default(); components.len()],
            watches: components.iter().map(Watch::new).collect(),
            clouds: components.iter().map(Cloud::new).collect(),
            denials: vec![Vec::new(); components.len()],
            allowances: plan.limits.iter().map(|limit| Allowance { amount: limit.amount, used: 0 }).collect(),
            cuts: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// The controller that keeps a component's number of replicas, if anything may change it.
fn scaler(component: &Component) -> Option<Scaler> {
    if let Some(rule) = &component.scaling {
        return Some(Scaler::new(component.replicas, rule.min, rule.max, rule.rules.len()));
    }
    let replaces = component.health.as_ref().is_some_and(|health| health.replaces);
    let count = component.replicas;
    replaces.then(|| Scaler::new(count, count, count, 0))
}

impl Engine<'_> {
    /// Brings every component's replicas into their first state.
    pub(super) fn start_fleet(&mut self) {
        for comp in 0..self.t.comps.len() {
            let rule = &self.t.comps[comp];
            if rule.is_fixed {
                continue;
            }
            let (first, count, initial) = (rule.first_replica, rule.replicas, rule.initial);
            if rule.is_serverless {
                self.open_cloud(comp);
                continue;
            }
            for number in initial..count {
                self.set_mark(first + number, Mark::Absent);
            }
            for number in 0..initial {
                self.force_quota(comp);
                self.watch_replica(first + number, false);
            }
            self.refresh_rotation(comp);
            self.start_scaler(comp);
        }
    }

    pub(super) fn schedule_fleet(&mut self, delay: u64, event: FleetEvent) {
        self.schedule_control(delay, Phase::Timer, Control::Fleet(event));
    }

    /// Something is due; returns a frame that goes on because of it, or `NONE`.
    pub(super) fn fleet_event(&mut self, event: FleetEvent) -> u32 {
        let is_of =
            |engine: &Self, replica: u32, born: u32| engine.fleet.slots[replica as usize].born == born;
        match event {
            FleetEvent::Tick { comp } => self.scaling_tick(comp as usize),
            FleetEvent::Decide { comp } => self.scaling_decision(comp as usize),
            FleetEvent::Bounds { comp, entry } => self.scheduled_bounds(comp as usize, entry as usize),
            FleetEvent::Started { replica, born } if is_of(self, replica, born) => {
                self.replica_started(replica)
            }
            FleetEvent::Warmed { replica, born } if is_of(self, replica, born) => self.set_pace(replica, 1.0),
            FleetEvent::Emptied { replica, born } if is_of(self, replica, born) => {
                self.leave_if_empty(replica)
            }
            FleetEvent::Overdue { replica, born } if is_of(self, replica, born) => self.end_replica(replica),
            FleetEvent::Probe { replica, born } if is_of(self, replica, born) => return self.probe(replica),
            FleetEvent::Readmit { replica, born } if is_of(self, replica, born) => self.readmit(replica),
            FleetEvent::Idle { replica, born } if is_of(self, replica, born) => self.idle_check(replica),
            FleetEvent::Restore { comp } => self.restore_instances(comp as usize),
            _ => {}
        }
        super::tables::NONE
    }

    /// Whom an event concerns, by name and address and never by index.
    pub(super) fn fleet_identity(&self, event: FleetEvent) -> u64 {
        let (kind, index, is_comp) = event.parts();
        let (comp, number) = if is_comp { (index as usize, 0) } else { self.slot_of(index) };
        rng::nth(self.t.comps[comp].salt ^ kind, u64::from(number))
    }

    /// Component and number within it of a replica.
    pub(super) fn slot_of(&self, replica: u32) -> (usize, u32) {
        let comp = self.replicas[replica as usize].comp as usize;
        (comp, replica - self.t.comps[comp].first_replica)
    }

    pub(super) fn replica_range(&self, comp: usize) -> std::ops::Range<u32> {
        let rule = &self.t.comps[comp];
        rule.first_replica..rule.first_replica + rule.replicas
    }

    pub(super) fn set_mark(&mut self, replica: u32, mark: Mark) {
        let trouble = self.replicas[replica as usize].trouble.get_or_insert_default();
        trouble.mark = mark;
        self.forget_trouble(replica);
    }

    pub(super) fn set_life(&mut self, replica: u32, life: Life) {
        let slot = &mut self.fleet.slots[replica as usize];
        slot.life = life;
        slot.since = self.now;
        if life == Life::Absent {
            slot.born = slot.born.wrapping_add(1);
        }
    }

    /// A new replica takes a slot; it serves after its start time.
    pub(super) fn begin_replica(&mut self, replica: u32) {
        let (comp, number) = self.slot_of(replica);
        self.set_life(replica, Life::Starting);
        let born = self.fleet.slots[replica as usize].born;
        let key = rng::key(rng::key(self.seed, self.t.comps[comp].salt), SALT_START);
        let key = rng::nth(rng::nth(key, u64::from(number)), u64::from(born));
        let delay = (self.fleet.beginnings[comp].start.sample(key) + 0.5) as u64;
        self.count_levels(comp);
        self.schedule_fleet(delay, FleetEvent::Started { replica, born });
    }

    fn replica_started(&mut self, replica: u32) {
        if self.fleet.slots[replica as usize].life != Life::Starting {
            return;
        }
        let (comp, _) = self.slot_of(replica);
        self.set_life(replica, Life::Serving);
        self.set_mark(replica, Mark::None);
        self.warm_up(replica);
        self.begin_leaks(replica);
        self.watch_replica(replica, true);
        self.note_membership(replica);
        self.wake_consumers();
        self.count_levels(comp);
        self.refresh_rotation(comp);
    }

    /// Begins a slow start, if the component has one.
    pub(super) fn warm_up(&mut self, replica: u32) {
        let (comp, _) = self.slot_of(replica);
        if let Some((length, pace)) = self.fleet.beginnings[comp].warm_up {
            let born = self.fleet.slots[replica as usize].born;
            self.set_pace(replica, pace);
            self.schedule_fleet(length, FleetEvent::Warmed { replica, born });
        } else {
            self.set_pace(replica, 1.0);
        }
    }

    fn set_pace(&mut self, replica: u32, pace: f64) {
        let pace = std::mem::replace(&mut self.replicas[replica as usize].pace, pace) != pace;
        if pace {
            self.retune(replica);
        }
    }

    /// Takes a replica out of the rotation for good; it goes when the last request has left.
    pub(super) fn drain_replica(&mut self, replica: u32) {
        let (comp, _) = self.slot_of(replica);
        let lifecycle = &self.plan.components[comp].lifecycle;
        let (linger, deadline) = (lifecycle.linger.0, lifecycle.drain_max.map(|deadline| deadline.0));
        self.set_life(replica, Life::Draining);
        self.set_mark(replica, Mark::Leaving);
        self.drain_sessions(replica);
        self.count_levels(comp);
        self.refresh_rotation(comp);
        let born = self.fleet.slots[replica as usize].born;
        self.schedule_fleet(linger, FleetEvent::Emptied { replica, born });
        if let Some(deadline) = deadline {
            self.schedule_fleet(deadline.max(linger), FleetEvent::Overdue { replica, born });
        }
    }

    /// A request has left a replica in trouble.
    pub(super) fn request_left(&mut self, r: u32) {
        if self.mark_of(r) == Mark::Instance {
            self.instance_freed(r);
        }
        self.note_if_drained(r);
    }

    /// A replica that takes no new work goes, or goes down, after the last request and session.
    pub(super) fn note_if_drained(&mut self, r: u32) {
        let Some(trouble) = &self.replicas[r as usize].trouble else { return };
        let drains = trouble.mark == Mark::Leaving || !trouble.draining.is_empty();
        if drains && (self.is_empty(r) || self.has_writes_to_begin(r)) {
            self.note_emptied(r);
        }
    }

    /// The last request has left a replica that drains; looked at again when its frame is done.
    fn note_emptied(&mut self, replica: u32) {
        let born = self.fleet.slots[replica as usize].born;
        self.schedule_fleet(0, FleetEvent::Emptied { replica, born });
    }

    /// Neither requests nor sessions are left in a replica, nor writes that its store does not have.
    pub(super) fn is_empty(&self, replica: u32) -> bool {
        self.replicas[replica as usize].inside == 0
            && !self.holds_sessions(replica as usize)
            && self.unflushed(replica) == 0
    }

    /// A replica with nothing left inside goes down if faults wait for that, and goes if it is on its way out.
    pub(super) fn leave_if_empty(&mut self, replica: u32) {
        if !self.is_empty(replica) {
            return self.flush_before_leaving(replica);
        }
        self.go_down_drained(replica);
        let (comp, _) = self.slot_of(replica);
        let slot = &self.fleet.slots[replica as usize];
        let has_lingered = self.now - slot.since >= self.plan.components[comp].lifecycle.linger.0;
        if slot.life == Life::Draining && has_lingered {
            self.end_replica(replica);
        }
    }

    /// A replica ends; what is still inside is lost.
    pub(super) fn end_replica(&mut self, replica: u32) {
        let (comp, _) = self.slot_of(replica);
        if self.fleet.slots[replica as usize].life == Life::Absent {
            return;
        }
        self.set_life(replica, Life::Absent);
        self.set_mark(replica, Mark::Absent);
        self.lose_work(replica);
        self.note_membership(replica);
        if std::mem::take(&mut self.fleet.slots[replica as usize].returns) {
            self.begin_replica(replica);
        } else {
            self.give_quota(comp);
        }
        self.count_levels(comp);
        self.refresh_rotation(comp);
    }

    /// A replica on its way out was hit by a fault: there is nothing left to wait for.
    pub(super) fn after_loss(&mut self, replica: u32, inside: u32) {
        match self.fleet.slots[replica as usize].life {
            Life::Draining => self.end_replica(replica),
            Life::Serving if self.mark_of(replica) == Mark::Instance => self.lose_instance(replica, inside),
            _ => {}
        }
    }

    pub(super) fn mark_of(&self, replica: u32) -> Mark {
        self.replicas[replica as usize].trouble.as_ref().map_or(Mark::None, |trouble| trouble.mark)
    }

    /// Makes the rotation anew from lives, health and ejections.
    pub(super) fn refresh_rotation(&mut self, comp: usize) {
        if self.t.comps[comp].is_fixed || self.t.comps[comp].is_serverless {
            return;
        }
        let range = self.replica_range(comp);
        let first = range.start;
        let members = range.filter(|replica| self.fleet.slots[*replica as usize].life == Life::Serving);
        let members: Vec<u32> = members.map(|replica| replica - first).collect();
        let watch = self.fleet.watches[comp].as_ref();
        let trusts_all = self.is_ablated(super::Loop::HealthChecks);
        let is_well = |number: &u32| trusts_all || watch.is_none_or(|watch| watch.is_well(*number));
        let mut list: Vec<u32> = members.iter().copied().filter(is_well).collect();
        let fail_open = self.plan.components[comp].health.as_ref().and_then(|health| health.fail_open);
        let bound = |share: f64| list.len() as f64 <= share * members.len() as f64;
        let is_open = list.len() < members.len() && fail_open.is_some_and(bound);
        let out = (members.len() - list.len()) as u64;
        if is_open {
            list = members;
        }
        let before = std::mem::replace(&mut self.fleet.rotations[comp], Rotation { list, is_open });
        if before.is_open != is_open {
            let kind = if is_open { ReplicaNoteKind::FailOpen } else { ReplicaNoteKind::FailOpenEnds };
            let now = self.fleet.rotations[comp].list.len() as u32;
            self.note_replicas(comp, kind, before.list.len() as u32, now);
        }
        self.stations[comp].levels.ejected.set(self.now, out);
        self.reshard(comp);
    }

    pub(super) fn note_replicas(&mut self, comp: usize, kind: ReplicaNoteKind, from: u32, to: u32) {
        if self.fleet.notes.len() < NOTES_MAX {
            let component = self.plan.components[comp].name.clone();
            self.fleet.notes.push(ReplicaNote { at: SimTime(self.now), component, kind, from, to });
        }
    }
}
