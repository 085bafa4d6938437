//! The laws that everything else relies on, as property tests over the public interface.

use std::path::Path;
use std::sync::OnceLock;

use assert_cmd::Command;
use proptest::prelude::*;
use tasnif::dataset::{Dataset, Example};
use tasnif::pipeline::{Pipeline, PipelineParams};

/// A small pipeline on invented sentences of three kinds.
fn pipeline() -> &'static Pipeline {
    static PIPELINE: OnceLock<Pipeline> = OnceLock::new();
    PIPELINE.get_or_init(|| PipelineParams::default().fit(&data(20)).unwrap())
}

fn data(size: usize) -> Dataset {
    const SENTENCES: [(&str, &str); 6] = [
        ("قصفت الطائرات مستودعاً قرب النهر فجر اليوم", "strike"),
        ("أسقطت الدفاعات الجوية ثلاث مسيّرات فوق الميناء", "strike"),
        ("أدان وزير الخارجية الغارة ودعا إلى الحوار", "statement"),
        ("التقى المبعوث رئيس الوفد وأكد تمسكه بالتسوية", "statement"),
        ("سجّل المراقبون ستة خروقات للهدنة خلال يوم", "truce"),
        ("الوضع في منطقة خفض التصعيد مستقر", "truce"),
    ];
    (0..size)
        .map(|index| {
            let (text, label) = SENTENCES[index % SENTENCES.len()];
            Example::new(format!("{text} {}", index / 3), label)
        })
        .collect()
}

/// Text as it comes: Arabic with marks, stops, quotes, digits, Latin, line ends, and anything else.
fn text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "قصفت",
        "الطائرات",
        "المدينة",
        "أعلنَ",
        "الهدنة",
        "قال",
        "«",
        "»",
        "\"",
        "“",
        "”",
        ".",
        "..",
        "…",
        "؟",
        "!",
        "،",
        "؛",
        " ",
        "  ",
        "\n",
        "\r\n",
        "\u{2028}",
        "27.8",
        "٣٫٥",
        "(سو 34)",
        "د.",
        "Mr. Smith",
        "الـ14",
        "\u{200F}",
        "\u{64E}",
        "\u{640}",
        "- ",
        "1.",
        "#وسم",
        "@name",
    ]);
    let piece = prop_oneof![8 => pieces.prop_map(str::to_owned), 1 => "\\PC{0,3}", 1 => any::<char>().prop_map(String::from)];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn bits(scores: &[f32]) -> Vec<u32> {
    scores.iter().map(|score| score.to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn law_1_sentences_concatenate_to_the_text(text in text()) {
        let mut end = 0;
        for sentence in pipeline().splitter().split(&text) {
            prop_assert_eq!(sentence.span.start, end);
            prop_assert_eq!(&text[sentence.text_span()], sentence.text);
            end = sentence.span.end;
        }
        prop_assert_eq!(end, text.len());
    }

    #[test]
    fn law_2_normalising_is_idempotent_and_marks_do_not_change_a_prediction(
        text in text(),
        marks in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(vec!['\u{64E}', '\u{651}', '\u{640}', '\u{670}', '\u{200F}', '\u{61C}', '\u{2067}'])), 1..6),
    ) {
        let normalizer = pipeline().vectorizer().normalizer();
        let once = normalizer.normalize(&text).into_owned();
        prop_assert_eq!(normalizer.normalize(&once), once.as_str());
        let mut marked = text.clone();
        for (at, mark) in marks {
            let places: Vec<usize> = marked.char_indices().map(|(at, _)| at).chain([marked.len()]).collect();
            marked.insert(places[at.index(places.len())], mark);
        }
        let (plain, marked) = (pipeline().predict(&text).unwrap(), pipeline().predict(&marked).unwrap());
        prop_assert_eq!(bits(&plain.scores), bits(&marked.scores));
    }

    #[test]
    fn law_4_a_prediction_is_the_same_alone_in_a_batch_and_after_loading(texts in prop::collection::vec(text(), 1..90)) {
        static LOADED: OnceLock<Pipeline> = OnceLock::new();
        let loaded = LOADED.get_or_init(|| {
            Pipeline::from_bytes(&pipeline().to_bytes().unwrap(), Path::new("model")).unwrap()
        });
        let batch = pipeline().predict_batch(&texts).unwrap();
        prop_assert_eq!(batch.len(), texts.len());
        for (text, in_batch) in texts.iter().zip(&batch) {
            for other in [pipeline().predict(text).unwrap(), loaded.predict(text).unwrap()] {
                prop_assert_eq!(other.label, in_batch.label);
                prop_assert_eq!(bits(&other.scores), bits(&in_batch.scores));
            }
            prop_assert!((in_batch.scores.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn law_6_no_bytes_make_loading_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Pipeline::from_bytes(&bytes, Path::new("model")).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn law_5_training_gives_the_same_bytes_for_any_number_of_threads(size in 6usize..60) {
        let train = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| PipelineParams::default().fit(&data(size)).unwrap().to_bytes().unwrap())
        };
        let one = train(1);
        for threads in [2, 3, 5] {
            prop_assert!(train(threads) == one, "{} threads", threads);
        }
    }

    #[test]
    fn law_3_one_record_in_one_record_out_in_order(
        texts in prop::collection::vec("[a-zء-ي .,\"\\\\]{0,20}", 0..40), crlf: bool, threads in 1usize..4
    ) {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("model.tasnif");
        pipeline().save(&model).unwrap();
        let end = if crlf { "\r\n" } else { "\n" };
        let line = |line: String| format!("{line}{end}");
        let files = [
            ("a.lines", texts.iter().map(|text| line(text.clone())).collect::<String>()),
            ("a.tsv", texts.iter().map(|text| line(format!("any\t{text}"))).collect()),
            ("a.jsonl", texts.iter().map(|text| line(serde_json::json!({"text": text}).to_string())).collect()),
            ("a.csv", std::iter::once(line("text".into())).chain(texts.iter().map(|text| line(format!("\"{}\"", text.replace('"', "\"\""))))).collect()),
        ];
        for (name, content) in files {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            let mut command = Command::cargo_bin("tasnif").unwrap();
            command.args(["predict", "--output-format", "jsonl", "--threads", &threads.to_string(), "--model"]).arg(&model).arg(&path);
            if name == "a.lines" {
                command.args(["--input-format", "lines"]);
            }
            let output = command.assert().success().get_output().stdout.clone();
            let lines: Vec<serde_json::Value> =
                String::from_utf8(output).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            prop_assert_eq!(lines.len(), texts.len(), "{}", name);
            for (index, (line, text)) in lines.iter().zip(&texts).enumerate() {
                prop_assert_eq!(&line["index"], index);
                let (start, end) = (line["start"].as_u64().unwrap() as usize, line["end"].as_u64().unwrap() as usize);
                prop_assert_eq!(line["text"].as_str().unwrap(), &text[start..end]);
                prop_assert_eq!(line["text"].as_str().unwrap(), text.trim());
                let score = pipeline().predict(text).unwrap().score;
                prop_assert_eq!(line["score"].as_f64().unwrap() as f32, score);
            }
        }
    }
}
