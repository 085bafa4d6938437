//! `predict --watch` and `--follow`: labelling that goes on until Ctrl-C.
#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const TRAIN: &str = "strike\tقصفت الطائرات المدينة\nstrike\tقصفت المدفعية البلدة\nstatement\tأدان الوزير القصف\nstatement\tدعا الوزير إلى الحوار\n";

/// A folder with a model of two labels.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Folder(tempfile::tempdir().unwrap());
        fs::write(folder.path("train.tsv"), TRAIN).unwrap();
        let args = ["train", &folder.str("train.tsv"), "--output", &folder.str("m.tasnif"), "-q"];
        assert!(folder.tasnif(&args).status().unwrap().success());
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn str(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn tasnif(&self, args: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("tasnif"));
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn predict(&self, args: &[&str]) -> Child {
        let model = self.str("m.tasnif");
        self.tasnif(&[&["predict", "--model", &model], args].concat()).spawn().unwrap()
    }
}

fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn records(path: &Path) -> usize {
    fs::read_to_string(path).unwrap_or_default().lines().count()
}

fn interrupt(mut child: Child) {
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn files_that_come_are_labelled_once_each() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path("in/day")).unwrap();
    fs::write(folder.path("in/first.csv"), "text\nقصف\n").unwrap();
    let args = ["--watch", &folder.str("in"), "--output", &folder.str("out"), "--output-format", "csv"];
    let child = folder.predict(&args);
    let first = folder.path("out/first.csv.csv");
    wait_for("what is there", || records(&first) == 2);
    fs::write(folder.path("in/bad.csv"), "no text\n1\n").unwrap();
    fs::write(folder.path("in/day/second.txt"), "قصفت الطائرات مستودعاً. وأدان الوزير الغارة.").unwrap();
    let second = folder.path("out/day/second.txt.csv");
    wait_for("what comes", || records(&second) == 3);
    let labelled = fs::metadata(&first).unwrap().modified().unwrap();
    fs::write(folder.path("in/bad.csv"), "text\nx\n").unwrap();
    wait_for("what was mended", || records(&folder.path("out/bad.csv.csv")) == 2);
    assert_eq!(fs::metadata(&first).unwrap().modified().unwrap(), labelled, "not labelled again");
    interrupt(child);
    let again = folder.predict(&args);
    fs::write(folder.path("in/third.csv"), "text\nx\n").unwrap();
    wait_for("a second watch", || records(&folder.path("out/third.csv.csv")) == 2);
    assert_eq!(fs::metadata(&first).unwrap().modified().unwrap(), labelled, "nor by another run");
    interrupt(again);
    let inside = folder.predict(&["--watch", &folder.str("in"), "--output", &folder.str("in/out")]);
    assert_eq!(inside.wait_with_output().unwrap().status.code(), Some(2));
}

#[test]
fn a_file_that_grows_is_labelled_line_by_line() {
    let folder = Folder::new();
    let (log, out) = (folder.path("feed.jsonl"), folder.path("out.tsv"));
    fs::write(&log, "{\"text\":\"قصف\"}\n{\"text\":\"أد").unwrap();
    let child = folder.predict(&["--follow", &folder.str("feed.jsonl"), "--output", &folder.str("out.tsv")]);
    wait_for("what is there", || records(&out) == 1);
    let mut file = fs::OpenOptions::new().append(true).open(&log).unwrap();
    file.write_all("ان\"}\n".as_bytes()).unwrap();
    wait_for("a line that was cut", || records(&out) == 2);
    fs::rename(&log, folder.path("feed.jsonl.1")).unwrap();
    fs::write(&log, "{\"text\":\"new\"}\n").unwrap();
    wait_for("a new file", || records(&out) == 3);
    interrupt(child);
    let text = fs::read_to_string(&out).unwrap();
    let texts: Vec<&str> = text.lines().map(|line| line.rsplit('\t').next().unwrap()).collect();
    assert_eq!(texts, ["قصف", "أدان", "new"]);
}
