//! Numbers to and from safetensors, little-endian on every machine.
//!
//! A file is written piece by piece, so that saving a large model takes no second copy of it. The last tensor, `~sha256`, is
//! the SHA-256 of every byte before it: damage anywhere is noticed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Write};

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, View};
use sha2::{Digest, Sha256};

/// Sorts behind every other tensor of bytes, which themselves come last.
const CHECKSUM: &str = "~sha256";
pub(crate) const CHECKSUM_BYTES: usize = 32;

/// Numbers that are turned into bytes at a time.
const PIECE: usize = 4096;

/// Collects tensors for one file.
#[derive(Default)]
pub(crate) struct Writer<'a> {
    tensors: Vec<Tensor<'a>>,
}

struct Tensor<'a> {
    name: String,
    shape: [usize; 1],
    values: Values<'a>,
}

/// What a tensor is made of.
enum Values<'a> {
    U64(&'a [u64]),
    U32(&'a [u32]),
    F32(Cow<'a, [f32]>),
    F16(Vec<u16>),
    I8(Vec<i8>),
    /// The rows with these indices, of a matrix of so many columns.
    Rows(&'a [f32], usize, &'a [u32]),
    Bytes(Cow<'a, [u8]>),
    /// The hash of all that comes before.
    Checksum,
}

impl<'a> Writer<'a> {
    pub(crate) fn u64s(&mut self, name: String, values: &'a [u64]) {
        self.push(name, values.len(), Values::U64(values));
    }

    pub(crate) fn u32s(&mut self, name: String, values: &'a [u32]) {
        self.push(name, values.len(), Values::U32(values));
    }

    pub(crate) fn f32s(&mut self, name: String, values: &'a [f32]) {
        self.push(name, values.len(), Values::F32(Cow::Borrowed(values)));
    }

    pub(crate) fn owned_f32s(&mut self, name: String, values: Vec<f32>) {
        self.push(name, values.len(), Values::F32(Cow::Owned(values)));
    }

    /// Half floats, as bits.
    pub(crate) fn f16s(&mut self, name: String, values: Vec<u16>) {
        self.push(name, values.len(), Values::F16(values));
    }

    pub(crate) fn i8s(&mut self, name: String, values: Vec<i8>) {
        self.push(name, values.len(), Values::I8(values));
    }

    /// The given rows of a matrix whose rows are `width` long.
    pub(crate) fn rows(&mut self, name: String, matrix: &'a [f32], width: usize, rows: &'a [u32]) {
        self.push(name, width * rows.len(), Values::Rows(matrix, width, rows));
    }

    pub(crate) fn bytes(&mut self, name: String, values: impl Into<Cow<'a, [u8]>>) {
        let values = values.into();
        self.push(name, values.len(), Values::Bytes(values));
    }

    fn push(&mut self, name: String, length: usize, values: Values<'a>) {
        self.tensors.push(Tensor { name, shape: [length], values });
    }

    /// Writes the file, with one entry of metadata (with more, their order would be left to chance) and the checksum.
    pub(crate) fn write(mut self, key: &str, metadata: String, out: impl Write) -> io::Result<()> {
        self.push(CHECKSUM.into(), CHECKSUM_BYTES, Values::Checksum);
        // The order in which safetensors lays them out.
        self.tensors.sort_by(|a, b| b.dtype().cmp(&a.dtype()).then_with(|| a.name.cmp(&b.name)));
        let views = self.tensors.iter().map(|tensor| (tensor.name.as_str(), tensor));
        let header = safetensors::serialize(views, Some(HashMap::from([(key.to_owned(), metadata)])))
            .map_err(|error| io::Error::other(format!("the file cannot be written: {error}")))?;
        let mut out = Hashing { inner: out, hash: Sha256::new() };
        out.write_all(&header)?;
        self.tensors.iter().try_for_each(|tensor| tensor.values.write(&mut out))?;
        let checksum = out.hash.finalize();
        out.inner.write_all(&checksum)
    }

    /// The bytes of the file.
    pub(crate) fn into_bytes(self, key: &str, metadata: String) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.write(key, metadata, &mut bytes)?;
        Ok(bytes)
    }
}

/// A tensor as the header has it; its bytes are written behind the header piece by piece.
impl View for &Tensor<'_> {
    fn dtype(&self) -> Dtype {
        match self.values {
            Values::U64(_) => Dtype::U64,
            Values::U32(_) => Dtype::U32,
            Values::F32(_) | Values::Rows(..) => Dtype::F32,
            Values::F16(_) => Dtype::F16,
            Values::I8(_) => Dtype::I8,
            Values::Bytes(_) | Values::Checksum => Dtype::U8,
        }
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&[])
    }

    fn data_len(&self) -> usize {
        self.shape[0] * (self.dtype().bitsize() / 8)
    }
}

impl Values<'_> {
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        match self {
            Values::U64(values) => pieces(values, out, |value| value.to_le_bytes()),
            Values::U32(values) => pieces(values, out, |value| value.to_le_bytes()),
            Values::F32(values) => pieces(values, out, |value| value.to_le_bytes()),
            Values::F16(values) => pieces(values, out, |value| value.to_le_bytes()),
            Values::I8(values) => pieces(values, out, |value| value.to_le_bytes()),
            Values::Rows(matrix, width, rows) => {
                let width = *width;
                rows.chunks(PIECE.div_ceil(width.max(1))).try_for_each(|rows| {
                    let row = |&row: &u32| &matrix[row as usize * width..][..width];
                    let values: Vec<f32> = rows.iter().flat_map(row).copied().collect();
                    pieces(&values, out, |value| value.to_le_bytes())
                })
            }
            Values::Bytes(values) => out.write_all(values),
            Values::Checksum => Ok(()),
        }
    }
}

fn pieces<T: Copy, const N: usize>(
    values: &[T],
    out: &mut impl Write,
    bytes: impl Fn(T) -> [u8; N],
) -> io::Result<()> {
    let mut piece = Vec::with_capacity(PIECE.min(values.len()) * N);
    values.chunks(PIECE).try_for_each(|values| {
        piece.clear();
        piece.extend(values.iter().flat_map(|&value| bytes(value)));
        out.write_all(&piece)
    })
}

/// Passes bytes on and hashes them.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The tensors of a file.
pub(crate) struct Tensors<'a> {
    tensors: SafeTensors<'a>,
    file: &'a [u8],
    pub(crate) metadata: String,
}

impl<'a> Tensors<'a> {
    /// Reads the header; `None` when the bytes are something else altogether, a message when they are damaged.
    pub(crate) fn read(file: &'a [u8], key: &str) -> Result<Option<Self>, String> {
        let metadata = match SafeTensors::read_metadata(file) {
            Ok((_, metadata)) => metadata.metadata().as_ref().and_then(|entries| entries.get(key).cloned()),
            Err(_) if contains(file, key) => return Err("its header is cut short".into()),
            Err(_) => return Ok(None),
        };
        let Some(metadata) = metadata else { return Ok(None) };
        let tensors = SafeTensors::deserialize(file).map_err(|error| error.to_string())?;
        Ok(Some(Tensors { tensors, file, metadata }))
    }

    /// Whether the checksum is that of the file.
    pub(crate) fn verify(&self) -> Result<(), String> {
        let end = self.file.len().saturating_sub(CHECKSUM_BYTES);
        match self.bytes(CHECKSUM)? == Sha256::digest(&self.file[..end]).as_slice() {
            true => Ok(()),
            false => Err("its checksum does not match".into()),
        }
    }

    pub(crate) fn bytes(&self, name: &str) -> Result<&'a [u8], String> {
        self.find(name, Dtype::U8)
    }

    pub(crate) fn u64s(&self, name: &str) -> Result<Vec<u64>, String> {
        Ok(self.find(name, Dtype::U64)?.chunks_exact(8).map(|b| u64::from_le_bytes(array(b))).collect())
    }

    pub(crate) fn u32s(&self, name: &str) -> Result<Vec<u32>, String> {
        Ok(self.find(name, Dtype::U32)?.chunks_exact(4).map(|b| u32::from_le_bytes(array(b))).collect())
    }

    pub(crate) fn f32s(&self, name: &str) -> Result<Vec<f32>, String> {
        Ok(self.iter_f32(name)?.collect())
    }

    /// As [`Tensors::f32s`], without a copy.
    pub(crate) fn iter_f32(
        &self,
        name: &str,
    ) -> Result<impl ExactSizeIterator<Item = f32> + use<'a>, String> {
        Ok(self.find(name, Dtype::F32)?.chunks_exact(4).map(|b| f32::from_le_bytes(array(b))))
    }

    /// Half floats, as bits.
    pub(crate) fn f16s(&self, name: &str) -> Result<impl ExactSizeIterator<Item = u16> + use<'a>, String> {
        Ok(self.find(name, Dtype::F16)?.chunks_exact(2).map(|b| u16::from_le_bytes(array(b))))
    }

    pub(crate) fn i8s(&self, name: &str) -> Result<impl ExactSizeIterator<Item = i8> + use<'a>, String> {
        Ok(self.find(name, Dtype::I8)?.iter().map(|&byte| byte as i8))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_piece_by_piece_is_what_safetensors_reads() {
        let floats: Vec<f32> = (0..3 * PIECE).map(|i| i as f32).collect();
        let rows: Vec<u32> = (0..PIECE as u32).filter(|row| row % 3 != 1).collect();
        let mut writer = Writer::default();
        writer.bytes("b".into(), b"text");
        writer.u32s("rows".into(), &rows);
        writer.rows("w".into(), &floats, 3, &rows);
        writer.f32s("f".into(), &floats);
        writer.u64s("k".into(), &[7, u64::MAX]);
        writer.i8s("i".into(), vec![-128, 127]);
        writer.f16s("h".into(), vec![1, 0x3C00]);
        writer.owned_f32s("o".into(), vec![0.5]);
        let file = writer.into_bytes("key", "{}".into()).unwrap();
        let tensors = Tensors::read(&file, "key").unwrap().unwrap();
        tensors.verify().unwrap();
        assert_eq!(tensors.bytes("b").unwrap(), b"text");
        assert_eq!(tensors.u64s("k").unwrap(), [7, u64::MAX]);
        assert!(tensors.i8s("i").unwrap().eq([-128, 127]));
        assert!(tensors.f16s("h").unwrap().eq([1, 0x3C00]));
        assert_eq!(tensors.f32s("o").unwrap(), [0.5]);
        assert_eq!(tensors.u32s("rows").unwrap(), rows);
        assert_eq!(tensors.f32s("f").unwrap(), floats);
        let expected: Vec<f32> =
            rows.iter().flat_map(|&row| (0..3).map(move |k| (row * 3 + k) as f32)).collect();
        assert_eq!(tensors.f32s("w").unwrap(), expected);
        assert!(Tensors::read(&file, "other").unwrap().is_none());
        assert!(tensors.u32s("k").is_err() && tensors.u32s("none").is_err());
    }
}
