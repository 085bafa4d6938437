//! The options of a pipeline, as they stand in a pipeline file (TOML).

mod training;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::classify::{CalibrationMethod, ClassifierParams};
use crate::error::{Error, Result};
use crate::features::ngram::Analyzer;
use crate::features::pooled::VectorParams;
use crate::features::vectorizer::{NgramParams, Norm, VectorizerParams, Weight};
use crate::features::window::Window;
use crate::text::normalize::Switches;
use crate::text::sentence::Splitter;
use crate::text::tokenize::{SubwordTokenizer, WordParams};
use crate::vectors::WordVectors;

pub use training::{LabelWeights, Threshold, TrainingParams};

/// Everything that decides what a pipeline becomes, given the data.
///
/// ```
/// use tasnif::pipeline::PipelineParams;
///
/// let params = PipelineParams::from_toml(r#"
///     [normalize]
///     teh_marbuta = true
///
///     [[features]]
///     kind = "ngrams"
///     analyzer = "word"
///     ngrams = [1, 2]
///
///     [classifier]
///     kind = "logistic"
///     c = 5.0
/// "#)?;
/// assert!(params.normalize.teh_marbuta && params.normalize.tatweel);
/// # Ok::<(), tasnif::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineParams {
    /// Folds before anything is matched.
    #[serde(default)]
    pub normalize: Switches,
    /// How articles are cut into sentences.
    #[serde(default)]
    pub split: Splitter,
    /// How sentences are cut into tokens.
    #[serde(default)]
    pub tokenize: TokenizeParams,
    /// The blocks of features.
    pub features: Vec<FeatureParams>,
    /// The classifier.
    #[serde(default)]
    pub classifier: ClassifierParams,
    /// How decision values become probabilities; a pipeline file that does not say so leaves them as they are.
    #[serde(default)]
    pub calibration: CalibrationParams,
    /// How records count.
    #[serde(default)]
    pub training: TrainingParams,
}

/// How decision values become probabilities: fitted on records that a fold's classifier did not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CalibrationParams {
    /// The method; with `none`, the softmax of the decision values.
    pub method: CalibrationMethod,
    /// The number of folds, by label and group; fewer where the data has fewer groups.
    pub folds: usize,
    /// The seed of the folds.
    pub seed: u64,
}

impl Default for CalibrationParams {
    fn default() -> Self {
        CalibrationParams { method: CalibrationMethod::None, folds: 5, seed: 42 }
    }
}

/// How sentences are cut into tokens.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenizeParams {
    /// Options of the word tokenizer.
    #[serde(flatten)]
    pub words: WordParams,
    /// A Hugging Face `tokenizer.json` for the subword analyzer. A model carries the tokenizer itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subwords: Option<PathBuf>,
}

/// One block of features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FeatureParams {
    /// n-grams of words, characters or subword pieces.
    Ngrams(NgramParams),
    /// Word vectors learned from raw text, pooled over the text or a window of it.
    Vectors(VectorParams),
}

impl FeatureParams {
    /// Whether the options make sense.
    fn check(&self) -> Result<()> {
        match self {
            FeatureParams::Ngrams(params) => params.check(),
            FeatureParams::Vectors(params) => params.check(),
        }
    }

    /// The options of n-grams, if that is what it is.
    pub fn ngrams(&self) -> Option<&NgramParams> {
        match self {
            FeatureParams::Ngrams(params) => Some(params),
            FeatureParams::Vectors(_) => None,
        }
    }

    /// [`FeatureParams::ngrams`], to change.
    pub fn ngrams_mut(&mut self) -> Option<&mut NgramParams> {
        match self {
            FeatureParams::Ngrams(params) => Some(params),
            FeatureParams::Vectors(_) => None,
        }
    }
}

impl Default for PipelineParams {
    /// Words 1–2, characters within words 2–5 and, at half their weight, words 1–2 of the first three, `log-tf-idf`, into the
    /// average of a linear SVM and an NBSVM with temperature scaling. Five-fold cross-validation on eight public training sets chose it.
    fn default() -> Self {
        let first =
            NgramParams { window: Some(Window::first(3)), scale: 0.5, ..NgramParams::new(Analyzer::Word) };
        PipelineParams {
            normalize: Switches::default(),
            split: Splitter::default(),
            tokenize: TokenizeParams::default(),
            features: [NgramParams::new(Analyzer::Word), NgramParams::new(Analyzer::CharWb), first]
                .map(FeatureParams::Ngrams)
                .to_vec(),
            classifier: ClassifierParams::default(),
            calibration: CalibrationParams {
                method: CalibrationMethod::Temperature,
                ..CalibrationParams::default()
            },
            training: TrainingParams::default(),
        }
    }
}

impl PipelineParams {
    /// Reads the text of a pipeline file.
    ///
    /// # Errors
    /// [`Error::Parameter`] with the line for bad TOML, unknown keys and senseless values.
    pub fn from_toml(toml: &str) -> Result<Self> {
        let params: PipelineParams = toml::from_str(toml)
            .map_err(|error| Error::Parameter(error.to_string().trim_end().to_owned()))?;
        params.check()?;
        Ok(params)
    }

    /// Reads a pipeline file; a `tokenizer.json` and vectors that it names are looked for beside it.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read, otherwise as [`PipelineParams::from_toml`], with the file's name.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let toml = std::fs::read_to_string(path).map_err(|error| Error::io(path, error))?;
        let mut params = Self::from_toml(&toml)
            .map_err(|error| Error::Parameter(format!("{}: {error}", path.display())))?;
        if let Some(folder) = path.parent() {
            if let Some(subwords) = &mut params.tokenize.subwords {
                *subwords = folder.join(&*subwords);
            }
            for feature in &mut params.features {
                if let FeatureParams::Vectors(block) = feature {
                    block.file = folder.join(&block.file);
                }
            }
        }
        Ok(params)
    }

    /// The text of a pipeline file with these options.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    /// Whether the options make sense.
    ///
    /// # Errors
    /// [`Error::Parameter`] that names the option.
    pub fn check(&self) -> Result<()> {
        self.classifier.check()?;
        if self.training.max_features == Some(0) {
            return Err(Error::Parameter("training max_features 0 leaves no feature: give 1 or more".into()));
        }
        if self.calibration.folds < 2 {
            return Err(Error::Parameter(format!(
                "calibration folds {}: give 2 or more",
                self.calibration.folds
            )));
        }
        if self.features.is_empty() {
            return Err(Error::Parameter("no features: give at least one [[features]] block".into()));
        }
        self.features.iter().try_for_each(FeatureParams::check)?;
        let binary = |block: &FeatureParams| {
            block.ngrams().is_some_and(|block| {
                block.weight == Weight::Binary && block.norm == Norm::None && block.scale == 1.0
            })
        };
        if self.classifier.wants_binary_rows() && !self.features.iter().all(binary) {
            return Err(Error::Parameter(
                "this classifier takes binary rows: give every [[features]] block weight = \"binary\" and norm = \"none\"".into(),
            ));
        }
        if self.training.max_features.is_some() && !self.classifier.is_linear() {
            return Err(Error::Parameter(
                "max_features keeps what a classifier weighs most, and this one has no weights: give features in [classifier], or a linear classifier".into(),
            ));
        }
        if let ClassifierParams::Online(_) = self.classifier {
            self.check_online()?;
        }
        Ok(())
    }

    /// The online learner sees each record once, and nothing before it.
    fn check_online(&self) -> Result<()> {
        let hashed = |block: &FeatureParams| {
            block.ngrams().is_some_and(|block| block.hash_bits.is_some() && !block.weight.uses_idf())
        };
        let needs = if !self.features.iter().all(hashed) {
            "hashed n-grams without idf: give every [[features]] block hash_bits = 22 and weight = \"log-tf\""
        } else if self.training.class_weight == LabelWeights::Balanced {
            "class weights that are known before the data are: give them by label in place of balanced"
        } else if self.training.multilabel {
            "records with exactly one label"
        } else if self.calibration.method != CalibrationMethod::None {
            "calibration none, since it reads the data once; its softmax is a probability by itself"
        } else {
            return Ok(());
        };
        Err(Error::Parameter(format!("the online learner takes {needs}")))
    }

    /// Equal for pipelines that turn text into the same rows.
    pub(crate) fn feature_key(&self) -> String {
        serde_json::to_string(&(self.normalize, &self.tokenize, &self.features)).unwrap_or_default()
    }

    /// The blocks of pooled vectors with their vectors; each file is read once.
    fn vectors(&self) -> Result<Vec<(VectorParams, Arc<WordVectors>)>> {
        let mut read: BTreeMap<(&Path, Option<usize>), Arc<WordVectors>> = BTreeMap::new();
        let mut blocks = Vec::new();
        for feature in &self.features {
            let FeatureParams::Vectors(params) = feature else { continue };
            let vectors = match read.entry((params.file.as_path(), params.max_words)) {
                Entry::Occupied(known) => Arc::clone(known.get()),
                Entry::Vacant(place) => {
                    let mut vectors = WordVectors::load(&params.file)?;
                    vectors.truncate(params.max_words.unwrap_or(usize::MAX));
                    Arc::clone(place.insert(Arc::new(vectors)))
                }
            };
            blocks.push((params.clone(), vectors));
        }
        Ok(blocks)
    }

    /// The part that turns text into features.
    pub(crate) fn vectorizer(&self) -> Result<VectorizerParams> {
        let subwords = self.tokenize.subwords.as_ref().map(SubwordTokenizer::from_file).transpose()?;
        Ok(self.vectorizer_with(subwords, self.vectors()?))
    }

    /// The part that turns text into features, with a tokenizer and vectors that were read before.
    pub(crate) fn vectorizer_with(
        &self,
        subwords: Option<SubwordTokenizer>,
        vectors: Vec<(VectorParams, Arc<WordVectors>)>,
    ) -> VectorizerParams {
        VectorizerParams {
            normalize: self.normalize,
            words: self.tokenize.words,
            subwords,
            features: self.features.iter().filter_map(FeatureParams::ngrams).cloned().collect(),
            vectors,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_reads_back_from_its_own_toml() {
        let params = PipelineParams::default();
        assert_eq!(PipelineParams::from_toml(&params.to_toml()).unwrap(), params, "{}", params.to_toml());
    }

    #[test]
    fn unknown_keys_and_senseless_values_are_errors_that_name_them() {
        for (toml, part) in [
            ("[[features]]\nkind = \"ngrams\"\nanalyzer = \"word\"\nngrams = [1, 2]\nmindf = 2", "mindf"),
            ("[[features]]\nkind = \"ngrams\"\nanalyzer = \"words\"\nngrams = [1, 2]", "char_wb"),
            ("[[features]]\nkind = \"ngrams\"\nanalyzer = \"word\"\nngrams = [2, 1]", "n-gram range 2-1"),
            ("features = []", "[[features]]"),
            ("[normalise]\nalef = true", "normalise"),
            (
                "[classifier]\nkind = \"forest\"\n[[features]]\nkind=\"ngrams\"\nanalyzer=\"word\"\nngrams=[1,1]",
                "forest",
            ),
            (
                "[classifier]\nkind = \"logistic\"\nc = -1.0\n[[features]]\nkind=\"ngrams\"\nanalyzer=\"word\"\nngrams=[1,1]",
                "c -1",
            ),
            (
                "[classifier]\nkind = \"logistic\"\ngamma = 1.0\n[[features]]\nkind=\"ngrams\"\nanalyzer=\"word\"\nngrams=[1,1]",
                "gamma",
            ),
            (
                "[tokenize]\npunct = true\n[[features]]\nkind=\"ngrams\"\nanalyzer=\"word\"\nngrams=[1,1]",
                "punct",
            ),
        ] {
            let error = PipelineParams::from_toml(toml).unwrap_err().to_string();
            assert!(error.contains(part), "{toml}\n{error}");
        }
    }
}
