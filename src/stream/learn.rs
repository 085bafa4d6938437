//! One block: shuffled, turned into rows ahead of the learner, and learned row by row.

use rayon::prelude::*;

use super::block::Block;
use crate::classify::online::{Foresight, Learner, OnlineValidParams};
use crate::error::Result;
use crate::features::csr::Csr;
use crate::features::vectorizer::{Scratch, Vectorizer};

/// Records that are turned into rows while those before them are learned.
const AHEAD: usize = 2048;
/// Records of one task.
const TASK: usize = 128;

/// Learns the records of block number `number`. What is learned does not depend on the number of threads: only the rows are
/// made in parallel, the learner sees them one by one.
pub(super) fn learn(
    block: &Block,
    number: u64,
    params: &OnlineValidParams,
    vectorizer: &Vectorizer,
    learner: &mut Learner,
    foresight: &mut Foresight,
) -> Result<()> {
    for pass in 0..params.passes() {
        let order = params.order(number, pass, block.len());
        // What was learned before is no surprise.
        let mut hindsight = Foresight::default();
        let foresight = if pass == 0 { &mut *foresight } else { &mut hindsight };
        let mut pieces = order.chunks(AHEAD).peekable();
        let mut rows = rows(block, pieces.peek().copied().unwrap_or_default(), vectorizer)?;
        while let Some(piece) = pieces.next() {
            let next = pieces.peek().copied().unwrap_or_default();
            let (learned, ahead) = rayon::join(
                || {
                    let mut rows = rows.iter().flat_map(Csr::iter);
                    piece.iter().zip(&mut rows).try_for_each(|(&record, row)| {
                        let (class, weight) =
                            (block.classes[record as usize], block.weights[record as usize]);
                        learner.learn(row, class as usize, weight, params.rate(), foresight)
                    })
                },
                || self::rows(block, next, vectorizer),
            );
            learned?;
            rows = ahead?;
        }
    }
    Ok(())
}

/// The rows of these records, some in each matrix.
fn rows(block: &Block, records: &[u32], vectorizer: &Vectorizer) -> Result<Vec<Csr>> {
    let task = |records: &[u32]| {
        let (mut rows, mut scratch) = (Csr::new(vectorizer.width()), Scratch::default());
        for &record in records {
            vectorizer.row(block.text(record as usize), &mut scratch)?;
            rows.push_sorted(&scratch.columns, &scratch.values);
        }
        Ok(rows)
    };
    let parts: Vec<Result<Csr>> = records.par_chunks(TASK).map(task).collect();
    parts.into_iter().collect()
}
