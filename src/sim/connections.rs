//! Connections: pools, opening, waiting for one, giving one back.

use super::engine::Engine;
use super::frame::{State, flag};
use super::tables::NONE;
use crate::kernel::Phase;
use crate::outcome::WaitKind;
use crate::plan::ErrorClass;
use crate::rng;

const SALT_CONNECT: u64 = rng::name_hash("call/connect");

impl Engine<'_> {
    /// Without a pool each attempt opens a connection for itself, for free.
    pub(super) fn connect_loose(&mut self, f: u32, policy: u32) -> u32 {
        let target = self.t.policies[policy as usize].target as usize;
        let is_counted = self.connections_max[target] != NONE || self.t.comps[target].session.is_some();
        if is_counted && !self.t.policies[policy as usize].is_pinned {
            if !self.has_free_connection(target) {
                return self.connection_refused(f, policy, target);
            }
            self.open_connection(target);
            self.frames[f].set(flag::HAS_LOOSE_CONNECTION);
        }
        self.send(f, policy)
    }

    /// Whether one more connection to a component may be opened, and one to its database with it
    /// when it keeps one for each.
    fn has_free_connection(&mut self, target: usize) -> bool {
        if self.connections[target] >= self.connections_max[target] {
            return false;
        }
        let Some((database, most)) = self.t.comps[target].session else { return true };
        let database = database as usize;
        if self.connections[target] >= most {
            return false;
        }
        let is_free = self.connections[database] < self.connections_max[database];
        self.stations[database].counts.store.connections_refused += u64::from(!is_free);
        is_free
    }

    fn open_connection(&mut self, target: usize) {
        self.connections[target] += 1;
        let open = u64::from(self.connections[target]);
        let counts = &mut self.stations[target].counts.store;
        counts.connections_max = counts.connections_max.max(open);
        if let Some((database, _)) = self.t.comps[target].session {
            self.open_connection(database as usize);
        }
    }

    /// Closes connections to a component, and those to its database that came with them.
    pub(super) fn close_connections(&mut self, target: usize, count: u32) {
        self.connections[target] -= count;
        if let Some((database, _)) = self.t.comps[target].session {
            self.close_connections(database as usize, count);
        }
    }

    fn connection_refused(&mut self, f: u32, policy: u32, target: usize) -> u32 {
        self.stations[target].counts.store.connections_refused += 1;
        let edge = self.edge(policy);
        edge.attempts += 1;
        edge.refused += 1;
        self.attempt_failed(f, policy, ErrorClass::Connections, 0)
    }

    fn pool_of(&self, f: u32, policy: u32) -> usize {
        (self.t.policies[policy as usize].pool + self.replica_number(f)) as usize
    }

    pub(super) fn take_connection(&mut self, f: u32, policy: u32) -> u32 {
        let pool = self.pool_of(f, policy);
        let state = &mut self.pools[pool];
        if state.idle > 0 {
            state.idle -= 1;
            state.in_use += 1;
            let frame = &mut self.frames[f];
            frame.set(flag::HAS_CONNECTION);
            frame.clear(flag::NEW_CONNECTION);
            return self.send(f, policy);
        }
        if state.open() < state.size {
            return self.open_pooled(f, policy, pool);
        }
        if state.waiting >= self.t.policies[policy as usize].pool_queue {
            self.edge(policy).pool_timeouts += 1;
            return self.attempt_failed(f, policy, ErrorClass::PoolTimeout, 0);
        }
        state.waiting += 1;
        let frame = &mut self.frames[f];
        frame.state = State::PoolQueued;
        frame.ticket = frame.ticket.wrapping_add(1);
        let ticket = frame.ticket;
        state.queue.push_back((f, ticket));
        let until = self.call_deadline(f, policy);
        let until = until.min(self.now.saturating_add(self.t.policies[policy as usize].pool_timeout));
        if until < u64::MAX {
            self.schedule(f, until.saturating_sub(self.now), Phase::Timer);
        }
        NONE
    }

    /// Opens a new connection of a pool, which may take time and may be refused.
    fn open_pooled(&mut self, f: u32, policy: u32, pool: usize) -> u32 {
        let target = self.t.policies[policy as usize].target as usize;
        if !self.has_free_connection(target) {
            return self.connection_refused(f, policy, target);
        }
        self.open_connection(target);
        self.edge(policy).connects += 1;
        self.pools[pool].in_use += 1;
        let frame = &mut self.frames[f];
        frame.set(flag::HAS_CONNECTION | flag::NEW_CONNECTION);
        let key = rng::nth(
            rng::key(frame.key, SALT_CONNECT ^ self.t.policies[policy as usize].salt),
            u64::from(frame.attempt),
        );
        let Some(connect) = &self.t.policies[policy as usize].connect else { return self.send(f, policy) };
        let time = connect.sample(key);
        if time == 0 {
            return self.send(f, policy);
        }
        let ready_at = self.now.saturating_add(time);
        let until = self.call_deadline(f, policy).min(ready_at);
        self.frames[f].state = State::Connecting;
        self.frames[f].due = ready_at;
        self.schedule(f, until.saturating_sub(self.now), Phase::Done);
        NONE
    }

    /// A connection is open, or opening it took longer than the call may.
    pub(super) fn connected(&mut self, f: u32) -> u32 {
        let policy = self.policy_of(f);
        let log = self.frames[f].log;
        let connect = self.edge_label(policy, WaitKind::Connect);
        self.logs.charge(log, self.now, connect);
        self.frames[f].state = State::Running;
        if self.now < self.frames[f].due {
            self.drop_connection(f, policy);
            return self.attempt_failed(f, policy, ErrorClass::Timeout, 0);
        }
        self.send(f, policy)
    }

    /// No connection came free in time.
    pub(super) fn pool_timed_out(&mut self, f: u32) -> u32 {
        let policy = self.policy_of(f);
        self.leave_pool_queue(f, policy);
        let log = self.frames[f].log;
        let wait = self.edge_label(policy, WaitKind::PoolWait);
        self.logs.charge(log, self.now, wait);
        self.frames[f].state = State::Running;
        self.edge(policy).pool_timeouts += 1;
        self.attempt_failed(f, policy, ErrorClass::PoolTimeout, 0)
    }

    pub(super) fn leave_pool_queue(&mut self, f: u32, policy: u32) {
        let pool = self.pool_of(f, policy);
        self.pools[pool].waiting -= 1;
        let frame = &mut self.frames[f];
        frame.ticket = frame.ticket.wrapping_add(1);
        frame.main = 0;
    }

    pub(super) fn return_connection(&mut self, f: u32, policy: u32) {
        if self.frames[f].has(flag::HAS_LOOSE_CONNECTION) {
            self.drop_connection(f, policy);
            return;
        }
        self.frames[f].clear(flag::HAS_CONNECTION);
        let pool = self.pool_of(f, policy);
        let state = &mut self.pools[pool];
        state.in_use -= 1;
        state.idle += 1;
        if state.open() > state.size {
            state.idle -= 1;
            let target = self.t.policies[policy as usize].target as usize;
            self.close_connections(target, 1);
        }
        self.serve_pool(pool);
    }

    pub(super) fn drop_connection(&mut self, f: u32, policy: u32) {
        let target = self.t.policies[policy as usize].target as usize;
        self.close_connections(target, 1);
        if self.frames[f].has(flag::HAS_LOOSE_CONNECTION) {
            self.frames[f].clear(flag::HAS_LOOSE_CONNECTION);
            return;
        }
        self.frames[f].clear(flag::HAS_CONNECTION);
        let pool = self.pool_of(f, policy);
        self.pools[pool].in_use -= 1;
        self.serve_pool(pool);
    }

    /// Lets those who wait for a connection have what is free.
    pub(super) fn serve_pool(&mut self, pool: usize) {
        loop {
            let state = &mut self.pools[pool];
            if state.waiting == 0 || (state.idle == 0 && state.open() >= state.size) {
                return;
            }
            let Some((f, ticket)) = state.queue.pop_front() else { return };
            if self.frames[f].ticket != ticket || self.frames[f].state != State::PoolQueued {
                continue;
            }
            let policy = self.policy_of(f);
            self.leave_pool_queue(f, policy);
            let log = self.frames[f].log;
            let wait = self.edge_label(policy, WaitKind::PoolWait);
            self.logs.charge(log, self.now, wait);
            self.frames[f].state = State::Running;
            let next = if self.pools[pool].idle > 0 {
                self.pools[pool].idle -= 1;
                self.pools[pool].in_use += 1;
                let frame = &mut self.frames[f];
                frame.set(flag::HAS_CONNECTION);
                frame.clear(flag::NEW_CONNECTION);
                self.send(f, policy)
            } else {
                self.open_pooled(f, policy, pool)
            };
            if next != NONE {
                self.ready.push_back(next);
            }
        }
    }
}
