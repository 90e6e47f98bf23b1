//! The command line that repeats what was done.

use super::args::InputArgs;
use std::path::Path;
use std::sync::Mutex;

static CURRENT: Mutex<String> = Mutex::new(String::new());

/// The command line that repeats one scenario with one seed.
pub(super) fn command(
    verb: &str,
    scenario: &Path,
    seed: u64,
    inputs: &InputArgs,
    more: &[(&str, String)],
) -> String {
    let mut words = vec!["shakedown".to_owned(), verb.to_owned(), quoted(&scenario.display().to_string())];
    words.extend(["--seed".to_owned(), seed.to_string()]);
    let mut option = |name: &str, value: &str| words.extend([name.to_owned(), quoted(value)]);
    if let Some(environment) = &inputs.environment {
        option("--env", environment);
    }
    inputs.sets.iter().for_each(|(path, value)| option("--set", &format!("{path}={value}")));
    inputs.catalogue.iter().for_each(|folder| option("--catalogue", &folder.display().to_string()));
    more.iter().for_each(|(name, value)| option(name, value));
    words.join(" ")
}

/// Notes what is being done, for the message of a crash.
pub(super) fn note(command: &str) {
    if let Ok(mut current) = CURRENT.lock() {
        command.clone_into(&mut current);
    }
}

/// What is being done: the last noted command, or the one the user typed.
pub(super) fn current() -> String {
    let noted = CURRENT.lock().map(|current| current.clone()).unwrap_or_default();
    if noted.is_empty() {
        let typed: Vec<String> = std::env::args_os().map(|word| quoted(&word.to_string_lossy())).collect();
        return typed.join(" ");
    }
    noted
}

/// A word as a POSIX shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_replayed_names_everything_that_changes_the_result() {
        let inputs = InputArgs {
            seed: None,
            environment: Some("staging".into()),
            sets: vec![("load.users.rate".into(), "2 /s".into())],
            catalogue: vec!["my kinds".into()],
        };
        let more = [("--replications", "5".to_owned())];
        let text = command("run", Path::new("a'b.yaml"), 7, &inputs, &more);
        assert_eq!(
            text,
            r"shakedown run 'a'\''b.yaml' --seed 7 --env staging --set 'load.users.rate=2 /s' --catalogue 'my kinds' --replications 5"
        );
    }
}
