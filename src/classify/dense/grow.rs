//! linfa's decision trees, grown so that the same data always give the same trees.

use linfa::traits::{Fit, PredictInplace};
use linfa::{DatasetBase, Error as LinfaError, ParamGuard};
use linfa_trees::{DecisionTree, DecisionTreeValidParams, SplitQuality, TreeNode};
use ndarray::{Array1, Array2, ArrayView2};
use rayon::prelude::*;

use super::matrix::Matrix;
use super::tree::{SplitCriterion, Tree, Trees};
use crate::error::{Error, Result};

/// linfa counts in `f32`: whole numbers up to 2²⁴ are exact.
const MAX_RECORDS: usize = 1 << 24;

/// Grows one tree an output. It is also what linfa's ensembles take for their base learner.
#[derive(Debug, Clone)]
pub(super) struct Grower {
    params: DecisionTreeValidParams<f64, bool>,
    outputs: usize,
}

impl Grower {
    pub(super) fn new(
        matrix: &Matrix,
        depth: usize,
        min_leaf: usize,
        criterion: SplitCriterion,
    ) -> Result<Self> {
        let records = matrix.x.nrows();
        if records > MAX_RECORDS {
            return Err(Error::Dataset(format!(
                "{records} records are too many for linfa's trees: train on {MAX_RECORDS} at most"
            )));
        }
        let quality = match criterion {
            SplitCriterion::Gini => SplitQuality::Gini,
            SplitCriterion::Entropy => SplitQuality::Entropy,
        };
        let params = DecisionTree::params()
            .max_depth(Some(depth))
            .min_weight_leaf(min_leaf as f32)
            .split_quality(quality)
            .check()
            .map_err(|error| matrix.failed(error, "give other options"))?;
        Ok(Grower { params, outputs: matrix.classes.outputs() })
    }

    /// A tree for the second of two classes, or for each of more.
    pub(super) fn grow(&self, x: ArrayView2<'_, f64>, targets: &Array1<usize>) -> Result<Trees, LinfaError> {
        // linfa misses a split behind a run of equal values whose last record is in another node. With the sign turned,
        // the zeros come last, where no split is.
        let turned = x.mapv(|value| -value);
        let tree = |output: usize| {
            let class = if self.outputs == 1 { 1 } else { output };
            let hits = targets.mapv(|target| target == class);
            let dataset = DatasetBase::new(turned.view(), hits);
            let fitted = self.params.fit(&dataset)?;
            Ok(sort(fitted.root_node(), x, &dataset.targets, (0..targets.len()).collect()))
        };
        (0..self.outputs).into_par_iter().map(tree).collect::<Result<_, _>>().map(Trees)
    }
}

/// A node of linfa's with the records that come to it.
///
/// linfa labels a leaf that ties by chance, and merges two leaves of one label. Here two leaves are merged whenever
/// chance could have merged them, that is, unless one says yes and the other no: whatever was merged before, the same
/// tree is left.
fn sort(node: &TreeNode<f64, bool>, x: ArrayView2<'_, f64>, hits: &Array1<bool>, rows: Vec<usize>) -> Tree {
    let [Some(left), Some(right)] = node.children()[..] else {
        let yes = rows.iter().filter(|&&row| hits[row]).count();
        return Tree::Leaf { yes: yes as u32, no: (rows.len() - yes) as u32 };
    };
    let (feature, split, _) = node.split();
    // The sign was turned: `-x < split` goes left.
    let threshold = -split;
    let (above, below) = rows.into_iter().partition(|&row| x[(row, feature)] > threshold);
    match (sort(left, x, hits, above), sort(right, x, hits, below)) {
        (Tree::Leaf { yes, no }, Tree::Leaf { yes: other_yes, no: other_no })
            if !(yes > no && other_yes < other_no || yes < no && other_yes > other_no) =>
        {
            Tree::Leaf { yes: yes + other_yes, no: no + other_no }
        }
        (above, below) => {
            Tree::Split { column: feature as u32, threshold, above: Box::new(above), below: Box::new(below) }
        }
    }
}

impl Fit<Array2<f64>, Array1<usize>, LinfaError> for Grower {
    type Object = Trees;

    fn fit(&self, dataset: &DatasetBase<Array2<f64>, Array1<usize>>) -> Result<Trees, LinfaError> {
        self.grow(dataset.records.view(), &dataset.targets)
    }
}

impl PredictInplace<Array2<f64>, Array1<usize>> for Trees {
    fn predict_inplace<'a>(&'a self, x: &'a Array2<f64>, classes: &mut Array1<usize>) {
        *classes = x.rows().into_iter().map(|row| self.vote(&row.to_vec())).collect();
    }

    fn default_target(&self, x: &Array2<f64>) -> Array1<usize> {
        Array1::zeros(x.nrows())
    }
}
