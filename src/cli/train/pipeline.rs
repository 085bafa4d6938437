//! The pipeline that the options of `tasnif train` describe.

use anyhow::Context;
use tasnif::classify::{
    AverageParams, ClassifierParams, LogisticParams, NaiveBayesParams, NbsvmParams, OnlineParams, SvmParams,
};
use tasnif::features::ngram::{Analyzer, NgramRange};
use tasnif::features::pooled::VectorParams;
use tasnif::features::vectorizer::{Frequency, NgramParams, Norm, Weight};
use tasnif::pipeline::{CalibrationParams, FeatureParams, LabelWeights, PipelineParams};

use super::{Args, online};

impl Args {
    /// The pipeline that the options describe.
    pub(super) fn params(&self) -> anyhow::Result<PipelineParams> {
        let mut params = match &self.config {
            Some(path) => PipelineParams::from_file(path)?,
            None if self.classifier() == "online" => self.online_flags()?,
            None => self.flags()?,
        };
        if let Some(weights) = &self.class_weight {
            params.training.class_weight = class_weight(weights)?;
        }
        if let Some(method) = &self.calibration {
            params.calibration.method = serde_json::from_value(method.as_str().into())?;
        }
        params.training.max_features = self.max_features.or(params.training.max_features);
        params.training.multilabel |= self.input.multi_label;
        if let Some(threshold) = self.threshold {
            params.training.threshold = threshold;
        }
        if let ClassifierParams::Online(params) = &mut params.classifier {
            self.online.apply(params, self.seed);
        }
        params.check()?;
        Ok(params)
    }

    /// What is asked for, or what does best: an average, where there is no one C.
    pub(super) fn classifier(&self) -> &str {
        self.classifier.as_deref().unwrap_or(if self.c.is_some() { "svm" } else { "svm+nbsvm" })
    }

    fn flags(&self) -> anyhow::Result<PipelineParams> {
        let classifier = match self.classifier().contains('+') {
            true => self.average()?,
            false => self.one(self.classifier())?,
        };
        let mut params = PipelineParams { classifier, ..PipelineParams::default() };
        params.tokenize.subwords.clone_from(&self.subwords);
        if self.analyzer.is_some() || self.ngrams.is_some() {
            params.features =
                blocks(self.analyzer.as_deref().unwrap_or("word+char_wb"), self.ngrams.as_deref())?;
        }
        // Naive Bayes counts; with words alone, as it is usually meant, unless asked otherwise.
        let counts = matches!(
            self.classifier(),
            "nb" | "complement-nb" | "bernoulli-nb" | "nbsvm" | "linfa-bernoulli-nb"
        );
        if counts && self.analyzer.is_none() && self.ngrams.is_none() {
            params.features = blocks("word", None)?;
        }
        for block in params.features.iter_mut().filter_map(FeatureParams::ngrams_mut).filter(|_| counts) {
            block.weight = Weight::Binary;
            block.norm = Norm::None;
        }
        for window in &self.windows {
            let block = NgramParams {
                window: Some(*window),
                ngrams: NgramRange::new(1, 1)?,
                ..NgramParams::new(Analyzer::Word)
            };
            params.features.push(FeatureParams::Ngrams(block));
        }
        if let Some(file) = &self.vectors {
            let plain = |window: &str| -> tasnif::Result<FeatureParams> {
                let window = Some(window.parse()?);
                Ok(FeatureParams::Vectors(VectorParams { window, sif: None, ..VectorParams::new(file) }))
            };
            params.features.push(FeatureParams::Vectors(VectorParams::new(file)));
            params.features.extend([plain("0:4")?, plain("4:12")?]);
        }
        if let Some(min_df) = self.min_df {
            for block in params.features.iter_mut().filter_map(FeatureParams::ngrams_mut) {
                block.min_df = Frequency::Count(min_df);
            }
        }
        for block in params.features.iter_mut().filter_map(FeatureParams::ngrams_mut) {
            block.hash_bits = self.hash_bits;
        }
        Ok(params)
    }

    /// The classifier of a name.
    fn one(&self, name: &str) -> anyhow::Result<ClassifierParams> {
        Ok(match name {
            "logistic" => ClassifierParams::Logistic(LogisticParams::default().c(self.c.unwrap_or(10.0))),
            "nb" => ClassifierParams::Nb(NaiveBayesParams::default()),
            "complement-nb" => ClassifierParams::ComplementNb(NaiveBayesParams::default()),
            "bernoulli-nb" => ClassifierParams::BernoulliNb(NaiveBayesParams::default()),
            "nbsvm" => ClassifierParams::Nbsvm(NbsvmParams::default().c(self.c.unwrap_or(1.0))),
            "online" => ClassifierParams::Online(OnlineParams::default()),
            name if name.starts_with("linfa-") => self.linfa(name)?,
            _ => ClassifierParams::Svm(SvmParams::default().c(self.c.unwrap_or(0.5))),
        })
    }

    /// The average of classifiers joined by +, on the rows that an SVM has by itself.
    fn average(&self) -> anyhow::Result<ClassifierParams> {
        anyhow::ensure!(
            self.c.is_none(),
            "--c with several classifiers: give each its own in a pipeline file, [[classifier.members]]"
        );
        let member = |name| match name {
            "svm" => Ok(ClassifierParams::Svm(SvmParams::default())),
            "nbsvm" => Ok(ClassifierParams::Nbsvm(NbsvmParams::on_weighted_rows())),
            name => self.one(name),
        };
        let members = self.classifier().split('+').map(member).collect::<anyhow::Result<_>>()?;
        Ok(ClassifierParams::Average(AverageParams::new(members)))
    }

    /// One of linfa's own classifiers.
    fn linfa(&self, name: &str) -> anyhow::Result<ClassifierParams> {
        let mut options = serde_json::Map::from_iter([("kind".to_owned(), name.into())]);
        if let Some(c) = self.c {
            options.insert("c".into(), c.into());
        }
        if matches!(name, "linfa-forest" | "linfa-adaboost") {
            options.insert("seed".into(), self.seed().into());
        }
        serde_json::from_value(options.into()).with_context(|| format!("--c with --classifier {name}"))
    }

    /// The pipeline of the online learner: that of the model to go on from, or words 1–2, hashed.
    fn online_flags(&self) -> anyhow::Result<PipelineParams> {
        anyhow::ensure!(
            self.windows.is_empty() && self.vectors.is_none() && self.max_features.is_none(),
            "the online learner takes neither --windows, --vectors nor --max-features: it sees each record once"
        );
        let mut params = match self.online.model()? {
            Some(model) => model.params().clone(),
            None => PipelineParams {
                classifier: ClassifierParams::Online(OnlineParams::default()),
                features: online::hashed(blocks("word", None)?),
                calibration: CalibrationParams::default(),
                ..PipelineParams::default()
            },
        };
        if self.subwords.is_some() {
            params.tokenize.subwords.clone_from(&self.subwords);
        }
        if self.analyzer.is_some() || self.ngrams.is_some() {
            let analyzer = self.analyzer.as_deref().unwrap_or("word");
            params.features = online::hashed(blocks(analyzer, self.ngrams.as_deref())?);
        }
        for block in params.features.iter_mut().filter_map(FeatureParams::ngrams_mut) {
            block.hash_bits = self.hash_bits.or(block.hash_bits);
            block.min_df = self.min_df.map_or(block.min_df, Frequency::Count);
        }
        Ok(params)
    }
}

/// Feature blocks from `word+char_wb` and `1-2,2-5`.
fn blocks(analyzers: &str, ranges: Option<&str>) -> anyhow::Result<Vec<FeatureParams>> {
    let analyzers: Vec<Analyzer> = analyzers.split('+').map(str::parse).collect::<Result<_, _>>()?;
    let mut blocks: Vec<NgramParams> = analyzers.into_iter().map(NgramParams::new).collect();
    if let Some(ranges) = ranges {
        let ranges: Vec<NgramRange> = ranges.split(',').map(str::parse).collect::<Result<_, _>>()?;
        anyhow::ensure!(
            ranges.len() == blocks.len(),
            "{} n-gram ranges for {} analyzers: give one each, such as --analyzer word+char_wb --ngrams 1-2,2-5",
            ranges.len(),
            blocks.len()
        );
        blocks.iter_mut().zip(ranges).for_each(|(block, range)| block.ngrams = range);
    }
    Ok(blocks.into_iter().map(FeatureParams::Ngrams).collect())
}

fn class_weight(weights: &str) -> anyhow::Result<LabelWeights> {
    Ok(match weights {
        "none" => LabelWeights::None,
        "balanced" => LabelWeights::Balanced,
        path => {
            let toml = std::fs::read_to_string(path)
                .with_context(|| format!("--class-weight {path}: give none, balanced, or a TOML file"))?;
            LabelWeights::Given(toml::from_str(&toml).with_context(|| path.to_owned())?)
        }
    })
}
