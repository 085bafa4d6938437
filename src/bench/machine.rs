//! Where a measurement was taken, and how much memory it took.

use serde::{Deserialize, Serialize};

/// A machine and the versions of what ran on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor, as the system calls it.
    pub processor: String,
    /// Threads it runs at once.
    pub cores: usize,
    /// Operating system and architecture.
    pub system: String,
    /// Version of tasnif.
    pub tasnif: String,
    /// Version of the `tokenizers` crate that it asks for.
    pub tokenizers: String,
    /// Whether it was compiled without optimisation: then no figure means anything.
    pub debug: bool,
}

/// As `Cargo.toml` asks for it; a test holds the two together.
const TOKENIZERS: &str = "0.23.2";

impl Machine {
    /// This one.
    pub fn here() -> Machine {
        Machine {
            processor: processor(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            tasnif: env!("CARGO_PKG_VERSION").into(),
            tokenizers: TOKENIZERS.into(),
            debug: cfg!(debug_assertions),
        }
    }
}

fn processor() -> String {
    let told = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = told.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    field("model name").or_else(|| field("Model")).unwrap_or_else(|| "unknown processor".into())
}

/// Watches the memory of this process, where the system tells (Linux).
pub(super) struct Memory {
    before: Option<u64>,
}

impl Memory {
    /// Begins to watch: the peak so far is forgotten.
    pub(super) fn watch() -> Memory {
        // 5 resets the peak: proc_pid_clear_refs(5).
        let reset = std::fs::write("/proc/self/clear_refs", "5").is_ok();
        Memory { before: if reset { status("VmRSS:") } else { None } }
    }

    /// The most that was added since, in bytes.
    pub(super) fn added(&self) -> Option<u64> {
        Some(status("VmHWM:")?.saturating_sub(self.before?))
    }
}

/// A field of the status of this process, in bytes.
fn status(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_tokenizers_is_that_of_cargo_toml() {
        let manifest: toml::Table = include_str!("../../Cargo.toml").parse().unwrap();
        assert_eq!(manifest["dependencies"]["tokenizers"]["version"].as_str(), Some(TOKENIZERS));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn memory_that_was_taken_is_seen() {
        let seen = || {
            let memory = Memory::watch();
            let taken = vec![1u8; 64 << 20];
            let added = memory.added();
            assert!(taken.iter().map(|&byte| u64::from(byte)).sum::<u64>() > 0);
            added.is_none_or(|added| added > 1 << 20)
        };
        // Other tests run beside, and give back memory too: it must be seen once.
        assert!((0..10).any(|_| seen()));
    }
}
