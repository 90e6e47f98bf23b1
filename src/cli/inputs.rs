//! From paths and options to plans, with everything wrong shown at once.

use super::args::InputArgs;
use super::diagnostics::{self, Said};
use super::failure::Failure;
use super::terminal::Terminal;
use crate::diag::{Diag, Severity};
use crate::plan::{Plan, resolve};
use crate::spec::{
    Catalogue, FileKind, Input, LoadError, LoadOptions, Sources, file_kind, load_scenario, load_topology,
};
use std::path::{Path, PathBuf};

/// The warning that nothing arrives.
const NO_LOAD: &str = "W203";

/// A scenario that is ready to run.
#[derive(Debug)]
pub(super) struct Ready {
    /// Its file.
    pub(super) path: PathBuf,
    /// What it means.
    pub(super) plan: Plan,
    /// Texts of the files read.
    pub(super) sources: Sources,
}

/// A file that was looked at: what it says, if it can be read, and everything found.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) found: Option<(Input, Plan)>,
    pub(super) diags: Vec<Diag>,
    pub(super) sources: Sources,
}

/// The embedded kinds and those of the user's folders.
pub(super) fn catalogue(folders: &[PathBuf], terminal: &Terminal) -> Result<Catalogue, Failure> {
    let mut catalogue = Catalogue::embedded();
    for folder in folders {
        if let Err(diags) = catalogue.add_folder(folder) {
            diagnostics::show(&diags, &texts_of(&diags), terminal);
            return Err(Failure::told());
        }
    }
    Ok(catalogue)
}

/// The texts of the files that diagnostics are about, as far as they can be read.
pub(super) fn texts_of(diags: &[Diag]) -> Sources {
    let files = diags.iter().filter_map(|diag| diag.at.as_ref()).map(|at| at.file.clone());
    files.filter_map(|file| Some((file.clone(), std::fs::read_to_string(file).ok()?))).collect()
}

/// Loads and resolves scenarios. When any of them is wrong, everything wrong is shown and none is given.
pub(super) fn ready(paths: &[PathBuf], args: &InputArgs, terminal: &Terminal) -> Result<Vec<Ready>, Failure> {
    let catalogue = catalogue(&args.catalogue, terminal)?;
    paths.iter().try_for_each(|path| expect_scenario(path))?;
    let (mut all, mut diags, mut sources) = (Vec::new(), Vec::new(), Sources::new());
    let mut said = Said::default();
    for path in paths {
        let mut looked = look(path, FileKind::Scenario, &catalogue, args);
        said.keep_new(&mut looked.diags, |_| true);
        diags.extend(looked.diags);
        sources.extend(looked.sources.clone());
        if let Some((_, plan)) = looked.found {
            all.push(Ready { path: path.clone(), plan, sources: looked.sources });
        }
    }
    diagnostics::show(&diags, &sources, terminal);
    if all.len() < paths.len() { Err(Failure::told()) } else { Ok(all) }
}

/// Refuses what is clearly something else, which would be missing every key of a scenario.
/// What cannot be read is complained of with everything else.
fn expect_scenario(path: &Path) -> Result<(), Failure> {
    let (what, help) = match file_kind(path) {
        Ok(FileKind::Topology) => ("a topology", "name a scenario over it"),
        Ok(FileKind::Kind) => ("a kind", "name a scenario over a topology that uses it"),
        Ok(FileKind::Scenario) | Err(_) => return Ok(()),
    };
    Err(Failure::input(format!(
        "{} is {what}, not a scenario: {help} (`shakedown init` writes one to start from)",
        path.display()
    )))
}

/// Loads and resolves one file.
pub(super) fn look(path: &Path, kind: FileKind, catalogue: &Catalogue, args: &InputArgs) -> Looked {
    let options = options(args);
    let loaded = match kind {
        FileKind::Topology => load_topology(path, catalogue, &options),
        _ => load_scenario(path, catalogue, &options),
    };
    let input = match loaded {
        Ok(input) => input,
        Err(LoadError { mut diags, sources, rest }) => {
            let meaning = rest.and_then(|rest| resolve(&rest).err()).unwrap_or_default();
            diags.extend(meaning.into_iter().filter(|diag| diag.severity == Severity::Error));
            return Looked { found: None, diags, sources };
        }
    };
    let sources = input.sources.clone();
    let (plan, mut diags) = match resolve(&input) {
        Ok((plan, diags)) => (Some(plan), diags),
        Err(diags) => (None, diags),
    };
    // A topology by itself has no load, and that is no mistake.
    diags.retain(|diag| kind != FileKind::Topology || diag.code != NO_LOAD);
    Looked { found: plan.map(|plan| (input, plan)), diags, sources }
}

/// What kind of file it is; shows why when it cannot be read.
pub(super) fn kind_of(path: &Path, terminal: &Terminal) -> Result<FileKind, Failure> {
    file_kind(path).map_err(|error| {
        diagnostics::show(&error.diags, &error.sources, terminal);
        Failure::told()
    })
}

fn options(args: &InputArgs) -> LoadOptions {
    let mut sets = args.sets.clone();
    // The seed goes the way of all values: draws made while resolving depend on it, too.
    sets.extend(args.seed.map(|seed| ("seed".to_owned(), seed.to_string())));
    LoadOptions { environment: args.environment.clone(), sets }
}
