//! How fast are tokenizers, ours and Hugging Face's, on one thread? Megabytes and sentences a second, Arabic and English.
//!
//! `benches/texts` says on which texts.
//!
//!     cargo bench --bench tokenizers
//!     TASNIF_BENCH_TEXT=ar.txt TASNIF_BENCH_ENGLISH=en.txt cargo bench --bench tokenizers

mod texts;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group};
use tasnif::bench::{BenchParams, Contender, Sample, bench};
use tasnif::text::normalize::{Normalizer, Switches};
use tasnif::text::sentence::Splitter;
use tasnif::text::tokenize::{FoldedWords, SubwordTokenizer, WordParams, WordTokenizer};
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{
    NormalizedString, Normalizer as _, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer,
};

/// The vocabularies that Python's `tokenizers` trained.
fn vocabularies() -> Vec<(String, SubwordTokenizer)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hugging_face.json");
    let fixture: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).expect("the fixture is part of the repository"))
            .expect("the fixture is JSON");
    let all: BTreeMap<String, serde_json::Value> =
        serde_json::from_value(fixture["tokenizers"].clone()).expect("a map of tokenizers");
    all.into_iter()
        .map(|(name, one)| {
            let json = one["json"].as_str().expect("the text of a tokenizer.json").to_owned();
            (name, SubwordTokenizer::from_json(json).expect("the fixture loads"))
        })
        .collect()
}

fn tokenizers(criterion: &mut Criterion) {
    let vocabularies = vocabularies();
    for (language, text) in texts::texts() {
        let splitter = Splitter::default();
        let sentences: Vec<&str> =
            splitter.split(&text).map(|sentence| sentence.text).filter(|text| !text.is_empty()).collect();
        let bytes = sentences.iter().map(|sentence| sentence.len() as u64).sum();
        let mut group = criterion.benchmark_group(language);
        group.sample_size(20);
        group.throughput(Throughput::ElementsAndBytes { elements: sentences.len() as u64, bytes });

        let (normalizer, words) = (Normalizer::default(), WordTokenizer::default());
        let expected: usize =
            sentences.iter().map(|one| words.spans(&normalizer.normalize(one)).count()).sum();
        let mut out = String::new();
        group.bench_function("words/two passes", |bencher| {
            bencher.iter(|| {
                let mut count = 0;
                for sentence in &sentences {
                    out.clear();
                    normalizer.normalize_into(black_box(sentence), &mut out);
                    count += words.spans(&out).count();
                }
                assert_eq!(count, expected);
            });
        });

        let folded = FoldedWords::new(Switches::default(), WordParams::default());
        let mut spans = Vec::new();
        group.bench_function("words/one pass", |bencher| {
            bencher.iter(|| {
                let mut count = 0;
                for sentence in &sentences {
                    out.clear();
                    spans.clear();
                    folded.cut(black_box(sentence), &mut out, &mut spans);
                    count += spans.len();
                }
                assert_eq!(count, expected);
            });
        });

        let (bert, cut) = (BertNormalizer::default(), BertPreTokenizer);
        let by_bert = || -> usize {
            let pieces = |sentence: &&str| {
                let mut normalized = NormalizedString::from(*black_box(sentence));
                bert.normalize(&mut normalized).expect("it has no way to fail");
                let mut pieces = PreTokenizedString::from(normalized);
                cut.pre_tokenize(&mut pieces).expect("it has no way to fail");
                pieces.get_splits(OffsetReferential::Original, OffsetType::Byte).len()
            };
            sentences.iter().map(pieces).sum()
        };
        let expected = by_bert();
        group.sample_size(10);
        group.bench_function("words/BertNormalizer and BertPreTokenizer", |bencher| {
            bencher.iter(|| assert_eq!(by_bert(), expected));
        });

        for (name, tokenizer) in &vocabularies {
            let slow = |sentence: &&str| {
                tokenizer
                    .tokenizer()
                    .encode_fast(*black_box(sentence), false)
                    .expect("the text is encoded")
                    .len()
            };
            let expected: usize = sentences.iter().map(slow).sum();
            let mut ids = Vec::new();
            group.bench_function(format!("{name}/ours"), |bencher| {
                bencher.iter(|| {
                    ids.clear();
                    for sentence in &sentences {
                        tokenizer.ids_into(black_box(sentence), &mut ids).expect("the text is encoded");
                    }
                    assert_eq!(ids.len(), expected);
                });
            });
            group.bench_function(format!("{name}/crate"), |bencher| {
                bencher.iter(|| assert_eq!(sentences.iter().map(slow).sum::<usize>(), expected));
            });
        }
        group.finish();
    }
}

/// The headline: the table of `tasnif bench` for each text, with every tokenizer beside the crate's own way to run it.
fn headline() -> tasnif::Result<()> {
    let folder = tempfile::tempdir().expect("there is room for temporary files");
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("there is room for temporary files");
        path
    };
    let mut contenders = vec![Contender::Words, Contender::Char];
    for (name, tokenizer) in vocabularies() {
        let path = file(&format!("{name}.json"), tokenizer.json());
        contenders.extend([Contender::File(path.clone()), Contender::Crate(path)]);
    }
    for (language, text) in texts::texts() {
        let sample =
            Sample::draw(&[file(&format!("{language}.txt"), &text)], Some(8_000_000), 1, false, |_, _| {})?;
        let mut report = bench(&sample, &contenders, None, &BenchParams::default(), |_, _| {})?;
        for row in &mut report.rows {
            // Without the temporary folder.
            row.name = row.name.replace(&format!("{}/", folder.path().display()), "").replace(".json", "");
        }
        println!("{}", report.table());
    }
    Ok(())
}

criterion_group!(benches, tokenizers);

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    // Not in a test run, nor where one bench is asked for by its name.
    let measures = std::env::args().skip(1).all(|argument| argument == "--bench");
    if measures && let Err(error) = headline() {
        eprintln!("no headline table: {error}");
    }
}
