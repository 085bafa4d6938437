//! `--watch`: each file that appears in a folder is labelled into a file of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, ensure};
use tasnif::dataset::expand;

use super::interrupt::Interrupt;
use super::{Args, Destination, Kit, OutputFormat};

/// Between two looks at the folder. A file is complete when it has not changed from one to the next.
const PAUSE: Duration = Duration::from_millis(500);

/// Size and last change.
type Stamp = (u64, Option<SystemTime>);

/// Labels files as they come, until it is interrupted.
///
/// # Errors
/// For folders that cannot be read or written to. A file that cannot be labelled is told of, and tried again when it changes.
pub fn watch(kit: &Kit<'_>, folder: &Path) -> anyhow::Result<()> {
    let args: &Args = kit.args;
    let Some(results) = &args.output else {
        anyhow::bail!("--watch needs --output FOLDER, for the labelled files")
    };
    std::fs::create_dir_all(results).with_context(|| results.display().to_string())?;
    let real = |path: &Path| std::fs::canonicalize(path).with_context(|| path.display().to_string());
    ensure!(
        !real(results)?.starts_with(real(folder)?),
        "--output {}: give a folder outside the one that is watched, or its files would be labelled too",
        results.display()
    );
    let format = args.output_format.unwrap_or(OutputFormat::Jsonl);
    let interrupt = Interrupt::default();
    interrupt.listen(0, "")?;
    // How each file looked when it was seen last, and when it was last labelled or refused.
    let (mut seen, mut done) = (BTreeMap::<PathBuf, Stamp>::new(), BTreeMap::<PathBuf, Stamp>::new());
    loop {
        let mut now = BTreeMap::new();
        for path in files(folder, args)? {
            // A file may be gone again.
            let Ok(metadata) = std::fs::metadata(&path) else { continue };
            let stamp = (metadata.len(), metadata.modified().ok());
            let is_complete = seen.get(&path) == Some(&stamp);
            now.insert(path.clone(), stamp);
            if !is_complete || done.get(&path) == Some(&stamp) {
                continue;
            }
            let is_changed = done.insert(path.clone(), stamp).is_some();
            let name = path.strip_prefix(folder).unwrap_or(&path);
            let mut output = results.join(name).into_os_string();
            output.push(format!(".{}", format.extension()));
            let output = PathBuf::from(output);
            // Labelled by an earlier run, from the same or an older file.
            let is_newer = |earlier: SystemTime| stamp.1.is_none_or(|changed| changed > earlier);
            let labelled = std::fs::metadata(&output).and_then(|found| found.modified());
            if !is_changed && labelled.is_ok_and(|time| !is_newer(time)) {
                continue;
            }
            if let Some(parent) = output.parent() {
                std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
            }
            let destination = Destination { path: Some(output.clone()), format, compression: None };
            match kit.run(vec![path.clone()], destination, &interrupt) {
                Ok(()) if args.quiet => {}
                Ok(()) => eprintln!("{} -> {}", path.display(), output.display()),
                Err(error) => eprintln!("error: {error:#}"),
            }
        }
        done.retain(|path, _| now.contains_key(path));
        seen = now;
        std::thread::sleep(PAUSE);
    }
}

/// The files in the folder now.
fn files(folder: &Path, args: &Args) -> anyhow::Result<Vec<PathBuf>> {
    match expand([folder], args.input.input_format) {
        Ok(files) => Ok(files),
        // Nothing there yet.
        Err(tasnif::Error::Io { error, .. }) if error.kind() == std::io::ErrorKind::IsADirectory => {
            Ok(Vec::new())
        }
        Err(error) => Err(error.into()),
    }
}
