//! Messages waiting to be handed out, in order or by groups.

use std::collections::{BTreeMap, VecDeque};

/// A message and its birth: whoever kept an older birth means another message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket {
    pub(super) message: u32,
    pub(super) born: u32,
}

/// Messages with one key: handed out one at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    waiting: VecDeque<Ticket>,
    /// One of them is not done.
    is_busy: bool,
    /// It stands among the ready ones.
    is_ready: bool,
}

/// A waiting line. Tickets of messages that left otherwise stay behind and are skipped.
#[derive(Clone, Debug)]
pub(super) enum Line {
    /// In order.
    Plain(VecDeque<Ticket>),
    /// By groups, each in order; groups in the order in which they became ready.
    Grouped { groups: BTreeMap<u64, Group>, ready: VecDeque<u64> },
}

impl Line {
    pub(super) fn new(is_grouped: bool) -> Self {
        if is_grouped {
            Self::Grouped { groups: BTreeMap::new(), ready: VecDeque::new() }
        } else {
            Self::Plain(VecDeque::new())
        }
    }

    /// A new message, or with `first` one that comes back to its place.
    pub(super) fn push(&mut self, ticket: Ticket, group: u64, first: bool) {
        match self {
            Self::Plain(waiting) if first => waiting.push_front(ticket),
            Self::Plain(waiting) => waiting.push_back(ticket),
            Self::Grouped { groups, ready } => {
                let own = groups.entry(group).or_default();
                if first {
                    own.waiting.push_front(ticket);
                } else {
                    own.waiting.push_back(ticket);
                }
                if !own.is_busy && !own.is_ready {
                    own.is_ready = true;
                    ready.push_back(group);
                }
            }
        }
    }

    /// The next message that is still wanted. Its group is busy until [`Self::release`].
    pub(super) fn take(&mut self, newest_first: bool, is_wanted: impl Fn(Ticket) -> bool) -> Option<Ticket> {
        match self {
            Self::Plain(waiting) => loop {
                let ticket = if newest_first { waiting.pop_back() } else { waiting.pop_front() }?;
                if is_wanted(ticket) {
                    return Some(ticket);
                }
            },
            Self::Grouped { groups, ready } => loop {
                let group = ready.pop_front()?;
                let Some(own) = groups.get_mut(&group) else { continue };
                own.is_ready = false;
                while let Some(ticket) = own.waiting.pop_front() {
                    if is_wanted(ticket) {
                        own.is_busy = true;
                        return Some(ticket);
                    }
                }
                groups.remove(&group);
            },
        }
    }

    /// A group's message is done or has come back: the next one may go.
    pub(super) fn release(&mut self, group: u64) {
        let Self::Grouped { groups, ready } = self else { return };
        let Some(own) = groups.get_mut(&group) else { return };
        own.is_busy = false;
        if own.waiting.is_empty() {
            groups.remove(&group);
        } else if !own.is_ready {
            own.is_ready = true;
            ready.push_back(group);
        }
    }

    /// Forgets tickets that nobody wants when they outnumber the others, so that memory stays bounded.
    pub(super) fn tidy(&mut self, wanted: u64, is_wanted: impl Fn(Ticket) -> bool) {
        if let Self::Plain(waiting) = self
            && waiting.len() as u64 > 2 * wanted + 1024
        {
            waiting.retain(|ticket| is_wanted(*ticket));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(message: u32) -> Ticket {
        Ticket { message, born: 0 }
    }

    #[test]
    fn a_plain_line_goes_by_age_and_what_comes_back_is_oldest() {
        let mut line = Line::new(false);
        (1..=4).for_each(|n| line.push(ticket(n), 0, false));
        line.push(ticket(0), 0, true);
        let wanted = |ticket: Ticket| ticket.message != 1;
        assert_eq!(line.take(false, wanted), Some(ticket(0)));
        assert_eq!(line.take(true, wanted), Some(ticket(4)));
        assert_eq!(line.take(false, wanted), Some(ticket(2)));
    }

    #[test]
    fn a_group_waits_for_its_own_and_not_for_others() {
        let mut line = Line::new(true);
        line.push(ticket(1), 7, false);
        line.push(ticket(2), 7, false);
        line.push(ticket(3), 8, false);
        assert_eq!(line.take(false, |_| true), Some(ticket(1)));
        assert_eq!(line.take(false, |_| true), Some(ticket(3)));
        assert_eq!(line.take(false, |_| true), None);
        // The first comes back and goes before the second.
        line.push(ticket(1), 7, true);
        assert_eq!(line.take(false, |_| true), None);
        line.release(7);
        assert_eq!(line.take(false, |_| true), Some(ticket(1)));
        line.release(7);
        assert_eq!(line.take(false, |_| true), Some(ticket(2)));
    }
}
