//! Batch prediction as a user meets it: inputs of every kind, records in error, carried columns, compressed output, interruption.

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;
use tempfile::TempDir;

const TRAIN: &str = "strike\tقصفت الطائرات المدينة\nstrike\tقصفت المدفعية البلدة\nstatement\tأدان الوزير القصف\nstatement\tدعا الوزير إلى الحوار\n";

/// A folder with a model of two labels.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Folder(tempfile::tempdir().unwrap());
        folder.put("train.tsv", TRAIN);
        let args = ["train", &folder.str("train.tsv"), "--output", &folder.str("m.tasnif"), "--quiet"];
        Command::cargo_bin("tasnif").unwrap().args(args).assert().success();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn str(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), content).unwrap();
        self.str(name)
    }

    fn predict(&self, args: &[&str]) -> Assert {
        let model = self.str("m.tasnif");
        let mut command = Command::cargo_bin("tasnif").unwrap();
        command.args(["predict", "--model", &model]).args(args).write_stdin("").assert()
    }

    fn jsonl(&self, args: &[&str]) -> Vec<Value> {
        let assert = self.predict(&[args, &["--output-format", "jsonl"]].concat()).success();
        lines(&assert.get_output().stdout)
    }

    fn texts(&self, args: &[&str]) -> Vec<String> {
        self.jsonl(args).iter().map(|line| line["text"].as_str().unwrap().to_owned()).collect()
    }
}

fn lines(bytes: &[u8]) -> Vec<Value> {
    String::from_utf8(bytes.to_vec())
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn utf16(text: &str) -> Vec<u8> {
    "\u{FEFF}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

/// windows-1256 of the letters used here.
fn windows_1256(text: &str) -> Vec<u8> {
    let letter = |c: char| match c {
        'ا' => 0xC7,
        'ت' => 0xCA,
        'د' => 0xCF,
        'ر' => 0xD1,
        'ز' => 0xD2,
        'ص' => 0xD5,
        'ط' => 0xD8,
        'ف' => 0xDD,
        'ق' => 0xDE,
        'ل' => 0xE1,
        'م' => 0xE3,
        'ن' => 0xE4,
        'و' => 0xE6,
        'ي' => 0xED,
        'ئ' => 0xC6,
        'ة' => 0xC9,
        'أ' => 0xC3,
        c => u8::try_from(c as u32).unwrap(),
    };
    text.chars().map(letter).collect()
}

#[test]
fn the_output_is_the_same_for_any_number_of_threads_and_any_line_end() {
    let folder = Folder::new();
    let records: Vec<String> =
        (0..8_000).map(|i| format!("قصفت الطائرات المدينة {i} {}", "كلمة ".repeat(i % 17))).collect();
    let records: Vec<&str> = records.iter().map(|record| record.trim()).collect();
    let (lf, crlf) =
        (folder.put("lf", records.join("\n")), folder.put("crlf", records.join("\r\n") + "\r\n"));
    let run = |input: &str, threads: &str| {
        let args = [input, "--input-format", "lines", "--output-format", "tsv", "--threads", threads];
        folder.predict(&args).success().get_output().stdout.clone()
    };
    let one = run(&lf, "1");
    assert_eq!(one.iter().filter(|byte| **byte == b'\n').count(), records.len());
    for (place, line) in String::from_utf8_lossy(&one).lines().enumerate() {
        assert_eq!(line.split('\t').nth(2).unwrap(), records[place], "in order");
    }
    for (input, threads) in [(&lf, "2"), (&lf, "5"), (&crlf, "1"), (&crlf, "3")] {
        assert!(run(input, threads) == one, "{input} {threads}");
    }
    let packed = |threads: &str| {
        let out = folder.str("out.tsv.gz");
        folder.predict(&[&lf, "--input-format", "lines", "--output", &out, "--threads", threads]).success();
        fs::read(out).unwrap()
    };
    let gz = packed("1");
    assert!(packed("4") == gz, "compressed too");
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(&gz[..]).read_to_end(&mut text).unwrap();
    assert!(text == one);
}

#[test]
fn inputs_are_decompressed_and_decoded() {
    let folder = Folder::new();
    let text = "قصف الطائرات\nأدان الوزير القصف\n";
    let expected: Vec<&str> = text.lines().collect();
    let lossy_test = format!("{text}{text}");
    for (name, bytes, args) in [
        ("plain", text.as_bytes().to_vec(), &[][..]),
        ("bom", format!("\u{FEFF}{text}").into_bytes(), &[]),
        ("utf16", utf16(text), &[]),
        ("windows", windows_1256(text), &[]),
        ("named", windows_1256(text), &["--encoding", "windows-1256"]),
    ] {
        let path = folder.put(name, &bytes);
        let args = [&[path.as_str(), "--input-format", "lines"], args].concat();
        assert_eq!(folder.texts(&args), expected, "{name}");
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gz, &bytes).unwrap();
        folder.put(name, gz.finish().unwrap());
        assert_eq!(folder.texts(&args), expected, "{name}, gzip");
    }
    let path = folder.put("windows", windows_1256(&lossy_test));
    folder
        .predict(&[&path, "--input-format", "lines", "--encoding", "utf-8"])
        .code(2)
        .stderr(contains("windows:1: not valid UTF-8").and(contains("--encoding")));
    folder.predict(&[&path, "--encoding", "klingon"]).code(2).stderr(contains("unknown encoding 'klingon'"));
    // Training reads them too.
    let train = folder.put("t16.tsv", utf16(TRAIN));
    let args = ["train", &train, "--output", &folder.str("m16.tasnif"), "--quiet"];
    Command::cargo_bin("tasnif").unwrap().args(args).assert().success();
}

#[test]
fn folders_and_patterns_are_read_in_order() {
    let folder = Folder::new();
    folder.put("in/b.csv", "id,text\n1,ب\n");
    folder.put("in/a/z.jsonl", "{\"text\":\"أ\"}\n");
    folder.put("in/c.doc", "no");
    assert_eq!(folder.texts(&[&folder.str("in")]), ["أ", "ب"]);
    assert_eq!(folder.texts(&[&folder.str("in/*.csv")]), ["ب"]);
    folder.predict(&[&folder.str("in/*.tsv")]).code(2).stderr(contains("no file has such a name"));
}

#[test]
fn records_in_error_stop_the_run_or_are_left_out_or_keep_their_place() {
    let folder = Folder::new();
    let bad = [
        &b"{\"text\":\"x\"}\n"[..],
        b"{\"text\":\"\xFF\"}\n{\"text\":\nnull\n{\"body\":1}\n",
        b"{\"text\":\"",
        &b"y".repeat(300),
        b"\"}\n{\"text\":\"z\"}\n",
    ];
    let input = folder.put("bad.jsonl", bad.concat());
    let base = [input.as_str(), "--max-record", "200"];
    folder.predict(&base).code(2).stderr(contains("bad.jsonl:2: not valid UTF-8"));
    let rejects = folder.str("rejects.jsonl");
    let with = |what| [&base[..], &["--on-error", what, "--rejects", &rejects]].concat();
    let kept = folder.jsonl(&with("skip"));
    assert_eq!(kept.iter().map(|line| line["index"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 6]);
    let listed = lines(&fs::read(&rejects).unwrap());
    let places: Vec<u64> = listed.iter().map(|reject| reject["line"].as_u64().unwrap()).collect();
    assert_eq!(places, [2, 3, 4, 5, 6]);
    for (reject, part) in
        listed.iter().zip(["UTF-8", "not JSON", "object", "no field 'text'", "more than 200 bytes"])
    {
        assert_eq!(reject["file"], input);
        assert!(reject["reason"].as_str().unwrap().contains(part), "{reject}");
    }
    let all = folder.jsonl(&with("null"));
    assert_eq!(all.len(), 7);
    for (index, line) in all.iter().enumerate() {
        assert_eq!(line["index"], index);
        let bad = (1..6).contains(&index);
        assert_eq!(
            line["label"].is_null() && line["score"].is_null() && line["text"].is_null(),
            bad,
            "{line}"
        );
        assert_eq!(line.get("error").is_some(), bad);
    }
    folder
        .predict(&with("skip"))
        .success()
        .stderr(contains("5 records could not be read and left out; listed in"));
    folder.predict(&[&base[..], &["--rejects", "r"]].concat()).code(2).stderr(contains("--on-error"));

    let csv = folder.put("bad.csv", "text,id\nx,1\nonly\n\"z\",3\n");
    folder.predict(&[&csv]).code(2).stderr(contains("bad.csv:3: 1 fields where the header has 2"));
    assert_eq!(folder.texts(&[&csv, "--on-error", "skip"]), ["x", "z"]);
    let nulls =
        folder.predict(&[&csv, "--on-error", "null", "--output-format", "csv", "--carry", "id"]).success();
    let out = String::from_utf8(nulls.get_output().stdout.clone()).unwrap();
    assert_eq!(out.lines().nth(2).unwrap(), format!("{csv},1,0,0,,,,"), "{out}");
    let open = folder.put("open.csv", format!("text\n\"{}", "x\n".repeat(1 << 18)));
    folder.predict(&[&open, "--max-record", "1K"]).code(2).stderr(contains("is a quote not closed?"));

    let article = folder.put("bad.txt", b"\xFF\xFE\xFF");
    let good = folder.put("good.txt", "قصف.");
    folder.predict(&[&article, &good, "--encoding", "utf-8"]).code(2).stderr(contains("bad.txt:1"));
    let both = folder.jsonl(&[&article, &good, "--encoding", "utf-8", "--on-error", "null"]);
    assert_eq!(both.len(), 2, "an article that cannot be read is one record");
}

#[test]
fn columns_are_carried() {
    let folder = Folder::new();
    let csv = folder.put("in.csv", "id,text,label\n7,قصف,\"a, b\"\n");
    let jsonl = folder.put(
        "in.jsonl",
        "{\"id\": 7, \"article\": {\"body\": \"قصف\", \"tags\": [1, \"x\"]}, \"none\": null}\n",
    );
    let tsv = folder.put("in.tsv", "old\tقصف\n");
    let line = folder.jsonl(&[&csv, "--carry", "all"]).remove(0);
    assert_eq!((&line["id"], &line["input_label"]), (&Value::from("7"), &Value::from("a, b")));
    assert_eq!(folder.jsonl(&[&tsv, "--carry", "label"])[0]["input_label"], "old");
    let args = [&jsonl, "--text-field", "article.body", "--carry"];
    let named =
        folder.jsonl(&[&args.map(|arg| arg as &str)[..], &["article.tags,id,gone"]].concat()).remove(0);
    assert_eq!(named["article.tags"], serde_json::json!([1, "x"]));
    assert!(named["id"] == 7 && named["gone"].is_null() && named["text"] == "قصف");
    let all = folder.jsonl(&[&args.map(|arg| arg as &str)[..], &["all"]].concat()).remove(0);
    assert_eq!(all["article"]["body"], "قصف");

    let out = folder.predict(&[&csv, "--carry", "label,id", "--output-format", "csv"]).success();
    let out = String::from_utf8(out.get_output().stdout.clone()).unwrap();
    assert!(out.starts_with("source,index,start,end,label,score,input_label,id,text\n"), "{out}");
    assert!(out.ends_with(",\"a, b\",7,قصف\n"), "{out}");
    let out = folder.predict(&[
        &jsonl,
        "--text-field",
        "article.body",
        "--carry",
        "article.tags",
        "--output-format",
        "tsv",
    ]);
    let out = String::from_utf8(out.success().get_output().stdout.clone()).unwrap();
    assert!(out.ends_with("\t[1, \"x\"]\tقصف\n"), "{out}");
    folder
        .predict(&[&csv, "--carry", "nope"])
        .code(2)
        .stderr(contains("no column 'nope' to carry among id, label"));
    folder
        .predict(&[&jsonl, "--text-field", "article.body", "--carry", "all", "--output-format", "csv"])
        .code(2)
        .stderr(contains("name them"));
}

#[test]
fn the_name_of_the_output_tells_its_format_and_compression() {
    let folder = Folder::new();
    let input = folder.put("in.tsv", TRAIN);
    let plain = |name: &str| {
        let out = folder.str(name);
        folder.predict(&[&input, "--output", &out]).success();
        fs::read(out).unwrap()
    };
    let jsonl = plain("out.jsonl");
    assert_eq!(lines(&jsonl).len(), 4);
    assert!(plain("out.csv").starts_with(b"source,index"));
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(&plain("out.jsonl.gz")[..]).read_to_end(&mut text).unwrap();
    assert_eq!(text, jsonl);
    let zst = plain("out.csv.zst");
    assert!(zst.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]));
    // Our own reader takes it back: a header frame, then one of records.
    assert_eq!(folder.texts(&[&folder.str("out.csv.zst")]).len(), 4);
    folder.put("empty.tsv", "");
    folder.predict(&[&folder.str("empty.tsv"), "--output", &folder.str("none.jsonl.gz")]).success();
    let mut none = String::new();
    let packed = fs::read(folder.path("none.jsonl.gz")).unwrap();
    flate2::read::MultiGzDecoder::new(&packed[..]).read_to_string(&mut none).unwrap();
    assert!(none.is_empty() && !packed.is_empty(), "an archive of nothing is an archive");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_that_names_the_output() {
    let folder = Folder::new();
    let input = folder.put("in.tsv", TRAIN.repeat(5000));
    for threads in ["1", "2"] {
        folder
            .predict(&[&input, "--output-format", "jsonl", "--output", "/dev/full", "--threads", threads])
            .code(2)
            .stderr(contains("/dev/full").and(contains("No space left")));
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_nothing_half_written() {
    use std::process::{Command, Stdio};
    let folder = Folder::new();
    let out = folder.str("out.jsonl");
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("tasnif"))
        .args(["predict", "--model", &folder.str("m.tasnif"), "--input-format", "lines", "--output", &out])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Its input stays open: waiting for a child would close it.
    let _input = child.stdin.take();
    let is_writing = || {
        fs::read_dir(folder.0.path())
            .unwrap()
            .any(|entry| entry.unwrap().file_name().to_string_lossy().starts_with(".tasnif-"))
    };
    while !is_writing() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    // The handler is set right behind.
    std::thread::sleep(std::time::Duration::from_millis(300));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!is_writing() && !folder.path("out.jsonl").exists());
}
