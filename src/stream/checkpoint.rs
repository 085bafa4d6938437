//! A stream's state on disk, from which a run that was stopped goes on.
//!
//! A checkpoint holds whole blocks alone: what comes behind the last whole block is learned again. So data that have grown
//! since are learned as if they had never been shorter.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::block::Mark;
use crate::classify::online::{Foresight, Learner};
use crate::error::{Error, Result};
use crate::model_file::online::{read, write_learner};
use crate::model_file::tensors::{Tensors, Writer};
use crate::output::AtomicFile;

/// The key of the metadata that makes a safetensors file a checkpoint of ours.
const KEY: &str = "tasnif-checkpoint";
/// The version of the format.
const FORMAT: u32 = 1;

/// Where a run's state is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The file. When there is one, the run goes on from it.
    pub path: PathBuf,
    /// Write it anew after so many records, at the end of a shuffle buffer.
    pub every: u64,
}

/// Everything but the weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    format: u32,
    width: usize,
    /// The options of the run, which another run must have too.
    pub(super) options: Value,
    /// The labels, in the order in which they came.
    pub(super) labels: Vec<String>,
    /// Behind the last whole block.
    pub(super) learned: Mark,
    /// Behind the last record of the data, when they have been read to their end.
    pub(super) end: Option<Mark>,
    /// Whole blocks learned.
    pub(super) blocks: u64,
    /// Uneven blocks among them.
    pub(super) uneven: u64,
    pub(super) foresight: Foresight,
}

impl State {
    /// Before the first record; `labels` are those of the model that is gone on from.
    pub(super) fn new(width: usize, options: Value, labels: Vec<String>) -> Self {
        State {
            format: FORMAT,
            width,
            options,
            learned: Mark { counts: vec![0; labels.len()], ..Mark::default() },
            labels,
            end: None,
            blocks: 0,
            uneven: 0,
            foresight: Foresight::default(),
        }
    }

    /// Writes a checkpoint: whole or not at all. There is no learner before the first record.
    pub(super) fn save(&self, learner: Option<&Learner>, path: &Path) -> Result<()> {
        let json = serde_json::to_string(self).map_err(|error| Error::Parameter(error.to_string()))?;
        let met = learner.map_or_else(Vec::new, Learner::met);
        let mut writer = Writer::default();
        if let Some(learner) = learner {
            write_learner(learner, &met, &mut writer);
        }
        let mut file = AtomicFile::create(path)?;
        writer.write(KEY, json, &mut file).map_err(|error| Error::io(path, error))?;
        file.finish()
    }

    /// Reads a checkpoint, or nothing when there is no such file.
    pub(super) fn load(path: &Path) -> Result<Option<(State, Option<Learner>)>> {
        let file = match std::fs::read(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io(path, error)),
        };
        let fail = |message: String| Error::Model { path: path.to_owned(), message };
        let damaged = |error: String| fail(format!("damaged checkpoint ({error}); delete it to start again"));
        let foreign = || fail("not a checkpoint of tasnif; name another file with --checkpoint".into());
        let tensors = Tensors::read(&file, KEY).map_err(damaged)?.ok_or_else(foreign)?;
        tensors.verify().map_err(damaged)?;
        let header: Value =
            serde_json::from_str(&tensors.metadata).map_err(|error| damaged(error.to_string()))?;
        if header["format"] != FORMAT {
            return Err(fail("a checkpoint of another version of tasnif; delete it to start again".into()));
        }
        let state: State = serde_json::from_value(header).map_err(|error| damaged(error.to_string()))?;
        if state.labels.len() != state.learned.counts.len() {
            return Err(damaged("labels and counts differ".into()));
        }
        if state.labels.is_empty() {
            return Ok(Some((state, None)));
        }
        let learner =
            read(&tensors, state.width, state.labels.len()).map_err(|error| damaged(error.to_string()))?;
        Ok(Some((state, Some(learner))))
    }

    /// Whether a run with these options may go on from it.
    pub(super) fn fits(&self, options: &Value, path: &Path) -> Result<()> {
        let keys = |value: &Value| -> Vec<String> {
            value.as_object().into_iter().flat_map(|object| object.keys().cloned()).collect()
        };
        let differing: Vec<String> =
            keys(options).into_iter().filter(|key| self.options[key] != options[key]).collect();
        if self.options == *options {
            return Ok(());
        }
        Err(Error::Model {
            path: path.to_owned(),
            message: format!(
                "the checkpoint was made with other options ({}): give the same ones, or delete it to start again",
                differing.join(", ")
            ),
        })
    }
}
