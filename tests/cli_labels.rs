//! Any number of labels a record, label sets of a given coverage, and abstention, as a user meets them.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use predicates::str::contains;
use tempfile::TempDir;

fn tasnif(args: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("tasnif").unwrap().args(args).assert()
}

fn stdout(assert: assert_cmd::assert::Assert) -> String {
    String::from_utf8(assert.success().get_output().stdout.clone()).unwrap()
}

/// The path of a file in `folder`, with this content.
fn file(folder: &TempDir, name: &str, content: &str) -> String {
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    path.display().to_string()
}

/// Sentences with no, one or two labels, as every format writes them.
fn records() -> Vec<(&'static str, Vec<&'static str>)> {
    let kinds = [
        ("jets struck the depot", vec!["strike"]),
        ("the envoy called for talks", vec!["talks"]),
        ("jets struck and the envoy called for talks", vec!["strike", "talks"]),
        ("rain fell on the coast", vec![]),
    ];
    (0..48).map(|i| kinds[i % 4].clone()).collect()
}

#[test]
fn label_sets_go_in_by_every_format_and_give_the_same_model() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = [String::new(), String::new(), "label,text\n".to_owned(), String::new()];
    for (text, labels) in records() {
        let [jsonl, fasttext, csv, tsv] = &mut files;
        jsonl.push_str(&format!("{}\n", serde_json::json!({ "text": text, "labels": labels })));
        fasttext.push_str(&labels.iter().map(|label| format!("__label__{label} ")).collect::<String>());
        fasttext.push_str(&format!("{text}\n"));
        csv.push_str(&format!("{},{text}\n", labels.join(";")));
        tsv.push_str(&format!("{}\t{text}\n", labels.join(";")));
    }
    let mut models = Vec::new();
    for (content, extension) in files.iter().zip(["jsonl", "ft", "csv", "tsv"]) {
        let data = file(&folder, &format!("d.{extension}"), content);
        let model = folder.path().join(format!("{extension}.tasnif")).display().to_string();
        tasnif(&["train", &data, "--output", &model, "--label-separator", ";", "--multi-label", "-q"])
            .success();
        let predicted = stdout(tasnif(&[
            "predict",
            &data,
            "--model",
            &model,
            "--output-format",
            "tsv",
            "--label-separator",
            "+",
        ]));
        let labels: Vec<&str> = predicted.lines().map(|line| line.split('\t').next().unwrap()).collect();
        assert_eq!(labels[1], "talks", "{extension}: {predicted}");
        assert!(["strike+talks", "talks+strike"].contains(&labels[2]), "the best first: {predicted}");
        assert_eq!(labels[3], "");
        models.push(predicted);
    }
    assert!(models.iter().all(|predicted| *predicted == models[0]));
}

fn trained(folder: &TempDir) -> (String, String) {
    let lines: String = records()
        .into_iter()
        .map(|(text, labels)| format!("{}\n", serde_json::json!({ "text": text, "labels": labels })))
        .collect();
    let data = file(folder, "d.jsonl", &lines);
    let model = folder.path().join("m.tasnif").display().to_string();
    tasnif(&["train", &data, "--output", &model, "-q"]).success();
    (data, model)
}

#[test]
fn label_sets_come_out_in_every_format_and_are_measured() {
    let folder = tempfile::tempdir().unwrap();
    let (data, model) = trained(&folder);
    let predict = |format| stdout(tasnif(&["predict", &data, "--model", &model, "--output-format", format]));
    let third: serde_json::Value = serde_json::from_str(predict("jsonl").lines().nth(2).unwrap()).unwrap();
    assert_eq!(third["labels"].as_array().unwrap().len(), 2);
    assert_eq!(third["label"], third["labels"][0]);
    let scores = third["scores"].as_object().unwrap();
    assert!(scores.values().all(|score| score.as_f64().unwrap() > 0.4), "{scores:?}");
    let csv = predict("csv");
    assert!(csv.lines().nth(3).unwrap().contains('|'), "{csv}");
    let table = predict("pretty");
    assert!(table.ends_with("48 records: 24 strike, 24 talks, 12 -\n"), "{table}");

    let report = stdout(tasnif(&["evaluate", &data, "--model", &model]));
    assert!(
        report.contains("micro F1           1.000") && report.contains("Hamming loss       0.000"),
        "{report}"
    );
    let json = stdout(tasnif(&["evaluate", &data, "--model", &model, "--format", "json"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["multilabel"]["micro_f1"], 1.0);
    tasnif(&["evaluate", &data, "--model", &model, "--compare", &model])
        .code(2)
        .stderr(contains("one label"));
}

#[test]
fn a_threshold_can_be_given_and_a_single_label_file_be_learned_label_by_label() {
    let folder = tempfile::tempdir().unwrap();
    let tsv: String = (0..20).map(|i| format!("{}\tword{} here\n", ["a", "b"][i % 2], i % 2)).collect();
    let data = file(&folder, "d.tsv", &tsv);
    let model = folder.path().join("m.tasnif").display().to_string();
    let train = ["train", &data, "--output", &model, "-q", "--multi-label", "--threshold", "0"];
    tasnif(&train).success();
    let both = stdout(tasnif(&["predict", &data, "--model", &model, "--output-format", "tsv"]));
    assert!(both.lines().all(|line| line.starts_with("a|b\t") || line.starts_with("b|a\t")), "{both}");
    tasnif(&["train", &data, "--output", &model, "--threshold", "2"]).code(2).stderr(contains("from 0 to 1"));
}

#[test]
fn label_sets_of_a_coverage_need_held_out_records_and_keep_their_promise() {
    let folder = tempfile::tempdir().unwrap();
    // Two words that tell the label three times in four.
    let lines = |seed: usize| -> String {
        (0..400usize)
            .map(|i| {
                let word = ["jets", "envoy"][i % 2];
                // Every fourth or so, as if by chance (Knuth's multiplicative hash).
                let wrong = ((i + 1000 * seed) * 2_654_435_761 % (1 << 32)) >> 30 == 0;
                let label = ["strike", "talks"][(i % 2) ^ usize::from(wrong)];
                format!("{label}\t{word} number{}\n", (i * 31 + seed) % 50)
            })
            .collect()
    };
    let (train, test) = (file(&folder, "train.tsv", &lines(0)), file(&folder, "test.tsv", &lines(1)));
    let model = folder.path().join("m.tasnif").display().to_string();
    let options = ["--analyzer", "word", "--ngrams", "1-1", "--c", "0.1", "-q"];
    tasnif(&[&["train", &train, "--output", &model][..], &options].concat()).success();
    for command in ["predict", "evaluate"] {
        tasnif(&[command, &test, "--model", &model, "--coverage", "0.9"])
            .code(2)
            .stderr(contains("--conformal"));
    }
    let held_out = ["train", &train, "--output", &model, "--conformal", "0.5"];
    tasnif(&[&held_out[..], &options].concat()).success();
    let json =
        stdout(tasnif(&["evaluate", &test, "--model", &model, "--coverage", "0.9", "--format", "json"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let covered = json["label_sets"]["coverage"].as_f64().unwrap();
    assert!((0.85..=1.0).contains(&covered), "{json}");
    let out = stdout(tasnif(&[
        "predict",
        &test,
        "--model",
        &model,
        "--coverage",
        "0.9",
        "--output-format",
        "jsonl",
    ]));
    let line: serde_json::Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert!(line["set"].is_array(), "{line}");
    let csv =
        stdout(tasnif(&["predict", &test, "--model", &model, "--coverage", "0.9", "--output-format", "csv"]));
    assert!(csv.starts_with("source,index,start,end,label,score,set,text\n"));
    tasnif(&["predict", &test, "--model", &model, "--coverage", "90"])
        .code(2)
        .stderr(contains("such as 0.9"));
    assert!(Path::new(&model).exists());
}
