//! A smaller model from a trained one: fewer n-grams, and weights of fewer bits.
//!
//! What an n-gram is worth to a model is how far it can push the labels apart, its weights' spread times its idf and the scale of its
//! block, and how often it gets the chance, the square root of the number of training records it was in (from its idf). The
//! least are left out until the file is small enough. The rest is rounded once, here, so that the model predicts the same before it is
//! saved and after.

use serde::{Deserialize, Serialize};

use super::{Fast, Pipeline};
use crate::classify::{Classifier, Precision, quantize};
use crate::error::{Error, Result};

/// The most bytes that [`Shrunk::loss`], which is noted later, takes in a file.
const NOTE: usize = 128;

/// How small a model is to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShrinkParams {
    /// The most bytes that its file may have.
    pub max_bytes: usize,
    /// What its weights are rounded to; [`Precision::F32`] is taken for [`Precision::F16`], since nothing is kept in full.
    pub precision: Precision,
}

impl ShrinkParams {
    /// Weights of one byte, in a file of so many bytes.
    pub fn new(max_bytes: usize) -> Self {
        ShrinkParams { max_bytes, precision: Precision::I8 }
    }
}

/// What a model was shrunk from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Shrunk {
    /// The features it had.
    pub features: usize,
    /// What its weights were rounded to.
    pub precision: Precision,
    /// What that did to it, if it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<ShrinkLoss>,
}

/// Macro F1 before and after, on the same labelled records.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ShrinkLoss {
    /// The number of records.
    pub records: u64,
    /// Of the whole model.
    pub before: f64,
    /// Of the small one.
    pub after: f64,
}

impl ShrinkLoss {
    /// In points: hundredths of macro F1.
    pub fn points(&self) -> f64 {
        100.0 * (self.before - self.after)
    }
}

impl Pipeline {
    /// The same pipeline in a file of `params.max_bytes` or less.
    ///
    /// It has no scores of its own until it is measured: those noted for the whole model are left behind, and so is what label sets are
    /// drawn from.
    ///
    /// ```
    /// use tasnif::pipeline::ShrinkParams;
    /// # use tasnif::{Dataset, PipelineParams, dataset::Example};
    /// # let data: Dataset = (0..40).map(|i| Example::new(format!("{} {i}", ["قصف جوي", "بيان وزاري"][i % 2]), ["strike", "statement"][i % 2])).collect();
    /// let pipeline = PipelineParams::default().fit(&data)?;
    /// let small = pipeline.shrink(&ShrinkParams::new(6_000))?;
    /// assert!(small.to_bytes()?.len() <= 6_000 && pipeline.to_bytes()?.len() > 10_000);
    /// assert_eq!(small.predict("قصف")?.label, "strike");
    /// # Ok::<(), tasnif::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Parameter`] for a classifier that is no row of weights, one that goes on learning, a model that was shrunk before, and when
    /// the model does not fit with a single n-gram.
    pub fn shrink(&self, params: &ShrinkParams) -> Result<Pipeline> {
        let refuse = |why: &str| Err(Error::Parameter(format!("this model cannot be shrunk: {why}")));
        let linear = match &self.classifier {
            Classifier::Online(_) => {
                return refuse("an online model goes on learning; train it with fewer hash bits");
            }
            classifier => match classifier.linear() {
                Some(linear) => linear,
                None => return refuse("its classifier has no weights; train a linear one"),
            },
        };
        if self.provenance.shrunk.is_some() {
            return refuse("it was shrunk before; shrink the model it came from");
        }
        let precision = match params.precision {
            Precision::F32 => Precision::F16,
            precision => precision,
        };
        let outputs = linear.outputs();
        let records = self.provenance.records as f32;
        let importance = |row: &[f32], idf: f32| {
            let (least, most) =
                row.iter().fold((0.0f32, 0.0f32), |(least, most), &w| (least.min(w), most.max(w)));
            // idf = ln((1 + records) / (1 + df)) + 1
            let seen = (1.0 + records) * libm::expf(1.0 - idf);
            (most - least) * idf * seen.max(1.0).sqrt()
        };
        let ranked = self.vectorizer.ranked(linear.weights(), outputs, importance);
        let with = |count: usize| self.with_ngrams(&ranked[..count], precision);
        let fits =
            |pipeline: &Pipeline| Ok::<_, Error>(pipeline.to_bytes()?.len() + NOTE <= params.max_bytes);
        let all = with(ranked.len())?;
        if fits(&all)? {
            return Ok(all);
        }
        let fewest = usize::from(!ranked.is_empty());
        let mut best = with(fewest)?;
        if !fits(&best)? {
            return refuse(&format!(
                "without its n-grams it still takes {} bytes, more than the {} asked for",
                best.to_bytes()?.len() + NOTE,
                params.max_bytes
            ));
        }
        let (mut small, mut large) = (fewest, ranked.len());
        // Within a thousandth of what fits.
        while large - small > 1 + small / 1000 {
            let middle = small + (large - small) / 2;
            let tried = with(middle)?;
            if fits(&tried)? {
                (small, best) = (middle, tried);
            } else {
                large = middle;
            }
        }
        Ok(best)
    }

    /// The pipeline with these n-grams alone and rounded numbers.
    fn with_ngrams(&self, ngrams: &[(u32, u32)], precision: Precision) -> Result<Pipeline> {
        let linear = self.classifier.linear().ok_or_else(|| Error::Parameter("no weights".into()))?;
        let outputs = linear.outputs();
        let (mut vectorizer, was) = self.vectorizer.keep(ngrams)?;
        for block in &mut vectorizer.blocks {
            quantize::round_to_halves(&mut block.idf);
        }
        let row = |&column: &u32| &linear.weights()[column as usize * outputs..][..outputs];
        let mut weights: Vec<f32> = was.iter().flat_map(row).copied().collect();
        quantize::round(&mut weights, outputs, &vectorizer.widths(), precision)?;
        let linear = linear.with_weights(weights, linear.intercept().to_vec())?;
        let classifier = Classifier::from_linear(&self.params.classifier, linear)
            .ok_or_else(|| Error::Parameter("this classifier is more than its weights".into()))?;
        let mut provenance = self.provenance.clone();
        let features = self.vectorizer.width();
        provenance.shrunk = Some(Shrunk { features, precision, loss: None });
        provenance.features = vectorizer.width();
        provenance.validation = None;
        Ok(Pipeline {
            params: self.params.clone(),
            vectorizer,
            classifier,
            calibration: self.calibration.clone(),
            labels: self.labels.clone(),
            rules: self.rules.clone(),
            conformal: None,
            provenance,
            fast: Fast::default(),
        })
    }

    /// In how many bits its weights are kept.
    pub(crate) fn precision(&self) -> Precision {
        self.provenance.precision()
    }

    /// Notes what shrinking did to it, for [`super::Provenance::shrunk`]; nothing where it was not shrunk.
    pub fn set_shrink_loss(&mut self, loss: ShrinkLoss) {
        if let Some(shrunk) = &mut self.provenance.shrunk {
            shrunk.loss = Some(loss);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Dataset, Example};
    use crate::pipeline::PipelineParams;
    use std::path::Path;

    fn data() -> Dataset {
        let words = ["قصف", "مدفعي", "جوي", "بيان", "وزاري", "هدنة", "خرق", "city", "talks", "raid"];
        (0..90)
            .map(|i| {
                let text = format!("{} {} {i}", words[i % 10], words[(i / 3 + i % 3) % 10]);
                Example::new(text, ["a", "b", "c"][i % 3])
            })
            .collect()
    }

    #[test]
    fn a_small_model_is_the_same_before_saving_and_after_loading() {
        for toml in [
            PipelineParams::default().to_toml(),
            "[[features]]\nkind=\"ngrams\"\nanalyzer=\"char\"\nngrams=[1,3]\nweight=\"tf\"\n[classifier]\nkind=\"nb\"".into(),
            "[[features]]\nkind=\"ngrams\"\nanalyzer=\"word\"\nngrams=[1,2]\nhash_bits=8\n[[features]]\nkind=\"ngrams\"\nanalyzer=\"char_wb\"\nngrams=[3,4]\n[classifier]\nkind=\"svm\"".into(),
        ] {
            let pipeline = PipelineParams::from_toml(&toml).unwrap().fit(&data()).unwrap();
            let whole = pipeline.to_bytes().unwrap();
            for precision in [Precision::I8, Precision::F16] {
                for max_bytes in [usize::MAX, whole.len() / 2, whole.len() / 3] {
                    let Ok(mut small) = pipeline.shrink(&ShrinkParams { max_bytes, precision }) else {
                        assert!(max_bytes < whole.len());
                        continue;
                    };
                    small.set_shrink_loss(ShrinkLoss { records: 9, before: 0.9, after: 0.899 });
                    let bytes = small.to_bytes().unwrap();
                    assert!(bytes.len() <= max_bytes && bytes.len() < whole.len());
                    let loaded = Pipeline::from_bytes(&bytes, Path::new("small")).unwrap();
                    assert_eq!(loaded, small);
                    assert_eq!(loaded.to_bytes().unwrap(), bytes);
                    for example in &data().examples {
                        assert_eq!(loaded.predict(&example.text).unwrap(), small.predict(&example.text).unwrap());
                    }
                    assert_eq!(loaded.provenance().features, small.vectorizer().width());
                    assert!(loaded.shrink(&ShrinkParams::new(9_000)).unwrap_err().to_string().contains("before"));
                }
            }
        }
    }

    #[test]
    fn all_n_grams_stay_where_they_fit_and_labels_with_them() {
        let pipeline = PipelineParams::default().fit(&data()).unwrap();
        let small = pipeline.shrink(&ShrinkParams::new(usize::MAX)).unwrap();
        assert_eq!(small.vectorizer().width(), pipeline.vectorizer().width());
        let agree = |example: &&Example| {
            small.predict(&example.text).unwrap().label == pipeline.predict(&example.text).unwrap().label
        };
        assert!(data().examples.iter().filter(agree).count() >= 88);
        let error = pipeline.shrink(&ShrinkParams::new(100)).unwrap_err().to_string();
        assert!(error.contains("without its n-grams"), "{error}");
    }
}
