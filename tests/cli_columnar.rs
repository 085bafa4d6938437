//! Parquet and Arrow IPC as a user meets them, beside what other programs wrote (`tests/columnar/make.py`).
#![cfg(feature = "columnar")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use assert_cmd::Command;
use assert_cmd::assert::Assert;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use predicates::str::contains;
use serde_json::Value;
use tempfile::TempDir;

const TRAIN: &str = "strike\tقصفت الطائرات المدينة\nstrike\tقصفت المدفعية البلدة\nstatement\tأدان الوزير القصف\nstatement\tدعا الوزير إلى الحوار\n";

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Folder(tempfile::tempdir().unwrap());
        fs::write(folder.path("train.tsv"), TRAIN).unwrap();
        folder
            .tasnif(&["train", &folder.str("train.tsv"), "--output", &folder.str("m.tasnif"), "-q"])
            .success();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn str(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn tasnif(&self, args: &[&str]) -> Assert {
        Command::cargo_bin("tasnif").unwrap().args(args).assert()
    }

    fn predict(&self, args: &[&str]) -> Assert {
        self.tasnif(&[&["predict", "--model", &self.str("m.tasnif"), "-q"], args].concat())
    }

    fn jsonl(&self, args: &[&str]) -> Vec<Value> {
        let assert = self.predict(&[args, &["--output-format", "jsonl"]].concat()).success();
        let out = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn parquet(path: &Path) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    arrow_select::concat::concat_batches(&schema, &batches).unwrap()
}

fn strings<'a>(batch: &'a RecordBatch, name: &str) -> Vec<Option<&'a str>> {
    batch.column_by_name(name).unwrap().as_string::<i32>().iter().collect()
}

/// Files that pyarrow and polars wrote: 5 rows of id, text (one null), day, tags, label and a struct with a text in it.
fn fixture(name: &str) -> String {
    format!("{}/tests/columnar/{name}", env!("CARGO_MANIFEST_DIR"))
}

const FIXTURES: [&str; 8] = [
    "snappy.parquet",
    "gzip.parquet",
    "lz4.parquet",
    "zstd.parquet",
    "zstd-v2.parquet",
    "polars.parquet",
    "file.arrow",
    "stream.arrows",
];

#[test]
fn files_of_pyarrow_and_polars_are_read_with_their_columns() {
    let folder = Folder::new();
    for name in FIXTURES {
        let path = fixture(name);
        let lines = folder.jsonl(&[&path, "--on-error", "null", "--carry", "all"]);
        let texts: Vec<Option<&str>> = lines.iter().map(|line| line["text"].as_str()).collect();
        assert_eq!(
            texts,
            [Some("قصفت الطائرات"), Some("أدان الوزير"), None, Some(""), Some("دعا الوزير")],
            "{name}"
        );
        assert_eq!(lines[1]["label"], "statement", "{name}");
        assert_eq!(
            (&lines[1]["id"], &lines[1]["day"]),
            (&Value::from(2), &Value::from("2024-02-17")),
            "{name}"
        );
        assert_eq!(lines[1]["tags"], serde_json::json!(["b", "c"]), "{name}");
        assert_eq!(lines[1]["input_label"], "statement", "{name}");
        assert!(lines[2]["error"].as_str().unwrap().contains("column 'text' holds no text"), "{name}");
        let inner = folder.jsonl(&[&path, "--text-field", "article.body"]);
        assert_eq!(inner[0]["text"], "قصف", "{name}");
        folder.predict(&[&path]).code(2).stderr(contains(format!("{name}:3: column 'text' holds no text")));
    }
}

#[test]
fn columns_go_to_columns_with_their_types() {
    let folder = Folder::new();
    let out = folder.str("out.parquet");
    for name in FIXTURES {
        folder.predict(&[&fixture(name), "--on-error", "skip", "--carry", "all", "--output", &out]).success();
        let rows = parquet(Path::new(&out));
        assert_eq!(rows.num_rows(), 4, "{name}");
        assert_eq!(strings(&rows, "label")[1..2], [Some("statement")], "{name}");
        let index = rows.column_by_name("index").unwrap().as_primitive::<Int64Type>();
        assert_eq!(index.values(), &[0, 1, 3, 4], "{name}: what was left out is left out everywhere");
        let id = rows.column_by_name("id").unwrap().as_primitive::<Int64Type>();
        assert_eq!(id.values(), &[1, 2, 4, 5], "{name}");
        assert_eq!(rows.column_by_name("day").unwrap().data_type(), &DataType::Date32, "{name}");
        let scores = rows.column_by_name("scores").unwrap().as_struct();
        assert_eq!(scores.column_names(), ["statement", "strike"], "{name}");
        let score = rows.column_by_name("score").unwrap().as_primitive::<Float32Type>().value(1);
        assert_eq!(scores.column(0).as_primitive::<Float32Type>().value(1), score, "{name}");
    }
}

#[test]
fn columns_hold_what_lines_hold() {
    let folder = Folder::new();
    let lines: String = (0..20_000).map(|i| format!("{{\"id\":{i},\"text\":\" قصف {i}\"}}\n")).collect();
    fs::write(folder.path("in.jsonl"), lines).unwrap();
    let input = folder.str("in.jsonl");
    let expected = folder.jsonl(&[&input, "--carry", "id"]);
    let read = |name: &str| {
        let path = folder.str(name);
        let lines = folder.jsonl(&[&path, "--carry", "id,label,start", "--threads", "3"]);
        assert_eq!(lines.len(), expected.len());
        for (line, expected) in lines.iter().zip(&expected) {
            // The texts stand without the space that was cut from them, and are labelled alike.
            assert_eq!(line["text"], expected["text"]);
            assert_eq!(line["id"], expected["id"].to_string());
            assert_eq!(
                (&line["input_label"], &line["input_start"]),
                (&expected["label"], &expected["start"])
            );
            assert_eq!(line["scores"], expected["scores"]);
        }
    };
    for name in ["out.parquet", "out.arrow"] {
        for threads in ["1", "4"] {
            folder
                .predict(&[&input, "--carry", "id", "--output", &folder.str(name), "--threads", threads])
                .success();
            let bytes = fs::read(folder.path(name)).unwrap();
            let again = folder.path(&format!("{threads}.{name}"));
            fs::rename(folder.path(name), &again).unwrap();
            assert!(
                fs::read(folder.path(&format!("1.{name}"))).unwrap() == bytes,
                "the same on any number of threads"
            );
        }
        read(&format!("4.{name}"));
    }
}

#[test]
fn training_reads_columns() {
    let folder = Folder::new();
    let model = folder.str("columns.tasnif");
    for name in FIXTURES {
        let path = fixture(name);
        let train =
            ["train", &path, "--text-field", "article.body", "--output", &model, "--calibration", "none"];
        folder.tasnif(&train).success();
        let evaluate =
            ["evaluate", &path, "--text-field", "article.body", "--model", &model, "--format", "json"];
        let report = folder.tasnif(&evaluate).success();
        let report: Value = serde_json::from_slice(&report.get_output().stdout).unwrap();
        assert_eq!((&report["n"], &report["accuracy"]), (&Value::from(5), &Value::from(1.0)), "{name}");
        folder.tasnif(&["train", &path, "--output", &model]).code(2).stderr(contains(format!("{name}:3: ")));
        folder.tasnif(&["check", &path, "--text-field", "article.body"]).success();
    }
}

#[test]
fn what_is_no_columnar_file_says_so() {
    let folder = Folder::new();
    let whole = fs::read(fixture("snappy.parquet")).unwrap();
    for (name, bytes) in [
        ("short.parquet", &whole[..whole.len() / 2]),
        ("empty.parquet", &[]),
        ("text.arrow", b"no columns here at all"),
        ("empty.arrow", &[]),
    ] {
        fs::write(folder.path(name), bytes).unwrap();
        folder
            .predict(&[&folder.str(name)])
            .code(2)
            .stderr(contains(format!("{name}:1: damaged, or not of this format")));
    }
    for at in (0..whole.len()).step_by(7) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xFF;
        fs::write(folder.path("damaged.parquet"), damaged).unwrap();
        let code = folder.predict(&[&folder.str("damaged.parquet")]).get_output().status.code();
        assert!(matches!(code, Some(0 | 2)), "{at}: {code:?}");
    }
    folder.predict(&[&fixture("brotli.parquet")]).code(2).stderr(contains("BROTLI"));
    folder
        .predict(&[&fixture("snappy.parquet"), "--text-field", "body"])
        .code(2)
        .stderr(contains("no column 'body' among id"));
    folder
        .predict(&["-", "--input-format", "parquet"])
        .code(2)
        .stderr(contains("cannot be read from a pipe"));
    folder.predict(&["x.txt", "--output-format", "parquet"]).code(2).stderr(contains("give --output"));
}
