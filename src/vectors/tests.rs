//! What training promises, on text made for the purpose.

use std::io::Write;

use super::*;
use crate::random::SplitMix64;

/// Lines of words of one kind or the other, with a few of both: who stands with whom tells the kinds apart.
fn corpus() -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let mut random = SplitMix64::new(3);
    for line in 0..1500 {
        let kind = ["war", "rain"][line % 2];
        for _ in 0..10 {
            match random.below(5) {
                0 => write!(file, "common{} ", random.below(3)).unwrap(),
                _ => write!(file, "{kind}{} ", random.below(12)).unwrap(),
            }
        }
        writeln!(file).unwrap();
    }
    file.flush().unwrap();
    file
}

fn methods() -> [Method; 2] {
    let skip_gram = SkipGramParams { subsample: 0.0, rate: 0.1, epochs: 8, ..SkipGramParams::default() };
    [Method::SkipGram(skip_gram), Method::Ppmi(PpmiParams::default())]
}

fn params(method: Method) -> TrainParams {
    TrainParams { dim: 12, min_count: 2, method, ..TrainParams::default() }
}

#[test]
fn words_that_stand_among_the_same_words_are_neighbours() {
    let corpus = corpus();
    for method in methods() {
        let vectors = WordVectors::train(&[corpus.path()], &params(method.clone()), |_| {}).unwrap();
        assert_eq!((vectors.len(), vectors.dim(), vectors.total()), (27, 12, 15_000));
        let near = vectors.neighbours(vectors.get("war3").unwrap(), 10);
        assert_eq!(near[0].0, "war3");
        assert!(near.iter().filter(|(word, _)| word.starts_with("war")).count() >= 9, "{method:?} {near:?}");
    }
}

#[test]
fn training_is_the_same_to_the_bit_for_any_number_of_threads_and_differs_by_seed() {
    let corpus = corpus();
    for method in methods() {
        let train = |threads, seed| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let params = TrainParams { seed, ..params(method.clone()) };
            pool.install(|| WordVectors::train(&[corpus.path()], &params, |_| {})).unwrap()
        };
        let one = train(1, 7);
        assert_eq!(one, train(3, 7), "{method:?}");
        let other = train(1, 8);
        assert!((0..one.len()).any(|word| one.row(word) != other.row(word)), "{method:?}");
    }
}

#[test]
fn words_come_by_count_and_rare_ones_have_no_vector() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "بـ ب أ ا إ\nج ا ب د د\r\n\nNATO nato\n").unwrap();
    let vectors = WordVectors::train(
        &[file.path(), file.path()],
        &TrainParams { dim: 4, min_count: 3, ..params(methods()[1].clone()) },
        |_| {},
    )
    .unwrap();
    let words: Vec<_> = (0..vectors.len()).map(|index| (vectors.word(index), vectors.count(index))).collect();
    assert_eq!(words, [("ا", 8), ("ب", 6), ("nato", 4), ("د", 4)], "ج comes twice");
    assert_eq!(vectors.total(), 24);
    assert!((vectors.probability(0) - 8.0 / 24.0).abs() < 1e-12);
    let source = &vectors.training().sources[1];
    assert_eq!((source.records, source.sha256.len()), (4, 64));
}

#[test]
fn a_corpus_without_words_and_options_without_sense_are_errors_with_a_cure() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let train =
        |params: &TrainParams| WordVectors::train(&[file.path()], params, |_| {}).unwrap_err().to_string();
    assert!(train(&TrainParams::default()).contains("min_count"));
    assert!(train(&TrainParams { dim: 0, ..TrainParams::default() }).contains("dim 0"));
    assert!(train(&TrainParams { window: 64, ..TrainParams::default() }).contains("window 64"));
    let method = Method::SkipGram(SkipGramParams { epochs: 0, ..SkipGramParams::default() });
    assert!(train(&TrainParams { method, ..TrainParams::default() }).contains("epochs 0"));
    let error =
        WordVectors::train(&["no/such.txt"], &TrainParams::default(), |_| {}).unwrap_err().to_string();
    assert!(error.starts_with("no/such.txt: "), "{error}");
}

#[test]
fn fewer_words_than_numbers_leave_the_last_numbers_zero() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "a b c a b\nb c a\n".repeat(20)).unwrap();
    let vectors = WordVectors::train(&[file.path()], &params(methods()[1].clone()), |_| {}).unwrap();
    assert_eq!(vectors.len(), 3);
    assert!(vectors.get("a").unwrap()[3..].iter().all(|&value| value == 0.0));
}

#[test]
fn progress_ends_at_its_total_in_every_stage() {
    let corpus = corpus();
    for method in methods() {
        let mut last = std::collections::HashMap::new();
        WordVectors::train(&[corpus.path()], &params(method), |at| {
            last.insert(format!("{:?}", at.stage), (at.done, at.total));
        })
        .unwrap();
        assert!(last.len() >= 2 && last.values().all(|(done, total)| done == total), "{last:?}");
    }
}

#[test]
fn parts_that_do_not_fit_make_no_vectors() {
    let make = |words: &[&str], counts: &[u64], total, rows: &[f32]| {
        let words = words.iter().map(|word| word.to_string()).collect();
        WordVectors::new(words, counts.to_vec(), total, 2, rows.to_vec(), Training::default())
    };
    assert!(make(&["a", "b"], &[2, 1], 3, &[0.0; 4]).is_ok());
    for (words, counts, total, rows) in [
        (&["a", "b"][..], &[2, 1][..], 3, &[0.0; 3][..]),
        (&["a", "a"], &[2, 1], 3, &[0.0; 4]),
        (&["a", "b c"], &[2, 1], 3, &[0.0; 4]),
        (&["a", ""], &[2, 1], 3, &[0.0; 4]),
        (&["a", "b"], &[1, 2], 3, &[0.0; 4]),
        (&["a", "b"], &[2, 1], 2, &[0.0; 4]),
        (&["a", "b"], &[2, 1], 3, &[0.0, 0.0, f32::NAN, 0.0]),
        (&[], &[], 0, &[]),
    ] {
        assert!(make(words, counts, total, rows).is_err(), "{words:?} {counts:?} {total} {rows:?}");
    }
}

#[test]
fn vec_text_is_read_as_it_was_written() {
    let corpus = corpus();
    let vectors = WordVectors::train(&[corpus.path()], &params(methods()[1].clone()), |_| {}).unwrap();
    let mut text = Vec::new();
    vectors.write_text(&mut text).unwrap();
    let read = WordVectors::read_text(text.as_slice(), "x.vec".as_ref()).unwrap();
    assert!(
        (0..vectors.len())
            .all(|index| read.word(index) == vectors.word(index) && read.row(index) == vectors.row(index))
    );
    let mut again = Vec::new();
    read.write_text(&mut again).unwrap();
    assert!(text == again);
    // Counts are lost, their order is not.
    assert!(read.total() == 0 && read.probability(0) > read.probability(1));
}

#[test]
fn fasttext_and_word2vec_text_read_alike() {
    // fastText ends its lines with a space; word2vec writes </s> first.
    let text = "3 2\n</s> 0.1 -2e-3 \nقصف 1 2 \r\nقصف 3 4\n";
    let read = WordVectors::read_text(text.as_bytes(), "x.vec".as_ref()).unwrap();
    assert_eq!((read.len(), read.get("قصف")), (2, Some(&[1.0, 2.0][..])));
}

#[test]
fn damaged_vec_text_is_named_by_line() {
    for (text, place) in [
        ("", "x.vec:1: "),
        ("قصف 1 2\n", "x.vec:1: "),
        ("2 2\na 1 2\nb 1\n", "x.vec:3: "),
        ("2 2\na 1 2\nb 1 two\n", "x.vec:3: "),
        ("2 2\na 1 2\nb 1 NaN\n", "x.vec:3: "),
        ("2 2\na 1 2\nb\n", "x.vec:3: "),
        ("3 2\na 1 2\nb 1 2\n", "x.vec:4: "),
        ("99999999999 65536\n", "x.vec:2: "),
    ] {
        let error = WordVectors::read_text(text.as_bytes(), "x.vec".as_ref()).unwrap_err().to_string();
        assert!(error.starts_with(place), "{text:?} {error}");
    }
}

#[test]
fn nothing_is_near_a_vector_of_zeros_or_of_another_length() {
    let words = ["a", "b", "c"].map(String::from).into();
    let rows = vec![1.0, 0.0, 2.0, 0.1, 0.0, 0.0];
    let vectors = WordVectors::new(words, vec![3, 2, 1], 6, 2, rows, Training::default()).unwrap();
    assert!(vectors.neighbours(&[0.0, 0.0], 3).is_empty() && vectors.neighbours(&[1.0], 3).is_empty());
    let near = vectors.neighbours(&[5.0, 0.0], 3);
    assert_eq!(near.iter().map(|(word, _)| *word).collect::<Vec<_>>(), ["a", "b"], "c has no direction");
    assert!((near[0].1 - 1.0).abs() < 1e-6 && near[1].1 < near[0].1);
}
