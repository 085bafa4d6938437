//! Numbers to and from safetensors, little-endian on every machine.

use std::collections::HashMap;

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

use crate::error::{Error, Result};

/// Collects tensors for one file.
#[derive(Default)]
pub(super) struct Writer {
    tensors: Vec<(String, Dtype, Vec<u8>)>,
}

impl Writer {
    pub(super) fn u64s(&mut self, name: String, values: &[u64]) {
        self.tensors.push((name, Dtype::U64, values.iter().flat_map(|value| value.to_le_bytes()).collect()));
    }

    pub(super) fn u32s(&mut self, name: String, values: &[u32]) {
        self.tensors.push((name, Dtype::U32, values.iter().flat_map(|value| value.to_le_bytes()).collect()));
    }

    pub(super) fn f32s(&mut self, name: String, values: &[f32]) {
        self.tensors.push((name, Dtype::F32, values.iter().flat_map(|value| value.to_le_bytes()).collect()));
    }

    pub(super) fn f64s(&mut self, name: String, values: &[f64]) {
        self.tensors.push((name, Dtype::F64, values.iter().flat_map(|value| value.to_le_bytes()).collect()));
    }

    pub(super) fn bytes(&mut self, name: String, values: &[u8]) {
        self.tensors.push((name, Dtype::U8, values.to_vec()));
    }

    /// The file, with one entry of metadata: with more, their order would be left to chance.
    pub(super) fn finish(self, key: &str, metadata: String) -> Result<Vec<u8>> {
        let fail = |error: safetensors::SafeTensorError| {
            Error::Parameter(format!("the model cannot be written: {error}"))
        };
        let views = self
            .tensors
            .iter()
            .map(|(name, dtype, bytes)| {
                let size = dtype.bitsize() / 8;
                Ok((name.as_str(), TensorView::new(*dtype, vec![bytes.len() / size], bytes)?))
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(fail)?;
        safetensors::serialize(views, Some(HashMap::from([(key.to_owned(), metadata)]))).map_err(fail)
    }
}

/// The tensors of a file.
pub(super) struct Tensors<'a> {
    tensors: SafeTensors<'a>,
    pub(super) metadata: String,
}

impl<'a> Tensors<'a> {
    /// Reads the header; the message says whether the file is damaged or something else altogether.
    pub(super) fn read(bytes: &'a [u8], key: &str) -> Result<Self, String> {
        let foreign = "not a tasnif model file; give one that `tasnif train` wrote".to_owned();
        let metadata = match SafeTensors::read_metadata(bytes) {
            Ok((_, metadata)) => metadata.metadata().as_ref().and_then(|entries| entries.get(key).cloned()),
            Err(_) if contains(bytes, key) => {
                return Err("damaged or truncated model file; train or download it again".into());
            }
            Err(_) => return Err(foreign),
        };
        let metadata = metadata.ok_or(foreign)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| {
            format!("damaged or truncated model file ({error}); train or download it again")
        })?;
        Ok(Tensors { tensors, metadata })
    }

    pub(super) fn bytes(&self, name: &str) -> Result<&'a [u8], String> {
        self.find(name, Dtype::U8)
    }

    pub(super) fn u64s(&self, name: &str) -> Result<Vec<u64>, String> {
        Ok(self.find(name, Dtype::U64)?.chunks_exact(8).map(|b| u64::from_le_bytes(array(b))).collect())
    }

    pub(super) fn u32s(&self, name: &str) -> Result<Vec<u32>, String> {
        Ok(self.find(name, Dtype::U32)?.chunks_exact(4).map(|b| u32::from_le_bytes(array(b))).collect())
    }

    pub(super) fn f32s(&self, name: &str) -> Result<Vec<f32>, String> {
        Ok(self.find(name, Dtype::F32)?.chunks_exact(4).map(|b| f32::from_le_bytes(array(b))).collect())
    }

    pub(super) fn f64s(&self, name: &str) -> Result<Vec<f64>, String> {
        Ok(self.find(name, Dtype::F64)?.chunks_exact(8).map(|b| f64::from_le_bytes(array(b))).collect())
    }

    fn find(&self, name: &str, dtype: Dtype) -> Result<&'a [u8], String> {
        match self.tensors.tensor(name) {
            Ok(tensor) if tensor.dtype() == dtype => Ok(tensor.data()),
            Ok(tensor) => Err(format!("tensor '{name}' is {:?}, not {dtype:?}", tensor.dtype())),
            Err(_) => Err(format!("no tensor '{name}'")),
        }
    }
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap_or([0; N])
}

/// Whether the first bytes, where the header is, hold the key: a file of ours that is cut short still does.
fn contains(bytes: &[u8], key: &str) -> bool {
    let start = &bytes[..bytes.len().min(64)];
    start.windows(key.len()).any(|window| window == key.as_bytes())
}
