//! `check`: says everything that is wrong with files, without running them.

use super::args::InputArgs;
use super::diagnostics::{self, Said, is_about};
use super::exit::Exit;
use super::failure::Failure;
use super::inputs::{self, Looked};
use super::selection;
use super::terminal::{Terminal, print};
use crate::diag::{Diag, Severity};
use crate::spec::{Catalogue, FileKind, Sources, file_kind};
use clap::{Args, ValueEnum};
use serde_json::json;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  shakedown check scenarios topologies
  shakedown check scenarios/black-friday.yaml --env staging
  shakedown check . --format github    # annotations in a pull request";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CheckArgs {
    /// Scenarios, topologies or kinds, told apart by their keys; or folders of them.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    inputs: InputArgs,
    /// How to print what is found.
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    format: CheckFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// Workflow commands, which become annotations of a pull request.
    Github,
}

struct Checked {
    path: PathBuf,
    kind: Option<FileKind>,
    is_clean: bool,
    diags: Vec<Diag>,
}

pub(super) fn run(args: &CheckArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    let paths = selection::files(&args.files, |_| true)?;
    if paths.is_empty() {
        return Err(Failure {
            exit: Exit::NothingSelected,
            message: "no file among what was named".to_owned(),
        });
    }
    let catalogue = inputs::catalogue(&args.inputs.catalogue, terminal)?;
    let mut sources = Sources::new();
    let mut checked: Vec<Checked> =
        paths.iter().map(|path| check(path, &catalogue, &args.inputs, &mut sources)).collect();
    say_once(&mut checked);
    let diags: Vec<Diag> = checked.iter().flat_map(|file| file.diags.clone()).collect();
    match args.format {
        CheckFormat::Text => {
            diagnostics::show(&diags, &sources, terminal);
            let clean = checked.iter().filter(|file| file.is_clean);
            print(&clean.map(|file| format!("ok  {}\n", file.path.display())).collect::<String>())?;
        }
        CheckFormat::Json => print(&document(&checked))?,
        CheckFormat::Github => print(&diags.iter().map(annotation).collect::<String>())?,
    }
    let is_wrong = diags.iter().any(|diag| diag.severity == Severity::Error);
    Ok(if is_wrong { Exit::BadInput } else { Exit::Pass })
}

fn check(path: &Path, catalogue: &Catalogue, args: &InputArgs, sources: &mut Sources) -> Checked {
    let path = path.to_owned();
    let kind = match file_kind(&path) {
        Ok(kind) => kind,
        Err(error) => {
            sources.extend(error.sources);
            return Checked { path, kind: None, is_clean: false, diags: error.diags };
        }
    };
    let diags = if kind == FileKind::Kind {
        let diags = catalogue.clone().add_file(&path).err().unwrap_or_default();
        sources.extend(inputs::texts_of(&diags));
        diags
    } else {
        let Looked { diags, sources: read, .. } = inputs::look(&path, kind, catalogue, args);
        sources.extend(read);
        diags
    };
    Checked { path, kind: Some(kind), is_clean: diags.is_empty(), diags }
}

/// Leaves each diagnostic with the file that it is about, if that was named, else with the first
/// that led to it: a topology is read again for every scenario over it.
fn say_once(checked: &mut [Checked]) {
    let mut said = Said::default();
    for is_own in [true, false] {
        for Checked { path, diags, .. } in &mut *checked {
            said.keep_new(diags, |diag| is_about(diag, path) == is_own);
        }
    }
}

fn document(checked: &[Checked]) -> String {
    let files: Vec<_> = checked
        .iter()
        .map(|file| json!({ "file": file.path, "kind": file.kind.map(word), "diagnostics": file.diags }))
        .collect();
    let count = |severity| {
        checked.iter().flat_map(|file| &file.diags).filter(|diag| diag.severity == severity).count()
    };
    let whole =
        json!({ "errors": count(Severity::Error), "warnings": count(Severity::Warning), "files": files });
    format!("{whole:#}\n")
}

fn word(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Topology => "topology",
        FileKind::Scenario => "scenario",
        FileKind::Kind => "kind",
    }
}

/// `::error file=F,line=1,col=2,title=E101::message`.
fn annotation(diag: &Diag) -> String {
    let level = match diag.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let place = diag.at.as_ref().map_or(String::new(), |at| {
        let mut place = format!("file={},", property(&at.file));
        if at.line > 0 {
            place.push_str(&format!("line={},col={},", at.line, at.column));
        }
        place
    });
    let help = diag.help.as_ref().map_or(String::new(), |help| format!("\n{help}"));
    format!("::{level} {place}title={}::{}\n", property(diag.code), data(&format!("{}{help}", diag.message)))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Location;

    #[test]
    fn annotations_stay_on_one_line_and_cannot_be_forged() {
        let at = Location { file: "a,b:c.yaml".into(), line: 3, column: 5, length: 1 };
        let diag = Diag::warning("W201", "100% odd\n::error::no").at(at).help("try\r\nthis");
        assert_eq!(
            annotation(&diag),
            "::warning file=a%2Cb%3Ac.yaml,line=3,col=5,title=W201::100%25 odd%0A::error::no%0Atry%0D%0Athis\n"
        );
        assert_eq!(annotation(&Diag::error("E1", "x")), "::error title=E1::x\n");
    }
}
