//! The state of the online learner and its one step.

use serde::{Deserialize, Serialize};

use super::OnlineModel;
use crate::classify::linear::{LinearModel, sigmoid};
use crate::classify::rows;
use crate::error::{Error, Result};
use crate::features::csr::Row;

/// Bytes that the state may take: more is a slip in the options or in the labels.
const MOST_BYTES: usize = 16 << 30;

/// How far a step goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) alpha: f32,
    pub(crate) beta: f32,
}

/// How well each record was predicted before it was learned: an honest figure, for free.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Foresight {
    /// Records with a weight above 0.
    pub(crate) records: u64,
    /// Those whose label was foreseen.
    pub(crate) hits: u64,
    /// The sum of `−ln p` of their labels.
    pub(crate) loss: f64,
}

/// Weights and, for each feature, the sum of the squares of its gradients.
///
/// What `outputs` and the layout of the weights are is said at [`LinearModel`].
#[derive(Debug, Clone)]
pub(crate) struct Learner {
    pub(super) width: usize,
    pub(super) classes: usize,
    /// `width · outputs` numbers, feature by feature.
    pub(super) weights: Vec<f32>,
    pub(super) intercept: Vec<f32>,
    /// By feature, over all classes.
    pub(super) squares: Vec<f32>,
    pub(super) intercept_square: f32,
    /// Room for the derivatives of one record.
    pub(super) gradient: Vec<f32>,
}

/// What is stored of a learner.
pub(crate) struct Parts<'a> {
    /// The features that any record had, ascending.
    pub(crate) met: &'a [u32],
    /// Their rows of weights.
    pub(crate) rows: Box<dyn ExactSizeIterator<Item = f32> + 'a>,
    /// The sum of the squares of the gradients of each.
    pub(crate) squares: Box<dyn ExactSizeIterator<Item = f32> + 'a>,
    pub(crate) intercept: Vec<f32>,
    pub(crate) intercept_square: f32,
}

impl Learner {
    /// A learner that has seen nothing.
    ///
    /// # Errors
    /// [`Error::Parameter`] when the state does not fit in memory.
    pub(crate) fn new(width: usize, classes: usize) -> Result<Self> {
        let outputs = LinearModel::outputs_for(classes);
        let length = room(width, outputs, classes)?;
        Ok(Learner {
            width,
            classes,
            weights: vec![0.0; length],
            intercept: vec![0.0; outputs],
            squares: vec![0.0; width],
            intercept_square: 0.0,
            gradient: vec![0.0; outputs],
        })
    }

    /// A learner as it was when its parts were stored.
    ///
    /// # Errors
    /// [`Error::Parameter`] when parts do not fit each other.
    pub(crate) fn from_parts(width: usize, classes: usize, parts: Parts<'_>) -> Result<Self> {
        let mut learner = Learner::new(width, classes)?;
        let outputs = learner.intercept.len();
        let Parts { met, rows, squares, intercept, intercept_square } = parts;
        let ascends =
            met.is_sorted_by(|a, b| a < b) && met.last().is_none_or(|&last| (last as usize) < width);
        let fits = rows.len() == met.len() * outputs && squares.len() == met.len();
        if !ascends || !fits || intercept.len() != outputs {
            return Err(Error::Parameter(format!(
                "the weights are not those of {classes} labels and {width} columns"
            )));
        }
        let is_number = |weight: &f32| weight.is_finite();
        let mut all = intercept.iter().all(is_number) && intercept_square.is_finite();
        let (mut rows, mut squares) = (rows, squares);
        for &feature in met {
            let square = squares.next().unwrap_or_default();
            all &= square.is_finite() && square >= 0.0;
            learner.squares[feature as usize] = square;
            for weight in &mut learner.weights[feature as usize * outputs..][..outputs] {
                *weight = rows.next().unwrap_or_default();
                all &= weight.is_finite();
            }
        }
        if !all {
            return Err(Error::Parameter("a weight is not a finite number".into()));
        }
        learner.intercept = intercept;
        learner.intercept_square = intercept_square;
        Ok(learner)
    }

    /// A learner that goes on from a model.
    pub(crate) fn from_model(model: OnlineModel) -> Self {
        let OnlineModel { linear, met, squares: compact, intercept_square } = model;
        let width = linear.features();
        let mut squares = vec![0.0; width];
        met.iter().zip(compact).for_each(|(&feature, square)| squares[feature as usize] = square);
        let (classes, weights, intercept) = linear.into_parts();
        let gradient = vec![0.0; intercept.len()];
        Learner { width, classes, weights, intercept, squares, intercept_square, gradient }
    }

    /// The model, its classes in another order: class `k` of the model is class `order[k]` of the learner.
    pub(crate) fn into_model(mut self, order: &[usize]) -> Result<OnlineModel> {
        self.reorder(order);
        let met = self.met();
        let mut squares = self.squares;
        met.iter().enumerate().for_each(|(place, &feature)| squares[place] = squares[feature as usize]);
        squares.truncate(met.len());
        squares.shrink_to_fit();
        let linear = LinearModel::new(self.classes, self.weights, self.intercept)?;
        Ok(OnlineModel { linear, met, squares, intercept_square: self.intercept_square })
    }

    /// The weights feature by feature, the squares by feature, the intercepts and their square.
    pub(crate) fn parts(&self) -> (&[f32], &[f32], &[f32], &f32) {
        (&self.weights, &self.squares, &self.intercept, &self.intercept_square)
    }

    /// The features that any record had, ascending.
    pub(crate) fn met(&self) -> Vec<u32> {
        let outputs = self.intercept.len();
        let is_met = |&feature: &usize| {
            // The square of a tiny gradient may be 0.
            self.squares[feature] != 0.0
                || self.weights[feature * outputs..][..outputs].iter().any(|&weight| weight != 0.0)
        };
        (0..self.width).filter(is_met).map(|feature| feature as u32).collect()
    }

    /// Makes room for classes that come late: their weights are 0, those of the others stay what they are.
    ///
    /// # Errors
    /// As [`Learner::new`].
    pub(crate) fn widen(&mut self, classes: usize) -> Result<()> {
        let (old, new) = (self.intercept.len(), LinearModel::outputs_for(classes));
        if classes <= self.classes {
            return Ok(());
        }
        if new > old {
            let length = room(self.width, new, classes)?;
            self.weights.resize(length, 0.0);
            // From the last feature on, so that nothing is overwritten before it has moved.
            for feature in (0..self.width).rev() {
                self.weights.copy_within(feature * old..(feature + 1) * old, feature * new);
                widen_row(&mut self.weights[feature * new..][..new], old);
            }
            self.intercept.resize(new, 0.0);
            widen_row(&mut self.intercept, old);
            self.gradient.resize(new, 0.0);
        }
        self.classes = classes;
        Ok(())
    }

    fn reorder(&mut self, order: &[usize]) {
        if order.is_sorted() {
            return;
        }
        let outputs = self.intercept.len();
        let rows = self.weights.chunks_exact_mut(outputs).chain([self.intercept.as_mut_slice()]);
        if outputs == 1 {
            rows.for_each(|row| row[0] = -row[0]);
            return;
        }
        let mut before = vec![0.0; outputs];
        for row in rows {
            before.copy_from_slice(row);
            row.iter_mut().zip(order).for_each(|(weight, &class)| *weight = before[class]);
        }
    }

    /// Learns one record; `seen` is told how well it was foreseen.
    ///
    /// # Errors
    /// [`Error::Dataset`] when a weight is no number any more.
    #[inline]
    pub(crate) fn learn(
        &mut self,
        row: Row<'_>,
        class: usize,
        weight: f32,
        rate: Rate,
        seen: &mut Foresight,
    ) -> Result<()> {
        if weight == 0.0 {
            return Ok(());
        }
        let gradient = &mut self.gradient[..];
        rows::multiply(&self.weights, row, gradient);
        gradient.iter_mut().zip(&self.intercept).for_each(|(margin, &intercept)| *margin += intercept);
        let best = match &*gradient {
            [margin] => usize::from(*margin > 0.0),
            margins => {
                (1..margins.len()).fold(0, |best, k| if margins[k] > margins[best] { k } else { best })
            }
        };
        let loss = derive(gradient, class);
        if !loss.is_finite() {
            return Err(out_of_bounds());
        }
        seen.records += 1;
        seen.hits += u64::from(best == class);
        seen.loss += f64::from(loss);
        let mut square: f32 = gradient
            .iter_mut()
            .map(|g| {
                *g *= weight;
                *g * *g
            })
            .sum();
        if !square.is_finite() {
            return Err(out_of_bounds());
        }
        let mut alpha = rate.alpha;
        if let [_] = gradient {
            // The weight is that of the second class less that of the first, and each of them moves.
            (square, alpha) = (2.0 * square, 2.0 * alpha);
        }
        let rate = Rate { alpha, ..rate };
        step(&mut self.weights, &mut self.squares, row, gradient, square, rate);
        self.intercept_square += square;
        let rate = alpha / (rate.beta + self.intercept_square.sqrt());
        self.intercept.iter_mut().zip(gradient).for_each(|(weight, gradient)| *weight -= rate * *gradient);
        Ok(())
    }
}

/// The length of the weights, when there is room for them.
fn room(width: usize, outputs: usize, classes: usize) -> Result<usize> {
    let length = width.saturating_mul(outputs);
    let bytes = length.saturating_add(width).saturating_mul(size_of::<f32>());
    let fits = bytes <= MOST_BYTES && Vec::<f32>::new().try_reserve_exact(length).is_ok();
    match fits {
        true => Ok(length),
        false => Err(Error::Parameter(format!(
            "{classes} labels on {width} columns take {:.0} MB: give fewer hash_bits (--hash-bits 18), and see whether the labels \
             are labels",
            bytes as f64 / 1e6
        ))),
    }
}

/// What two classes had in one number becomes a number each.
fn widen_row(row: &mut [f32], old: usize) {
    row[old..].fill(0.0);
    if old == 1 {
        let weight = row[0];
        (row[0], row[1]) = (-0.5 * weight, 0.5 * weight);
    }
}

/// Turns margins into the derivatives of `−ln p` of `class`, and returns `−ln p`.
fn derive(margins: &mut [f32], class: usize) -> f32 {
    if let [margin] = margins {
        let m = f64::from(if class == 1 { *margin } else { -*margin });
        let wrong = sigmoid(-m);
        *margin = if class == 1 { -wrong as f32 } else { wrong as f32 };
        // ln(1 + e^-m), without overflow.
        let loss = if m > 0.0 { libm::log1p(libm::exp(-m)) } else { libm::log1p(libm::exp(m)) - m };
        return loss as f32;
    }
    let most = margins.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let own = margins[class] - most;
    let mut sum = 0.0;
    for margin in margins.iter_mut() {
        *margin = libm::expf(*margin - most);
        sum += *margin;
    }
    let scale = 1.0 / sum;
    margins.iter_mut().for_each(|margin| *margin *= scale);
    margins[class] -= 1.0;
    libm::logf(sum) - own
}

/// One step of every feature of a row: `square` is the sum of the squares of `gradient` over the classes.
#[inline]
fn step(weights: &mut [f32], squares: &mut [f32], row: Row<'_>, gradient: &[f32], square: f32, rate: Rate) {
    match gradient.len() {
        1 => step_fixed::<1>(weights, squares, row, gradient, square, rate),
        2 => step_fixed::<2>(weights, squares, row, gradient, square, rate),
        3 => step_fixed::<3>(weights, squares, row, gradient, square, rate),
        4 => step_fixed::<4>(weights, squares, row, gradient, square, rate),
        5 => step_fixed::<5>(weights, squares, row, gradient, square, rate),
        6 => step_fixed::<6>(weights, squares, row, gradient, square, rate),
        7 => step_fixed::<7>(weights, squares, row, gradient, square, rate),
        8 => step_fixed::<8>(weights, squares, row, gradient, square, rate),
        outputs => {
            for (feature, value) in row.iter() {
                let by = of_feature(&mut squares[feature], value, square, rate);
                for (weight, gradient) in weights[feature * outputs..][..outputs].iter_mut().zip(gradient) {
                    *weight -= by * gradient;
                }
            }
        }
    }
}

#[inline]
fn step_fixed<const K: usize>(
    weights: &mut [f32],
    squares: &mut [f32],
    row: Row<'_>,
    gradient: &[f32],
    square: f32,
    rate: Rate,
) {
    let mut fixed = [0.0f32; K];
    fixed.copy_from_slice(gradient);
    for (feature, value) in row.iter() {
        let by = of_feature(&mut squares[feature], value, square, rate);
        let weights = &mut weights[feature * K..][..K];
        for k in 0..K {
            weights[k] -= by * fixed[k];
        }
    }
}

/// How far a feature goes along the derivatives.
#[inline]
fn of_feature(squares: &mut f32, value: f32, square: f32, rate: Rate) -> f32 {
    *squares += value * value * square;
    value * rate.alpha / (rate.beta + squares.sqrt())
}

fn out_of_bounds() -> Error {
    Error::Dataset(
        "the weights have grown out of bounds: give smaller record weights, class weights or alpha".into(),
    )
}
