//! The weights of the online learner: the features that were met alone, so that little data makes a small file.
//!
//! Tensors: `features`, the columns that were met, ascending; `weights`, their rows; `squares`, the sum of the squares of the
//! gradients of each; `intercept` and `intercept_square`.

use super::tensors::{Tensors, Writer};
use crate::classify::OnlineModel;
use crate::classify::online::{Learner, Parts};
use crate::error::{Error, Result};

/// Writes a trained model.
pub(super) fn write<'a>(model: &'a OnlineModel, writer: &mut Writer<'a>) {
    let (linear, (squares, intercept_square)) = (model.linear(), model.squares());
    writer.rows("weights".into(), linear.weights(), linear.outputs(), model.met());
    writer.f32s("squares".into(), squares);
    rest(model.met(), linear.intercept(), intercept_square, writer);
}

/// Writes a learner at work; `met` are the features it has met.
pub(crate) fn write_learner<'a>(learner: &'a Learner, met: &'a [u32], writer: &mut Writer<'a>) {
    let (weights, squares, intercept, intercept_square) = learner.parts();
    writer.rows("weights".into(), weights, intercept.len(), met);
    writer.rows("squares".into(), squares, 1, met);
    rest(met, intercept, intercept_square, writer);
}

fn rest<'a>(met: &'a [u32], intercept: &'a [f32], intercept_square: &'a f32, writer: &mut Writer<'a>) {
    writer.u32s("features".into(), met);
    writer.f32s("intercept".into(), intercept);
    writer.f32s("intercept_square".into(), std::slice::from_ref(intercept_square));
}

/// Reads a learner of so many columns and classes.
///
/// # Errors
/// [`Error::Parameter`] when tensors are missing or do not fit each other.
pub(crate) fn read(tensors: &Tensors<'_>, width: usize, classes: usize) -> Result<Learner> {
    let damaged = Error::Parameter;
    let parts = Parts {
        met: &tensors.u32s("features").map_err(damaged)?,
        rows: Box::new(tensors.iter_f32("weights").map_err(damaged)?),
        squares: Box::new(tensors.iter_f32("squares").map_err(damaged)?),
        intercept: tensors.f32s("intercept").map_err(damaged)?,
        intercept_square: tensors.iter_f32("intercept_square").map_err(damaged)?.next().unwrap_or(f32::NAN),
    };
    Learner::from_parts(width, classes, parts)
}
