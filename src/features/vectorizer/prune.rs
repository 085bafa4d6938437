//! Fewer n-grams: those that a linear classifier weighs most.

use super::{Block, Columns, Vectorizer};
use crate::error::Result;
use crate::features::vocabulary::{Names, Vocabulary};

impl Vectorizer {
    /// The vectorizer with the `most` n-grams alone that a first classifier weighs most, by the largest of an n-gram's
    /// weights times its idf (recursive feature elimination in one step: Guyon, Weston, Barnhill & Vapnik 2002). `weights`
    /// are one row of `outputs` a column. Pooled vectors and hashed n-grams stay. Nothing where all fit in.
    pub(crate) fn keep_best(
        &self,
        weights: &[f32],
        outputs: usize,
        most: usize,
    ) -> Result<Option<Vectorizer>> {
        let largest =
            |row: &[f32], idf: f32| row.iter().fold(0.0f32, |most, weight| most.max(weight.abs())) * idf;
        let ranked = self.ranked(weights, outputs, largest);
        match ranked.get(..most) {
            Some(best) if most < ranked.len() => Ok(Some(self.keep(best)?.0)),
            _ => Ok(None),
        }
    }

    /// The n-grams of vocabularies, block and column of each, the most important first: `importance`, from its row of `weights` and its idf, times
    /// the scale of its block.
    pub(crate) fn ranked(
        &self,
        weights: &[f32],
        outputs: usize,
        importance: impl Fn(&[f32], f32) -> f32,
    ) -> Vec<(u32, u32)> {
        let mut scored: Vec<(f32, u32, u32)> = Vec::new();
        let mut offset = 0;
        for (place, block) in self.blocks.iter().enumerate() {
            let named = matches!(block.columns, Columns::Vocabulary(_));
            for column in (0..block.columns.len()).filter(|_| named) {
                let row = &weights[(offset + column) * outputs..][..outputs];
                let idf = block.idf.get(column).copied().unwrap_or(1.0);
                scored.push((importance(row, idf) * block.params.scale, place as u32, column as u32));
            }
            offset += block.columns.len();
        }
        scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        scored.into_iter().map(|(_, block, column)| (block, column)).collect()
    }

    /// The vectorizer with these n-grams of its vocabularies alone, given as block and column, and for each of its columns the one
    /// that it was.
    pub(crate) fn keep(&self, ngrams: &[(u32, u32)]) -> Result<(Vectorizer, Vec<u32>)> {
        let mut kept = vec![Vec::new(); self.blocks.len()];
        ngrams.iter().for_each(|&(block, column)| kept[block as usize].push(column));
        let mut blocks = Vec::with_capacity(self.blocks.len());
        let (mut was, mut offset) = (Vec::new(), 0);
        for (block, mut columns) in self.blocks.iter().zip(kept) {
            let width = block.columns.len() as u32;
            columns.sort_unstable();
            blocks.push(block.keep(&columns)?);
            match &block.columns {
                Columns::Vocabulary(_) => was.extend(columns.iter().map(|column| offset + column)),
                Columns::Hashed { .. } => was.extend(offset..offset + width),
            }
            offset += width;
        }
        was.extend(offset..self.width() as u32);
        Ok((Vectorizer { blocks, ..self.clone() }, was))
    }
}

impl Block {
    /// The block with these columns alone, which ascend.
    fn keep(&self, columns: &[u32]) -> Result<Block> {
        let Columns::Vocabulary(vocabulary) = &self.columns else { return Ok(self.clone()) };
        let names = columns.iter().filter_map(|&column| vocabulary.names().get(column as usize));
        let keys = columns.iter().map(|&column| vocabulary.keys()[column as usize]).collect();
        let vocabulary = Vocabulary::from_parts(Names::collect(names)?, keys)?;
        let idf = columns.iter().filter_map(|&column| self.idf.get(column as usize)).copied().collect();
        Ok(Block { params: self.params.clone(), columns: Columns::Vocabulary(vocabulary), idf })
    }
}

#[cfg(test)]
mod tests {
    use crate::features::ngram::Analyzer;
    use crate::features::vectorizer::{NgramParams, VectorizerParams};

    #[test]
    fn the_heaviest_n_grams_stay_with_their_weights() {
        let params = VectorizerParams {
            features: vec![NgramParams::new(Analyzer::Word), NgramParams::new(Analyzer::CharWb)],
            ..VectorizerParams::default()
        };
        let all = params.fit(&["b a", "a c d", "d"]).unwrap();
        let weights: Vec<f32> = (0..all.width()).map(|column| (column as f32 * 37.0) % 11.0 - 5.0).collect();
        let few = all.keep_best(&weights, 1, 5).unwrap().unwrap();
        assert_eq!(few.width(), 5);
        let value = |vectorizer: &super::Vectorizer, name: &str| {
            let column = vectorizer.feature_names().position(|known| known == name)?;
            let rows = vectorizer.transform(&["b a", "a c d", "d"]).unwrap();
            rows.iter().map(|row| row.columns.contains(&(column as u32))).find(|has| *has)
        };
        for name in few.feature_names() {
            assert_eq!(value(&few, &name), Some(true), "{name} still finds its column");
            assert!(all.feature_names().any(|known| known == name));
        }
        assert!(all.keep_best(&weights, 1, all.width()).unwrap().is_none(), "all fit in");
    }
}
