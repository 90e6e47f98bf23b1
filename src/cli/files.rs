//! Files that appear complete or not at all.

use super::failure::Failure;
use super::terminal::print;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Unfinished files of one process for one target.
const PARTS_MAX: u32 = 100;

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
    let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    remove_abandoned(&target, &name);
    // Another of our own may be pending for the same target, or a process of this number on another machine.
    for number in 0..PARTS_MAX {
        let part = target.with_file_name(format!(".{name}.{}-{number}.part", std::process::id()));
        let file = match OpenOptions::new().write(true).create_new(true).open(&part) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            file => file?,
        };
        // Whoever clears up may have been faster: then this one is gone, or about to be.
        if !matches!(file.try_lock(), Err(TryLockError::WouldBlock)) && part.exists() {
            return Ok(Place::Beside { part, file, target });
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Removes what processes that were killed left beside a target. Whoever still writes holds a lock, which ends with
/// the process; where the file system has no locks nothing is removed.
fn remove_abandoned(target: &Path, name: &str) {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (start, end) = (format!(".{name}."), ".part");
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let other = entry.file_name();
        let is_part = other.to_str().and_then(|other| other.strip_prefix(&start)?.strip_suffix(end));
        let is_ours = is_part.is_some_and(|part| part.bytes().all(|b| b.is_ascii_digit() || b == b'-'));
        if !is_ours || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let file = OpenOptions::new().write(true).open(entry.path());
        // Removed while the lock is held, so that nobody can have begun to write it meanwhile.
        if let Ok(file) = file
            && file.try_lock().is_ok()
        {
            let _ = std::fs::remove_file(entry.path());
        }
    }
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
    fn what_a_killed_process_left_goes_and_what_another_is_writing_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.html");
        for left in [
            ".report.html.17.part",
            ".report.html.17-0.part",
            ".report.html.mine.part",
            ".other.html.17-0.part",
        ] {
            std::fs::write(folder.path().join(left), "half").unwrap();
        }
        let first = PendingFile::create(&path).unwrap();
        let second = PendingFile::create(&path).unwrap();
        let mut names: Vec<String> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.contains(&std::process::id().to_string()))
            .collect();
        names.sort_unstable();
        assert_eq!(names, [".other.html.17-0.part", ".report.html.mine.part"]);
        first.fill(b"first").unwrap();
        second.fill(b"second").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
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
