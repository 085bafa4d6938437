//! The command as a user meets it: what it prints, what it refuses, and how it says so.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use predicates::prelude::*;
use predicates::str::contains;
use tempfile::TempDir;

const TRAIN: &str = "strike\tقصفت الطائرات المدينة\nstrike\tقصفت المدفعية البلدة\nstatement\tأدان الوزير القصف\nstatement\tدعا الوزير إلى الحوار\n";

fn tasnif<I: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = I>) -> Assert {
    Command::cargo_bin("tasnif").unwrap().args(args).assert()
}

fn stdin(args: &[&str], input: &[u8]) -> Assert {
    Command::cargo_bin("tasnif").unwrap().args(args).write_stdin(input).assert()
}

fn stdout(assert: Assert) -> String {
    String::from_utf8(assert.success().get_output().stdout.clone()).unwrap()
}

/// A folder with files in it.
struct Folder(TempDir);

impl Folder {
    fn with(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(folder.path().join(name), content).unwrap();
        }
        Folder(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn str(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// A model of two labels.
    fn model(&self) -> String {
        fs::write(self.path("train.tsv"), TRAIN).unwrap();
        tasnif(["train", &self.str("train.tsv"), "--output", &self.str("m.tasnif")]).success();
        self.str("m.tasnif")
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> =
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[test]
fn an_article_becomes_labelled_sentences_with_offsets_into_the_file() {
    let article = "\u{FEFF}غارات على المدينة\n\nقصفت الطائرات مستودعاً. وأدان الوزير الغارة.\r\n";
    let folder = Folder::with(&[("a.txt", article.as_bytes())]);
    let out = stdout(tasnif(["predict", "--output-format", "jsonl", &folder.str("a.txt")]));
    let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let texts: Vec<&str> = lines.iter().map(|line| line["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["غارات على المدينة", "قصفت الطائرات مستودعاً.", "وأدان الوزير الغارة."]);
    for (index, line) in lines.iter().enumerate() {
        let (start, end) = (line["start"].as_u64().unwrap() as usize, line["end"].as_u64().unwrap() as usize);
        assert_eq!(&article[start..end], line["text"].as_str().unwrap());
        assert_eq!(line["index"], index);
        assert_eq!(line["source"], folder.str("a.txt"));
        assert_eq!(line["scores"].as_object().unwrap().len(), 5);
        assert_eq!(line["scores"][line["label"].as_str().unwrap()], line["score"]);
    }
}

#[test]
fn the_table_has_label_score_text_and_a_count() {
    let out = stdout(stdin(&["predict"], "أعلنت الوزارة رصد ستة خروقات للهدنة خلال يوم.".as_bytes()));
    assert!(
        out.starts_with("ceasefire_monitoring  0.") || out.starts_with("ceasefire_monitoring  1."),
        "{out}"
    );
    assert!(
        out.contains("  أعلنت الوزارة رصد ستة خروقات للهدنة خلال يوم.\n1 record: 1 ceasefire_monitoring\n"),
        "{out}"
    );
    assert!(!out.contains('\u{1b}'), "no colours where no terminal is");
}

#[test]
fn csv_and_tsv_hold_what_the_help_says() {
    let folder = Folder::with(&[]);
    let model = folder.model();
    let input = "أدان الوزير \"القصف\", اليوم\n\nwith\ttab \\ and slash\n".as_bytes();
    let base = ["predict", "--model", &model, "--input-format", "lines", "--output-format"];
    let csv = stdout(stdin(&[&base[..], &["csv"]].concat(), input));
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(reader.headers().unwrap(), vec!["source", "index", "start", "end", "label", "score", "text"]);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 3);
    assert_eq!((&rows[0][6], &rows[0][4]), ("أدان الوزير \"القصف\", اليوم", "statement"));
    let tsv = stdout(stdin(&[&base[..], &["tsv"]].concat(), input));
    let lines: Vec<&str> = tsv.lines().collect();
    assert!(lines[0].starts_with("statement\t0."));
    assert!(lines[2].ends_with("\twith\\ttab \\\\ and slash"), "{}", lines[2]);
}

#[test]
fn below_the_minimum_score_there_is_no_label() {
    let text = "كلام\n".as_bytes();
    let none = ["predict", "--min-score", "1", "--quiet", "--output-format"];
    assert!(stdout(stdin(&[&none[..], &["jsonl"]].concat(), text)).contains("\"label\":null"));
    assert!(stdout(stdin(&[&none[..], &["tsv"]].concat(), text)).starts_with("\t0."));
    assert!(stdout(stdin(&[&none[..], &["pretty"]].concat(), text)).starts_with("-  "));
    stdin(&["predict", "--min-score", "2"], b"").code(2).stderr(contains("--min-score 2"));
}

#[test]
fn top_k_keeps_the_best_scores_best_first() {
    let out = stdout(stdin(&["predict", "--top-k", "2", "--output-format", "jsonl", "-q"], b"x\n"));
    let line: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(line["scores"].as_object().unwrap().len(), 2);
    let scores = &out[out.find("\"scores\"").unwrap()..];
    assert!(scores.starts_with(&format!("\"scores\":{{\"{}\"", line["label"].as_str().unwrap())), "{scores}");
    stdin(&["predict", "--top-k", "0"], b"").code(2);
}

#[test]
fn an_output_file_appears_whole_or_not_at_all() {
    let folder =
        Folder::with(&[("good.txt", "قصف.".as_bytes()), ("bad.txt", b"\xFF"), ("out.jsonl", b"old")]);
    let (good, bad, out) = (folder.str("good.txt"), folder.str("bad.txt"), folder.str("out.jsonl"));
    tasnif(["predict", &good, &bad, "--output-format", "jsonl", "--output", &out])
        .code(2)
        .stderr(contains("bad.txt:1"));
    assert_eq!(fs::read(&out).unwrap(), b"old");
    assert_eq!(folder.names(), ["bad.txt", "good.txt", "out.jsonl"], "no leftovers");
    tasnif(["predict", &good, "--output-format", "jsonl", "--output", &out]).success().stdout("");
    assert!(fs::read_to_string(&out).unwrap().starts_with("{\"source\""));
}

#[test]
fn outputs_that_cannot_be_written_are_named_before_the_work() {
    let folder = Folder::with(&[("t.tsv", TRAIN.as_bytes())]);
    let train = folder.str("t.tsv");
    tasnif(["train", &train, "--output", &folder.str("no/m.tasnif")]).code(2).stderr(contains("m.tasnif"));
    let directory = folder.str("");
    tasnif(["train", &train, "--output", &directory]).code(2).stderr(contains("is a directory"));
    stdin(&["predict", "--output", &directory], b"x").code(2).stderr(contains("is a directory"));
}

#[test]
fn data_that_cannot_be_trained_on_is_refused() {
    let folder = Folder::with(&[
        ("empty.tsv", b""),
        ("one.tsv", "a\tx\na\ty\n".as_bytes()),
        ("bad.tsv", b"a\tx\nb\t\xFFy\n"),
        ("notab.tsv", b"a\tx\nbroken\n"),
        ("blank.tsv", b"a\t\nb\t \n"),
    ]);
    let train = |name: &str| tasnif(["train", &folder.str(name), "--output", &folder.str("m")]).code(2);
    train("empty.tsv").stderr(contains("no records"));
    train("one.tsv").stderr(contains("label 'a'").and(contains("at least two labels")));
    train("bad.tsv").stderr(contains("bad.tsv:2: not valid UTF-8").and(contains("--lossy")));
    train("notab.tsv").stderr(contains("notab.tsv:2: no tab"));
    train("blank.tsv").stderr(contains("texts are empty"));
    train("missing.tsv").stderr(contains("missing.tsv"));
    fs::create_dir(folder.path("none")).unwrap();
    train("none").stderr(contains("none: is a directory without files"));
    assert!(!folder.path("m").exists());
    let lossy = ["train", &folder.str("bad.tsv"), "--lossy", "--output", &folder.str("m")];
    tasnif(lossy).success().stderr(contains("too few records").and(contains("calibrate")));
    tasnif(lossy.iter().chain(&["--calibration", "none"])).success().stderr("");
}

#[test]
fn a_directory_is_no_file() {
    let folder = Folder::with(&[]);
    fs::create_dir(folder.path("d.tsv")).unwrap();
    tasnif(["predict", &folder.str("d.tsv")]).code(2).stderr(contains("is a directory"));
}

#[test]
fn models_that_are_none_are_refused() {
    let folder = Folder::with(&[("foreign", b"PK\x03\x04"), ("t.tsv", TRAIN.as_bytes())]);
    let model = folder.model();
    let bytes = fs::read(&model).unwrap();
    fs::write(folder.path("short"), &bytes[..bytes.len() / 2]).unwrap();
    let format = b"\\\"format\\\":";
    let newer = bytes.windows(format.len()).position(|window| window == format).unwrap();
    let mut changed = bytes.clone();
    changed[newer + format.len()] = b'9';
    fs::write(folder.path("newer"), changed).unwrap();
    for (name, message) in
        [("foreign", "not a tasnif model"), ("short", "damaged or truncated"), ("newer", "update tasnif")]
    {
        for command in
            [vec!["predict", "--model"], vec!["inspect"], vec!["evaluate", &folder.str("t.tsv"), "--model"]]
        {
            let assert = tasnif(command.iter().copied().chain([folder.str(name).as_str()])).code(2);
            assert.stderr(contains(message).and(contains(name)));
        }
    }
}

#[test]
fn an_empty_file_has_no_records_and_an_empty_article_among_others_is_no_error() {
    let folder = Folder::with(&[("empty.txt", b""), ("blank.txt", b" \r\n\n"), ("a.txt", "قصف.".as_bytes())]);
    stdin(&["predict", "--output-format", "jsonl"], b"").success().stdout("");
    let out =
        stdout(tasnif(["predict", &folder.str("empty.txt"), &folder.str("a.txt"), &folder.str("blank.txt")]));
    assert!(out.contains("empty.txt\n0 records\n"), "{out}");
    assert!(out.contains("a.txt\n") && out.contains("1 record: 1 "), "{out}");
    assert!(out.ends_with("blank.txt\n0 records\n"), "{out}");
}

#[test]
fn evaluate_prints_the_documented_json() {
    let folder = Folder::with(&[]);
    let model = folder.model();
    let json = stdout(tasnif(["evaluate", &folder.str("train.tsv"), "--model", &model, "--format", "json"]));
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((report["n"].as_u64(), report["accuracy"].as_f64()), (Some(4), Some(1.0)));
    assert_eq!(report["labels"]["strike"]["support"], 2);
    assert_eq!(report["confusion"]["statement"]["statement"], 2);
    assert_eq!(report["macro_f1"], 1.0);
    stdin(&["evaluate", "-", "--input-format", "tsv"], b"").code(2).stderr(contains("no records"));
}

#[test]
fn a_label_that_the_model_lacks_is_named_and_counts_as_an_error() {
    let folder = Folder::with(&[("t.tsv", "strike\tقصفت الطائرات المدينة\nweather\tهطل المطر\n".as_bytes())]);
    let model = folder.model();
    let assert = tasnif(["evaluate", &folder.str("t.tsv"), "--model", &model, "--format", "json"]).success();
    let assert = assert.stderr(contains("'weather' (1 records)"));
    let report: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    assert_eq!(report["accuracy"], 0.5);
    assert_eq!(report["labels"]["weather"]["recall"], 0.0);
}

#[test]
fn the_embedded_model_warns_of_foreign_text_once() {
    let folder = Folder::with(&[
        ("en.txt", b"Rain fell. It fell."),
        ("en2.txt", b"More rain."),
        ("ar.txt", "قصف.".as_bytes()),
    ]);
    let files = ["en.txt", "en2.txt"].map(|name| folder.str(name));
    let assert = tasnif(["predict", &files[0], &files[1]]).success();
    let stderr = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert_eq!(stderr.matches("warning").count(), 1, "{stderr}");
    assert!(stderr.contains("en.txt") && stderr.contains("--quiet"), "{stderr}");
    tasnif(["predict", "--quiet", &files[0]]).success().stderr("");
    tasnif(["predict", &folder.str("ar.txt")]).success().stderr("");
    tasnif(["predict", &files[0], "--model", &folder.model()]).success().stderr("");
}

#[test]
fn pipeline_files_train_and_come_back_from_inspect() {
    let folder = Folder::with(&[]);
    let model = folder.model();
    let toml = stdout(tasnif(["inspect", &model, "--format", "toml"]));
    fs::write(folder.path("p.toml"), &toml).unwrap();
    let (train, again) = (folder.str("train.tsv"), folder.str("again.tasnif"));
    tasnif(["train", &train, "--config", &folder.str("p.toml"), "--output", &again]).success();
    assert_eq!(
        fs::read(&again).unwrap(),
        fs::read(&model).unwrap(),
        "the same data and options, the same bytes"
    );
    fs::write(folder.path("bad.toml"), toml.replace("analyzer", "analyser")).unwrap();
    tasnif(["train", &train, "--config", &folder.str("bad.toml"), "--output", &again])
        .code(2)
        .stderr(contains("bad.toml").and(contains("analyser")));
}

#[test]
fn training_options_reach_the_model() {
    let folder = Folder::with(&[("t.tsv", TRAIN.as_bytes()), ("w.toml", b"strike = 3.0\n")]);
    let (train, model) = (folder.str("t.tsv"), folder.str("m.tasnif"));
    let base = ["train", &train, "--output", &model];
    let with = |more: &[&str]| tasnif(base.iter().chain(more));
    with(&[
        "--analyzer",
        "word+char",
        "--ngrams",
        "1-1,3-4",
        "--c",
        "2.5",
        "--class-weight",
        &folder.str("w.toml"),
    ])
    .success();
    let toml = stdout(tasnif(["inspect", &model, "--format", "toml"]));
    for part in ["ngrams = [3, 4]", "analyzer = \"char\"", "c = 2.5", "strike = 3.0"] {
        assert!(toml.contains(part), "{part} in\n{toml}");
    }
    with(&["--ngrams", "1-2"]).code(2).stderr(contains("2 analyzers"));
    with(&["--analyzer", "letters"]).code(2).stderr(contains("char_wb"));
    with(&["--class-weight", "equal"]).code(2).stderr(contains("balanced"));
    with(&["--analyzer", "subword"]).code(2).stderr(contains("tokenizer.json"));
    with(&["--c", "0"]).code(2).stderr(contains("c 0"));
    with(&["--threads", "0"]).code(2);
}

#[test]
fn every_classifier_and_calibration_trains_predicts_saves_and_loads() {
    let folder = Folder::with(&[("t.tsv", TRAIN.repeat(4).as_bytes())]);
    let (train, model) = (folder.str("t.tsv"), folder.str("m.tasnif"));
    let averages = ["svm+nbsvm", "svm+logistic+complement-nb"];
    for classifier in
        ["logistic", "svm", "nb", "complement-nb", "bernoulli-nb", "nbsvm"].into_iter().chain(averages)
    {
        for calibration in ["none", "temperature", "platt", "isotonic"] {
            let args = ["--classifier", classifier, "--calibration", calibration, "--output", &model];
            tasnif(["train", &train].iter().chain(&args)).success();
            let report = stdout(tasnif(["evaluate", &train, "--model", &model, "--format", "json"]));
            let report: serde_json::Value = serde_json::from_str(&report).unwrap();
            assert_eq!(report["accuracy"], 1.0, "{classifier} {calibration}");
            assert!(stdout(tasnif(["inspect", &model])).contains(&format!("Calibration  {calibration}\n")));
        }
    }
    let refused = |classifier: &str, more: &[&str], part: &str| {
        let args = ["train", &train, "--classifier", classifier, "--output", &model];
        tasnif(args.iter().chain(more)).code(2).stderr(contains(part));
    };
    refused("forest", &[], "svm");
    refused("svm+forest", &[], "no classifier 'forest'");
    refused("svm+online", &[], "rows of weights");
    refused("svm+nbsvm", &["--c", "2"], "pipeline file");
}

#[test]
fn every_one_of_linfas_classifiers_trains_predicts_saves_and_loads() {
    let folder = Folder::with(&[("t.tsv", TRAIN.repeat(4).as_bytes()), ("w.toml", b"strike = 3.0")]);
    let (train, model) = (folder.str("t.tsv"), folder.str("m.tasnif"));
    let (again, toml) = (folder.str("again.tasnif"), folder.str("p.toml"));
    for name in [
        "linfa-gaussian-nb",
        "linfa-bernoulli-nb",
        "linfa-logistic",
        "linfa-svm",
        "linfa-kernel-svm",
        "linfa-tree",
        "linfa-forest",
        "linfa-adaboost",
        "linfa-ftrl",
    ] {
        tasnif(["train", &train, "--classifier", name, "--output", &model]).success().stderr("");
        let report = stdout(tasnif(["evaluate", &train, "--model", &model, "--format", "json"]));
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["accuracy"], 1.0, "{name}");
        let out = stdout(tasnif(["inspect", &model]));
        assert!(out.contains(&format!("Classifier   {name}, ")), "{out}");
        assert!(out.contains("Calibration  temperature\n"), "{out}");
        fs::write(folder.path("p.toml"), stdout(tasnif(["inspect", &model, "--format", "toml"]))).unwrap();
        tasnif(["train", &train, "--config", &toml, "--output", &again]).success();
        assert!(fs::read(&model).unwrap() == fs::read(&again).unwrap(), "{name}");
    }
    let linfa = |more: &[&str]| tasnif(["train", &train, "--output", &model].iter().chain(more));
    linfa(&["--classifier", "linfa-svm", "--c", "0.5"]).success();
    assert!(stdout(tasnif(["inspect", &model, "--format", "toml"])).contains("c = 0.5"));
    linfa(&["--classifier", "linfa-forest", "--seed", "9"]).success();
    assert!(stdout(tasnif(["inspect", &model, "--format", "toml"])).contains("seed = 9"));
    linfa(&["--classifier", "linfa-tree", "--c", "0.5"])
        .code(2)
        .stderr(contains("--c with --classifier linfa-tree"));
    linfa(&["--classifier", "linfa-ftrl", "--class-weight", &folder.str("w.toml")])
        .code(2)
        .stderr(contains("class_weight"));
    linfa(&["--classifier", "linfa-tree", "--multi-label"]).code(2).stderr(contains("exactly one label"));
}

#[test]
fn validation_is_printed_and_kept() {
    let folder = Folder::with(&[("t.tsv", TRAIN.repeat(5).as_bytes())]);
    let (train, model) = (folder.str("t.tsv"), folder.str("m.tasnif"));
    let out = stdout(tasnif(["train", &train, "--output", &model, "--valid", "0.2"]));
    assert!(out.contains("macro F1") && out.contains("16 records, 2 labels"), "{out}");
    let inspect = stdout(tasnif(["inspect", &model]));
    assert!(inspect.contains("held-out") && inspect.contains("SHA-256"), "{inspect}");
    let json: serde_json::Value =
        serde_json::from_str(&stdout(tasnif(["inspect", &model, "--format", "json"]))).unwrap();
    assert_eq!(json["provenance"]["validation"]["n"], 4);
    tasnif(["train", &train, "--output", &model, "--valid", "1.5"]).code(2).stderr(contains("fraction"));
    tasnif(["train", &train, "--output", &model, "--valid", &train]).success();
}

#[test]
fn near_duplicates_stay_on_one_side_of_the_split() {
    let lines: String =
        (0..6).map(|i| format!("strike\tقصفت الطائرات مستودعا شرق المدينة فجر اليوم {i}\n")).collect();
    let others: String =
        ["أدان الوزير الغارة", "دعا المبعوث إلى الحوار", "نفى الناطق النبأ", "طالبت النقابة بالتحقيق"]
            .map(|text| format!("statement\t{text}\n"))
            .concat();
    let folder = Folder::with(&[("t.tsv", (lines + &others).as_bytes())]);
    let (train, model) = (folder.str("t.tsv"), folder.str("m.tasnif"));
    let split = |more: &[&str]| {
        let base = ["train", &train, "--output", &model, "--valid", "0.4"];
        tasnif(base.iter().chain(more)).success();
        let json = stdout(tasnif(["inspect", &model, "--format", "json"]));
        let model: serde_json::Value = serde_json::from_str(&json).unwrap();
        model["provenance"]["labels"]["strike"].as_u64().unwrap()
    };
    assert!((1..6).contains(&split(&[])));
    assert_eq!(split(&["--group-near-duplicates", "0.7"]), 6);
    tasnif(["train", &train, "--output", &model, "--group-near-duplicates", "7"]).code(2);
}

#[test]
fn a_model_carries_its_subword_tokenizer() {
    let tokenizer = r###"{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,
        "pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":null,"decoder":null,
        "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,
        "vocab":{"[UNK]":0,"قصف":1,"##ت":2,"الوزير":3,"ال":4,"##مدينه":5,"ادان":6}}}"###;
    let folder = Folder::with(&[("t.tsv", TRAIN.as_bytes()), ("tokenizer.json", tokenizer.as_bytes())]);
    let (train, model) = (folder.str("t.tsv"), folder.str("m.tasnif"));
    let options =
        ["--analyzer", "word+subword", "--subwords", &folder.str("tokenizer.json"), "--output", &model];
    tasnif(["train", &train].iter().chain(&options)).success();
    fs::remove_file(folder.path("tokenizer.json")).unwrap();
    let args = ["predict", "--model", &model, "--output-format", "tsv"];
    assert!(stdout(stdin(&args, "أدان الوزير القصف".as_bytes())).starts_with("statement\t"));
    assert!(stdout(tasnif(["inspect", &model])).contains("subword 1-2"));
}

#[test]
fn cross_validation_prints_folds_and_intervals() {
    let folder = Folder::with(&[("t.tsv", TRAIN.repeat(6).as_bytes())]);
    let args = ["train", &folder.str("t.tsv"), "--output", &folder.str("m.tasnif"), "--cv"];
    let out = stdout(tasnif(args.iter().chain(&["4"])));
    assert!(
        out.contains("fold        records  accuracy  macro F1\n1                 6     1.000     1.000\n"),
        "{out}"
    );
    assert!(out.contains("macro F1 1.000, 95 % interval 1.000–1.000"), "{out}");
    tasnif(args.iter().chain(&["1"])).code(2).stderr(contains("1 folds"));
    tasnif(args.iter().chain(&["99"])).code(2).stderr(contains("99 folds of 24 groups"));
}

#[test]
fn tune_prints_the_best_and_writes_its_model_and_pipeline() {
    let folder = Folder::with(&[("t.tsv", TRAIN.repeat(6).as_bytes())]);
    let tune = |model: &str, threads: &str| {
        let (train, output, pipeline) = (folder.str("t.tsv"), folder.str(model), folder.str("best.toml"));
        let args = [
            "tune",
            &train,
            "--trials",
            "5",
            "--output",
            &output,
            "--pipeline",
            &pipeline,
            "--threads",
            threads,
        ];
        stdout(tasnif(args))
    };
    let out = tune("a.tasnif", "1");
    assert!(out.starts_with("macro F1  folds  pipeline\n   1.000      5  "), "{out}");
    assert!(out.contains("5 pipelines tried"), "{out}");
    tune("b.tasnif", "3");
    assert_eq!(fs::read(folder.path("a.tasnif")).unwrap(), fs::read(folder.path("b.tasnif")).unwrap());
    let again = [
        "train",
        &folder.str("t.tsv"),
        "--config",
        &folder.str("best.toml"),
        "--output",
        &folder.str("c.tasnif"),
    ];
    tasnif(again).success();
    assert_eq!(fs::read(folder.path("a.tasnif")).unwrap(), fs::read(folder.path("c.tasnif")).unwrap());
    tasnif(["tune", &folder.str("t.tsv"), "--output", &folder.str("d"), "--time", "soon"])
        .code(2)
        .stderr(contains("90s"));
}

#[test]
fn two_models_are_compared_on_the_same_records() {
    let folder = Folder::with(&[
        ("t.tsv", TRAIN.repeat(8).as_bytes()),
        ("odd.tsv", TRAIN.replace("statement", "other").as_bytes()),
    ]);
    let model = folder.model();
    tasnif(["train", &folder.str("odd.tsv"), "--output", &folder.str("odd.tasnif")]).success();
    let args =
        ["evaluate", &folder.str("t.tsv"), "--model", &model, "--compare", &folder.str("odd.tasnif"), "-q"];
    let table = stdout(tasnif(args));
    assert!(table.contains("only this one right 16, only the other 0, p 0.0000"), "{table}");
    let json: serde_json::Value =
        serde_json::from_str(&stdout(tasnif(args.iter().chain(&["--format", "json"])))).unwrap();
    assert_eq!(json["comparison"]["accuracy"]["difference"], 0.5);
    assert!(json["comparison"]["macro_f1"]["p"].as_f64().unwrap() < 0.01);
    assert!(json["brier"].as_f64().is_some() && json["ece"].as_f64().is_some());
}

#[test]
fn help_version_completions_and_man_page() {
    tasnif(["--version"]).success().stdout(contains(env!("CARGO_PKG_VERSION")).and(contains("model")));
    for command in ["predict", "train", "tune", "evaluate", "inspect", "shrink", "check"] {
        tasnif([command, "--help"]).success().stdout(contains("Examples:").and(contains(command)));
    }
    tasnif(["completions", "bash"]).success().stdout(contains("_tasnif"));
    tasnif(["man"]).success().stdout(contains(".TH tasnif 1"));
    let folder = Folder::with(&[]);
    tasnif(["man", "--output", &folder.str("man")]).success();
    assert!(folder.path("man/tasnif-predict.1").exists());
    tasnif::<&str>([]).code(2);
    tasnif(["predict", "--no-such-flag"]).code(2);
}

#[test]
fn a_closed_pipe_is_no_error() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("tasnif"))
        .args(["predict", "--input-format", "lines", "--quiet"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        use std::io::Write;
        let _ = input.write_all("قصف\n".repeat(20_000).as_bytes());
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn the_shipped_data_is_what_its_card_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let options = tasnif::dataset::ReadOptions::default();
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    let data = tasnif::dataset::Dataset::read_all(files, &options).unwrap();
    let card = fs::read_to_string(folder.join("README.md")).unwrap();
    assert!(card.contains(&format!("{} sentences", data.len())), "{}", data.len());
    for (label, count) in data.label_counts() {
        assert!(card.contains(&format!("| {label} | {count} |")), "{label} {count}");
    }
}

#[test]
fn vectors_are_trained_looked_into_and_converted() {
    let text = "قصفت الطائرات المدينة\nقصفت المدفعية البلدة\nأدان الوزير القصف\n".repeat(40);
    let folder = Folder::with(&[("corpus.txt", text.as_bytes())]);
    let [corpus, full, text, small] =
        ["corpus.txt", "v.vectors", "v.vec", "s.vectors"].map(|name| folder.path(name));
    let trained = stdout(tasnif([
        "vectors".as_ref(),
        "train".as_ref(),
        corpus.as_os_str(),
        "--dim".as_ref(),
        "8".as_ref(),
        "--output".as_ref(),
        full.as_os_str(),
    ]));
    assert!(trained.contains("8 words, 8 numbers each, from 360 words"), "{trained}");
    let run = |args: &[&std::ffi::OsStr]| stdout(tasnif(["vectors".as_ref()].iter().chain(args)));
    let summary = run(&["inspect".as_ref(), full.as_os_str()]);
    assert!(summary.contains("360 words, 100.0 %") && summary.contains("corpus.txt (120 lines"), "{summary}");
    run(&["export".as_ref(), full.as_os_str(), "--output".as_ref(), text.as_os_str()]);
    assert!(fs::read_to_string(&text).unwrap().starts_with("8 8\nقصفت "));
    run(&[
        "export".as_ref(),
        text.as_os_str(),
        "--output".as_ref(),
        small.as_os_str(),
        "--max-words".as_ref(),
        "3".as_ref(),
    ]);
    // Words are folded before they are looked up; one that was cut off has no vector.
    let near = run(&[
        "inspect".as_ref(),
        small.as_os_str(),
        "قَصَفت".as_ref(),
        "البحر".as_ref(),
        "--top".as_ref(),
        "1".as_ref(),
    ]);
    let lines: Vec<&str> = near.lines().collect();
    assert!(lines.len() == 3 && lines[0] == "قصفت" && lines[2] == "البحر: no vector", "{near}");
}

#[test]
fn what_is_no_corpus_and_what_is_no_vectors_is_named() {
    let folder = Folder::with(&[("empty.txt", b""), ("v.vectors", b"nothing")]);
    let out = folder.path("out.vectors");
    let train = tasnif([
        "vectors".as_ref(),
        "train".as_ref(),
        folder.path("empty.txt").as_os_str(),
        "--output".as_ref(),
        out.as_os_str(),
    ]);
    train.code(2).stderr(contains("give more text"));
    assert!(!out.exists());
    let inspect = tasnif(["vectors".as_ref(), "inspect".as_ref(), folder.path("v.vectors").as_os_str()]);
    inspect.code(2).stderr(contains("v.vectors:1: neither vectors of tasnif nor .vec text"));
}
