//! Which files are meant: files as given, folders for what is in them.

use super::failure::Failure;
use crate::spec::{FileKind, file_kind};
use std::path::{Path, PathBuf};

/// Folders are searched this deeply.
const DEPTH_MAX: usize = 16;

/// Files as given; folders are replaced by the YAML files in them, in the order of their names,
/// as far as `keep` wants their kind. A file that cannot be read is kept, so that it is complained of.
pub(super) fn files(paths: &[PathBuf], keep: impl Fn(FileKind) -> bool) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            let mut inside = Vec::new();
            collect(path, 0, &mut inside)?;
            found.extend(inside.into_iter().filter(|file| file_kind(file).map_or(true, &keep)));
        } else {
            found.push(path.clone());
        }
    }
    Ok(found)
}

fn collect(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::file("read", folder, &error);
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(failed)?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            if depth < DEPTH_MAX {
                collect(&path, depth + 1, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            found.push(path);
        }
    }
    Ok(())
}
