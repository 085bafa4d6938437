//! linfa's decision trees, grown so that the same data always give the same trees.

use linfa::traits::{Fit, PredictInplace};
use linfa::{DatasetBase, Error as LinfaError, ParamGuard};
use linfa_trees::{DecisionTree, SplitQuality, TreeNode};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use rayon::prelude::*;

use super::tree::{LEAF, SplitCriterion};
use crate::classify::LinearModel;

/// Class sums of linfa are `f32`: whole numbers up to 2²⁴ are exact.
const MAX_RECORDS: usize = 1 << 22;

/// What the weights of all records sum to, about, as whole numbers.
const TOTAL_WEIGHT: f64 = (1u32 << 23) as f64;

/// Grows one tree an output. It is also what linfa's ensembles take for their base learner.
#[derive(Debug, Clone)]
pub(super) struct Grower {
    depth: usize,
    min_leaf: f64,
    criterion: SplitCriterion,
    outputs: usize,
}

/// A tree of one output, root first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
}

/// A node of a [`Tree`], as in [`Trees`](super::tree::Trees).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Node {
    pub(super) feature: u32,
    pub(super) other: u32,
    pub(super) value: f64,
}

impl Grower {
    pub(super) fn new(depth: usize, min_leaf: f64, criterion: SplitCriterion, outputs: usize) -> Self {
        Grower { depth, min_leaf, criterion, outputs }
    }

    /// Grows a tree for each output: the second of two classes, or each of more. All records count the same when
    /// `weights` is empty.
    pub(super) fn grow(
        &self,
        x: ArrayView2<'_, f64>,
        targets: &[usize],
        weights: &[f64],
    ) -> Result<Vec<Tree>, LinfaError> {
        if targets.len() > MAX_RECORDS {
            return Err(LinfaError::Parameters(format!("{} records for one tree", targets.len())));
        }
        let weights = whole(weights);
        let unit = match weights.len() {
            0 => 1.0,
            records => weights.iter().map(|&weight| f64::from(weight)).sum::<f64>() / records as f64,
        };
        let quality = match self.criterion {
            SplitCriterion::Gini => SplitQuality::Gini,
            SplitCriterion::Entropy => SplitQuality::Entropy,
        };
        let params = DecisionTree::<f64, bool>::params()
            .max_depth(Some(self.depth))
            .min_weight_leaf((self.min_leaf * unit) as f32)
            .split_quality(quality)
            .check()?;
        // linfa misses a split behind a run of equal values whose last record is in another node. With the sign turned,
        // the zeros come last, where no split is.
        let turned = x.mapv(|value| -value);
        let tree = |output: usize| {
            let class = if self.outputs == 1 { 1 } else { output };
            let hits: Array1<bool> = targets.iter().map(|&target| target == class).collect();
            let dataset = DatasetBase::new(turned.view(), hits).with_weights(Array1::from(weights.clone()));
            let fitted = params.fit(&dataset)?;
            let hits = &dataset.targets;
            let records = Records { x: x.view(), hits: hits.view(), weights: &weights };
            let shape = records.sort(fitted.root_node(), (0..targets.len()).collect());
            let mut tree = Tree { nodes: Vec::new() };
            tree.push(&shape, unit);
            Ok(tree)
        };
        (0..self.outputs).into_par_iter().map(tree).collect()
    }
}

/// Weights as whole numbers, so that linfa's sums of them are exact; none for none.
fn whole(weights: &[f64]) -> Vec<f32> {
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| (weight / sum * TOTAL_WEIGHT).round().max(1.0) as f32).collect()
}

/// Training records, to be sorted into a tree.
struct Records<'a> {
    x: ArrayView2<'a, f64>,
    hits: ArrayView1<'a, bool>,
    /// Whole numbers, so that ties are exact; none where all are 1.
    weights: &'a [f32],
}

/// A tree whose leaves know the weight of what came to them.
enum Shape {
    Leaf { yes: f64, no: f64 },
    Split { feature: usize, threshold: f64, above: Box<Shape>, below: Box<Shape> },
}

impl Records<'_> {
    /// A node with the records that come to it.
    ///
    /// linfa labels a leaf that ties by chance, and merges two leaves of one label. Here two leaves are merged whenever
    /// chance could have merged them, that is, unless one says yes and the other no: whatever was merged before, the
    /// same tree is left.
    fn sort(&self, node: &TreeNode<f64, bool>, rows: Vec<usize>) -> Shape {
        let [Some(left), Some(right)] = node.children()[..] else { return self.leaf(&rows) };
        let (feature, split, _) = node.split();
        // The sign was turned: `-x < split` goes left.
        let threshold = -split;
        let (above, below) = rows.into_iter().partition(|&row| self.x[(row, feature)] > threshold);
        match (self.sort(left, above), self.sort(right, below)) {
            (Shape::Leaf { yes, no }, Shape::Leaf { yes: other_yes, no: other_no })
                if (yes - no) * (other_yes - other_no) >= 0.0 =>
            {
                Shape::Leaf { yes: yes + other_yes, no: no + other_no }
            }
            (above, below) => {
                Shape::Split { feature, threshold, above: Box::new(above), below: Box::new(below) }
            }
        }
    }

    fn leaf(&self, rows: &[usize]) -> Shape {
        let (mut yes, mut no) = (0.0, 0.0);
        for &row in rows {
            let side = if self.hits[row] { &mut yes } else { &mut no };
            *side += self.weights.get(row).map_or(1.0, |&weight| f64::from(weight));
        }
        Shape::Leaf { yes, no }
    }
}

impl Tree {
    /// Adds a shape, root first. `unit` is the mean weight of a record.
    fn push(&mut self, shape: &Shape, unit: f64) {
        match shape {
            Shape::Leaf { yes, no } => {
                let value = libm::log((yes / unit + 1.0) / (no / unit + 1.0));
                self.nodes.push(Node { feature: LEAF, other: 0, value });
            }
            Shape::Split { feature, threshold, above, below } => {
                let place = self.nodes.len();
                self.nodes.push(Node { feature: *feature as u32, other: 0, value: *threshold });
                self.push(above, unit);
                self.nodes[place].other = self.nodes.len() as u32;
                self.push(below, unit);
            }
        }
    }

    /// The log-odds of the leaf that a record comes to.
    fn leaf(&self, x: ArrayView1<'_, f64>) -> f64 {
        let mut node = &self.nodes[0];
        let mut place = 0;
        while node.feature != LEAF {
            place = if x[node.feature as usize] > node.value { place + 1 } else { node.other as usize };
            node = &self.nodes[place];
        }
        node.value
    }
}

/// The trees of all outputs, as a model of linfa's ensembles; those take no error from their base learner.
#[derive(Debug, Clone)]
pub(super) struct Grown(pub(super) Result<Vec<Tree>, LinfaError>);

impl Fit<Array2<f64>, Array1<usize>, LinfaError> for Grower {
    type Object = Grown;

    fn fit(&self, dataset: &DatasetBase<Array2<f64>, Array1<usize>>) -> Result<Grown, LinfaError> {
        Ok(Grown(self.grow(dataset.records.view(), &dataset.targets.to_vec(), &[])))
    }
}

impl PredictInplace<Array2<f64>, Array1<usize>> for Grown {
    fn predict_inplace<'a>(&'a self, x: &'a Array2<f64>, classes: &mut Array1<usize>) {
        let trees = self.0.as_deref().unwrap_or_default();
        for (x, class) in x.rows().into_iter().zip(classes) {
            let odds: Vec<f64> = trees.iter().map(|tree| tree.leaf(x)).collect();
            *class = if odds.is_empty() { 0 } else { LinearModel::best(&odds) };
        }
    }

    fn default_target(&self, x: &Array2<f64>) -> Array1<usize> {
        Array1::zeros(x.nrows())
    }
}
