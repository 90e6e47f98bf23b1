//! `init`: writes a small topology and scenario to begin with.

use super::exit::Exit;
use super::failure::Failure;
use super::files::PendingFile;
use super::terminal::print;
use crate::spec::{FileKind, schema};
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  shakedown init
  shakedown init my-architecture && shakedown run my-architecture/scenarios/first.yaml";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct InitArgs {
    /// Folder to write to.
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Overwrite files that are there.
    #[arg(long)]
    force: bool,
}

const TOPOLOGY: &str = include_str!("init/topology.yaml");
const SCENARIO: &str = include_str!("init/scenario.yaml");

pub(super) fn run(args: &InitArgs) -> Result<Exit, Failure> {
    let schema = |kind| format!("{:#}\n", schema(kind));
    let files = [
        ("topologies/shop.yaml", TOPOLOGY.to_owned()),
        ("scenarios/first.yaml", SCENARIO.to_owned()),
        ("schema/topology.json", schema(FileKind::Topology)),
        ("schema/scenario.json", schema(FileKind::Scenario)),
    ];
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| args.folder.join(name)).collect();
    if let Some(there) = paths.iter().find(|path| path.exists() && !args.force) {
        let message =
            format!("{} is there already; nothing was written (--force overwrites)", there.display());
        return Err(Failure::input(message));
    }
    let pending: Vec<PendingFile> =
        paths.iter().map(|path| PendingFile::create(path)).collect::<Result<_, _>>()?;
    let mut text = String::new();
    for (file, (_, content)) in pending.into_iter().zip(&files) {
        text.push_str(&format!("wrote {}\n", file.path().display()));
        file.fill(content.as_bytes())?;
    }
    text.push_str(&format!("next: shakedown run {}\n", paths[1].display()));
    print(&text)?;
    Ok(Exit::Pass)
}
