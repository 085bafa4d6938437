//! `tasnif tokenizer` and `tasnif bench`, as they are used.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use predicates::prelude::*;
use serde_json::Value;

fn tasnif() -> Command {
    let mut command = Command::cargo_bin("tasnif").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

fn printed(arguments: &[&str]) -> String {
    let done = tasnif().args(arguments).assert().success();
    String::from_utf8(done.get_output().stdout.clone()).unwrap()
}

/// The sentences of a file of `data/`, a line each.
fn corpus(folder: &Path) -> PathBuf {
    let records =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/written-6.jsonl")).unwrap();
    let texts = records.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["text"].clone());
    let texts: Vec<String> = texts.map(|text| text.as_str().unwrap().to_owned()).collect();
    let path = folder.join("corpus.txt");
    fs::write(&path, texts.join("\n") + "\n").unwrap();
    path
}

fn as_str(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_tokenizer_is_trained_encodes_decodes_and_is_looked_into() {
    let folder = tempfile::tempdir().unwrap();
    let (corpus, file, again) =
        (corpus(folder.path()), folder.path().join("t.json"), folder.path().join("again.json"));
    let train = |output: &Path, threads: &str, model: &str| {
        let options = ["--model", model, "--vocab-size", "900", "--threads", threads, "--output"];
        printed(&[&["tokenizer", "train", as_str(&corpus)], &options[..], &[as_str(output)]].concat())
    };
    for model in ["unigram", "wordpiece"] {
        assert!(train(&file, "1", model).contains(&format!("{model} with 900 entries")));
        train(&again, "2", model);
        assert!(
            fs::read(&file).unwrap() == fs::read(&again).unwrap(),
            "{model}: the same file for the same text"
        );
    }

    let text = "أعلنت اللجنةُ هدنة\n\nwords\n";
    let encode = |options: &[&str]| {
        let done = tasnif()
            .args(["tokenizer", "encode", as_str(&file)])
            .args(options)
            .write_stdin(text)
            .assert()
            .success();
        String::from_utf8(done.get_output().stdout.clone()).unwrap()
    };
    let encoded = encode(&[]);
    let records: Vec<Value> = encoded.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records.len(), 3, "an empty line is a record");
    assert_eq!(records[1]["ids"], serde_json::json!([]));
    let last = records[0]["offsets"].as_array().unwrap().last().unwrap()[1].as_u64().unwrap() as usize;
    assert_eq!(last, text.lines().next().unwrap().len(), "offsets are those of the line as it was written");
    let ids_only = encode(&["--ids-only"]);
    for (record, line) in records.iter().zip(ids_only.lines()) {
        let alone: Value = serde_json::from_str(line).unwrap();
        assert_eq!(alone, serde_json::json!({ "ids": record["ids"] }));
    }
    tasnif()
        .args(["tokenizer", "decode", as_str(&file), "--output-format", "text"])
        .write_stdin(encoded)
        .assert()
        .success()
        .stdout(predicate::str::starts_with("اعلنت اللجنة هدنة\n\n"));

    let seen = printed(&["tokenizer", "inspect", as_str(&file)]);
    assert!(seen.contains("WordPiece, 900 pieces") && seen.contains("BertPreTokenizer"), "{seen}");
    let seen: Value =
        serde_json::from_str(&printed(&["tokenizer", "inspect", as_str(&file), "--format", "json"])).unwrap();
    assert_eq!((&seen["unknown"], seen["pieces"].as_array().unwrap().len()), (&"[UNK]".into(), 20));
}

#[test]
fn a_corpus_on_standard_input_is_that_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let text = fs::read(&corpus).unwrap();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, &text).unwrap();
    let compressed = encoder.finish().unwrap();
    let (file, piped) = (folder.path().join("file.json"), folder.path().join("piped.json"));
    let options = ["--vocab-size", "700", "--output"];
    printed(&[&["tokenizer", "train", as_str(&corpus)], &options[..], &[as_str(&file)]].concat());
    let train = [&["tokenizer", "train", "-"], &options[..], &[as_str(&piped)]].concat();
    for input in [&text, &compressed] {
        tasnif().args(&train).write_stdin(input.clone()).assert().success();
        assert!(fs::read(&file).unwrap() == fs::read(&piped).unwrap());
    }
    let drawn = |path: &str| -> Value {
        let bench = ["bench", path, "--sample", "20kB", "--format", "json", "--tokenizer", "words"];
        let done = tasnif().args(bench).write_stdin(text.clone()).assert().success();
        serde_json::from_slice(&done.get_output().stdout).unwrap()
    };
    let (file, piped) = (drawn(as_str(&corpus)), drawn("-"));
    assert_eq!(file["sample"], piped["sample"]);
    assert_eq!(file["corpus"]["files"][0]["sha256"], piped["corpus"]["files"][0]["sha256"]);
    assert_eq!(piped["corpus"]["files"][0]["name"], "-");
    for command in [&["bench"][..], &["tokenizer", "train"]] {
        tasnif()
            .args(command)
            .args(["-", "-", "--output", as_str(&folder.path().join("x"))])
            .assert()
            .code(2)
            .stderr(predicate::str::contains("give - once"));
    }
}

#[test]
fn every_model_is_trained_from_compressed_text_and_a_classifier_uses_it() {
    let folder = tempfile::tempdir().unwrap();
    let plain = fs::read(corpus(folder.path())).unwrap();
    let compressed = folder.path().join("corpus.gz");
    let mut encoder =
        flate2::write::GzEncoder::new(fs::File::create(&compressed).unwrap(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, &plain).unwrap();
    encoder.finish().unwrap();
    for model in ["bpe", "unigram", "wordlevel"] {
        let file = folder.path().join(format!("{model}.json"));
        let (file, compressed) = (as_str(&file), as_str(&compressed));
        printed(&[
            "tokenizer",
            "train",
            compressed,
            "--model",
            model,
            "--vocab-size",
            "700",
            "--output",
            file,
        ]);
        let model = folder.path().join("model.tasnif");
        printed(&[
            "train",
            "data/written-6.jsonl",
            "--analyzer",
            "subword",
            "--subwords",
            file,
            "--output",
            as_str(&model),
        ]);
        let sentence = "سجّلت اللجنة خمسة خروق للهدنة.";
        tasnif().args(["predict", "--model", as_str(&model)]).write_stdin(sentence).assert().success();
    }
}

#[test]
fn bad_input_names_file_line_and_cure_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let output = folder.path().join("out.json");
    let refuse = |arguments: &[&str], stdin: &[u8], parts: &[&str]| {
        let mut assert = tasnif().args(arguments).write_stdin(stdin).assert().code(2);
        for part in parts {
            assert = assert.stderr(predicate::str::contains(*part));
        }
        assert!(!output.exists());
    };
    let (text, out) = (as_str(&corpus), as_str(&output));
    refuse(
        &["tokenizer", "train", text, "--vocab-size", "10", "--output", out],
        b"",
        &["give that many or more"],
    );
    refuse(&["tokenizer", "train", "no/such", "--output", out], b"", &["no/such"]);
    refuse(&["tokenizer", "train", text, "--model", "bpm", "--output", out], b"", &["wordpiece"]);
    refuse(&["tokenizer", "train", text, "--fold", "alif", "--output", out], b"", &["alef_maksura"]);
    let broken = folder.path().join("broken.txt");
    fs::write(&broken, b"one\ntwo \xFF\n").unwrap();
    refuse(&["tokenizer", "train", as_str(&broken), "--output", out], b"", &["broken.txt:2", "--lossy"]);
    refuse(&["tokenizer", "encode", text], b"", &["tokenizer.json"]);
    let words = folder.path().join("words.json");
    printed(&[
        "tokenizer",
        "train",
        text,
        "--model",
        "wordlevel",
        "--vocab-size",
        "50",
        "--fold",
        "nfc,tatweel",
        "--output",
        as_str(&words),
    ]);
    refuse(&["tokenizer", "decode", as_str(&words)], b"[1]\n[9999]\n", &["-:2", "9999"]);
    refuse(&["tokenizer", "decode", as_str(&words)], b"{\"id\": 1}\n", &["-:1", "\"ids\""]);
    refuse(&["tokenizer", "encode", as_str(&words)], b"a\n\xFF\n", &["-:2", "--lossy"]);
    refuse(&["bench", text, "--runs", "3", "--output", out], b"", &["15 or more"]);
    refuse(&["bench", text, "--sample", "3 apples", "--output", out], b"", &["32MB"]);
    refuse(&["bench", text, "--tokenizer", "no/such.json", "--output", out], b"", &["no/such.json"]);
    refuse(&["bench", text, "--stage", "think", "--output", out], b"", &["featurize"]);
    refuse(&["bench", text, "--baseline", text, "--output", out], b"", &["--format json"]);
}

#[test]
fn a_bench_reports_in_every_format_and_knows_its_baseline() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let (before, page) = (folder.path().join("before.json"), folder.path().join("page.html"));
    let (text, before) = (as_str(&corpus), as_str(&before));
    printed(&[
        "bench",
        text,
        "--sample",
        "20kB",
        "--format",
        "json",
        "--output",
        before,
        "--html",
        as_str(&page),
    ]);
    let report: Value = serde_json::from_str(&fs::read_to_string(before).unwrap()).unwrap();
    assert_eq!(report["rows"].as_array().unwrap().len(), 2);
    assert_eq!(report["rows"][0]["seconds"].as_array().unwrap().len(), 15);
    assert_eq!(report["corpus"]["files"][0]["sha256"].as_str().unwrap().len(), 64);
    assert!(report["sample"]["bytes"].as_u64().unwrap() <= 20_000);
    assert!(fs::read_to_string(&page).unwrap().contains("<svg"));

    let table = printed(&[
        "bench",
        text,
        "--sample",
        "20kB",
        "--stage",
        "split,tokenize",
        "--tokenizer",
        "words",
        "--threads",
        "1,2",
        "--baseline",
        before,
        "--stress",
    ]);
    for part in ["sentences/s", "p99", "comes back", "against the baseline", "random bytes", "Arabic"] {
        assert!(table.contains(part), "{part}: {table}");
    }
    assert!(
        printed(&["bench", text, "--sample", "all", "--format", "csv"]).starts_with("name,threads,bytes")
    );
    assert!(printed(&["bench", text, "--format", "markdown"]).contains("| words | 1 |"));
}
