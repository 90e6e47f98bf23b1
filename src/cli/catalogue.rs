//! `catalogue`: shows the kinds that components can be of, and the nemeses that can befall them.

use super::args::TextOrJson;
use super::exit::Exit;
use super::failure::Failure;
use super::inputs;
use super::terminal::{Terminal, print};
use crate::catalogue::EMBEDDED;
use crate::spec::{Catalogue, Kind, Nemesis};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  shakedown catalogue
  shakedown catalogue show core/service
  shakedown catalogue --catalogue my-kinds list --format json";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CatalogueArgs {
    /// Folder with kinds of your own, added to the catalogue. May be given again.
    #[arg(long, value_name = "DIR", global = true)]
    catalogue: Vec<PathBuf>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = TextOrJson::Text, global = true)]
    format: TextOrJson,
    #[command(subcommand)]
    command: Option<CatalogueCommand>,
}

#[derive(Debug, Subcommand)]
enum CatalogueCommand {
    /// List all kinds and nemeses.
    List,
    /// Show one kind with its values and where they come from, or one nemesis.
    Show {
        /// Its name, such as `core/service` or `az-loss`.
        #[arg(value_name = "KIND")]
        kind: String,
    },
}

pub(super) fn run(args: &CatalogueArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    let catalogue = inputs::catalogue(&args.catalogue, terminal)?;
    let text = match (&args.command, args.format) {
        (None | Some(CatalogueCommand::List), TextOrJson::Text) => list(&catalogue),
        (None | Some(CatalogueCommand::List), TextOrJson::Json) => {
            let kinds = catalogue.kinds().map(document);
            let all: Vec<_> = kinds.chain(catalogue.nemeses().map(nemesis_document)).collect();
            format!("{:#}\n", json!(all))
        }
        (Some(CatalogueCommand::Show { kind }), format) => {
            if let Some(nemesis) = catalogue.nemesis(kind) {
                let document = || format!("{:#}\n", json!(nemesis_document(nemesis)));
                print(&if format == TextOrJson::Json { document() } else { show_nemesis(nemesis) })?;
                return Ok(Exit::Pass);
            }
            let kind = catalogue.get(kind).ok_or_else(|| unknown(&catalogue, kind))?;
            if format == TextOrJson::Json { format!("{:#}\n", document(kind)) } else { show(kind)? }
        }
    };
    print(&text)?;
    Ok(Exit::Pass)
}

fn unknown(catalogue: &Catalogue, name: &str) -> Failure {
    let nearest = catalogue
        .kinds()
        .map(|kind| (strsim::jaro_winkler(&kind.name, name), &kind.name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = nearest.map_or(String::new(), |(_, near)| format!("; did you mean `{near}`?"));
    Failure::input(format!("there is no kind `{name}`{hint}"))
}

/// Names and the first sentence of each description.
fn list(catalogue: &Catalogue) -> String {
    let width = catalogue.kinds().map(|kind| kind.name.chars().count()).max().unwrap_or(0);
    let line = |kind: &Kind| {
        let description = kind.description.split_whitespace().collect::<Vec<_>>().join(" ");
        let first = description.split_inclusive(". ").next().unwrap_or_default();
        format!("{:<width$}  {}\n", kind.name, first.trim_end().trim_end_matches('.'))
    };
    let kinds: String = catalogue.kinds().map(line).collect();
    let nemesis = |nemesis: &Nemesis| {
        let first = nemesis.description.split_inclusive(['.', ':', ';']).next().unwrap_or_default();
        format!("{:<width$}  nemesis: {}\n", nemesis.name, first.trim_end_matches(['.', ':', ';']))
    };
    kinds + &catalogue.nemeses().map(nemesis).collect::<String>()
}

/// A nemesis with its parameters, and its file.
fn show_nemesis(nemesis: &Nemesis) -> String {
    let mut text = format!("{}\n{}\n\n", nemesis.name, nemesis.description.trim());
    for (name, about, is_needed) in &nemesis.parameters {
        let needed = if *is_needed { " (needed)" } else { "" };
        text.push_str(&format!("{name}{needed}: {about}\n"));
    }
    text.push_str(&format!("\n--- {}\n{}", nemesis.file, nemesis.text));
    text
}

fn nemesis_document(nemesis: &Nemesis) -> serde_json::Value {
    let parameter = |(name, about, is_needed): &(String, String, bool)| json!({ "name": name, "description": about, "needed": is_needed });
    json!({
        "nemesis": nemesis.name,
        "description": nemesis.description,
        "file": nemesis.file,
        "parameters": nemesis.parameters.iter().map(parameter).collect::<Vec<_>>(),
    })
}

/// The kind's file, preceded by where its values come from.
fn show(kind: &Kind) -> Result<String, Failure> {
    let mut text = format!("{}\n{}\n\n", kind.name, kind.description.trim());
    for figure in &kind.figures {
        let state = if figure.verified { "looked up" } else { "assumed" };
        text.push_str(&format!(
            "{} = {} {}\n    {state}, confidence {}: {}\n",
            figure.path,
            figure.value,
            figure.unit,
            confidence(figure),
            figure.source
        ));
        if let Some(note) = &figure.note {
            text.push_str(&format!("    {}\n", note.trim()));
        }
    }
    text.push_str(&format!("\n--- {}\n{}", kind.file, source(kind)?));
    Ok(text)
}

pub(super) fn confidence(figure: &crate::spec::Figure) -> String {
    let value = serde_json::to_value(figure.confidence).unwrap_or_default();
    value.as_str().unwrap_or("unknown").to_owned()
}

fn source(kind: &Kind) -> Result<String, Failure> {
    let embedded =
        kind.file.strip_prefix("catalogue/").and_then(|path| EMBEDDED.iter().find(|entry| entry.0 == path));
    match embedded {
        Some((_, text)) => Ok((*text).to_owned()),
        None => std::fs::read_to_string(&kind.file)
            .map_err(|error| Failure::file("read", std::path::Path::new(&kind.file), &error)),
    }
}

fn document(kind: &Kind) -> serde_json::Value {
    json!({
        "kind": kind.name,
        "description": kind.description,
        "extends": kind.extends,
        "file": kind.file,
        "figures": kind.figures,
    })
}
