//! Requests in progress: one frame for each activation of a journey, an
//! operation or a branch, in a slab.

use super::tables::NONE;

/// What a frame is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// In the slab's free list.
    Free,
    /// Being executed or about to be.
    Running,
    /// On a link towards a component.
    Travelling,
    /// Held by an allowance.
    Held,
    /// Being checked by a firewall.
    Inspected,
    /// Held by a fault that makes some requests slow.
    Delayed,
    /// For a new instance to start.
    Starting,
    /// In a component's queue, for a thread or a core.
    Queued,
    /// Interrupted by more urgent work; `due` holds what is left, in nanoseconds of work.
    Preempted,
    /// On a core of its own until `due`.
    Computing,
    /// On shared cores.
    Sharing,
    /// Letting time pass.
    Waiting,
    /// For a connection of its pool.
    PoolQueued,
    /// For a place in a bulkhead.
    PlaceQueued,
    /// Opening a connection.
    Connecting,
    /// For the answer of a call.
    Calling,
    /// Between two attempts.
    BackingOff,
    /// For somebody else's fetch.
    Coalescing,
    /// For its branches.
    Joining,
    /// On a link with the answer.
    Returning,
    /// A closed user between requests.
    Thinking,
    /// For another try of a step, or for nothing at all.
    Parked,
}

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A journey of a client.
    Root,
    /// An operation at a component.
    Server,
    /// Part of another frame: a round, a branch, a tried body.
    Branch,
    /// Part of another frame that nobody waits for.
    Detached,
    /// A probe of a replica's health.
    Probe,
}

/// Frame flags.
pub(super) mod flag {
    /// Its answer counts as degraded.
    pub(crate) const DEGRADED: u32 = 1;
    /// It holds a thread or core of its replica.
    pub(crate) const HAS_UNIT: u32 = 2;
    /// Its last call failed and it went on.
    pub(crate) const CALL_FAILED: u32 = 4;
    /// Its last look-up found the key.
    pub(crate) const HIT: u32 = 8;
    /// Its attempt holds a place in a bulkhead.
    pub(crate) const HAS_PLACE: u32 = 16;
    /// No replica can take it: it is refused at the door.
    pub(crate) const NOWHERE: u32 = 65536;
    /// It should stop at the next step boundary.
    pub(crate) const CANCELLED: u32 = 32;
    /// It has answered already.
    pub(crate) const REPLIED: u32 = 64;
    /// Its call holds a connection of its pool.
    pub(crate) const HAS_CONNECTION: u32 = 128;
    /// Its call occupies one of the target's connections without a pool.
    pub(crate) const HAS_LOOSE_CONNECTION: u32 = 256;
    /// It belongs to a user who thinks and comes back.
    pub(crate) const CLOSED: u32 = 512;
    /// It is counted inside its component.
    pub(crate) const INSIDE: u32 = 2048;
    /// An attempt of its call is on its way.
    pub(crate) const SENT: u32 = 4096;
    /// It is, or works for, somebody's retry.
    pub(crate) const IS_RETRY: u32 = 8192;
    /// Its attempt decides whether a breaker closes.
    pub(crate) const PROBES: u32 = 16384;
    /// It makes one of the two requests of a hedged call; `aux` says which.
    pub(crate) const HEDGED: u32 = 32768;
    /// It works on a message: nobody waits for its answer but the broker.
    pub(crate) const MESSAGE: u32 = 1024;
    /// Its answer does not have the form asked for.
    pub(crate) const MALFORMED: u32 = 1 << 20;
    /// Its answer is wrong, and nobody noticed.
    pub(crate) const WRONG: u32 = 1 << 21;
    /// Its user has seen the first token of an answer.
    pub(crate) const FIRST_TOKEN: u32 = 1 << 22;
    /// The connection of its call was opened for this attempt.
    pub(crate) const NEW_CONNECTION: u32 = 1 << 23;
    /// It is a request's second copy: nobody waits for its answer.
    pub(crate) const COPY: u32 = 1 << 24;
    /// It opens a session for a user.
    pub(crate) const DIALS: u32 = 1 << 25;
    /// It goes over a session that is open.
    pub(crate) const SPEAKS: u32 = 1 << 26;
}

/// One activation.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// Address of this activation's draws.
    pub(super) key: u64,
    /// Address of the request's attributes; the same in all its activations.
    pub(super) root: u64,
    /// Sequence number of the event it waits for, or 0.
    pub(super) main: u64,
    /// Sequence number of its call's timeout, or 0.
    pub(super) timer: u64,
    /// When it reached its component (root: when it arrived).
    pub(super) entered: u64,
    /// When its request began, of frames that outlive it; `u64::MAX` if unknown.
    pub(super) begun: u64,
    /// When its present wait began.
    pub(super) since: u64,
    /// When its computation ends, or how much work is left.
    pub(super) due: u64,
    /// When its caller stops waiting.
    pub(super) deadline: u64,
    /// When its call began.
    pub(super) call_start: u64,
    /// When its call's present attempt began.
    pub(super) attempt_start: u64,
    /// Its last pause between attempts.
    pub(super) pause: u64,
    pub(super) pc: u32,
    /// Index over all replicas, or `NONE` for clients.
    pub(super) replica: u32,
    /// Whose replica that is, or `NONE` for clients.
    pub(super) comp: u32,
    /// Operation over all components, or `NONE`; flow of a root.
    pub(super) op: u32,
    pub(super) parent: u32,
    /// The parent's epoch when it called.
    pub(super) parent_epoch: u32,
    /// Grows with every attempt and with every reuse of the slot: whoever kept an older one is no longer wanted.
    pub(super) epoch: u32,
    pub(super) child: u32,
    /// The child's epoch-independent identity: its `born`.
    pub(super) child_born: u32,
    /// Grows with every reuse of the slot.
    pub(super) born: u32,
    /// Call site being executed.
    pub(super) site: u32,
    /// The site by which it was called.
    pub(super) from_site: u32,
    /// The frame whose log the critical path is in (perhaps this one), or `NONE`.
    pub(super) log: u32,
    /// Entries of the log when the present attempt began.
    pub(super) mark: u32,
    /// Target replica of the present attempt.
    pub(super) target_replica: u32,
    /// Successes still needed by a join; round of a repeat; class of an answer under way; requests made by a closed user.
    pub(super) aux: u32,
    /// Branches still running; rounds of a repeat still to do.
    pub(super) rounds: u32,
    /// Ticket in a queue; grows so that stale tickets are recognised.
    pub(super) ticket: u32,
    pub(super) attempt: u16,
    /// Fetches under way that others may be waiting for.
    pub(super) leads: u16,
    pub(super) flags: u32,
    /// Statistics slot of arrival (roots).
    pub(super) slot: u16,
    pub(super) priority: u8,
    /// What its last look-up found: see [`super::cached::found`]; counts only with `HIT` set.
    pub(super) found: u8,
    pub(super) state: State,
    pub(super) role: Role,
}

impl Frame {
    fn empty() -> Self {
        Self {
            key: 0,
            root: 0,
            main: 0,
            timer: 0,
            entered: 0,
            begun: u64::MAX,
            since: 0,
            due: 0,
            deadline: u64::MAX,
            call_start: 0,
            attempt_start: 0,
            pause: 0,
            pc: 0,
            replica: NONE,
            comp: NONE,
            op: NONE,
            parent: NONE,
            parent_epoch: 0,
            epoch: 0,
            child: NONE,
            child_born: 0,
            born: 0,
            site: NONE,
            from_site: NONE,
            log: NONE,
            mark: 0,
            target_replica: NONE,
            aux: 0,
            rounds: 0,
            ticket: 0,
            attempt: 0,
            leads: 0,
            flags: 0,
            slot: 0,
            found: 0,
            priority: crate::plan::PRIORITY_DEFAULT,
            state: State::Free,
            role: Role::Root,
        }
    }

    /// Forgets an attempt: its timeout means nothing any more, and whoever answers it is not heard.
    #[inline]
    pub(super) fn end_attempt(&mut self) {
        self.timer = 0;
        self.epoch = self.epoch.wrapping_add(1);
        self.state = State::Running;
        self.child = NONE;
        self.clear(flag::SENT);
    }

    #[inline]
    pub(super) fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    #[inline]
    pub(super) fn set(&mut self, flag: u32) {
        self.flags |= flag;
    }

    #[inline]
    pub(super) fn clear(&mut self, flag: u32) {
        self.flags &= !flag;
    }
}

/// All frames. Slots are reused, last freed first.
#[derive(Clone, Debug)]
pub(super) struct Frames {
    items: Vec<Frame>,
    /// First free slot; a free slot's `child` names the next one.
    free: u32,
    live: usize,
    /// Number of events at which the bounds are looked at again: at once when there are more frames than ever before.
    pub(super) check_at: u64,
}

impl Frames {
    pub(super) fn new() -> Self {
        Self { items: Vec::new(), free: NONE, live: 0, check_at: 0 }
    }

    /// How many are in use.
    pub(super) fn live(&self) -> usize {
        self.live
    }

    /// A slot in state `Running` without flags, links or log; its maker sets the rest.
    #[inline]
    pub(super) fn alloc(&mut self) -> u32 {
        self.alloc_frame().0
    }

    /// As [`Self::alloc`], with the frame itself.
    #[inline]
    pub(super) fn alloc_frame(&mut self) -> (u32, &mut Frame) {
        self.live += 1;
        if self.free == NONE {
            self.grow();
        }
        let index = self.free;
        let frame = &mut self.items[index as usize];
        self.free = frame.child;
        frame.state = State::Running;
        frame.flags = 0;
        frame.child = NONE;
        (index, frame)
    }

    /// Makes one more slot, which is the only free one.
    #[cold]
    fn grow(&mut self) {
        self.check_at = 0;
        self.free = self.items.len() as u32;
        self.items.push(Frame::empty());
    }

    /// Gives a slot back. Whatever still refers to it finds its epoch and birth changed.
    #[inline]
    pub(super) fn release(&mut self, index: u32) {
        let frame = &mut self.items[index as usize];
        debug_assert!(frame.state != State::Free, "frame {index} freed twice");
        frame.state = State::Free;
        frame.main = 0;
        frame.timer = 0;
        frame.epoch = frame.epoch.wrapping_add(1);
        frame.born = frame.born.wrapping_add(1);
        frame.leads = 0;
        frame.child = self.free;
        self.free = index;
        self.live -= 1;
    }

    pub(super) fn len(&self) -> u32 {
        self.items.len() as u32
    }
}

impl std::ops::Index<u32> for Frames {
    type Output = Frame;
    #[inline]
    fn index(&self, index: u32) -> &Frame {
        &self.items[index as usize]
    }
}

impl std::ops::IndexMut<u32> for Frames {
    #[inline]
    fn index_mut(&mut self, index: u32) -> &mut Frame {
        &mut self.items[index as usize]
    }
}
