//! `tasnif train --classifier online`: streams, checkpoints, models that go on.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command as Process, Stdio};
use std::time::Duration;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use predicates::prelude::*;
use predicates::str::contains;

/// A folder for the files of one test.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn str(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn write(&self, name: &str, content: &str) -> String {
        fs::write(self.path(name), content).unwrap();
        self.str(name)
    }
}

fn lines(count: usize) -> String {
    let line = |i: usize| match i % 3 {
        0 => format!("strike\tقصفت الطائرات المستودع رقم {}\n", i % 17),
        1 => format!("statement\tدعا المبعوث {} إلى الحوار\n", i % 13),
        _ => format!("truce\tسجّل المراقبون {} خروقات للهدنة\n", i % 7),
    };
    (0..count).map(line).collect()
}

fn tasnif(args: &[&str], input: &str) -> Assert {
    Command::cargo_bin("tasnif").unwrap().args(args).write_stdin(input).assert()
}

/// `tasnif train --classifier online --hash-bits 14` with more arguments.
fn train(args: &[&str], input: &str) -> Assert {
    tasnif(&[&["train", "--classifier", "online", "--hash-bits", "14"], args].concat(), input)
}

fn stdout(assert: Assert) -> String {
    String::from_utf8(assert.success().get_output().stdout.clone()).unwrap()
}

#[test]
fn standard_input_is_learned_and_the_model_is_an_ordinary_one() {
    let folder = Folder::new();
    let (model, data) = (folder.str("m.tasnif"), folder.write("t.tsv", &lines(300)));
    let out = stdout(train(&["-", "--output", &model], &lines(900)));
    assert!(
        out.contains("900 records, 3 labels, 16384 features") && out.contains("before they were learned"),
        "{out}"
    );
    let report = stdout(tasnif(&["evaluate", &data, "--model", &model, "--format", "json"], ""));
    assert!(report.contains("\"accuracy\":1.0") || report.contains("\"accuracy\": 1.0"), "{report}");
    tasnif(&["predict", "--model", &model], "دعا المبعوث إلى الحوار").success().stdout(contains("statement"));
    let shown = stdout(tasnif(&["inspect", &model], ""));
    assert!(shown.contains("Classifier   online") && shown.contains("- (900 records, SHA-256"), "{shown}");
}

#[test]
fn formats_on_standard_input_are_told_by_their_first_bytes() {
    let folder = Folder::new();
    let bytes = |input: &str, format: &[&str]| {
        let model = folder.str("m.tasnif");
        train(&[&["-", "--output", &model], format].concat(), input).success();
        fs::read(folder.path("m.tasnif")).unwrap().len()
    };
    let fields = |line: &str, form: &dyn Fn(&str, &str) -> String| {
        let (label, text) = line.split_once('\t').unwrap();
        form(label, text)
    };
    let all = |form: &dyn Fn(&str, &str) -> String| -> String {
        lines(60).lines().map(|line| fields(line, form)).collect()
    };
    let jsonl = all(&|label, text| format!("{{\"label\":\"{label}\",\"text\":\"{text}\"}}\n"));
    let fasttext = all(&|label, text| format!("__label__{label} {text}\n"));
    let csv = "label,text\n".to_owned() + &all(&|label, text| format!("{label},{text}\n"));
    let plain = bytes(&lines(60), &[]);
    for (input, format) in [(jsonl, vec![]), (fasttext, vec![]), (csv, vec!["--input-format", "csv"])] {
        // The same records; the header differs by the hash of the input alone.
        assert_eq!(bytes(&input, &format), plain, "{}", &input[..20]);
    }
}

#[test]
fn threads_do_not_matter_and_the_same_run_gives_the_same_bytes() {
    let folder = Folder::new();
    let data = folder.write("t.tsv", &lines(3000));
    let run = |name: &str, args: &[&str]| {
        let model = folder.str(name);
        train(&[&[&data, "--shuffle-buffer", "500", "--output", &model], args].concat(), "").success();
        fs::read(folder.path(name)).unwrap()
    };
    let one = run("one", &["--threads", "1"]);
    assert_eq!(run("two", &["--threads", "2"]), one);
    assert_ne!(run("seed", &["--seed", "7"]), one);
}

#[test]
fn a_killed_run_goes_on_from_its_checkpoint_to_the_same_model() {
    let folder = Folder::new();
    let (all, state, model) = (lines(4000), folder.str("state"), folder.str("m.tasnif"));
    let options = ["--shuffle-buffer", "500", "-", "--output", &model];
    train(&options, &all).success();
    let whole = fs::read(&model).unwrap();
    fs::remove_file(&model).unwrap();
    let checkpoint = ["--checkpoint", &state, "--checkpoint-every", "500"];
    let mut child = Process::new(env!("CARGO_BIN_EXE_tasnif"))
        .args(["train", "--classifier", "online", "--hash-bits", "14"])
        .args(options)
        .args(checkpoint)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // The stream stays open, so that the run waits for more when it is killed.
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(lines(2600).as_bytes()).unwrap();
    stdin.flush().unwrap();
    let patience = std::time::Instant::now();
    while !folder.path("state").exists() {
        assert!(patience.elapsed() < Duration::from_secs(120), "no checkpoint was written");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    drop(stdin);
    assert!(!folder.path("m.tasnif").exists());
    let out = stdout(train(&[&options[..], &checkpoint].concat(), &all));
    assert!(out.contains("went on from"), "{out}");
    assert_eq!(fs::read(&model).unwrap(), whole);
    // Other options and other data are refused, and so is a damaged file.
    let again =
        |more: &[&str], input: &str| train(&[&options[..], &checkpoint, more].concat(), input).code(2);
    again(&["--seed", "9"], &all).stderr(contains("other options (classifier)"));
    again(&[], &all.replace("رقم 3", "رقم 4")).stderr(contains("not those that the checkpoint has seen"));
    let mut bytes = fs::read(&state).unwrap();
    let last = bytes.len() - 100;
    bytes[last] ^= 1;
    fs::write(&state, bytes).unwrap();
    again(&[], &all).stderr(contains("state: damaged checkpoint"));
    assert_eq!(fs::read(&model).unwrap(), whole, "what was refused left the model as it was");
}

#[test]
fn a_model_goes_on_with_its_own_features_and_new_labels() {
    let folder = Folder::new();
    let (first, next) = (folder.str("first"), folder.str("next"));
    let (old, new) = (lines(300), lines(300).replace("truce\t", "monitoring\t"));
    train(&["-", "--analyzer", "word+char_wb", "--output", &first], &old).success();
    let warm = ["train", "--classifier", "online", "--warm-start", &first, "-", "--output", &next];
    let out = stdout(tasnif(&warm, &new));
    assert!(out.contains("600 records, 4 labels, 32768 features"), "{out}");
    let other = [&warm[..], &["--hash-bits", "15"]].concat();
    tasnif(&other, &new).code(2).stderr(contains("other features"));
    let batch = folder.str("batch");
    let data = folder.write("t.tsv", &old);
    tasnif(&["train", &data, "--output", &batch], "").success();
    let warm = ["train", "--classifier", "online", "--warm-start", &batch, "-", "--output", &next];
    tasnif(&warm, &new).code(2).stderr(contains("not a model of the online learner"));
}

#[test]
fn pipeline_files_name_the_online_learner() {
    let folder = Folder::new();
    let (data, model, again) = (folder.write("t.tsv", &lines(300)), folder.str("m"), folder.str("again"));
    train(&[&data, "--passes", "2", "--output", &model], "").success();
    let toml = stdout(tasnif(&["inspect", &model, "--format", "toml"], ""));
    assert!(toml.contains("kind = \"online\"") && toml.contains("passes = 2"), "{toml}");
    let config = folder.write("p.toml", &toml);
    tasnif(&["train", &data, "--config", &config, "--output", &again], "").success();
    assert_eq!(fs::read(&model).unwrap(), fs::read(&again).unwrap());
    let plain = toml.replace("hash_bits = 14\n", "");
    let config = folder.write("plain.toml", &plain);
    tasnif(&["train", &data, "--config", &config, "--output", &again], "")
        .code(2)
        .stderr(contains("hash_bits = 22"));
}

#[test]
fn held_out_files_and_given_class_weights_work() {
    let folder = Folder::new();
    let (valid, model) = (folder.write("v.tsv", &lines(30)), folder.str("m"));
    let weights = folder.write("w.toml", "strike = 2.0\nnobody = 3.0\n");
    let args = ["-", "--valid", &valid, "--class-weight", &weights, "--output", &model];
    train(&args, &lines(300))
        .success()
        .stdout(contains("macro"))
        .stderr(contains("class weights for nobody"));
    tasnif(&["inspect", &model], "").success().stdout(contains("Measured on held-out records"));
}

#[test]
fn what_needs_the_data_twice_is_refused_with_its_cure() {
    let folder = Folder::new();
    let model = folder.str("m");
    let with =
        |args: &[&str], input: &str| train(&[&["-", "--output", &model], args].concat(), input).code(2);
    let all = lines(30);
    with(&["--valid", "0.1"], &all).stderr(contains("name a file of held-out records"));
    with(&["--cv", "5"], &all).stderr(contains("--cv needs all records at once"));
    with(&["--conformal", "0.2"], &all).stderr(contains("--conformal needs all records at once"));
    with(&["--group-near-duplicates", "0.8"], &all).stderr(contains("--group-near-duplicates"));
    with(&["--class-weight", "balanced"], &all).stderr(contains("in place of balanced"));
    with(&["--calibration", "platt"], &all).stderr(contains("calibration none"));
    with(&["--min-df", "2"], &all).stderr(contains("min_df"));
    with(&["--shuffle-buffer", "0"], &all).stderr(contains("shuffle_buffer 0"));
    with(&["--passes", "0"], &all).stderr(contains("passes 0"));
    with(&["--checkpoint-every", "5"], &all).stderr(contains("--checkpoint"));
    with(&[], "").stderr(contains("no records"));
    with(&[], "a\tx\na\ty\n").stderr(contains("all 2 records have the label 'a'"));
    with(&[], "a\tx\n\ty\n").stderr(contains("-:2: an empty label"));
    with(&["--input-format", "jsonl"], "{\"text\":\"x\",\"labels\":[\"a\",\"b\"]}\n")
        .stderr(contains("-:1: several labels"));
    for bits in ["0", "31"] {
        let args = ["train", "--classifier", "online", "--hash-bits", bits, "-", "--output", &model];
        tasnif(&args, &all).code(2).stderr(contains("give 1 to 30"));
    }
    assert!(!folder.path("m").exists());
    let data = folder.write("t.tsv", &all);
    for (flag, value) in
        [("--checkpoint", "c"), ("--warm-start", "w"), ("--shuffle-buffer", "9"), ("--passes", "2")]
    {
        let args = ["train", &data, flag, value, "--output", &model];
        tasnif(&args, "").code(2).stderr(contains(flag).and(contains("--classifier online")));
    }
    tasnif(&["train", &data, "--hash-bits", "12", "--output", &model], "")
        .success()
        .stdout(contains("12288 features"));
}

#[test]
fn sorted_data_are_warned_of_where_the_buffer_is_too_small() {
    let folder = Folder::new();
    let mut sorted: Vec<String> = lines(900).lines().map(|line| format!("{line}\n")).collect();
    sorted.sort();
    let (sorted, model) = (sorted.concat(), folder.str("m"));
    train(&["-", "--shuffle-buffer", "100", "--output", &model], &sorted)
        .success()
        .stderr(contains("the data come sorted"));
    let assert = train(&["-", "--output", &model], &sorted).success();
    assert.stderr("");
    // A file for each label is mixed as it is read.
    let by_label = |label: &str| -> String {
        lines(90_000).lines().filter(|line| line.starts_with(label)).map(|line| format!("{line}\n")).collect()
    };
    let files =
        ["strike", "statement", "truce"].map(|label| folder.write(&format!("{label}.tsv"), &by_label(label)));
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    train(&[&files[..], &["--shuffle-buffer", "2000", "--output", &model]].concat(), "").success().stderr("");
}
