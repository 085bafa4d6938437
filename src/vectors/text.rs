//! The text format of word2vec and fastText (`.vec`): a line `words dim`, then a word and its numbers a line.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;

use super::{Training, WordVectors};
use crate::error::{Error, Result};

/// What a header may promise without being believed: room is taken as the words come.
const BELIEVED: usize = 1 << 20;

impl WordVectors {
    /// Writes `.vec` text: what gensim, fastText and others read. Counts are not part of the format.
    ///
    /// # Errors
    /// As the writer.
    pub fn write_text(&self, out: &mut impl Write) -> std::io::Result<()> {
        writeln!(out, "{} {}", self.len(), self.dim())?;
        for index in 0..self.len() {
            out.write_all(self.word(index).as_bytes())?;
            for value in self.row(index) {
                write!(out, " {value}")?;
            }
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Reads `.vec` text; `name` is for messages. Words are taken to come the most frequent first, as both programs write
    /// them; of a word that comes twice the first vector counts, and a word with white space in it, which the format
    /// cannot hold, is an error.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read, [`Error::Data`] with the line for what is not of the format.
    pub fn read_text(input: impl Read, name: &Path) -> Result<WordVectors> {
        let mut reader = BufReader::with_capacity(1 << 18, input);
        let mut line = String::new();
        let mut number = 0;
        let mut next = |line: &mut String, number: &mut u64| -> Result<bool> {
            line.clear();
            *number += 1;
            match reader.read_line(line) {
                Ok(read) => Ok(read > 0),
                Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                    Err(Error::data(name, *number, "not valid UTF-8: this is no .vec text"))
                }
                Err(error) => Err(Error::io(name, error)),
            }
        };
        next(&mut line, &mut number)?;
        let header: Vec<&str> = line.split_ascii_whitespace().collect();
        let (count, dim) = match header[..] {
            [count, dim] => count.parse::<usize>().ok().zip(dim.parse::<usize>().ok()),
            _ => None,
        }
        .filter(|&(count, dim)| count > 0 && (1..=1 << 16).contains(&dim))
        .ok_or_else(|| {
            Error::data(
                name,
                1,
                "neither vectors of tasnif nor .vec text, which starts with a line `words dimensions`",
            )
        })?;
        let mut words = Vec::with_capacity(count.min(BELIEVED));
        let mut seen = std::collections::HashSet::new();
        let mut rows: Vec<f32> = Vec::with_capacity(count.saturating_mul(dim).min(BELIEVED));
        while next(&mut line, &mut number)? {
            let fail = |message: String| Error::data(name, number, message);
            let text = line.trim_end_matches(['\n', '\r', ' ']);
            if text.is_empty() {
                continue;
            }
            let (word, values) =
                text.split_once(' ').ok_or_else(|| fail("a word without a vector".into()))?;
            if !seen.insert(word.to_owned()) {
                continue;
            }
            let start = rows.len();
            for value in values.split_ascii_whitespace() {
                let parsed = value.parse::<f32>().ok().filter(|value| value.is_finite());
                rows.push(parsed.ok_or_else(|| fail(format!("'{value}' is not a number")))?);
            }
            if rows.len() - start != dim {
                return Err(fail(format!("{} numbers, where the first line says {dim}", rows.len() - start)));
            }
            words.push(word.to_owned());
        }
        if words.len() > count || number - 2 < count as u64 {
            return Err(Error::data(
                name,
                number,
                format!("{} words, where the first line says {count}: the file is cut short", words.len()),
            ));
        }
        let counts = vec![0; words.len()];
        WordVectors::new(words, counts, 0, dim, rows, Training::default())
            .map_err(|error| Error::data(name, number, error.to_string()))
    }
}
