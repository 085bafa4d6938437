//! What can be measured: tokenizers, and the stages of a pipeline.

use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::pipeline::Pipeline;
use crate::text::normalize::{Normalizer, Switches};
use crate::text::tokenize::{FoldedWords, SubwordTokenizer, WordParams};

/// A contender, not loaded yet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Contender {
    /// Our normaliser and word tokenizer, in one pass.
    Words,
    /// Our normaliser, and the characters of what it gives.
    Char,
    /// A `tokenizer.json` on our encode path, ids alone.
    File(PathBuf),
    /// A `tokenizer.json` by the `tokenizers` crate alone, for comparison: its `encode_fast`.
    Crate(PathBuf),
    /// A stage of the pipeline.
    Stage(Stage),
}

/// A stage of a pipeline, by itself or with those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The normaliser of the pipeline.
    Normalize,
    /// The sentence splitter, on the lines of the sample.
    Split,
    /// Normaliser and word tokenizer of the pipeline.
    Tokenize,
    /// Text to rows.
    Featurize,
    /// Text to labels: everything.
    Predict,
}

impl Stage {
    /// All, in the order of the pipeline.
    pub const ALL: [Stage; 5] =
        [Stage::Split, Stage::Normalize, Stage::Tokenize, Stage::Featurize, Stage::Predict];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Normalize => "normalize",
            Stage::Split => "split",
            Stage::Tokenize => "tokenize",
            Stage::Featurize => "featurize",
            Stage::Predict => "predict",
        }
    }
}

impl std::str::FromStr for Stage {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Stage::ALL.into_iter().find(|stage| stage.name() == name).ok_or_else(|| {
            Error::Parameter(format!(
                "unknown stage '{name}'; give some of split, normalize, tokenize, featurize, predict"
            ))
        })
    }
}

impl std::str::FromStr for Contender {
    type Err = Error;

    /// `words`, `char`, a file, or `crate:FILE`.
    fn from_str(name: &str) -> Result<Self> {
        Ok(match name {
            "words" => Contender::Words,
            "char" => Contender::Char,
            "" => return Err(Error::Parameter("an empty name: give words, char or a tokenizer.json".into())),
            _ => match name.strip_prefix("crate:") {
                Some(file) => Contender::Crate(file.into()),
                None => Contender::File(name.into()),
            },
        })
    }
}

impl Contender {
    /// What it is called in a report.
    pub fn name(&self) -> String {
        match self {
            Contender::Words => "words".into(),
            Contender::Char => "char".into(),
            Contender::File(path) => path.display().to_string(),
            Contender::Crate(path) => format!("crate:{}", path.display()),
            Contender::Stage(stage) => stage.name().into(),
        }
    }

    /// Whether it works on the lines of the sample rather than on its sentences.
    pub(super) fn takes_lines(&self) -> bool {
        *self == Contender::Stage(Stage::Split)
    }

    /// Makes it ready: what takes this long is its load time.
    pub(super) fn load<'a>(&self, pipeline: Option<&'a Pipeline>) -> Result<Loaded<'a>> {
        Ok(match self {
            Contender::Words => Loaded::Words(FoldedWords::new(Switches::arabic(), WordParams::default())),
            Contender::Char => Loaded::Char(Normalizer::new(Switches::arabic())),
            Contender::File(path) => Loaded::Ours(Box::new(SubwordTokenizer::from_file(path)?)),
            Contender::Crate(path) => Loaded::Crate(Box::new(SubwordTokenizer::from_file(path)?)),
            Contender::Stage(stage) => {
                let pipeline = pipeline.ok_or_else(|| {
                    Error::Parameter(
                        "a stage needs a model: give --model FILE, or a build with the embedded one".into(),
                    )
                })?;
                let switches = *pipeline.vectorizer().normalizer().switches();
                match stage {
                    Stage::Normalize => Loaded::Normalize(Normalizer::new(switches)),
                    Stage::Split => Loaded::Split(pipeline),
                    Stage::Tokenize => {
                        Loaded::Words(FoldedWords::new(switches, pipeline.params().tokenize.words))
                    }
                    Stage::Featurize => Loaded::Featurize(pipeline),
                    Stage::Predict => Loaded::Predict(pipeline),
                }
            }
        })
    }
}

/// A contender that is ready.
pub(super) enum Loaded<'a> {
    Words(FoldedWords),
    Char(Normalizer),
    Normalize(Normalizer),
    Ours(Box<SubwordTokenizer>),
    Crate(Box<SubwordTokenizer>),
    Split(&'a Pipeline),
    Featurize(&'a Pipeline),
    Predict(&'a Pipeline),
}

impl Loaded<'_> {
    /// Works on some texts, one after the other, and gives the number of tokens.
    pub(super) fn run(&self, texts: &[&str]) -> Result<u64> {
        let mut text = String::new();
        let mut count = 0;
        match self {
            Loaded::Words(folded) => {
                let mut spans = Vec::new();
                for one in texts {
                    text.clear();
                    spans.clear();
                    folded.cut(one, &mut text, &mut spans);
                    count += spans.len() as u64;
                }
            }
            Loaded::Char(normalizer) | Loaded::Normalize(normalizer) => {
                for one in texts {
                    text.clear();
                    normalizer.normalize_into(one, &mut text);
                    count += match self {
                        Loaded::Char(_) => text.chars().count() as u64,
                        _ => text.len() as u64,
                    };
                }
            }
            Loaded::Ours(tokenizer) => {
                let mut ids = Vec::new();
                for one in texts {
                    ids.clear();
                    tokenizer.ids_into(one, &mut ids)?;
                    count += ids.len() as u64;
                }
            }
            Loaded::Crate(tokenizer) => {
                for one in texts {
                    let encoding = tokenizer.tokenizer().encode_fast(*one, false);
                    count += encoding.map_err(|error| Error::Tokenizer(error.to_string()))?.len() as u64;
                }
            }
            Loaded::Split(pipeline) => {
                let sentences = |text: &&str| pipeline.splitter().split(text).count() as u64;
                count = texts.iter().map(sentences).sum();
            }
            Loaded::Featurize(pipeline) => count = pipeline.vectorizer().transform(texts)?.stored() as u64,
            Loaded::Predict(pipeline) => {
                let predictions = pipeline.predict_batch(texts)?;
                count = predictions.len() as u64;
            }
        }
        Ok(count)
    }

    /// The tokenizer that has a vocabulary.
    pub(super) fn subwords(&self) -> Option<&SubwordTokenizer> {
        match self {
            Loaded::Ours(tokenizer) | Loaded::Crate(tokenizer) => Some(tokenizer),
            _ => None,
        }
    }
}
