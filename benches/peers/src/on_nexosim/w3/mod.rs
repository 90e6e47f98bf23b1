//! The web application.

use nexosim::ports::QuerySource;
use nexosim::simulation::{Mailbox, SimInit, SimulationError};
use serde::{Deserialize, Serialize};

use super::{Questions, conclude};
use crate::Outcome;
use crate::sampler::Sampler;
use crate::workload::w3::{APP, APP_SIGMA, APP_UNITS, DATABASE, DATABASE_UNITS, GATEWAY, GATEWAY_UNITS};

mod client;
mod server;

use client::Client;
use server::{Cache, Stage, Work};

/// An attempt as the servers see it: whose it is, and which of that request's
/// attempts, so that the client can tell a reply it no longer waits for.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Attempt {
    slot: u32,
    generation: u32,
}

pub(super) fn run(horizon_s: u64, timeout_ms: u64, seed: u64) -> Result<Outcome, SimulationError> {
    let stream = |index| Sampler::stream(seed, index);
    let mut client = Client::new(horizon_s, timeout_ms, stream(0));
    let mut gateway = Stage::new(GATEWAY_UNITS, Work::Exponential(GATEWAY), stream(1));
    let mut app = Stage::new(APP_UNITS, Work::Lognormal(APP, APP_SIGMA), stream(2));
    let mut cache = Cache::new(stream(3));
    let mut database = Stage::new(DATABASE_UNITS, Work::Exponential(DATABASE), stream(4));

    let (client_box, cache_box) = (Mailbox::new(), Mailbox::new());
    let (gateway_box, app_box, database_box) = (Mailbox::new(), Mailbox::new(), Mailbox::new());
    client.requests.connect(Stage::enter, &gateway_box);
    gateway.output.connect(Stage::enter, &app_box);
    app.output.connect(Cache::look_up, &cache_box);
    cache.hit.connect(Client::reply, &client_box);
    cache.miss.connect(Stage::enter, &database_box);
    database.output.connect(Client::reply, &client_box);

    let mut bench = SimInit::with_num_threads(1);
    let mut questions = Questions {
        tally: QuerySource::new().connect(Client::tally, &client_box).register(&mut bench),
        events: vec![QuerySource::new().connect(Cache::events, &cache_box).register(&mut bench)],
    };
    for mailbox in [&gateway_box, &app_box, &database_box] {
        let question = QuerySource::new().connect(Stage::events, mailbox).register(&mut bench);
        questions.events.push(question);
    }
    let bench = bench
        .add_model(client, client_box, "client")
        .add_model(gateway, gateway_box, "gateway")
        .add_model(app, app_box, "app")
        .add_model(cache, cache_box, "cache")
        .add_model(database, database_box, "database");
    conclude(bench, &questions)
}
