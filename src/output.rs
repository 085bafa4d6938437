//! Files that appear whole or not at all.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::{Error, Result};

/// Writes `bytes` to `path` by way of a temporary file beside it: whoever looks finds the old file or the new one,
/// never half of one.
///
/// # Errors
/// [`Error::Io`] with the path.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes).map_err(|error| Error::io(path, error))?;
    file.finish()
}

/// A file being written, which takes its name when it is finished and leaves nothing behind when it is not.
///
/// What is no regular file, such as `/dev/null` or a named pipe, is written to directly.
#[derive(Debug)]
pub struct AtomicFile {
    path: PathBuf,
    target: Target,
}

#[derive(Debug)]
enum Target {
    Temporary(io::BufWriter<NamedTempFile>),
    Direct(io::BufWriter<std::fs::File>),
}

impl AtomicFile {
    /// Begins a file that will be `path`.
    ///
    /// # Errors
    /// [`Error::Io`] when `path` is a directory or its folder cannot be written to.
    pub fn create(path: &Path) -> Result<Self> {
        let fail = |error| Error::io(path, error);
        // A link stays a link: what it points to is replaced.
        let path_behind = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let target = match std::fs::metadata(&path_behind) {
            Ok(metadata) if metadata.is_dir() => {
                return Err(fail(io::Error::new(
                    io::ErrorKind::IsADirectory,
                    "is a directory; give a file name",
                )));
            }
            Ok(metadata) if !metadata.is_file() => {
                let file = std::fs::OpenOptions::new().write(true).open(&path_behind).map_err(fail)?;
                Target::Direct(io::BufWriter::new(file))
            }
            _ => {
                let folder = match path_behind.parent() {
                    Some(folder) if !folder.as_os_str().is_empty() => folder,
                    _ => Path::new("."),
                };
                Target::Temporary(io::BufWriter::new(temporary(folder).map_err(fail)?))
            }
        };
        Ok(AtomicFile { path: path_behind, target })
    }

    /// The file that is written to till then: what is to be deleted when there is no time to drop this.
    pub fn temporary_path(&self) -> Option<&Path> {
        match &self.target {
            Target::Temporary(file) => Some(file.get_ref().path()),
            Target::Direct(_) => None,
        }
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// [`Error::Io`] when the last bytes cannot be written or the name cannot be taken.
    pub fn finish(self) -> Result<()> {
        let fail = |error| Error::io(&self.path, error);
        match self.target {
            Target::Direct(mut file) => file.flush().map_err(fail),
            Target::Temporary(file) => {
                let file = file.into_inner().map_err(|error| fail(error.into_error()))?;
                file.as_file().sync_all().map_err(fail)?;
                file.persist(&self.path).map_err(|error| fail(error.error))?;
                Ok(())
            }
        }
    }
}

/// A temporary file with the permissions of an ordinary one.
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".tasnif-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.target {
            Target::Temporary(file) => file.write(bytes),
            Target::Direct(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Temporary(file) => file.flush(),
            Target::Direct(file) => file.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_file_leaves_the_old_one_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        write_atomically(&path, b"old").unwrap();
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        write_atomically(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_links_and_devices_devices() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        std::fs::write(&real, b"old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write_atomically(&link, b"new").unwrap();
        assert_eq!(std::fs::read(&real).unwrap(), b"new");
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        write_atomically(Path::new("/dev/null"), b"gone").unwrap();
    }
}
