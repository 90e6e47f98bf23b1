//! The program as a shell sees it: exit codes, streams, files.

mod bad_input;
mod documents;
mod history;
mod running;
mod stopping;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One service that answers in 8 ms on average, and its users.
const TOPOLOGY: &str = "\
topology: one-service
components:
  app: { threads: 4, operations: { get: [{ compute: exp(8ms) }] } }
clients:
  users:
    calls: { app: { timeout: 1s } }
    journeys: { visit: [{ call: app.get }] }
";

/// A folder with `topology.yaml`, in which commands run.
struct Folder(tempfile::TempDir);

/// What a command left.
#[derive(Debug)]
struct Ran {
    exit: Option<i32>,
    out: String,
    err: String,
}

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        folder.write("topology.yaml", TOPOLOGY);
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).expect("a written file");
    }

    /// Writes a scenario of that name and file name, with more keys.
    fn scenario(&self, name: &str, more: &str) {
        let text = format!(
            "scenario: {name}\ntopology: topology.yaml\nload: {{ users: {{ rate: 100/s }} }}\n{more}\n"
        );
        self.write(&format!("{name}.yaml"), &text);
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shakedown"));
        command.args(args).current_dir(self.path()).env_remove("NO_COLOR").env_remove("SHAKEDOWN_LOG");
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        let output = self.command(args).output().expect("the program starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Ran { exit: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The names of all files below, in order.
    fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![PathBuf::from(self.path())];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a readable folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let below = path.strip_prefix(self.path()).expect("a path below");
                    found.push(below.display().to_string());
                }
            }
        }
        found.sort();
        found
    }
}

impl Ran {
    #[track_caller]
    fn exits(self, code: i32) -> Self {
        assert_eq!(self.exit, Some(code), "{self:#?}");
        self
    }

    #[track_caller]
    fn says(self, text: &str) -> Self {
        assert!(self.out.contains(text), "`{text}` is not in its output: {self:#?}");
        self
    }

    #[track_caller]
    fn complains(self, text: &str) -> Self {
        assert!(self.err.contains(text), "`{text}` is not in its complaints: {self:#?}");
        self
    }

    #[track_caller]
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}
