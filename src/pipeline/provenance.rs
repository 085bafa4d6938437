//! What a model learned from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Shrunk;
use crate::classify::{Convergence, Precision};
use crate::dataset::{Dataset, Source};
use crate::features::vectorizer::Vectorizer;
use crate::metrics::Report;

/// Where a model comes from: no clock and no machine enter, so that the same training gives the same bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The version of this library that trained it.
    pub version: String,
    /// The files it learned from.
    pub sources: Vec<Source>,
    /// The number of records.
    pub records: usize,
    /// How many records had each label.
    pub labels: BTreeMap<String, usize>,
    /// The number of features.
    pub features: usize,
    /// How the solver ended.
    pub convergence: Convergence,
    /// Scores on records that were held out, if any were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Report>,
    /// What it was before it was shrunk, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shrunk: Option<Shrunk>,
}

impl Provenance {
    /// In how many bits the weights are kept.
    pub(crate) fn precision(&self) -> Precision {
        self.shrunk.map_or(Precision::F32, |shrunk| shrunk.precision)
    }

    pub(super) fn new(data: &Dataset, vectorizer: &Vectorizer, convergence: Convergence) -> Self {
        Provenance {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            sources: data.sources.clone(),
            records: data.len(),
            labels: data.label_counts().into_iter().map(|(label, count)| (label.to_owned(), count)).collect(),
            features: vectorizer.width(),
            convergence,
            validation: None,
            shrunk: None,
        }
    }

    /// Of records that were read one after the other; their sources are noted when they have been read.
    pub(crate) fn of_stream(
        labels: BTreeMap<String, usize>,
        vectorizer: &Vectorizer,
        convergence: Convergence,
    ) -> Self {
        Provenance {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            sources: Vec::new(),
            records: labels.values().sum(),
            labels,
            features: vectorizer.width(),
            convergence,
            validation: None,
            shrunk: None,
        }
    }

    /// Adds what the model that was gone on from had learned from.
    pub(crate) fn go_on_from(&mut self, before: Provenance) {
        self.sources.splice(..0, before.sources);
        self.records += before.records;
        before.labels.into_iter().for_each(|(label, count)| *self.labels.entry(label).or_default() += count);
    }
}
