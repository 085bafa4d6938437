//! Ctrl-C, and what else asks a program to end: nothing half-written stays behind.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;

/// The exit code of shells for a command that Ctrl-C ended.
pub const INTERRUPTED: i32 = 130;

/// How long a write that is under way may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is to be done before the end.
#[derive(Clone, Default)]
pub struct Interrupt {
    temporaries: Arc<Mutex<Vec<PathBuf>>>,
    writing: Arc<Mutex<()>>,
}

impl Interrupt {
    /// From now on, an interrupted process deletes its temporary files, says `message` and ends with `code`.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn listen(&self, code: i32, message: &'static str) -> anyhow::Result<()> {
        let interrupt = self.clone();
        ctrlc::set_handler(move || {
            // A record that is being written is written to its end.
            let start = Instant::now();
            let _writing = loop {
                match interrupt.writing.try_lock() {
                    Ok(guard) => break Some(guard),
                    Err(_) if start.elapsed() > PATIENCE => break None,
                    Err(_) => std::thread::sleep(Duration::from_millis(5)),
                }
            };
            for path in lock(&interrupt.temporaries).iter() {
                let _ = std::fs::remove_file(path);
            }
            if !message.is_empty() {
                eprintln!("{message}");
            }
            std::process::exit(code);
        })
        .context("cannot listen for Ctrl-C")
    }

    /// The files to delete.
    pub fn set_temporaries(&self, paths: Vec<PathBuf>) {
        *lock(&self.temporaries) = paths;
    }

    /// Held while records are written.
    pub fn writing(&self) -> MutexGuard<'_, ()> {
        lock(&self.writing)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
