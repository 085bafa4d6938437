//! Lint of labelled data: what in a data set will hurt whatever is trained or measured on it.
//!
//! Each check is a function from records to plain findings, which name records by their place:
//!
//! | | |
//! |---|---|
//! | [`find_twins`] | exact and near duplicates, those between training and test data, those with another label |
//! | [`out_of_fold()`], [`label_errors()`] | labels that a model which did not see them contradicts: confident learning |
//! | [`odd_text()`] | empty texts, broken encodings, control characters, mark-up, texts without a letter |
//! | [`length_outliers`], [`script_outliers`] | texts that are unlike all others |
//! | [`balance()`] | rare labels, labels spelt in two ways, labels of the test data alone |
//! | [`leaks()`] | other fields, and the length, that give the label away |
//!
//! [`Corpus`] reads files and keeps what findings are told by: file, line and the other fields. The command is
//! `tasnif check`.
//!
//! ```
//! use tasnif::curate::{OddText, find_twins, odd_text};
//! use tasnif::dataset::{Dataset, Example};
//!
//! let data: Dataset = [
//!     Example::new("The convoy reached the crossing on Tuesday morning.", "aid"),
//!     Example::new("Talks were broken off.", "talks"),
//!     Example::new("The convoy reached the crossing on Tuesday evening.", "strike"),
//! ]
//! .into_iter()
//! .collect();
//! let twins = find_twins(&data, data.len(), 0.5, |_, _| {})?;
//! assert_eq!((twins.near[0].record, twins.near[0].of), (2, 0));
//! assert_eq!(twins.conflicts.len(), 1, "one is labelled aid, the other strike");
//! assert_eq!(odd_text("Ø§Ù„Ø³Ù„Ø§Ù…"), Some(OddText::Mojibake));
//! # Ok::<(), tasnif::Error>(())
//! ```

mod balance;
mod columns;
mod corpus;
mod label_errors;
mod leaks;
mod mojibake;
mod odd_text;
mod out_of_fold;
mod outliers;
pub(crate) mod scripts;
mod twins;

pub use balance::{Balance, balance};
pub use columns::Column;
pub use corpus::{Corpus, Origin};
pub use label_errors::{Doubt, LabelErrors, label_errors};
pub use leaks::{Leak, leaks};
pub use odd_text::{OddText, odd_text};
pub use out_of_fold::{OutOfFold, out_of_fold};
pub use outliers::{LengthOutlier, ScriptOutlier, length_outliers, script_outliers};
pub use twins::{Twin, Twins, find_twins};
