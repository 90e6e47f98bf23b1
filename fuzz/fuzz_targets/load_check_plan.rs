//! Nothing a file can say may panic, hang or eat memory: any text goes through
//! load, check and plan, and what survives is run for a moment.
//!
//! The input is a scenario and a topology, separated by a line `---`; without
//! the separator the text stands for both.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shakedown::plan::resolve;
use shakedown::sim::{Flow, Options, simulate};
use shakedown::spec::{Catalogue, LoadOptions, load_text};
use std::sync::LazyLock;

/// Events of a model that resolves: enough to enter every part of the engine.
const EVENTS_MAX: u64 = 2_000;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::embedded);

fuzz_target!(|text: &str| {
    let (scenario, topology) = text.split_once("\n---\n").unwrap_or((text, text));
    match load_text(scenario, topology, &CATALOGUE, &LoadOptions::default()) {
        Err(error) => assert!(!error.diags.is_empty(), "refused without a reason"),
        Ok(input) => match resolve(&input) {
            Err(diags) => assert!(!diags.is_empty(), "refused without a reason"),
            Ok((plan, _)) => {
                let options = Options { events_max: Some(EVENTS_MAX), ..Options::new(1) };
                let (outcome, _) = simulate(&plan, &options, &mut |_| Flow::Continue);
                let broken: Vec<_> = outcome.conservation.iter().filter(|law| !law.holds()).collect();
                assert!(broken.is_empty(), "{broken:?}");
            }
        },
    }
});
