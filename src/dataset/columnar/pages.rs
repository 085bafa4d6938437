//! The pages of one row group. Those compressed with Zstandard are decoded by `ruzstd`, which the `parquet` crate does not
//! know: it would take the C library.

use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use parquet::arrow::arrow_reader::RowGroups;
use parquet::basic::Compression;
use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::serialized_reader::SerializedPageReader;
use ruzstd::decoding::StreamingDecoder;

/// Bytes of the largest page; the format counts them in 31 bits.
const LARGEST: u64 = 1 << 31;

/// One row group of an open file.
pub(super) struct Group {
    pub(super) file: Arc<File>,
    pub(super) metadata: Arc<ParquetMetaData>,
    pub(super) place: usize,
}

impl RowGroups for Group {
    fn num_rows(&self) -> usize {
        self.metadata.row_group(self.place).num_rows().max(0) as usize
    }

    fn column_chunks(&self, column: usize) -> Result<Box<dyn PageIterator>> {
        let group = self.metadata.row_group(self.place);
        let chunk = group.column(column);
        let rows = self.num_rows();
        let pages: Box<dyn PageReader> = if matches!(chunk.compression(), Compression::ZSTD(_)) {
            // Said to be plain, its pages come as they lie.
            let plain = chunk.clone().into_builder().set_compression(Compression::UNCOMPRESSED).build()?;
            Box::new(Zstandard(SerializedPageReader::new(self.file.clone(), &plain, rows, None)?))
        } else {
            Box::new(SerializedPageReader::new(self.file.clone(), chunk, rows, None)?)
        };
        Ok(Box::new(OneChunk(Some(pages))))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(std::iter::once(self.metadata.row_group(self.place)))
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }
}

/// A column has one chunk in a row group.
struct OneChunk(Option<Box<dyn PageReader>>);

impl Iterator for OneChunk {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.take().map(Ok)
    }
}

impl PageIterator for OneChunk {}

/// Pages that are decoded as they come.
struct Zstandard(SerializedPageReader<File>);

fn decoded(packed: &[u8], buffer: &mut Vec<u8>) -> Result<()> {
    if packed.is_empty() {
        return Ok(());
    }
    let fail = |error: &dyn std::fmt::Display| ParquetError::General(format!("a Zstandard page: {error}"));
    let decoder = StreamingDecoder::new(packed).map_err(|error| fail(&error))?;
    decoder.take(LARGEST).read_to_end(buffer).map_err(|error| fail(&error))?;
    Ok(())
}

fn plain(page: Page) -> Result<Page> {
    let whole = |buf: Bytes| -> Result<Bytes> {
        let mut buffer = Vec::new();
        decoded(&buf, &mut buffer)?;
        Ok(buffer.into())
    };
    Ok(match page {
        Page::DataPage { buf, num_values, encoding, def_level_encoding, rep_level_encoding, statistics } => {
            let buf = whole(buf)?;
            Page::DataPage { buf, num_values, encoding, def_level_encoding, rep_level_encoding, statistics }
        }
        Page::DictionaryPage { buf, num_values, encoding, is_sorted } => {
            Page::DictionaryPage { buf: whole(buf)?, num_values, encoding, is_sorted }
        }
        Page::DataPageV2 {
            buf,
            num_values,
            encoding,
            num_nulls,
            num_rows,
            def_levels_byte_len,
            rep_levels_byte_len,
            is_compressed,
            statistics,
        } => {
            // The levels are never compressed.
            let levels = def_levels_byte_len as usize + rep_levels_byte_len as usize;
            let buf = if is_compressed && levels <= buf.len() {
                let mut buffer = buf[..levels].to_vec();
                decoded(&buf[levels..], &mut buffer)?;
                buffer.into()
            } else {
                buf
            };
            Page::DataPageV2 {
                buf,
                num_values,
                encoding,
                num_nulls,
                num_rows,
                def_levels_byte_len,
                rep_levels_byte_len,
                is_compressed: false,
                statistics,
            }
        }
    })
}

impl Iterator for Zstandard {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Zstandard {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        self.0.get_next_page()?.map(plain).transpose()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.0.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.0.skip_next_page()
    }

    fn supports_deferred_dictionary(&self) -> bool {
        self.0.supports_deferred_dictionary()
    }

    fn take_deferred_dictionary(&mut self) -> Result<Option<Page>> {
        self.0.take_deferred_dictionary()?.map(plain).transpose()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.0.at_record_boundary()
    }
}
