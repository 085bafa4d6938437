//! Texts that nobody writes, and that a quadratic step would choke on.

use serde::{Deserialize, Serialize};

use super::contender::Contender;
use super::measure::{Entry, timed};
use crate::error::Result;
use crate::random::SplitMix64;

/// Bytes of each input: every one four times the one before.
const SIZES: [usize; 3] = [1 << 16, 1 << 18, 1 << 20];
/// A size is left out when a quadratic contender would need longer, in seconds.
const PATIENCE: f64 = 60.0;
/// Time grows as size to this power or more: quadratic is 2, sorting hardly above 1.
const STEEP: f64 = 1.6;
/// Shorter times are too noisy to judge, in seconds.
const JUDGED: f64 = 0.005;
/// Runs of each size, of which the fastest counts.
const RUNS: usize = 3;

/// One contender on one adversarial input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StressRow {
    /// What the input is.
    pub input: String,
    /// The contender.
    pub name: String,
    /// Bytes of each size.
    pub bytes: Vec<usize>,
    /// Seconds for each size; nothing for one that was left out because it would take minutes.
    pub seconds: Vec<Option<f64>>,
    /// The power of the size that the time grows with, between the two largest sizes that were run.
    pub exponent: f64,
    /// Whether that is steeper than sorting.
    pub steep: bool,
}

/// Every contender on every input, in the pool this runs in.
pub(super) fn run(contenders: &[Contender], entries: &[Entry<'_>]) -> Result<Vec<StressRow>> {
    let mut rows = Vec::new();
    for (input, make) in INPUTS {
        for (contender, entry) in contenders.iter().zip(entries) {
            let mut seconds: Vec<Option<f64>> = Vec::new();
            for size in SIZES {
                let before = seconds.last().copied();
                if before.is_some_and(|before| before.is_none_or(|before| before * 16.0 > PATIENCE)) {
                    seconds.push(None);
                    continue;
                }
                let text = make(size);
                let mut best = f64::INFINITY;
                for _ in 0..RUNS {
                    best = best.min(timed(|| entry.loaded.run(&[&text]))?.1);
                    if best > PATIENCE / 16.0 {
                        break;
                    }
                }
                seconds.push(Some(best));
            }
            let run: Vec<f64> = seconds.iter().flatten().copied().collect();
            let exponent = match run[..] {
                [.., a, b] => (b / a.max(1e-9)).log(4.0),
                _ => 2.0,
            };
            let steep = exponent > STEEP && run.last().is_some_and(|&last| last > JUDGED);
            rows.push(StressRow {
                input: input.into(),
                name: contender.name(),
                bytes: SIZES.to_vec(),
                seconds,
                exponent,
                steep,
            });
        }
    }
    Ok(rows)
}

/// A name, and the text of a size in bytes.
type Input = (&'static str, fn(usize) -> String);

/// The inputs, all of which can be made to any size.
const INPUTS: [Input; 7] = [
    ("one word without a space", |size| fill(size, ["قصف", "الم", "دين", "ة"])),
    ("one letter", |size| fill(size, ["ا"])),
    ("vowel marks", |size| fill(size, ["\u{64E}", "\u{651}", "\u{652}"])),
    ("marks that compose", |size| fill(size, ["\u{301}", "\u{323}", "\u{653}"])),
    ("emoji", |size| fill(size, ["😀", "👩🏽\u{200D}🚀", "🇵🇸"])),
    ("white space", |size| fill(size, [" ", "\t", "\u{A0}"])),
    ("random bytes made valid", random),
];

fn fill<const N: usize>(size: usize, parts: [&str; N]) -> String {
    let mut text = String::with_capacity(size + 32);
    // Not in turn: a text that repeats itself is kinder than it looks.
    let mut random = SplitMix64::new(0);
    while text.len() < size {
        text.push_str(parts[random.below(N)]);
    }
    text
}

fn random(size: usize) -> String {
    let mut random = SplitMix64::new(1);
    let bytes: Vec<u8> = (0..size).map(|_| random.next_u64() as u8).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_have_their_size_and_no_line_end() {
        for (name, make) in INPUTS {
            let text = make(10_000);
            assert!((10_000..40_000).contains(&text.len()), "{name}: {}", text.len());
            assert!(name.starts_with("random") || !text.contains('\n'), "{name}");
            assert_eq!(text, make(10_000), "{name}");
        }
    }
}
