//! `predict --resume`: a run that was killed goes on, and nobody can tell.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const TRAIN: &str = "strike\tقصفت الطائرات المدينة\nstrike\tقصفت المدفعية البلدة\nstatement\tأدان الوزير القصف\nstatement\tدعا الوزير إلى الحوار\n";

fn tasnif(args: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("tasnif"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn succeed(args: &[&str]) {
    let output = tasnif(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn fail(args: &[&str]) -> String {
    let output = tasnif(args).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

struct Inputs {
    folder: TempDir,
    files: Vec<String>,
}

impl Inputs {
    /// A model, a CSV, a compressed JSONL, an article; some records are bad.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        fs::write(at("train.tsv"), TRAIN).unwrap();
        succeed(&["train", &at("train.tsv"), "--output", &at("m.tasnif"), "--quiet"]);
        let rows = (0..20_000)
            .map(|i| if i % 997 == 0 { "bad\n".into() } else { format!("{i},\"قصف {i}\nالمدينة\"\n") });
        fs::write(at("a.csv"), format!("id,text\n{}", rows.collect::<String>())).unwrap();
        let lines = (0..20_000).map(|i| {
            if i % 1009 == 0 {
                "{\n".into()
            } else {
                format!("{{\"id\":{i},\"text\":\"أدان الوزير {i}\"}}\n")
            }
        });
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gz, lines.collect::<String>().as_bytes()).unwrap();
        fs::write(at("b.jsonl.gz"), gz.finish().unwrap()).unwrap();
        fs::write(at("c.txt"), "قصفت الطائرات مستودعاً. وأدان الوزير الغارة.\n".repeat(9000)).unwrap();
        let files = ["a.csv", "b.jsonl.gz", "c.txt"].map(at).to_vec();
        Inputs { folder, files }
    }

    fn at(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn args<'a>(&'a self, out: &'a str, rejects: &'a str, model: &'a str) -> Vec<&'a str> {
        let mut args =
            vec!["predict", "--model", model, "--output", out, "--on-error", "skip", "--rejects", rejects];
        args.extend(["--resume", "--checkpoint-every", "3000", "--threads", "2", "--quiet"]);
        args.extend(self.files.iter().map(String::as_str));
        args
    }
}

/// Waits for a time or until the run ends by itself.
fn kill_after(mut command: Command, time: Duration) -> bool {
    let mut child = command.spawn().unwrap();
    let start = Instant::now();
    while start.elapsed() < time {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    // SIGKILL on Unix.
    child.kill().unwrap();
    child.wait().unwrap();
    true
}

#[test]
fn a_killed_run_goes_on_and_ends_with_the_same_bytes() {
    let inputs = Inputs::new();
    let model = inputs.at("m.tasnif");
    for extension in ["jsonl", "csv.gz", "tsv.zst"] {
        let (whole, whole_rejects) = (inputs.at(&format!("whole.{extension}")), inputs.at("whole.rejects"));
        let (out, rejects) = (inputs.at(&format!("out.{extension}")), inputs.at("out.rejects"));
        let start = Instant::now();
        succeed(&inputs.args(&whole, &whole_rejects, &model));
        let time = start.elapsed();
        let mut killed = 0;
        for part in [3, 5, 2, 4, 6] {
            killed += usize::from(kill_after(tasnif(&inputs.args(&out, &rejects, &model)), time * part / 10));
            if Path::new(&out).exists() {
                break;
            }
        }
        assert!(killed > 0, "{extension}: it was too fast");
        // The list of rejected records takes its name before the output does.
        if !Path::new(&out).exists() {
            succeed(&inputs.args(&out, &rejects, &model));
        }
        assert!(fs::read(&out).unwrap() == fs::read(&whole).unwrap(), "{extension}");
        assert!(fs::read(&rejects).unwrap() == fs::read(&whole_rejects).unwrap(), "{extension}");
        assert!(
            !Path::new(&format!("{out}.partial")).exists() && !Path::new(&format!("{out}.progress")).exists()
        );
    }
}

#[test]
fn another_run_is_not_gone_on_with() {
    let inputs = Inputs::new();
    let (model, out, rejects) = (inputs.at("m.tasnif"), inputs.at("out.jsonl"), inputs.at("out.rejects"));
    let args = inputs.args(&out, &rejects, &model);
    let progress = inputs.at("out.jsonl.progress");
    let mut child = tasnif(&args).spawn().unwrap();
    while !Path::new(&progress).exists() {
        assert!(child.try_wait().unwrap().is_none(), "it was too fast");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let other = fail(&[&args[..], &["--top-k", "1"]].concat());
    assert!(other.contains("--top-k was None, now it is Some(1)"), "{other}");
    let fewer = fail(&args[..args.len() - 1]);
    assert!(fewer.contains("other inputs"), "{fewer}");
    let mut longer = fs::read(&inputs.files[0]).unwrap();
    longer.extend_from_slice(b"1,x\n");
    fs::write(&inputs.files[0], longer).unwrap();
    let changed = fail(&args);
    assert!(changed.contains("input 1 was") && changed.contains("start anew"), "{changed}");
}

#[test]
fn what_cannot_be_resumed_says_so() {
    let inputs = Inputs::new();
    let model = inputs.at("m.tasnif");
    let base = ["predict", "--model", &model, "--resume"];
    let refused = |args: &[&str], part: &str| {
        let message = fail(&[&base[..], args].concat());
        assert!(message.contains(part), "{message}");
    };
    refused(&[&inputs.files[0]], "--output");
    refused(&["-", "--output", &inputs.at("o.jsonl")], "standard input cannot be read again");
    refused(&[&inputs.files[0], "--output", &inputs.at("o.table")], "--resume is for JSONL, CSV and TSV");
    #[cfg(feature = "columnar")]
    refused(
        &[&inputs.files[0], "--output", &inputs.at("o.parquet")],
        "columns appear when they are complete",
    );
}
