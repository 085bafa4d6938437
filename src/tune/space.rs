//! The pipelines that a search draws from.

use crate::classify::{
    AverageParams, ClassifierParams, LogisticParams, NaiveBayesParams, NbsvmParams, SvmParams,
};
use crate::features::ngram::{Analyzer, NgramRange};
use crate::features::vectorizer::{Frequency, NgramParams, Norm, Weight};
use crate::features::window::Window;
use crate::pipeline::{FeatureParams, LabelWeights, PipelineParams};
use crate::random::SplitMix64;

/// Pipelines that do well on most data: the search begins with them.
pub(super) fn first() -> Vec<PipelineParams> {
    let svm = ClassifierParams::Svm(SvmParams::default().c(0.5));
    let nbsvm = ClassifierParams::Nbsvm(NbsvmParams::on_weighted_rows());
    let nb = ClassifierParams::ComplementNb(NaiveBayesParams::default().alpha(0.3));
    let three = ClassifierParams::Average(AverageParams::new(vec![svm, nbsvm, nb]));
    let mut marks = PipelineParams::default();
    marks.tokenize.words.punctuation = true;
    vec![
        PipelineParams::default(),
        marks.clone(),
        PipelineParams { classifier: three.clone(), ..PipelineParams::default() },
        PipelineParams { classifier: three, ..marks },
    ]
}

/// A pipeline at random; options that matter more have more values.
pub(super) fn draw(random: &mut SplitMix64) -> PipelineParams {
    let mut params = PipelineParams { features: features(random), ..PipelineParams::default() };
    params.tokenize.words.punctuation = pick(random, &[false, true]);
    params.classifier = classifier(random);
    if params.classifier.wants_binary_rows() {
        for block in params.features.iter_mut().filter_map(FeatureParams::ngrams_mut) {
            *block = NgramParams { weight: Weight::Binary, norm: Norm::None, scale: 1.0, ..block.clone() };
        }
    }
    params.training.class_weight = pick(random, &[LabelWeights::None, LabelWeights::Balanced]);
    params
}

fn pick<T: Clone>(random: &mut SplitMix64, choices: &[T]) -> T {
    choices[random.below(choices.len())].clone()
}

fn features(random: &mut SplitMix64) -> Vec<FeatureParams> {
    let words = pick(random, &[[1, 1], [1, 2], [1, 2], [1, 3]]);
    let characters = pick(random, &[[1, 4], [2, 4], [2, 5], [3, 5], [3, 6]]);
    let characters = (pick(random, &[Analyzer::CharWb, Analyzer::CharWb, Analyzer::Char]), characters);
    let blocks = match random.below(6) {
        0 => vec![(Analyzer::Word, words)],
        1 => vec![characters],
        _ => vec![(Analyzer::Word, words), characters],
    };
    let weight =
        pick(random, &[Weight::LogTfIdf, Weight::LogTfIdf, Weight::BinaryIdf, Weight::LogTf, Weight::Binary]);
    let min_df = pick(random, &[1, 1, 2, 3]);
    let scale = pick(random, &[0.5, 1.0, 1.0]);
    let block = |(place, (analyzer, [min, max])): (usize, (Analyzer, [usize; 2]))| {
        let ngrams =
            NgramRange::new(min, max).unwrap_or_else(|_| unreachable!("the ranges above are in order"));
        let scale = if place == 0 { 1.0 } else { scale };
        FeatureParams::Ngrams(NgramParams {
            ngrams,
            weight,
            min_df: Frequency::Count(min_df),
            scale,
            ..NgramParams::new(analyzer)
        })
    };
    let mut blocks: Vec<FeatureParams> = blocks.into_iter().enumerate().map(block).collect();
    // How a text begins, once more.
    if let Some(tokens) = pick(random, &[None, Some(1), Some(3), Some(3)]) {
        blocks.push(FeatureParams::Ngrams(NgramParams {
            window: Some(Window::first(tokens)),
            weight,
            min_df: Frequency::Count(min_df),
            scale: pick(random, &[0.3, 0.5, 0.8]),
            ..NgramParams::new(Analyzer::Word)
        }));
    }
    blocks
}

fn classifier(random: &mut SplitMix64) -> ClassifierParams {
    match random.below(12) {
        0..3 => svm(random),
        3 => ClassifierParams::Nbsvm(
            NbsvmParams::default().c(pick(random, &[0.1, 1.0])).beta(pick(random, &[0.25, 0.5])),
        ),
        4 => complement_nb(random),
        5..8 => ClassifierParams::Logistic(
            LogisticParams::default().c(pick(random, &[0.3, 1.0, 3.0, 10.0, 30.0, 100.0])),
        ),
        more => {
            let nbsvm = NbsvmParams::on_weighted_rows().c(pick(random, &[0.1, 0.2, 0.5, 1.0]));
            let mut members = vec![svm(random), ClassifierParams::Nbsvm(nbsvm)];
            // Which classes it gets right is another matter; where they differ much in size it is of no help.
            if more > 9 {
                members.push(complement_nb(random));
            }
            ClassifierParams::Average(AverageParams::new(members))
        }
    }
}

fn svm(random: &mut SplitMix64) -> ClassifierParams {
    ClassifierParams::Svm(SvmParams::default().c(pick(random, &[0.03, 0.1, 0.3, 0.5, 1.0, 3.0])))
}

fn complement_nb(random: &mut SplitMix64) -> ClassifierParams {
    ClassifierParams::ComplementNb(NaiveBayesParams::default().alpha(pick(random, &[0.1, 0.3, 1.0])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pipeline_of_the_space_is_a_valid_one() {
        let mut random = SplitMix64::new(1);
        for _ in 0..500 {
            let params = draw(&mut random);
            params.check().unwrap();
            assert_eq!(PipelineParams::from_toml(&params.to_toml()).unwrap(), params);
        }
    }
}
