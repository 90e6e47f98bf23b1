//! Files that appear complete or not at all.

use super::failure::Failure;
use super::terminal::print;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A file to be written later. Making one shows early whether it can be
/// written; unless it is filled, it leaves nothing behind.
#[derive(Debug)]
pub(super) struct PendingFile {
    path: PathBuf,
    place: Place,
}

/// Where the bytes go.
#[derive(Debug)]
enum Place {
    /// To a file beside the target, which then takes its name.
    Beside { part: PathBuf, file: File, target: PathBuf },
    /// Into something that is no file, such as a pipe or a device, and must stay what it is.
    Into,
    /// To standard output, in its turn.
    Output,
}

impl PendingFile {
    /// Makes the folder and an empty file beside the target.
    pub(super) fn create(path: &Path) -> Result<Self, Failure> {
        if path.is_dir() {
            return Err(Failure::input(format!("cannot write {}: it is a folder", path.display())));
        }
        let place = place(path).map_err(|error| Failure::file("write", path, &error))?;
        Ok(Self { path: path.to_owned(), place })
    }

    /// Writes it and puts it in place.
    pub(super) fn fill(mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = match &mut self.place {
            Place::Output => return print(&String::from_utf8_lossy(bytes)),
            Place::Into => {
                OpenOptions::new().append(true).open(&self.path).and_then(|mut file| file.write_all(bytes))
            }
            Place::Beside { part, file, target } => file
                .write_all(bytes)
                .and_then(|()| file.sync_all())
                .and_then(|()| std::fs::rename(part, target)),
        };
        written.map_err(|error| Failure::file("write", &self.path, &error))
    }

    /// Where it will be.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn place(path: &Path) -> std::io::Result<Place> {
    if path == Path::new("/dev/stdout") {
        return Ok(Place::Output);
    }
    // A link stays a link: what it leads to is replaced.
    let target = if path.is_symlink() && path.exists() { path.canonicalize()? } else { path.to_owned() };
    if target.exists() && !target.is_file() {
        return Ok(Place::Into);
    }
    if let Some(folder) = target.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let part = target.with_file_name(format!(".{name}.{}.part", std::process::id()));
    // Left by a killed process of the same number, or put there for us to follow.
    let _ = std::fs::remove_file(&part);
    let file = OpenOptions::new().write(true).create_new(true).open(&part)?;
    Ok(Place::Beside { part, file, target })
}

impl Drop for PendingFile {
    fn drop(&mut self) {
        if let Place::Beside { part, .. } = &self.place {
            // After it was put in place there is nothing left to remove.
            let _ = std::fs::remove_file(part);
        }
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

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_a_pipe_a_pipe() {
        use std::os::unix::fs::FileTypeExt;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "old").unwrap();
        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        PendingFile::create(&at("link")).unwrap().fill(b"new").unwrap();
        assert!(at("link").is_symlink());
        assert_eq!(std::fs::read(at("file")).unwrap(), b"new");
        assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        let mut reader = std::process::Command::new("cat");
        let reader = reader.arg(at("pipe")).stdout(std::process::Stdio::piped()).spawn().unwrap();
        PendingFile::create(&at("pipe")).unwrap().fill(b"through").unwrap();
        assert_eq!(reader.wait_with_output().unwrap().stdout, b"through");
        assert!(std::fs::metadata(at("pipe")).unwrap().file_type().is_fifo(), "as a device stays a device");
    }
}
