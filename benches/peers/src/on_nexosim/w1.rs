//! M/M/1.

use std::collections::VecDeque;
use std::time::Duration;

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::QuerySource;
use nexosim::simulation::{Mailbox, SimInit, SimulationError};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

use super::source::Source;
use super::{POSITIVE, Questions, conclude, nanoseconds};
use crate::Outcome;
use crate::sampler::Sampler;
use crate::tally::Tally;
use crate::workload::w1::{GAP, SERVICE};

#[derive(Serialize, Deserialize)]
struct Server {
    sampler: Sampler,
    tally: Tally,
    /// Arrival times of all in the system; the head is the one in service.
    present: VecDeque<MonotonicTime>,
}

#[Model]
impl Server {
    fn join(&mut self, born: MonotonicTime, context: &Context<Self>) {
        self.present.push_back(born);
        if self.present.len() == 1 {
            self.serve(context);
        }
    }

    fn serve(&mut self, context: &Context<Self>) {
        let service = Duration::from_nanos(self.sampler.exponential_ns(SERVICE));
        context.schedule_event(service, schedulable!(Self::done), ()).expect(POSITIVE);
    }

    #[nexosim(schedulable)]
    fn done(&mut self, _: (), context: &Context<Self>) {
        self.tally.events += 1;
        if let Some(born) = self.present.pop_front() {
            self.tally.answered(nanoseconds(born, context.time()));
        }
        if !self.present.is_empty() {
            self.serve(context);
        }
    }

    async fn tally(&mut self) -> Tally {
        self.tally.clone()
    }
}

pub(super) fn run(customers: u64, seed: u64) -> Result<Outcome, SimulationError> {
    let mut source = Source::new(1, GAP, customers, Sampler::stream(seed, 0));
    let server = Server { sampler: Sampler::stream(seed, 1), tally: Tally::new(), present: VecDeque::new() };
    let (source_box, server_box) = (Mailbox::new(), Mailbox::new());
    source.outputs[0].connect(Server::join, &server_box);

    let mut bench = SimInit::with_num_threads(1);
    let questions = Questions {
        tally: QuerySource::new().connect(Server::tally, &server_box).register(&mut bench),
        events: vec![QuerySource::new().connect(Source::events, &source_box).register(&mut bench)],
    };
    let bench = bench.add_model(source, source_box, "source").add_model(server, server_box, "server");
    conclude(bench, &questions)
}
