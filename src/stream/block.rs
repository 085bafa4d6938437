//! Records read into memory, a block at a time: the shuffle buffer.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::dataset::Example;
use crate::error::{Error, Result};
use crate::features::hash::{fold, hash_bytes};

/// Bytes of text for each record of a full block: more are taken for a full block, however few the records are.
const TEXT: usize = 1 << 10;

/// How far a stream has been read.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Mark {
    /// Records since the start.
    pub(super) records: u64,
    /// A hash of them all: other data have another one.
    pub(super) digest: u64,
    /// How many of them had each label, in the order in which the labels came.
    pub(super) counts: Vec<u64>,
}

impl Mark {
    /// Whether the labels since `before` are of quite another mix than those up to there: more than half of the records (and what
    /// chance adds) would have to have another label. At the start, whether there is one label alone.
    pub(super) fn is_uneven(&self, before: &Mark) -> bool {
        let (old, new) = (before.records as f64, (self.records - before.records) as f64);
        let count = |label: usize| before.counts.get(label).copied().unwrap_or(0);
        let new_counts = self.counts.iter().enumerate().map(|(label, &all)| all - count(label));
        if new_counts.clone().filter(|&count| count > 0).count() < 2 {
            return true;
        }
        let shares = new_counts.enumerate().map(|(label, new_count)| {
            let share = if old > 0.0 { count(label) as f64 / old } else { new_count as f64 / new };
            (new_count as f64 / new - share).abs()
        });
        let distance = 0.5 * shares.sum::<f64>();
        distance > 0.5 + 0.5 * (self.counts.len() as f64 / new).sqrt()
    }
}

/// Some records, waiting to be learned.
#[derive(Default)]
pub(super) struct Block {
    text: String,
    ends: Vec<usize>,
    /// The label of each record, by the order in which labels came.
    pub(super) classes: Vec<u32>,
    /// Record weight times class weight.
    pub(super) weights: Vec<f32>,
    /// Whether it is full, and not cut short by the end of the data.
    pub(super) is_whole: bool,
    /// The state of the stream behind its last record.
    pub(super) end: Mark,
}

impl Block {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn text(&self, record: usize) -> &str {
        let start = record.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[record]]
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.classes.clear();
        self.weights.clear();
        self.is_whole = false;
    }
}

/// Turns records into blocks.
pub(super) struct Reader<I> {
    records: I,
    /// Records in a full block.
    block: usize,
    /// The labels, in the order in which they came.
    pub(super) labels: Vec<String>,
    index: HashMap<String, u32>,
    class_weights: BTreeMap<String, f64>,
    mark: Mark,
    /// What a former run found behind so many records.
    expected: VecDeque<(u64, u64)>,
}

impl<I: Iterator<Item = Result<Example>>> Reader<I> {
    pub(super) fn new(records: I, block: usize, class_weights: BTreeMap<String, f64>) -> Self {
        Reader {
            records,
            block,
            labels: Vec::new(),
            index: HashMap::new(),
            class_weights,
            mark: Mark::default(),
            expected: VecDeque::new(),
        }
    }

    /// Starts with these labels, of which no record was counted.
    pub(super) fn with_labels(mut self, labels: &[String]) -> Self {
        labels.iter().for_each(|label| _ = self.class(label));
        self
    }

    /// Reads over the records that a former run learned, up to `mark`, and holds them and those up to `end` to be the same.
    pub(super) fn skip(&mut self, mark: &Mark, end: Option<&Mark>) -> Result<()> {
        self.expected =
            [Some(mark), end].into_iter().flatten().map(|mark| (mark.records, mark.digest)).collect();
        // At a mark of no records there is nothing to compare.
        self.expected.retain(|&(records, _)| records > 0);
        while self.mark.records < mark.records {
            let Some(example) = self.read()? else { break };
            self.count(example.label());
        }
        Ok(())
    }

    /// Fills a block; it is not whole when the data end first.
    pub(super) fn fill(&mut self, block: &mut Block) -> Result<()> {
        block.clear();
        while block.len() < self.block && block.text.len() < self.block.saturating_mul(TEXT) {
            let Some(example) = self.read()? else { break };
            let weight = example.weight * self.class_weights.get(example.label()).map_or(1.0, |&w| w as f32);
            if !(weight.is_finite() && weight >= 0.0) {
                return Err(Error::Dataset(format!(
                    "record {} has weight {weight}: weights are finite numbers from 0",
                    self.mark.records
                )));
            }
            block.text.push_str(&example.text);
            block.ends.push(block.text.len());
            block.weights.push(weight);
            let class = self.count(example.label());
            block.classes.push(class);
        }
        block.is_whole = block.len() == self.block || block.text.len() >= self.block.saturating_mul(TEXT);
        block.end.clone_from(&self.mark);
        Ok(())
    }

    /// The labels with a class weight that no record had.
    pub(super) fn weights_of_no_label(&self) -> Vec<String> {
        self.class_weights.keys().filter(|label| !self.index.contains_key(*label)).cloned().collect()
    }

    /// The next record, if there is one.
    fn read(&mut self) -> Result<Option<Example>> {
        let Some(example) = self.records.next().transpose()? else {
            return match self.expected.front() {
                Some((records, _)) => Err(Error::Dataset(format!(
                    "the data end after {} records, but the checkpoint has seen {records}: give the same data again, or delete \
                     the checkpoint",
                    self.mark.records
                ))),
                None => Ok(None),
            };
        };
        self.mark.records += 1;
        if example.labels.len() != 1 || example.label().is_empty() {
            return Err(Error::Dataset(format!(
                "record {} has {} labels, or an empty one: this classifier gives each record exactly one",
                self.mark.records,
                example.labels.len()
            )));
        }
        let hashes = [
            hash_bytes(example.label().as_bytes()),
            hash_bytes(example.text.as_bytes()),
            u64::from(example.weight.to_bits()),
        ];
        self.mark.digest = hashes.into_iter().fold(self.mark.digest, fold);
        if let Some(&(records, digest)) = self.expected.front()
            && records == self.mark.records
        {
            if digest != self.mark.digest {
                return Err(Error::Dataset(format!(
                    "the first {records} records are not those that the checkpoint has seen: give the same data again, or delete \
                     the checkpoint"
                )));
            }
            while self.expected.front().is_some_and(|&(records, _)| records == self.mark.records) {
                self.expected.pop_front();
            }
        }
        Ok(Some(example))
    }

    fn count(&mut self, label: &str) -> u32 {
        let class = self.class(label);
        self.mark.counts[class as usize] += 1;
        class
    }

    fn class(&mut self, label: &str) -> u32 {
        if let Some(&class) = self.index.get(label) {
            return class;
        }
        let class = self.labels.len() as u32;
        self.labels.push(label.to_owned());
        self.index.insert(label.to_owned(), class);
        self.mark.counts.push(0);
        class
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(labels: &[&str], block: usize) -> Reader<impl Iterator<Item = Result<Example>>> {
        let examples: Vec<Example> =
            labels.iter().enumerate().map(|(i, label)| Example::new(format!("text {i}"), *label)).collect();
        Reader::new(examples.into_iter().map(Ok), block, BTreeMap::from([("a".to_owned(), 2.0)]))
    }

    #[test]
    fn blocks_hold_the_records_in_order() {
        let (mut reader, mut block) = (reader(&["b", "a", "b", "c", "a"], 2), Block::default());
        let mut seen = Vec::new();
        loop {
            reader.fill(&mut block).unwrap();
            let texts: Vec<&str> = (0..block.len()).map(|record| block.text(record)).collect();
            seen.push((texts.join("|"), block.classes.clone(), block.weights.clone(), block.is_whole));
            if !block.is_whole {
                break;
            }
        }
        assert_eq!(
            seen,
            [
                ("text 0|text 1".to_owned(), vec![0, 1], vec![1.0, 2.0], true),
                ("text 2|text 3".to_owned(), vec![0, 2], vec![1.0, 1.0], true),
                ("text 4".to_owned(), vec![1], vec![2.0], false),
            ]
        );
        assert_eq!(reader.labels, ["b", "a", "c"]);
        assert_eq!((block.end.records, block.end.counts), (5, vec![2, 2, 1]));
    }

    #[test]
    fn a_block_of_another_mix_than_what_came_before_is_uneven() {
        let mark =
            |counts: [u64; 3]| Mark { records: counts.iter().sum(), counts: counts.to_vec(), digest: 0 };
        let uneven = |before: [u64; 3], more: [u64; 3]| {
            let after = std::array::from_fn(|label| before[label] + more[label]);
            mark(after).is_uneven(&mark(before))
        };
        assert!(!uneven([0; 3], [90, 5, 5]) && uneven([0; 3], [0, 100, 0]));
        assert!(!uneven([5000, 3000, 2000], [400, 400, 200]));
        assert!(uneven([5000, 3000, 2000], [0, 0, 1000]), "one label alone");
        assert!(uneven([9000, 1000, 0], [50, 100, 900]));
        assert!(!uneven([400, 300, 300], [0, 2, 2]), "four records say little");
    }

    #[test]
    fn skipping_stops_at_the_mark_and_notices_other_records() {
        let labels = ["b", "a", "b", "c", "a"];
        let (mut first, mut block) = (reader(&labels, 3), Block::default());
        first.fill(&mut block).unwrap();
        let mark = block.end.clone();
        first.fill(&mut block).unwrap();
        let (rest, end) = (block.classes.clone(), block.end.clone());
        let resumed = |labels: &[&str]| -> Result<Block> {
            let (mut reader, mut block) = (reader(labels, 3), Block::default());
            reader.skip(&mark, Some(&end))?;
            reader.fill(&mut block)?;
            Ok(block)
        };
        let same = resumed(&labels).unwrap();
        assert_eq!((same.classes, same.end), (rest, end.clone()));
        let message = |labels: &[&str]| resumed(labels).err().unwrap().to_string();
        assert!(message(&["b", "b", "b", "c", "a"]).contains("the first 3 records"));
        assert!(message(&["b", "a", "b", "c", "b"]).contains("the first 5 records"));
        assert!(message(&labels[..2]).contains("end after 2 records"));
        assert!(message(&labels[..4]).contains("end after 4 records"));
        assert!(resumed(&["b", "a", "b", "c", "a", "b", "b"]).is_ok(), "more records may follow");
    }

    #[test]
    fn records_that_cannot_be_learned_are_refused() {
        let message = |example: Example| {
            let records = [Ok(Example::new("x", "a")), Ok(example)].into_iter();
            let mut reader = Reader::new(records, 9, BTreeMap::new());
            reader.fill(&mut Block::default()).unwrap_err().to_string()
        };
        assert!(message(Example::new("x", "")).contains("record 2"));
        assert!(
            message(Example { labels: vec![], ..Example::new("x", "a") }).contains("record 2 has 0 labels")
        );
        assert!(message(Example { weight: f32::NAN, ..Example::new("x", "a") }).contains("weight NaN"));
        assert!(message(Example { weight: -1.0, ..Example::new("x", "a") }).contains("weight -1"));
    }
}
