//! How fast is each stage of the pipeline? Bytes and sentences a second, one thread.
//!
//! Arabic and English; `benches/texts` says on which texts.
//!
//!     cargo bench --bench stages
//!     TASNIF_BENCH_TEXT=ar.txt TASNIF_BENCH_ENGLISH=en.txt cargo bench --bench stages

mod texts;

use std::hint::black_box;
use std::path::Path;

use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use tasnif::dataset::{Dataset, ReadOptions};
use tasnif::text::tokenize::{FoldedWords, WordTokenizer};
use tasnif::{Pipeline, PipelineParams};

fn data() -> Dataset {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let files = ["written-1.jsonl", "written-2.jsonl", "written-3.jsonl"].map(|name| folder.join(name));
    Dataset::read_all(files, &ReadOptions::default()).expect("data/ is part of the repository")
}

fn stages(criterion: &mut Criterion) {
    let data = data();
    let pipeline = PipelineParams::default().fit(&data).expect("data/ can be trained on");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread");
    for (name, text) in texts::texts() {
        let sentences: Vec<&str> = pipeline.splitter().split(&text).map(|sentence| sentence.text).collect();
        let bytes: usize = sentences.iter().map(|sentence| sentence.len()).sum();
        let throughput = |group: &mut BenchmarkGroup<'_, _>| {
            group.throughput(Throughput::ElementsAndBytes {
                elements: sentences.len() as u64,
                bytes: bytes as u64,
            });
        };
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10);
        throughput(&mut group);

        group.bench_function("split", |bencher| {
            bencher.iter(|| assert_eq!(pipeline.splitter().split(black_box(&text)).count(), sentences.len()));
        });

        let normalizer = pipeline.vectorizer().normalizer();
        let normalized: Vec<String> =
            sentences.iter().map(|sentence| normalizer.normalize(sentence).into_owned()).collect();
        let length: usize = normalized.iter().map(String::len).sum();
        let mut out = String::new();
        group.bench_function("normalize", |bencher| {
            bencher.iter(|| {
                let mut written = 0;
                for sentence in &sentences {
                    out.clear();
                    normalizer.normalize_into(black_box(sentence), &mut out);
                    written += out.len();
                }
                assert_eq!(written, length);
            });
        });

        let tokenizer = WordTokenizer::default();
        let tokens: usize = normalized.iter().map(|sentence| tokenizer.spans(sentence).count()).sum();
        group.bench_function("tokenize", |bencher| {
            bencher.iter(|| {
                let count: usize =
                    normalized.iter().map(|sentence| tokenizer.spans(black_box(sentence)).count()).sum();
                assert_eq!(count, tokens);
            });
        });

        let folded = FoldedWords::new(*normalizer.switches(), *tokenizer.params());
        let mut spans = Vec::new();
        group.bench_function("normalize and tokenize", |bencher| {
            bencher.iter(|| {
                let mut count = 0;
                for sentence in &sentences {
                    out.clear();
                    spans.clear();
                    folded.cut(black_box(sentence), &mut out, &mut spans);
                    count += spans.len();
                }
                assert_eq!(count, tokens);
            });
        });

        let stored = pipeline.vectorizer().transform(&sentences).expect("no subwords, no error").stored();
        group.bench_function("featurize", |bencher| {
            bencher.iter(|| {
                let rows = pool.install(|| pipeline.vectorizer().transform(black_box(&sentences)));
                assert_eq!(rows.expect("no subwords, no error").stored(), stored);
            });
        });

        let labels = |pipeline: &Pipeline| -> usize {
            let predictions = pipeline.predict_batch(black_box(&sentences)).expect("no subwords, no error");
            predictions.iter().map(|prediction| prediction.label.len()).sum()
        };
        let expected = labels(&pipeline);
        group.bench_function("predict", |bencher| {
            bencher.iter(|| assert_eq!(pool.install(|| labels(&pipeline)), expected));
        });
        group.finish();
    }
}

criterion_group!(benches, stages);
criterion_main!(benches);
