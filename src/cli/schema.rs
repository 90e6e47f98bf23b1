//! `schema`: prints the JSON Schema of a kind of file.

use super::exit::Exit;
use super::failure::Failure;
use super::terminal::print;
use crate::spec::{FileKind, schema};
use clap::{Args, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  shakedown schema scenario > scenario.json
  shakedown schema topology | head

Editors with a YAML language server use it when a file begins with
  # yaml-language-server: $schema=scenario.json";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SchemaArgs {
    /// Which files it describes.
    #[arg(value_enum, value_name = "KIND")]
    kind: SchemaKind,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SchemaKind {
    /// What exists.
    Topology,
    /// What happens.
    Scenario,
    /// A kind of the catalogue.
    Kind,
}

pub(super) fn run(args: &SchemaArgs) -> Result<Exit, Failure> {
    let kind = match args.kind {
        SchemaKind::Topology => FileKind::Topology,
        SchemaKind::Scenario => FileKind::Scenario,
        SchemaKind::Kind => FileKind::Kind,
    };
    print(&format!("{:#}\n", schema(kind)))?;
    Ok(Exit::Pass)
}
