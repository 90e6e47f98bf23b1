//! Every shipped scenario keeps its promises.

use std::path::{Path, PathBuf};
use std::process::Command;

fn scenarios(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            scenarios(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
}

#[test]
fn every_shipped_scenario_passes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    scenarios(&root.join("scenarios"), &mut all);
    assert!(!all.is_empty());
    all.sort();
    let flags = ["run", "--quiet", "--no-store", "--no-report"];
    // Two processes, because each runs one scenario after the other; neighbours take about as long.
    let halves = [0, 1].map(|first| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shakedown"));
        command.current_dir(root).args(flags).args(all.iter().skip(first).step_by(2));
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        command.spawn().expect("it starts")
    });
    for child in halves {
        let done = super::Done::of(&child.wait_with_output().expect("it ends")).exits(0);
        assert!(done.out.lines().all(|line| line.starts_with("pass ")), "{}", done.out);
    }
}
