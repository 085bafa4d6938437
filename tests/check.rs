//! `tasnif check` as a user meets it: what it finds, what it says of it, and with which exit code.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;
use tempfile::TempDir;

const LABELS: [&str; 3] = ["strike", "talks", "aid"];

/// What the texts of each label are made of: two, two and three words, so that their length tells nothing.
const PARTS: [[[&str; 5]; 3]; 3] = [
    [
        ["قصفت الطائرات", "أغارت مسيّرة", "استهدفت المدفعية", "دمّرت الصواريخ", "ضربت البوارج"],
        ["مستودع ذخيرة", "رتل آليات", "برج اتصالات", "مقر قيادة", "جسرا عسكريا"],
        ["شرق المدينة ليلا", "قرب الميناء فجرا", "على أطراف البلدة", "في الوادي الغربي", "خلف التلال العالية"],
    ],
    [
        ["التقى الوزير", "استقبل الرئيس", "هاتف المبعوث", "دعا السفير", "ناقش البرلمان"],
        ["وفد المعارضة", "نظيره الأوروبي", "ممثلي العشائر", "أمين المنظمة", "رؤساء الكتل"],
        [
            "لبحث التسوية السياسية",
            "وأكد دعم الحوار",
            "حول مسودة الدستور",
            "لاستئناف المفاوضات المتعثرة",
            "بشأن الانتخابات المقبلة",
        ],
    ],
    [
        ["وزعت الجمعية", "أوصلت القافلة", "أرسلت المنظمة", "تسلم النازحون", "جمع المتطوعون"],
        ["سلالا غذائية", "شحنة دواء", "خياما وأغطية", "مياها نظيفة", "حليبا للأطفال"],
        [
            "على الأسر المحتاجة",
            "بعد انتظار طويل",
            "قبيل حلول الشتاء",
            "في المدارس المهجورة",
            "بإشراف أطباء المخيم",
        ],
    ],
];

/// Texts of a label of which no two share more than one part, so that none is like another.
fn texts(label: usize) -> impl Iterator<Item = String> {
    let [first, second, third] = PARTS[label];
    (0..25).map(move |i| format!("{} {} {}", first[(i + i / 5) % 5], second[i % 5], third[i / 5]))
}

/// 75 clean records.
fn clean() -> Vec<(String, String)> {
    let of = |label: usize| texts(label).map(move |text| (LABELS[label].to_owned(), text));
    (0..3).flat_map(of).collect()
}

fn tsv(records: &[(String, String)]) -> String {
    records.iter().map(|(label, text)| format!("{label}\t{text}\n")).collect()
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

fn check(args: &[&str]) -> Assert {
    Command::cargo_bin("tasnif").unwrap().arg("check").args(args).assert()
}

fn stdout(assert: Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&stdout(check(&[args, &["--format", "json"]].concat()).success())).unwrap()
}

/// The lines of a check's findings.
fn lines(report: &Value, name: &str) -> Vec<u64> {
    let findings = report["checks"][name]["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["line"].as_u64().unwrap()).collect()
}

#[test]
fn clean_data_pass_every_limit() {
    let folder = Folder::new();
    let data = folder.file("clean.tsv", &tsv(&clean()));
    let report = json(&[&data, "--strict"]);
    assert_eq!(report["passed"], true, "{report:#}");
    for (name, section) in report["checks"].as_object().unwrap() {
        assert_eq!(section["found"], 0, "{name}: {section:#}");
    }
    assert_eq!(report["records"], 75);
    assert_eq!(report["checks"]["label-errors"]["judged"], 75);
}

#[test]
fn planted_flaws_are_found_where_they_stand() {
    let mut records = clean();
    let text = |records: &[(String, String)], line: usize| records[line - 1].1.clone();
    // Line 76 repeats line 3; 77 is line 30 with a word more and its vowel marks; 78 is line 60 under another label.
    records.push(("strike".into(), text(&records, 3)));
    records.push(("talks".into(), text(&records, 30).replace("بحث", "بَحْثِ") + " اليوم"));
    records.push(("strike".into(), text(&records, 60)));
    records.push(("aid".into(), "  ".into()));
    records.push(("aid".into(), "Ø§Ù„Ø³Ù„Ø§Ù… عليكم".into()));
    records.push(("rare".into(), "كلمة وحيدة لا مثيل لها هنا".into()));
    let folder = Folder::new();
    let data = folder.file("flawed.tsv", &tsv(&records));
    let report = json(&[&data]);
    assert_eq!(lines(&report, "duplicates"), [76, 78]);
    assert_eq!(lines(&report, "near-duplicates"), [77]);
    assert_eq!(lines(&report, "conflicts"), [78]);
    assert_eq!(lines(&report, "odd-texts"), [79, 80]);
    let conflict = &report["checks"]["conflicts"]["findings"][0];
    assert_eq!((&conflict["label"], &conflict["of"]["label"]), (&"strike".into(), &"aid".into()));
    assert_eq!((&conflict["of"]["line"], &conflict["similarity"]), (&60.into(), &1.0.into()));
    assert_eq!(conflict["file"], data);
    assert_eq!(report["checks"]["odd-texts"]["findings"][0]["odd"], "empty");
    let balance = &report["checks"]["balance"];
    assert_eq!((&balance["findings"][0]["label"], &balance["passed"]), (&"rare".into(), &false.into()));
    // The copy with the wrong label is doubted too, since its twin stands in the same fold.
    assert!(lines(&report, "label-errors").contains(&78), "{:#}", report["checks"]["label-errors"]);
}

#[test]
fn planted_label_errors_are_doubted_and_little_else() {
    let mut records = clean();
    let planted = [5, 17, 33, 47, 58, 70];
    for line in planted {
        let label = LABELS.iter().position(|label| *label == records[line - 1].0).unwrap();
        records[line - 1].0 = LABELS[(label + 1) % 3].into();
    }
    let folder = Folder::new();
    let data = folder.file("wrong.tsv", &tsv(&records));
    let report = json(&[&data, "--only", "label-errors"]);
    let doubted = lines(&report, "label-errors");
    let hits = planted.iter().filter(|&&line| doubted.contains(&(line as u64))).count();
    assert!(hits >= 5 && doubted.len() <= hits + 1, "{doubted:?}");
    let finding = &report["checks"]["label-errors"]["findings"][0];
    let given = finding["given_probability"].as_f64().unwrap();
    assert!(given < 0.5 && finding["suggested_probability"].as_f64().unwrap() > given, "{finding:#}");
    assert_eq!(report["checks"].as_object().unwrap().len(), 1, "no other check was asked for");
}

#[test]
fn test_records_that_stand_in_the_training_data_are_told() {
    let folder = Folder::new();
    let train = folder.file("train.tsv", &tsv(&clean()));
    let test = folder.file(
        "test.tsv",
        &format!(
            "talks\t{}\ntalks\tكلام جديد تماما لم يقله أحد من قبل\nother\tنص آخر مختلف كل الاختلاف\n",
            clean()[30].1
        ),
    );
    let report = json(&[&train, "--test", &test, "--skip", "label-errors"]);
    assert_eq!(report["test_records"], 3);
    assert_eq!(lines(&report, "test-overlap"), [1]);
    let finding = &report["checks"]["test-overlap"]["findings"][0];
    assert_eq!(
        (&finding["file"], &finding["of"]["file"], &finding["of"]["line"]),
        (&test.into(), &train.into(), &31.into())
    );
    assert_eq!(report["checks"]["balance"]["findings"][0]["kind"], "untrained-label");
    assert!(report["checks"].get("label-errors").is_none());
}

#[test]
fn a_field_that_gives_the_label_away_is_named_and_may_be_ignored() {
    let records = clean();
    let line = |(i, (label, text)): (usize, &(String, String))| {
        let outlet = if i % 10 == 0 { "any" } else { label };
        serde_json::json!({"text": text, "label": label, "outlet": outlet, "id": i, "day": i % 7}).to_string()
            + "\n"
    };
    let folder = Folder::new();
    let data: String = records.iter().enumerate().map(line).collect();
    let data = folder.file("data.jsonl", &data);
    let args = [data.as_str(), "--only", "leaks", "--ignore-fields", "id"];
    let report = json(&args);
    let findings = report["checks"]["leaks"]["findings"].as_array().unwrap();
    let fields: Vec<&str> = findings.iter().map(|finding| finding["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["outlet", "all fields together"]);
    assert!(findings[0]["macro_f1"].as_f64().unwrap() > 0.85, "{findings:?}");
    check(&[&args[..], &["--strict"]].concat()).code(1).stderr(contains("limits passed: leaks"));
    check(&[&data, "--only", "leaks", "--strict", "--ignore-fields", "id,outlet"]).success();
    check(&[&args[..], &["--strict", "--max-leak", "0.9"]].concat()).success();
}

#[test]
fn the_exit_code_is_1_for_limits_under_strict_alone_and_2_for_bad_input() {
    let folder = Folder::new();
    let twice = tsv(&clean()) + &tsv(&clean()[..1]);
    let data = folder.file("twice.tsv", &twice);
    let quick = [data.as_str(), "--skip", "label-errors,leaks"];
    let with = |more: &[&str]| check(&[&quick[..], more].concat());
    with(&[]).success().stdout(contains("over"));
    with(&["--strict"]).code(1).stderr(contains("limits passed: duplicates\n"));
    with(&["--strict", "--max-duplicates", "1"]).success().stderr("");
    with(&["--strict", "--max-duplicates", "1", "--min-class", "26"]).code(1).stderr(contains("balance"));
    with(&["--near", "0"]).code(2).stderr(contains("threshold of near duplicates"));
    with(&["--only", "odd-texts"]).code(2);
    with(&["--max-leak", "3"]).code(2);
    check(&[]).code(2);
    check(&[&folder.file("empty.tsv", "")]).code(2).stderr(contains("no records"));
    check(&["missing.tsv"]).code(2).stderr(contains("missing.tsv"));
    check(&[&folder.file("bad.tsv", "a\tx\nno tab\n\tno label\n")])
        .code(2)
        .stderr(contains("bad.tsv:2: no tab").and(contains("bad.tsv:3: an empty label")));
}

#[test]
fn the_table_has_numbers_and_label_before_the_text_and_the_text_in_its_own_order() {
    let folder = Folder::new();
    let mut records = clean();
    records.push(("talks".into(), records[2].1.clone()));
    let data = folder.file("data.tsv", &tsv(&records));
    let table = stdout(check(&[&data, "--only", "duplicates,conflicts,balance"]).success());
    let text = &records[2].1;
    assert!(
        table.starts_with("76 records\n\ncheck       found      limit\nduplicates      1          0  over  "),
        "{table}"
    );
    assert!(
        table.contains("\nbalance         0  5 a label  ok    3 labels, from aid 25 to talks 26\n"),
        "{table}"
    );
    assert!(
        table.contains(&format!("\n  {data}:76  1.00  talks   {text}\n  {data}:3   of    strike  {text}\n")),
        "{table}"
    );

    let many = folder.file("many.tsv", &"aid\tthe same words again\n".repeat(9));
    let args = [many.as_str(), "--only", "duplicates", "--show"];
    let shown = stdout(check(&[&args[..], &["2"]].concat()).success());
    assert!(shown.contains("duplicates, the first 2\n") && shown.matches("again").count() == 4, "{shown}");
    assert!(!stdout(check(&[&args[..], &["0"]].concat()).success()).contains("again"));
}

#[test]
fn jsonl_holds_every_finding_and_is_written_to_a_file() {
    let folder = Folder::new();
    let data = folder.file("many.tsv", &"aid\tthe same words again\n".repeat(9));
    let out = folder.path("out.jsonl").display().to_string();
    check(&[&data, "--only", "duplicates,odd-texts", "--format", "jsonl", "--output", &out])
        .success()
        .stdout("");
    let findings: Vec<Value> =
        fs::read_to_string(&out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(findings.len(), 8);
    assert_eq!((&findings[7]["check"], &findings[7]["line"]), (&"duplicates".into(), &9.into()));
    assert_eq!(findings[7]["text"], "the same words again");
}

#[test]
fn checks_that_the_data_do_not_allow_are_skipped_and_say_why() {
    let folder = Folder::new();
    let one = folder.file("one.tsv", &"aid\tone label alone\n".repeat(9));
    let report = json(&[&one]);
    assert!(report["checks"]["label-errors"]["skipped"].as_str().unwrap().contains("groups"), "{report:#}");
    let several =
        folder.file("several.ft", "__label__a __label__b x y z\n__label__a x y z\n__label__b other words\n");
    let report = json(&[&several]);
    assert!(report["checks"]["label-errors"]["skipped"].as_str().unwrap().contains("several labels"));
    assert!(
        report["checks"]["leaks"]["skipped"].is_string() && report["checks"]["leaks"]["passed"].is_null()
    );
    assert_eq!(lines(&report, "conflicts"), [2], "one of its labels is missing");
    assert_eq!(report["checks"]["conflicts"]["findings"][0]["of"]["label"], "a|b");
    check(&[&one, "--strict", "--max-duplicates", "8"]).success();
}

#[test]
fn the_report_is_the_same_to_the_byte_for_any_number_of_threads() {
    let mut records = clean();
    records.extend(clean().into_iter().step_by(4).map(|(label, text)| (label, text + " أيضا")));
    records[7].0 = "aid".into();
    let folder = Folder::new();
    let data = folder.file("data.tsv", &tsv(&records));
    let run = |threads: &str| stdout(check(&[&data, "--format", "json", "--threads", threads]).success());
    let one = run("1");
    assert!(one.contains("\"near-duplicates\""));
    assert_eq!(one, run("2"));
    assert_eq!(one, run("3"));
}

#[test]
fn another_pipeline_may_doubt_the_labels() {
    let folder = Folder::new();
    let data = folder.file("data.tsv", &tsv(&clean()));
    let config = folder.file(
        "words.toml",
        "[[features]]\nkind = \"ngrams\"\nanalyzer = \"word\"\nngrams = [1, 1]\n\n[classifier]\nkind = \"nb\"\n",
    );
    let accuracy = |report: &Value| report["checks"]["label-errors"]["accuracy"].as_f64().unwrap();
    let report = json(&[&data, "--only", "label-errors", "--config", &config]);
    assert!(accuracy(&report) > 0.8, "{report:#}");
    check(&[&data, "--config", &folder.path("none.toml").display().to_string()])
        .code(2)
        .stderr(contains("none.toml"));
}

#[test]
fn our_own_corpus_has_no_near_duplicates_odd_texts_or_rare_labels() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path().display().to_string());
    let files: Vec<String> = files.filter(|path| path.ends_with(".jsonl")).collect();
    let mut args: Vec<&str> = files.iter().map(String::as_str).collect();
    args.extend(["--skip", "label-errors,leaks", "--strict", "--min-class", "300"]);
    check(&args).success().stdout(contains("3570 records"));
}
