//! Do other fields give the label away?
//!
//! A data set is confounded where the outlet, the date or the mere length of a text tells its label: whatever learns
//! from it may learn that instead. So the label is predicted from each field alone, out of fold, and from all of them
//! together; where that does better than chance, there is a leak.

use std::collections::HashSet;

use rayon::prelude::*;

use super::columns::Column;
use super::out_of_fold::grouped_folds;
use crate::dataset::{Dataset, Fold};
use crate::error::{Error, Result};
use crate::metrics::{Statistic, Tally};
use crate::random::SplitMix64;
use crate::text::tokenize::WordTokenizer;

/// Numbers with more different values than this are cut into as many ranges with as many records.
const RANGES: usize = 10;

/// Orders of the predictions in which chance is looked at.
const SHUFFLES: u64 = 100;

/// How well a field predicts the label.
#[derive(Debug, Clone, PartialEq)]
pub struct Leak {
    /// The field, `length in words`, or `all fields together`.
    pub field: String,
    /// Macro F1 of out-of-fold predictions from it.
    pub macro_f1: f64,
    /// The mean macro F1 of the same predictions in random order: what a field gets that has nothing to do with the label.
    pub chance: f64,
    /// The highest macro F1 of a hundred random orders.
    pub highest_chance: f64,
}

impl Leak {
    /// How much better than chance it is; 0 where a hundred random orders got as far.
    pub fn above_chance(&self) -> f64 {
        if self.macro_f1 > self.highest_chance { self.macro_f1 - self.chance } else { 0.0 }
    }
}

/// Predicts the label from each field and from all of them: naive Bayes with equal priors, cross-validated in folds that cut no
/// group (nor any of `clusters`). Fields whose values do not come back in another group, such as ids, cannot tell anything and
/// are left out. Numbers are cut into ten ranges. The length in words is always among the fields.
///
/// ```
/// use tasnif::curate::{Column, leaks};
/// use tasnif::dataset::{Dataset, Example};
///
/// let data: Dataset = (0..60).map(|i| Example::new("some text", ["aid", "talks"][i % 2])).collect();
/// let outlet = Column::new("outlet", (0..60).map(|i| Some(["radio", "press"][i % 2])));
/// let weather = Column::new("weather", (0..60).map(|i| Some(["rain", "sun", "snow"][i % 3])));
/// let alone: Vec<usize> = (0..60).collect();
/// let found = leaks(&data, &[outlet, weather], &alone, 5, 1)?;
/// assert_eq!((found[0].field.as_str(), found[0].macro_f1), ("outlet", 1.0));
/// assert_eq!(found[1].above_chance(), 0.0);
/// # Ok::<(), tasnif::Error>(())
/// ```
///
/// # Errors
/// [`Error::Dataset`] for several labels a record, and for fewer groups than two.
pub fn leaks(
    data: &Dataset,
    columns: &[Column],
    clusters: &[usize],
    count: usize,
    seed: u64,
) -> Result<Vec<Leak>> {
    if data.is_multilabel() {
        return Err(Error::Dataset(
            "some records have several labels, or none: leaks are looked for where each record has one"
                .into(),
        ));
    }
    let folds = grouped_folds(data, clusters, count, seed)?;
    let labels = data.labels();
    let class = |label: &str| labels.binary_search(&label).unwrap_or_default();
    let gold: Vec<usize> = data.examples.iter().map(|example| class(example.label())).collect();
    let groups = group_numbers(data);

    let words = WordTokenizer::default();
    let length = |text: &str| Some(words.tokens(text).count().to_string());
    let length = Column::new("length in words", data.examples.iter().map(|example| length(&example.text)));
    let columns = columns.iter().chain([&length]);
    let fields: Vec<(&str, Levels)> =
        columns.filter_map(|column| Some((column.name(), Levels::new(column, &groups)?))).collect();

    let task = Task { folds, gold, classes: labels.len() };
    let mut tried: Vec<(&str, Vec<&Levels>)> =
        fields.iter().map(|(name, levels)| (*name, vec![levels])).collect();
    if fields.len() > 1 {
        tried.push(("all fields together", fields.iter().map(|(_, levels)| levels).collect()));
    }
    let leak =
        |(place, (name, levels)): (usize, (&str, Vec<&Levels>))| task.leak(name, &levels, seed, place as u64);
    Ok(tried.into_par_iter().enumerate().map(leak).collect())
}

/// The group of each record, as a number; a record without one is a group of its own.
fn group_numbers(data: &Dataset) -> Vec<usize> {
    let mut known = std::collections::HashMap::new();
    let groups = data.examples.iter().enumerate();
    groups
        .map(|(record, example)| match &example.group {
            Some(group) => *known.entry(group.as_str()).or_insert(record),
            None => record,
        })
        .collect()
}

/// A field as numbers from 0.
struct Levels {
    levels: Vec<usize>,
    count: usize,
}

impl Levels {
    /// None for a field that is the same, or of no use, everywhere.
    fn new(column: &Column, groups: &[usize]) -> Option<Self> {
        // Of a column that goes on with test records, the training records alone.
        let codes: Vec<usize> = column.codes()[..groups.len()].iter().map(|&code| code as usize).collect();
        let values: Option<Vec<f64>> = column
            .values()
            .iter()
            .map(|value| value.parse().ok().filter(|value: &f64| value.is_finite()))
            .collect();
        let ranges = values.filter(|values| values.len() > RANGES).map(|values| ranges(&codes, &values));
        let levels = ranges.unwrap_or_else(|| shared(&codes, column.values().len(), groups));
        let mut seen: Vec<usize> = levels.clone();
        seen.sort_unstable();
        seen.dedup();
        (seen.len() > 1).then(|| Levels {
            levels: levels.iter().map(|level| seen.binary_search(level).unwrap_or_default()).collect(),
            count: seen.len(),
        })
    }
}

/// The range of each number, 0 where there is none: equal numbers are in one range.
fn ranges(codes: &[usize], values: &[f64]) -> Vec<usize> {
    let mut sorted: Vec<f64> = codes.iter().filter_map(|&code| Some(values[code.checked_sub(1)?])).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let range = |value: f64| sorted.partition_point(|&other| other < value) * RANGES / sorted.len();
    let by_code: Vec<usize> =
        values.iter().map(|&value| if sorted.is_empty() { 0 } else { range(value) + 1 }).collect();
    codes.iter().map(|&code| code.checked_sub(1).map_or(0, |code| by_code[code])).collect()
}

/// The values that stand in two groups at least; all others are one.
fn shared(codes: &[usize], values: usize, groups: &[usize]) -> Vec<usize> {
    let mut first = vec![None; values + 1];
    let mut in_two = HashSet::new();
    for (&code, &group) in codes.iter().zip(groups) {
        if *first[code].get_or_insert(group) != group {
            in_two.insert(code);
        }
    }
    let only_once = values + 1;
    codes.iter().map(|code| if in_two.contains(code) { *code } else { only_once }).collect()
}

/// The labels to be predicted.
struct Task {
    folds: Vec<Fold>,
    gold: Vec<usize>,
    classes: usize,
}

impl Task {
    fn leak(&self, field: &str, levels: &[&Levels], seed: u64, stream: u64) -> Leak {
        let mut predicted = self.predict(levels);
        let macro_f1 = self.macro_f1(&predicted);
        let mut random = SplitMix64::stream(seed, stream);
        let shuffled = (0..SHUFFLES).map(|_| {
            random.shuffle(&mut predicted);
            self.macro_f1(&predicted)
        });
        let shuffled: Vec<f64> = shuffled.collect();
        Leak {
            field: field.to_owned(),
            macro_f1,
            chance: shuffled.iter().sum::<f64>() / SHUFFLES as f64,
            highest_chance: shuffled.iter().copied().fold(0.0, f64::max),
        }
    }

    /// Out-of-fold predictions: the class under which a record's levels are most probable.
    fn predict(&self, fields: &[&Levels]) -> Vec<usize> {
        let mut predicted = vec![0; self.gold.len()];
        for fold in &self.folds {
            let tables: Vec<Vec<f64>> =
                fields.iter().map(|field| self.log_probabilities(field, &fold.train)).collect();
            for &record in &fold.test {
                let score = |class: usize| -> f64 {
                    fields
                        .iter()
                        .zip(&tables)
                        .map(|(field, table)| table[field.levels[record] * self.classes + class])
                        .sum()
                };
                let scores: Vec<f64> = (0..self.classes).map(score).collect();
                predicted[record] = (1..self.classes)
                    .fold(0, |best, next| if scores[next] > scores[best] { next } else { best });
            }
        }
        predicted
    }

    /// ln P(level | class) with Laplace smoothing, levels × classes.
    fn log_probabilities(&self, field: &Levels, train: &[usize]) -> Vec<f64> {
        let mut counts = vec![0usize; field.count * self.classes];
        let mut totals = vec![0usize; self.classes];
        for &record in train {
            counts[field.levels[record] * self.classes + self.gold[record]] += 1;
            totals[self.gold[record]] += 1;
        }
        let log = |(place, count): (usize, usize)| {
            match totals[place % self.classes] {
                // A class that no training record has cannot be told.
                0 => f64::NEG_INFINITY,
                total => libm::log((count + 1) as f64 / (total + field.count) as f64),
            }
        };
        counts.into_iter().enumerate().map(log).collect()
    }

    fn macro_f1(&self, predicted: &[usize]) -> f64 {
        let mut tally = Tally::new(self.classes);
        self.gold.iter().zip(predicted).for_each(|(&gold, &predicted)| tally.add(gold, predicted, 1));
        tally.statistic(Statistic::MacroF1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Example;

    const LABELS: [&str; 3] = ["aid", "strike", "talks"];

    /// Records in groups of three, of labels and lengths that have nothing to do with each other.
    fn data(size: usize) -> Dataset {
        let mut random = SplitMix64::new(1);
        (0..size)
            .map(|i| Example {
                group: Some((i / 3).to_string()),
                ..Example::new("word ".repeat(4 + random.below(20)), LABELS[random.below(3)])
            })
            .collect()
    }

    fn found(data: &Dataset, columns: &[Column]) -> Vec<Leak> {
        let alone: Vec<usize> = (0..data.len()).collect();
        leaks(data, columns, &alone, 5, 1).unwrap()
    }

    #[test]
    fn a_planted_leak_is_found_and_what_means_nothing_is_not() {
        let data = data(300);
        let mut random = SplitMix64::new(2);
        // Four times in five the outlet goes with the label.
        let outlet = Column::new(
            "outlet",
            data.examples
                .iter()
                .map(|example| Some(if random.below(5) == 0 { "any" } else { example.label() })),
        );
        let noise = Column::new("noise", (0..300).map(|_| Some(random.below(8).to_string())));
        let leaks = found(&data, &[outlet, noise]);
        let names: Vec<&str> = leaks.iter().map(|leak| leak.field.as_str()).collect();
        assert_eq!(names, ["outlet", "noise", "length in words", "all fields together"]);
        assert!(leaks[0].macro_f1 > 0.75 && (leaks[0].chance - 0.33).abs() < 0.05, "{leaks:?}");
        assert!(leaks[0].above_chance() > 0.4 && leaks[3].above_chance() > 0.35, "{leaks:?}");
        assert!(leaks[1].above_chance() < 0.1 && leaks[2].above_chance() < 0.1, "{leaks:?}");
    }

    #[test]
    fn the_length_leaks_where_one_label_has_the_long_texts() {
        let mut data = data(300);
        for example in data.examples.iter_mut().filter(|example| example.labels[0] == "talks") {
            example.text = example.text.repeat(4);
        }
        let leaks = found(&data, &[]);
        assert!(leaks.len() == 1 && leaks[0].above_chance() > 0.2, "{leaks:?}");
    }

    #[test]
    fn what_stands_in_one_group_alone_tells_nothing() {
        let data = data(300);
        let id = Column::new("id", (0..300).map(|i| Some(format!("r{i}"))));
        let article = Column::new("article", (0..300).map(|i| Some(format!("a{}", i / 3))));
        let same = Column::new("same", (0..300).map(|_| Some("always")));
        let names: Vec<String> =
            found(&data, &[id, article, same]).into_iter().map(|leak| leak.field).collect();
        assert_eq!(names, ["length in words"]);
    }

    #[test]
    fn numbers_are_cut_into_ranges_of_as_many_records() {
        let codes: Vec<usize> = (0..101).collect();
        let values: Vec<f64> = (0..100).map(|i| f64::from(i * i)).collect();
        let ranges = ranges(&codes, &values);
        assert_eq!((ranges[0], ranges[1], ranges[100]), (0, 1, 10));
        assert!(
            (1..=10).all(|range| ranges.iter().filter(|&&other| other == range).count() == 10),
            "{ranges:?}"
        );
    }

    #[test]
    fn the_same_figures_come_out_on_any_number_of_threads() {
        let data = data(90);
        let columns: Vec<Column> = (2..6)
            .map(|n| Column::new(format!("c{n}"), (0..90).map(|i| Some((i * 7 % n).to_string()))))
            .collect();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| found(&data, &columns))
        };
        assert_eq!(run(1), run(3));
    }
}
