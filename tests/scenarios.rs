//! Every shipped scenario runs and ends as it says it does.
//!
//! A scenario that is meant to end otherwise than well says so in a comment line
//! of its own: `# expect-exit: 99`.

use crate::tidy::files::{files, shown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

const DECLARATION: &str = "# expect-exit:";

fn declared_exit(text: &str) -> i32 {
    let declared = text.lines().find_map(|line| line.strip_prefix(DECLARATION));
    declared.map_or(0, |code| code.trim().parse().expect("`# expect-exit:` is followed by a number"))
}

/// Runs a scenario; a complaint if it does not end as declared.
fn complaint(path: &Path) -> Option<String> {
    let declared = declared_exit(&std::fs::read_to_string(path).expect("a readable file"));
    let ran = Command::new(env!("CARGO_BIN_EXE_shakedown"))
        .args(["run", "--no-store", "--no-report", "--no-color"])
        .arg(path)
        .output()
        .expect("the program starts");
    if ran.status.code() == Some(declared) {
        return None;
    }
    let said = [ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    let status = ran.status;
    Some(format!("{}: {status} and not {declared}; it said:\n{said}", shown(path)))
}

#[test]
fn every_scenario_ends_as_it_declares() {
    let queue = Mutex::new(files("scenarios", &[".yaml"]));
    let next = || -> Option<PathBuf> { queue.lock().expect("no thread panicked").pop() };
    let complaints = Mutex::new(Vec::new());
    assert!(!queue.lock().expect("no thread panicked").is_empty());
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(path) = next() {
                    complaints.lock().expect("no thread panicked").extend(complaint(&path));
                }
            });
        }
    });
    crate::tidy::assert_none(complaints.into_inner().expect("no thread panicked"));
}

#[test]
fn a_declared_exit_is_read_from_its_line() {
    assert_eq!(declared_exit("scenario: x\n"), 0);
    assert_eq!(declared_exit("# y\n# expect-exit: 99\nscenario: x\n"), 99);
}
