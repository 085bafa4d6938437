//! `--follow`: a file that grows, read as `tail -F` reads it: what is there, then what is added, also after it was cut short or
//! another file took its name.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

/// Between two looks at a file that did not grow.
const PAUSE: Duration = Duration::from_millis(200);
/// Bytes that are read at once.
const READ: usize = 1 << 17;

/// The lines of a growing file.
pub struct Following<'a> {
    path: &'a Path,
    file: Option<File>,
    /// Bytes of the file that were read.
    position: u64,
    /// The start of a line whose end is not there yet.
    rest: Vec<u8>,
}

impl<'a> Following<'a> {
    pub fn new(path: &'a Path) -> Self {
        Following { path, file: None, position: 0, rest: Vec::new() }
    }

    /// The next whole lines; waits for them. A file that is not there is waited for too.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn next(&mut self) -> io::Result<Vec<u8>> {
        loop {
            let Some(file) = &mut self.file else {
                match File::open(self.path) {
                    Ok(file) => (self.file, self.position) = (Some(file), 0),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => std::thread::sleep(PAUSE),
                    Err(error) => return Err(error),
                }
                continue;
            };
            let before = self.rest.len();
            let read = file.by_ref().take(READ as u64).read_to_end(&mut self.rest)?;
            self.position += read as u64;
            if let Some(end) = memchr::memrchr(b'\n', &self.rest[before..]) {
                let rest = self.rest.split_off(before + end + 1);
                return Ok(std::mem::replace(&mut self.rest, rest));
            }
            if read > 0 {
                continue;
            }
            if self.is_over()? {
                self.file = None;
                // What another file begins with does not belong to it.
                if !self.rest.is_empty() {
                    self.rest.push(b'\n');
                    return Ok(std::mem::take(&mut self.rest));
                }
                continue;
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Whether the file was cut short, or has lost its name to another.
    fn is_over(&self) -> io::Result<bool> {
        let Some(file) = &self.file else { return Ok(true) };
        let open = file.metadata()?;
        match std::fs::metadata(self.path) {
            Ok(named) => Ok(open.len() < self.position || !is_same(&open, &named)),
            // Between two files of that name there may be none; the open one may still grow.
            Err(_) => Ok(false),
        }
    }
}

#[cfg(unix)]
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    a.created().ok() == b.created().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn lines_come_whole_and_a_new_file_of_the_name_is_read_from_its_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut file = File::create(&path).unwrap();
        file.write_all(b"one\ntw").unwrap();
        let mut following = Following::new(&path);
        assert_eq!(following.next().unwrap(), b"one\n");
        file.write_all(b"o\nthree").unwrap();
        assert_eq!(following.next().unwrap(), b"two\n");
        std::fs::rename(&path, folder.path().join("log.1")).unwrap();
        std::fs::write(&path, b"new\n").unwrap();
        assert_eq!(following.next().unwrap(), b"three\n");
        assert_eq!(following.next().unwrap(), b"new\n");
        // Cut short and written anew in place.
        std::fs::write(&path, b"x\n").unwrap();
        assert_eq!(following.next().unwrap(), b"x\n");
    }
}
