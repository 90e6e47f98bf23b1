//! The open network of ten stations.

use std::collections::VecDeque;
use std::time::Duration;

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::{Output, QuerySource};
use nexosim::simulation::{Mailbox, SimInit, SimulationError};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

use super::source::Source;
use super::{POSITIVE, Questions, conclude, nanoseconds};
use crate::Outcome;
use crate::sampler::Sampler;
use crate::tally::Tally;
use crate::workload::w2::{FAR_HOP, GAP, LEAVE, NEAR, NEAR_HOP, SERVERS, SERVICE, STATIONS};

/// A station; a customer is the time at which it came into the network.
#[derive(Serialize, Deserialize)]
struct Station {
    near: Output<MonotonicTime>,
    far: Output<MonotonicTime>,
    exit: Output<MonotonicTime>,
    sampler: Sampler,
    idle: usize,
    waiting: VecDeque<MonotonicTime>,
    completed: u64,
}

#[Model]
impl Station {
    fn new(sampler: Sampler) -> Self {
        Self {
            near: Output::new(),
            far: Output::new(),
            exit: Output::new(),
            sampler,
            idle: SERVERS,
            waiting: VecDeque::new(),
            completed: 0,
        }
    }

    fn join(&mut self, born: MonotonicTime, context: &Context<Self>) {
        if self.idle == 0 {
            self.waiting.push_back(born);
        } else {
            self.idle -= 1;
            self.serve(born, context);
        }
    }

    fn serve(&mut self, born: MonotonicTime, context: &Context<Self>) {
        let service = Duration::from_nanos(self.sampler.exponential_ns(SERVICE));
        context.schedule_event(service, schedulable!(Self::done), born).expect(POSITIVE);
    }

    #[nexosim(schedulable)]
    async fn done(&mut self, born: MonotonicTime, context: &Context<Self>) {
        self.completed += 1;
        match self.waiting.pop_front() {
            Some(next) => self.serve(next, context),
            None => self.idle += 1,
        }
        let draw = self.sampler.unit();
        if draw < LEAVE {
            self.exit.send(born).await;
        } else if draw < NEAR {
            self.near.send(born).await;
        } else {
            self.far.send(born).await;
        }
    }

    async fn events(&mut self) -> u64 {
        self.completed
    }
}

/// Notes how long each customer was in the network.
#[derive(Serialize, Deserialize)]
struct Recorder {
    tally: Tally,
}

#[Model]
impl Recorder {
    fn left(&mut self, born: MonotonicTime, context: &Context<Self>) {
        self.tally.answered(nanoseconds(born, context.time()));
    }

    async fn tally(&mut self) -> Tally {
        self.tally.clone()
    }
}

pub(super) fn run(customers: u64, seed: u64) -> Result<Outcome, SimulationError> {
    let mut source = Source::new(STATIONS, GAP, customers, Sampler::stream(seed, STATIONS as u64));
    let source_box = Mailbox::new();
    let recorder_box = Mailbox::new();
    let boxes = [(); STATIONS].map(|()| Mailbox::new());

    let mut bench = SimInit::with_num_threads(1);
    let mut questions = Questions {
        tally: QuerySource::new().connect(Recorder::tally, &recorder_box).register(&mut bench),
        events: vec![QuerySource::new().connect(Source::events, &source_box).register(&mut bench)],
    };
    let mut stations = Vec::with_capacity(STATIONS);
    for index in 0..STATIONS {
        let mut station = Station::new(Sampler::stream(seed, index as u64));
        source.outputs[index].connect(Station::join, &boxes[index]);
        station.near.connect(Station::join, &boxes[(index + NEAR_HOP) % STATIONS]);
        station.far.connect(Station::join, &boxes[(index + FAR_HOP) % STATIONS]);
        station.exit.connect(Recorder::left, &recorder_box);
        let question = QuerySource::new().connect(Station::events, &boxes[index]).register(&mut bench);
        questions.events.push(question);
        stations.push(station);
    }
    let mut bench = bench.add_model(source, source_box, "source").add_model(
        Recorder { tally: Tally::new() },
        recorder_box,
        "recorder",
    );
    for (index, (station, mailbox)) in stations.into_iter().zip(boxes).enumerate() {
        bench = bench.add_model(station, mailbox, &format!("station {index}"));
    }
    conclude(bench, &questions)
}
