//! What a user names, a file, a folder or a pattern, as files in a fixed order.

use std::io;
use std::path::{Path, PathBuf};

use super::Format;
use crate::error::{Error, Result};

/// The files that `paths` name, in order. A folder stands for the files in it and in its folders, sorted by name, but for hidden
/// ones; of a folder, only files whose name tells their format are taken, all of them when a format is given. What
/// names no file but has `*`, `?` or `[` in it is a pattern. `-` stays what it is.
///
/// # Errors
/// [`Error::Io`] for what is not there or cannot be listed, and for a folder or a pattern without files.
pub fn expand<P: AsRef<Path>>(
    paths: impl IntoIterator<Item = P>,
    format: Option<Format>,
) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        let path = path.as_ref();
        if path.as_os_str() == "-" {
            files.push(path.to_owned());
            continue;
        }
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                let before = files.len();
                list(path, format, &mut files)?;
                if files.len() == before {
                    let what = match format {
                        Some(_) => "is a directory without files",
                        None => {
                            "is a directory without files whose names tell their format; give --input-format to take them all"
                        }
                    };
                    return Err(Error::io(path, io::Error::new(io::ErrorKind::IsADirectory, what)));
                }
            }
            Ok(_) => files.push(path.to_owned()),
            Err(error) => match path.to_str().filter(|text| text.contains(['*', '?', '['])) {
                Some(pattern) => matching(path, pattern, format, &mut files)?,
                None => return Err(Error::io(path, error)),
            },
        }
    }
    Ok(files)
}

/// Adds the files of a folder, and of those in it.
fn list(folder: &Path, format: Option<Format>, files: &mut Vec<PathBuf>) -> Result<()> {
    let fail = |error| Error::io(folder, error);
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            entries.push(entry.path());
        }
    }
    entries.sort_unstable();
    for path in entries {
        // A link that leads to itself is no file; one that leads to a folder is not followed, for it may lead back here.
        let Ok(metadata) = std::fs::symlink_metadata(&path) else { continue };
        if metadata.is_dir() {
            list(&path, format, files)?;
        } else if path.is_file() && (format.is_some() || Format::of(&path).is_ok()) {
            files.push(path);
        }
    }
    Ok(())
}

/// Adds what a pattern matches.
fn matching(path: &Path, pattern: &str, format: Option<Format>, files: &mut Vec<PathBuf>) -> Result<()> {
    // As in a shell, hidden files have to be asked for.
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
    let found = glob::glob_with(pattern, options)
        .map_err(|error| Error::Parameter(format!("{pattern}: not a pattern: {error}")))?
        .collect::<Result<Vec<PathBuf>, _>>()
        .map_err(|error| Error::io(error.path(), io::Error::new(error.error().kind(), error.to_string())))?;
    if found.is_empty() {
        return Err(Error::io(path, io::Error::new(io::ErrorKind::NotFound, "no file has such a name")));
    }
    for path in found {
        if path.is_dir() { list(&path, format, files)? } else { files.push(path) }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_patterns_are_files_in_a_fixed_order() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir(root.join("b")).unwrap();
        for name in ["c.txt", "a.jsonl.gz", "b/z.csv", "b/y.tsv", "notes.doc", ".hidden.txt"] {
            std::fs::write(root.join(name), b"x").unwrap();
        }
        let names = |paths: &[PathBuf], format| -> Vec<String> {
            let files = expand(paths, format).unwrap();
            files.iter().map(|path| path.strip_prefix(root).unwrap().display().to_string()).collect()
        };
        let all = [root.to_owned()];
        assert_eq!(names(&all, None), ["a.jsonl.gz", "b/y.tsv", "b/z.csv", "c.txt"]);
        assert_eq!(names(&all, Some(Format::Lines)).len(), 5);
        assert_eq!(names(&[root.join("*.t*"), root.join("c.txt")], None), ["c.txt", "c.txt"]);
        assert_eq!(expand(["-"], None).unwrap(), [PathBuf::from("-")]);
        let none = expand([root.join("q*.txt")], None).unwrap_err().to_string();
        assert!(none.contains("q*.txt: no file has such a name"), "{none}");
        std::fs::create_dir(root.join("empty")).unwrap();
        assert!(
            expand([root.join("empty")], None)
                .unwrap_err()
                .to_string()
                .contains("is a directory without files")
        );
        assert!(expand([root.join("gone.txt")], None).is_err());
    }
}
