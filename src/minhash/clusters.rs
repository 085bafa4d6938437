//! Near duplicates put together.

use super::near_duplicates;
use crate::Result;

/// The cluster of each text: two texts are in one if a chain of [`near_duplicates`] joins them.
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
    let mut parents: Vec<usize> = (0..texts.len()).collect();
    for pair in near_duplicates(texts, threshold)? {
        let (a, b) = (root(&mut parents, pair.a), root(&mut parents, pair.b));
        // The smaller root stays one, so in the end a root is the smallest index of its cluster.
        parents[a.max(b)] = a.min(b);
    }
    Ok((0..texts.len()).map(|text| root(&mut parents, text)).collect())
}

/// The root of `text`, its path halved on the way (Tarjan and van Leeuwen 1984).
fn root(parents: &mut [usize], mut text: usize) -> usize {
    while parents[text] != text {
        parents[text] = parents[parents[text]];
        text = parents[text];
    }
    text
}
