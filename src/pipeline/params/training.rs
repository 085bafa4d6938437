//! How records count in training, and when a label is given.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::classify::ClassWeight;
use crate::error::{Error, Result};

/// How records count in training.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingParams {
    /// Weights by label, on top of those of single records.
    pub class_weight: LabelWeights,
    /// Keep so many n-grams alone, those that a first classifier weighs most, and learn again from them: a smaller model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_features: Option<usize>,
    /// A text may get any number of labels, even where every training record has exactly one.
    #[serde(skip_serializing_if = "is_false")]
    pub multilabel: bool,
    /// Where a text may get any number of labels: the probability from which on a label is given.
    #[serde(skip_serializing_if = "Threshold::is_default")]
    pub threshold: Threshold,
}

fn is_false(switch: &bool) -> bool {
    !switch
}

/// From which probability on a label is given.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "ThresholdRepr", into = "ThresholdRepr")]
pub enum Threshold {
    /// That with the best F1 on held-out folds, for each label its own.
    #[default]
    F1,
    /// The same for every label, from 0 to 1.
    Fixed(f32),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum ThresholdRepr {
    Name(String),
    Number(f32),
}

impl Threshold {
    fn is_default(&self) -> bool {
        *self == Threshold::F1
    }
}

impl TryFrom<ThresholdRepr> for Threshold {
    type Error = Error;

    fn try_from(repr: ThresholdRepr) -> Result<Self> {
        match repr {
            ThresholdRepr::Name(name) if name == "f1" => Ok(Threshold::F1),
            ThresholdRepr::Number(number) if (0.0..=1.0).contains(&number) => Ok(Threshold::Fixed(number)),
            ThresholdRepr::Name(name) => {
                Err(Error::Parameter(format!("threshold '{name}': give f1, or a probability from 0 to 1")))
            }
            ThresholdRepr::Number(number) => {
                Err(Error::Parameter(format!("threshold {number}: give f1, or a probability from 0 to 1")))
            }
        }
    }
}

impl From<Threshold> for ThresholdRepr {
    fn from(threshold: Threshold) -> Self {
        match threshold {
            Threshold::F1 => ThresholdRepr::Name("f1".into()),
            Threshold::Fixed(number) => ThresholdRepr::Number(number),
        }
    }
}

impl std::str::FromStr for Threshold {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        text.parse().map_or_else(|_| ThresholdRepr::Name(text.into()), ThresholdRepr::Number).try_into()
    }
}

/// Weights by label.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "LabelWeightsRepr", into = "LabelWeightsRepr")]
pub enum LabelWeights {
    /// Every record counts the same.
    #[default]
    None,
    /// Every label counts the same as a whole.
    Balanced,
    /// These weights; labels that are not named have weight 1.
    Given(BTreeMap<String, f64>),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum LabelWeightsRepr {
    Named(LabelWeightsName),
    Given(BTreeMap<String, f64>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum LabelWeightsName {
    None,
    Balanced,
}

impl From<LabelWeightsRepr> for LabelWeights {
    fn from(repr: LabelWeightsRepr) -> Self {
        match repr {
            LabelWeightsRepr::Named(LabelWeightsName::None) => LabelWeights::None,
            LabelWeightsRepr::Named(LabelWeightsName::Balanced) => LabelWeights::Balanced,
            LabelWeightsRepr::Given(weights) => LabelWeights::Given(weights),
        }
    }
}

impl From<LabelWeights> for LabelWeightsRepr {
    fn from(weights: LabelWeights) -> Self {
        match weights {
            LabelWeights::None => LabelWeightsRepr::Named(LabelWeightsName::None),
            LabelWeights::Balanced => LabelWeightsRepr::Named(LabelWeightsName::Balanced),
            LabelWeights::Given(weights) => LabelWeightsRepr::Given(weights),
        }
    }
}

impl LabelWeights {
    /// Weights by class index, for these sorted labels.
    pub(crate) fn resolve(&self, labels: &[String]) -> Result<ClassWeight> {
        let given = match self {
            LabelWeights::None => return Ok(ClassWeight::None),
            LabelWeights::Balanced => return Ok(ClassWeight::Balanced),
            LabelWeights::Given(given) => given,
        };
        if let Some(unknown) = given.keys().find(|label| !labels.contains(label)) {
            return Err(Error::Parameter(format!(
                "class weight for '{unknown}', but the labels are {}",
                labels.join(", ")
            )));
        }
        Ok(ClassWeight::Given(labels.iter().map(|label| given.get(label).copied().unwrap_or(1.0)).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::PipelineParams;

    #[test]
    fn class_weights_have_three_forms() {
        let read = |weights: &str| {
            let toml = format!("{}\n", PipelineParams::default().to_toml())
                .replace("class_weight = \"none\"", &format!("class_weight = {weights}"));
            PipelineParams::from_toml(&toml).unwrap().training.class_weight
        };
        assert_eq!(read("\"none\""), LabelWeights::None);
        assert_eq!(read("\"balanced\""), LabelWeights::Balanced);
        let given = read("{ strike = 2.0 }");
        let labels = ["other".to_owned(), "strike".to_owned()];
        assert_eq!(given.resolve(&labels).unwrap(), ClassWeight::Given(vec![1.0, 2.0]));
        assert!(given.resolve(&labels[..1]).unwrap_err().to_string().contains("strike"));
    }

    #[test]
    fn a_threshold_is_f1_or_a_share() {
        let read = |threshold: &str| toml::from_str::<TrainingParams>(&format!("threshold = {threshold}"));
        assert_eq!(read("\"f1\"").unwrap().threshold, Threshold::F1);
        assert_eq!(read("0.25").unwrap().threshold, Threshold::Fixed(0.25));
        for bad in ["1.5", "-0.1", "nan", "\"best\""] {
            assert!(read(bad).unwrap_err().to_string().contains("give f1, or a probability"), "{bad}");
        }
        assert!("0.5".parse::<Threshold>().is_ok() && "x".parse::<Threshold>().is_err());
    }
}
