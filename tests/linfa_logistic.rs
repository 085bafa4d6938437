//! Our sparse logistic regression against linfa's dense one, on unit rows in double precision.

use linfa::traits::Fit;
use linfa::{Dataset, DatasetBase};
use linfa_logistic::{LogisticRegression, MultiLogisticRegression};
use ndarray::Array1;
use tasnif::classify::LogisticParams;
use tasnif::features::csr::Csr;

/// Rows of length one with a class that depends on them, by a small generator.
fn data(rows: usize, width: usize, classes: usize) -> (Csr, Array1<usize>) {
    let mut state = 7u64;
    let mut next = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as f64 / f64::from(1u32 << 31)
    };
    let (mut csr, mut targets) = (Csr::new(width), Vec::new());
    for row in 0..rows {
        let class = row % classes;
        let mut values: Vec<f64> = (0..width).map(|_| if next() < 0.4 { next() } else { 0.0 }).collect();
        values[class] += 0.6;
        let norm = values.iter().map(|value| value * value).sum::<f64>().sqrt();
        let entries = values.iter().enumerate().filter(|(_, value)| **value > 0.0);
        csr.push_row(entries.map(|(column, value)| (column as u32, (value / norm) as f32))).unwrap();
        targets.push(class);
    }
    (csr, targets.into())
}

/// ½‖W‖² + C Σ −ln p, with linfa's weights.
fn objective(decisions: impl Fn(usize) -> Vec<f64>, squares: f64, targets: &Array1<usize>, c: f64) -> f64 {
    let loss: f64 = targets
        .iter()
        .enumerate()
        .map(|(row, &class)| {
            let decisions = decisions(row);
            decisions.iter().map(|d| d.exp()).sum::<f64>().ln() - decisions[class]
        })
        .sum();
    0.5 * squares + c * loss
}

#[test]
fn many_classes_reach_linfas_minimum() {
    for c in [0.5, 5.0] {
        let (rows, targets) = data(90, 12, 4);
        let dense = Dataset::new(rows.to_dense(), targets.clone());
        // linfa: Σ −ln p + alpha/2 ‖W‖², which is ours divided by C.
        let theirs = MultiLogisticRegression::default()
            .alpha(1.0 / c)
            .gradient_tolerance(1e-9)
            .max_iterations(5000)
            .fit(&dense)
            .unwrap();
        let decision =
            |row: usize| (dense.records.row(row).dot(theirs.params()) + theirs.intercept()).to_vec();
        let expected = objective(decision, theirs.params().mapv(|w| w * w).sum(), &targets, c);
        let ours = LogisticParams::default().c(c).fit(&DatasetBase::new(rows, targets)).unwrap();
        let relative = (ours.convergence().objective - expected) / expected;
        assert!(relative.abs() < 1e-4, "C {c}: {relative}");
    }
}

#[test]
fn two_classes_reach_linfas_minimum() {
    let (rows, targets) = data(80, 9, 2);
    let dense = Dataset::new(rows.to_dense(), targets.clone());
    let theirs = LogisticRegression::default()
        .alpha(0.5)
        .gradient_tolerance(1e-9)
        .max_iterations(5000)
        .fit(&dense)
        .unwrap();
    let sign = if theirs.labels().pos.class == 1 { 1.0 } else { -1.0 };
    let decision =
        |row: usize| vec![0.0, sign * (dense.records.row(row).dot(theirs.params()) + theirs.intercept())];
    let expected = objective(decision, theirs.params().dot(theirs.params()), &targets, 2.0);
    let ours = LogisticParams::default().c(2.0).fit(&DatasetBase::new(rows, targets)).unwrap();
    let relative = (ours.convergence().objective - expected) / expected;
    assert!(relative.abs() < 1e-4, "{relative}");
}
