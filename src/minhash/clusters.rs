//! Near duplicates put together.

use super::pairs::visit_near_duplicates;
use crate::Result;
use crate::disjoint::DisjointSets;

/// The cluster of each text: two texts are in one if a chain of [`near_duplicates`](super::near_duplicates) joins them.
///
/// A cluster goes by the smallest index of its texts, so a text on its own has its own index. Give
/// the ids to a split as groups, and no text of the test data has a copy in the training data.
///
/// # Errors
/// If `threshold` is not between 0.1 and 1.
///
/// ```
/// use tasnif::minhash::clusters;
///
/// let texts = ["no change", "a new round of talks", "no change", "no change"];
/// assert_eq!(clusters(&texts, 0.9)?, [0, 1, 0, 0]);
/// # Ok::<(), tasnif::Error>(())
/// ```
pub fn clusters(texts: &[impl AsRef<str> + Sync], threshold: f64) -> Result<Vec<usize>> {
    let mut sets = DisjointSets::new(texts.len());
    visit_near_duplicates(texts, threshold, |pair| sets.join(pair.a, pair.b), |_, _| {})?;
    Ok(sets.into_roots())
}
