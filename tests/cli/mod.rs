//! The program as its users meet it: exit codes, outputs, files.

mod check;
mod exits;
mod history;
mod init;
mod outputs;
mod parts;
mod scenarios;
#[cfg(unix)]
mod signals;
mod tip;
mod verify;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const TOPOLOGY: &str = "
topology: one-server
components:
  app: { threads: 2, operations: { get: [{ compute: exp(8ms) }] } }
clients:
  users:
    calls: { app: { timeout: 2s } }
    journeys: { visit: [{ call: app.get }] }
";

/// A folder of its own for each test, with a topology `one.yaml`.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a temporary folder"));
        folder.write("one.yaml", TOPOLOGY);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("it has a parent")).expect("a writable folder");
        std::fs::write(path, text).expect("a writable file");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// A scenario of the topology with one expectation.
    fn scenario(&self, name: &str, duration: &str, expectation: &str) {
        let text = format!(
            "scenario: {name}\ntopology: one.yaml\nduration: {duration}\nload: {{ users: {{ rate: 100/s }} }}\nexpect: [\"{expectation}\"]\n"
        );
        self.write(&format!("{name}.yaml"), &text);
    }

    /// All files, by their names relative to the folder.
    fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        walk(self.0.path(), self.0.path(), &mut found);
        found.sort();
        found
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shakedown"));
        command.current_dir(self.0.path()).args(arguments).env_remove("SHAKEDOWN_LOG").env_remove("NO_COLOR");
        command
    }

    fn shakedown(&self, arguments: &[&str]) -> Done {
        Done::of(&self.command(arguments).output().expect("the program starts"))
    }
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            walk(root, &path, found);
        } else {
            found.push(path.strip_prefix(root).expect("it is below").display().to_string());
        }
    }
}

/// What a finished command left.
#[derive(Debug)]
struct Done {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Done {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it writes UTF-8");
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Checks the exit code.
    #[track_caller]
    fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{}\n{}", self.out, self.err);
        self
    }

    /// Checks that standard error holds a part.
    #[track_caller]
    fn complains(self, part: &str) -> Self {
        assert!(self.err.contains(part), "`{part}` is not in\n{}", self.err);
        self
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}
