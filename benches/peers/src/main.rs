//! Runs all implementations side by side and prints how they compare.
//!
//! `peers [--rounds N] [--smoke] [w1|w2|w3|w3t]...`: the rounds are interleaved,
//! each running every implementation once, so that a machine that slows down for
//! a while slows them all; the table shows medians.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use shakedown_peers::{BASELINE, Config, IMPLEMENTATIONS, Outcome, Workload};

const USAGE: &str = "usage: peers [--rounds N] [--smoke] [w1|w2|w3|w3t]...";
const CASES: [&str; 4] = ["w1", "w2", "w3", "w3t"];
const SEED: u64 = 1;
const ROUNDS: usize = 5;

/// What the command line asks for.
struct Request {
    rounds: usize,
    smoke: bool,
    cases: Vec<String>,
}

/// One implementation's results on one workload.
struct Row {
    name: &'static str,
    /// Seconds of each round, ascending once sorted.
    walls: Vec<f64>,
    outcome: Outcome,
}

impl Row {
    fn median(&self) -> f64 {
        self.walls[self.walls.len() / 2]
    }
}

fn main() -> ExitCode {
    let Some(request) = parse(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let mut agreed = true;
    for case in &request.cases {
        let Some(workload) = Workload::named(case, request.smoke) else {
            eprintln!("there is no workload `{case}`\n{USAGE}");
            return ExitCode::from(2);
        };
        let rows = measure(workload, request.rounds);
        print_table(case, &rows);
        agreed &= compare(workload, &rows);
    }
    if agreed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Reads the command line; `None` when it cannot be understood.
fn parse(mut args: impl Iterator<Item = String>) -> Option<Request> {
    let mut rounds = None;
    let mut smoke = false;
    let mut cases = Vec::new();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--rounds" => rounds = Some(args.next()?.parse().ok().filter(|&n| n > 0)?),
            "--smoke" => smoke = true,
            flag if flag.starts_with('-') => return None,
            _ => cases.push(arg),
        }
    }
    if cases.is_empty() {
        cases = CASES.map(String::from).to_vec();
    }
    let rounds = rounds.unwrap_or(if smoke { 1 } else { ROUNDS });
    Some(Request { rounds, smoke, cases })
}

/// Runs every implementation once in each round.
fn measure(workload: Workload, rounds: usize) -> Vec<Row> {
    let config = Config { workload, seed: SEED };
    let mut rows: Vec<Row> = IMPLEMENTATIONS
        .iter()
        .map(|&(name, _)| Row { name, walls: Vec::with_capacity(rounds), outcome: Outcome::default() })
        .collect();
    for _ in 0..rounds {
        for (row, (_, run)) in rows.iter_mut().zip(IMPLEMENTATIONS) {
            // Kept opaque, or the compiler inlines them all into this loop, where
            // adding one changes how the others are compiled.
            let run = black_box(*run);
            let start = Instant::now();
            row.outcome = run(&config);
            row.walls.push(start.elapsed().as_secs_f64());
        }
    }
    for row in &mut rows {
        row.walls.sort_by(f64::total_cmp);
    }
    rows
}

fn baseline(rows: &[Row]) -> &Row {
    rows.iter().find(|row| row.name == BASELINE).expect("the baseline is an implementation")
}

fn print_table(case: &str, rows: &[Row]) {
    let reference = baseline(rows).median();
    println!(
        "{case:<4} {:<10} {:>9} {:>9} {:>9} {:>7} {:>9} {:>9} {:>9} {:>9} {:>8}",
        "engine",
        "wall ms",
        "M req/s",
        "ns/event",
        "x h4",
        "ev/req",
        "mean ms",
        "p50 ms",
        "p99 ms",
        "t.o./1000"
    );
    for row in rows {
        let (wall, found) = (row.median(), &row.outcome);
        let requests = found.requests as f64;
        println!(
            "{:<4} {:<10} {:>9.1} {:>9.3} {:>9.1} {:>7.2} {:>9.3} {:>9.2} {:>9.2} {:>9.2} {:>8.2}",
            "",
            row.name,
            wall * 1e3,
            requests / wall / 1e6,
            wall * 1e9 / found.events as f64,
            wall / reference,
            found.events as f64 / requests,
            found.mean_ns / 1e6,
            found.p50_ns / 1e6,
            found.p99_ns / 1e6,
            found.timeouts as f64 * 1e3 / requests,
        );
    }
}

/// Says where results differ by more than chance; true if they do not.
fn compare(workload: Workload, rows: &[Row]) -> bool {
    let expectation = workload.expectation();
    let reference = baseline(rows).outcome;
    let mut agreed = true;
    for row in rows {
        for complaint in expectation.complaints(&row.outcome, &reference) {
            agreed = false;
            eprintln!("{}: {complaint}", row.name);
        }
    }
    agreed
}
