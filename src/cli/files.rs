//! Files that appear complete or not at all.

use super::failure::Failure;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A file to be written later. Making one shows early whether it can be
/// written; unless it is filled, it leaves nothing behind.
#[derive(Debug)]
pub(super) struct PendingFile {
    path: PathBuf,
    part: PathBuf,
    file: std::fs::File,
}

impl PendingFile {
    /// Makes the folder and an empty file beside the target.
    pub(super) fn create(path: &Path) -> Result<Self, Failure> {
        if path.is_dir() {
            return Err(Failure::input(format!("cannot write {}: it is a folder", path.display())));
        }
        let failed = |error: std::io::Error| Failure::file("write", path, &error);
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let part = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
        let file = std::fs::File::create(&part).map_err(failed)?;
        Ok(Self { path: path.to_owned(), part, file })
    }

    /// Writes it and puts it in place.
    pub(super) fn fill(mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_all());
        written
            .and_then(|()| std::fs::rename(&self.part, &self.path))
            .map_err(|error| Failure::file("write", &self.path, &error))
    }

    /// Where it will be.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PendingFile {
    fn drop(&mut self) {
        // After it was put in place there is nothing left to remove.
        let _ = std::fs::remove_file(&self.part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_when_it_is_complete_and_leaves_no_traces_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let names = || std::fs::read_dir(folder.path().join("a")).unwrap().count();
        let path = folder.path().join("a/b.txt");
        drop(PendingFile::create(&path).unwrap());
        assert_eq!(names(), 0);
        let pending = PendingFile::create(&path).unwrap();
        assert!(!path.exists());
        pending.fill(b"whole").unwrap();
        assert_eq!((std::fs::read(&path).unwrap().as_slice(), names()), (b"whole".as_slice(), 1));
    }

    #[test]
    fn what_cannot_be_written_is_known_before_anything_is_run() {
        let folder = tempfile::tempdir().unwrap();
        assert!(PendingFile::create(folder.path()).is_err());
        std::fs::write(folder.path().join("file"), "").unwrap();
        let failure = PendingFile::create(&folder.path().join("file/below")).unwrap_err();
        assert!(failure.message.starts_with("cannot write "), "{}", failure.message);
    }
}
