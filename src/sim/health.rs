//! Who is fit for requests: probes, and ejection by what callers see.

use super::call::End;
use super::engine::Engine;
use super::exec::Answer;
use super::fleet::{FleetEvent, Life, Slot};
use super::frame::Role;
use super::tables::NONE;
use super::trouble::set_mark;
use crate::outcome::ReplicaNoteKind;
use crate::plan::{CheckerFault, Component};
use crate::rng;

const SALT_PROBE: u64 = rng::name_hash("health/probe");
const SALT_LIE: u64 = rng::name_hash("health/lie");
const SALT_OFFSET: u64 = rng::name_hash("health/offset");

/// What is known of one replica.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    is_unhealthy: bool,
    is_ejected: bool,
    /// Probes in a row that ended otherwise than the present state says.
    against: u32,
    /// Probes so far.
    probes: u64,
    /// Failed requests in a row.
    errors: u32,
    /// Ejections in a row.
    ejections: u32,
    readmitted: u64,
}

/// What is known of a component's replicas, by slot.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    known: Vec<Known>,
    /// Faults of the checks themselves, in the order of faults.
    faults: Vec<(u32, CheckerFault)>,
}

impl Watch {
    pub(super) fn new(component: &Component) -> Option<Self> {
        component.health.as_ref()?;
        Some(Self { known: vec![Known::default(); component.slots() as usize], faults: Vec::new() })
    }

    /// Leaves or takes off a fault's mark on the checks.
    pub(super) fn strike(&mut self, fault: u32, shows: Option<CheckerFault>) {
        set_mark(&mut self.faults, fault, shows);
    }

    fn is_down(&self) -> bool {
        self.faults.iter().any(|(_, shows)| *shows == CheckerFault::Down)
    }

    /// What is said of a probe; of several faults the last in the file has the last word.
    fn told(&self, probe: u64, is_bad: bool) -> bool {
        let lies =
            |fault: u32, share: f64| rng::unit(rng::nth(rng::key(probe, SALT_LIE), u64::from(fault))) < share;
        self.faults.iter().fold(is_bad, |is_bad, (fault, shows)| match shows {
            CheckerFault::Fails(share) => is_bad || lies(*fault, *share),
            CheckerFault::Passes(share) => is_bad && !lies(*fault, *share),
            CheckerFault::Down => is_bad,
        })
    }

    /// Whether a slot's replica may get requests.
    pub(super) fn is_well(&self, number: u32) -> bool {
        let known = &self.known[number as usize];
        !known.is_unhealthy && !known.is_ejected
    }
}

impl Engine<'_> {
    /// Starts to probe a replica. A new one gets requests after its first good probe.
    pub(super) fn watch_replica(&mut self, replica: u32, is_new: bool) {
        let (comp, number) = self.slot_of(replica);
        let Some(health) = &self.plan.components[comp].health else { return };
        let Some(watch) = &mut self.fleet.watches[comp] else { return };
        let probes = watch.known[number as usize].probes;
        let Some(check) = &health.check else {
            watch.known[number as usize] = Known::default();
            return;
        };
        let against = if is_new { check.healthy - 1 } else { 0 };
        watch.known[number as usize] = Known { is_unhealthy: is_new, against, probes, ..Known::default() };
        let key = rng::key(rng::key(self.seed, self.t.comps[comp].salt), SALT_OFFSET);
        let offset = rng::below(rng::nth(key, u64::from(number)), check.interval.0);
        let born = self.fleet.slots[replica as usize].born;
        self.schedule_fleet(if is_new { 0 } else { offset }, FleetEvent::Probe { replica, born });
    }

    /// Sends a probe to a replica and schedules the next one.
    pub(super) fn probe(&mut self, replica: u32) -> u32 {
        let (comp, number) = self.slot_of(replica);
        let Some(check) = self.plan.components[comp].health.as_ref().and_then(|health| health.check.as_ref())
        else {
            return NONE;
        };
        let Some(watch) = &mut self.fleet.watches[comp] else { return NONE };
        if self.fleet.slots[replica as usize].life != Life::Serving {
            return NONE;
        }
        let is_down = watch.is_down();
        let known = &mut watch.known[number as usize];
        known.probes += 1;
        let key = rng::key(rng::key(self.seed, self.t.comps[comp].salt), SALT_PROBE);
        let key = rng::nth(rng::nth(key, u64::from(number)), known.probes);
        let born = self.fleet.slots[replica as usize].born;
        self.schedule_fleet(check.interval.0, FleetEvent::Probe { replica, born });
        if is_down {
            return NONE;
        }
        let f = self.frames.alloc();
        let now = self.now;
        let frame = &mut self.frames[f];
        frame.key = key;
        frame.root = key;
        frame.entered = now;
        frame.since = now;
        frame.role = Role::Probe;
        frame.parent = NONE;
        frame.from_site = NONE;
        frame.replica = NONE;
        frame.comp = NONE;
        frame.op = NONE;
        frame.log = NONE;
        frame.target_replica = replica;
        frame.aux = born;
        frame.deadline = u64::MAX;
        frame.priority = crate::plan::PRIORITY_DEFAULT;
        frame.slot = self.slots.current as u16;
        frame.pc = self.t.comps[comp].probe;
        if self.t.attributes.count > 0 {
            self.draw_default_attributes(f);
        }
        f
    }

    /// A probe ended.
    pub(super) fn probed(&mut self, f: u32, answer: Answer) -> u32 {
        let (replica, born) = (self.frames[f].target_replica, self.frames[f].aux);
        let key = self.frames[f].root;
        self.frames.release(f);
        let slot = self.fleet.slots[replica as usize];
        let (comp, number) = self.slot_of(replica);
        if slot.born != born || slot.life != Life::Serving {
            return NONE;
        }
        let (Some(check), Some(watch)) = (
            self.plan.components[comp].health.as_ref().and_then(|health| health.check.as_ref()),
            &mut self.fleet.watches[comp],
        ) else {
            return NONE;
        };
        let is_bad = watch.told(key, answer.error.is_some());
        let known = &mut watch.known[number as usize];
        if is_bad == known.is_unhealthy {
            known.against = 0;
            return NONE;
        }
        known.against += 1;
        if known.against < if is_bad { check.unhealthy } else { check.healthy } {
            return NONE;
        }
        (known.is_unhealthy, known.against) = (is_bad, 0);
        self.stations[comp].counts.replicas.taken_out += u64::from(is_bad);
        let kind = if is_bad { ReplicaNoteKind::Unhealthy } else { ReplicaNoteKind::Healthy };
        self.note_replicas(comp, kind, number, number);
        let replaces = self.plan.components[comp].health.as_ref().is_some_and(|health| health.replaces);
        if is_bad && replaces && !self.is_ablated(super::Loop::HealthChecks) {
            self.end_replica(replica);
            self.reconcile(comp);
        } else {
            self.refresh_rotation(comp);
        }
        NONE
    }

    /// A caller tells how its attempt at a replica ended.
    pub(super) fn note_result(&mut self, replica: u32, end: End) {
        let is_failure = match end {
            End::Aborted => return,
            End::Broken => true,
            End::Answered { is_failure } => is_failure,
        };
        let (comp, number) = self.slot_of(replica);
        let Some(rule) = self.plan.components[comp].health.as_ref().and_then(|health| health.ejection) else {
            return;
        };
        // One that is gone, or about to go, gets no requests anyway.
        if self.fleet.slots[replica as usize].life != Life::Serving {
            return;
        }
        let Some(watch) = &mut self.fleet.watches[comp] else { return };
        let known = &mut watch.known[number as usize];
        known.errors = if is_failure { known.errors + 1 } else { 0 };
        if known.errors < rule.errors || known.is_ejected {
            return;
        }
        known.errors = 0;
        let range = self.replica_range(comp);
        let lives = &self.fleet.slots[range.start as usize..range.end as usize];
        let is_member = |slot: &&Slot| slot.life == Life::Serving;
        let members = lives.iter().filter(is_member).count();
        let is_out = |(slot, known): &(&Slot, &Known)| is_member(slot) && known.is_ejected;
        let Some(watch) = &self.fleet.watches[comp] else { return };
        let ejected = lives.iter().zip(&watch.known).filter(is_out).count();
        if ejected + 1 > ((members as f64 * rule.share_max) as usize).max(1) {
            return;
        }
        let now = self.now;
        let Some(watch) = &mut self.fleet.watches[comp] else { return };
        let known = &mut watch.known[number as usize];
        if now.saturating_sub(known.readmitted) > rule.time.0 {
            known.ejections = 0;
        }
        known.ejections += 1;
        known.is_ejected = true;
        let length = rule.time.0.saturating_mul(u64::from(known.ejections));
        let born = self.fleet.slots[replica as usize].born;
        self.stations[comp].counts.replicas.taken_out += 1;
        self.schedule_fleet(length, FleetEvent::Readmit { replica, born });
        self.note_replicas(comp, ReplicaNoteKind::Ejected, number, number);
        self.refresh_rotation(comp);
    }

    /// An ejection is over: the replica gets requests again, sick or not.
    pub(super) fn readmit(&mut self, replica: u32) {
        let (comp, number) = self.slot_of(replica);
        let now = self.now;
        if let Some(watch) = &mut self.fleet.watches[comp] {
            let known = &mut watch.known[number as usize];
            (known.is_ejected, known.readmitted, known.errors) = (false, now, 0);
        }
        self.note_replicas(comp, ReplicaNoteKind::Readmitted, number, number);
        self.refresh_rotation(comp);
    }
}
