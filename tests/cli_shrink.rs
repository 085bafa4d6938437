//! `tasnif shrink` and `train --max-size`: small models that say what they cost.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use predicates::prelude::*;
use predicates::str::contains;

fn tasnif(folder: &Path, args: &str) -> Assert {
    Command::cargo_bin("tasnif").unwrap().current_dir(folder).args(args.split_whitespace()).assert()
}

/// Labelled records of three kinds with many rare words.
fn records(count: usize, first: usize) -> String {
    let words = [
        ("strike", ["raid", "shells", "jets", "depot"]),
        ("statement", ["envoy", "talks", "minister", "praised"]),
        ("truce", ["monitors", "breach", "ceasefire", "calm"]),
    ];
    (first..first + count)
        .map(|i| {
            let (label, words) = words[i % 3];
            format!(
                "{label}\t{} {} word{} place{}\n",
                words[i / 3 % 4],
                words[i / 5 % 4],
                i * 7 % 97,
                i * 13 % 89
            )
        })
        .collect()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("train.tsv"), records(240, 0)).unwrap();
    fs::write(folder.path().join("test.tsv"), records(60, 1000)).unwrap();
    tasnif(folder.path(), "train train.tsv --classifier svm --output whole.tasnif --quiet").success();
    folder
}

#[test]
fn a_model_shrinks_to_the_size_asked_for_and_says_what_it_lost() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let shrink = "shrink whole.tasnif test.tsv --max-size 8kB --output small.tasnif";
    tasnif(folder.path(), shrink)
        .success()
        .stdout(contains("on 60 held-out records").and(contains("0.00 points lost (at most 0.3)")));
    let small = fs::read(path("small.tasnif")).unwrap();
    assert!(
        small.len() <= 8_000 && fs::metadata(path("whole.tasnif")).unwrap().len() > 40_000,
        "{}",
        small.len()
    );
    tasnif(folder.path(), &format!("{shrink} --threads 1")).success();
    assert_eq!(fs::read(path("small.tasnif")).unwrap(), small, "the same bytes again");
    tasnif(folder.path(), "inspect small.tasnif")
        .success()
        .stdout(contains("Shrunk       to").and(contains("weights i8; macro F1 1.0000, whole 1.0000")));
    tasnif(folder.path(), "evaluate test.tsv --model small.tasnif").success().stdout(contains("accuracy"));
    tasnif(folder.path(), "shrink small.tasnif --max-size 4kB --output x.tasnif")
        .code(2)
        .stderr(contains("shrunk before"));
    tasnif(folder.path(), "shrink whole.tasnif --max-size 20kB --weights f16 --output half.tasnif")
        .success()
        .stderr(contains("the loss was not measured"));
    tasnif(folder.path(), "inspect half.tasnif")
        .success()
        .stdout(contains("weights f16; the loss was not measured"));
}

#[test]
fn a_loss_above_the_limit_is_a_check_that_did_not_hold() {
    let folder = folder();
    fs::write(folder.path().join("tiny.tasnif"), "old").unwrap();
    tasnif(folder.path(), "shrink whole.tasnif test.tsv --max-size 2700 --output tiny.tasnif")
        .code(1)
        .stderr(contains("more than --max-loss 0.3 allows").and(contains("nothing was written")));
    assert_eq!(fs::read(folder.path().join("tiny.tasnif")).unwrap(), b"old", "what stood there stays");
    tasnif(folder.path(), "shrink whole.tasnif test.tsv --max-size 2700 --max-loss 100 --output tiny.tasnif")
        .success();
    tasnif(folder.path(), "shrink whole.tasnif --max-size 100 --output no.tasnif")
        .code(2)
        .stderr(contains("without its n-grams it still takes"));
    tasnif(folder.path(), "shrink whole.tasnif --max-size big --output no.tasnif")
        .code(2)
        .stderr(contains("32MB"));
    assert!(!folder.path().join("no.tasnif").exists());
}

#[test]
fn training_shrinks_and_measures_on_what_is_held_out() {
    let folder = folder();
    let train = "train train.tsv --classifier svm --max-size 10kB --output small.tasnif --quiet";
    tasnif(folder.path(), train).success().stdout(contains("on 240 records of folds that were held out"));
    assert!(fs::metadata(folder.path().join("small.tasnif")).unwrap().len() <= 10_000);
    tasnif(folder.path(), &format!("{train} --valid test.tsv"))
        .success()
        .stdout(contains("on 60 held-out records").and(contains("macro F1")));
    tasnif(folder.path(), "train train.tsv --classifier online --max-size 1MB --output no.tasnif")
        .code(2)
        .stderr(contains("--max-size"));
    tasnif(folder.path(), "train train.tsv --max-loss 1 --output no.tasnif")
        .code(2)
        .stderr(contains("--max-size"));
}
