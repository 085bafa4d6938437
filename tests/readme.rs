//! The README shows what the program prints: every block under `<!-- output of: … -->` holds lines of that command's output.
//!
//! `TASNIF_UPDATE_README=1 cargo test --test readme` writes the blocks anew, each with as many lines as it had.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

const MARK: &str = "<!-- output of: tasnif ";

/// What a command prints, run where the README's reader stands.
fn output(arguments: &str) -> Vec<String> {
    let assert = Command::cargo_bin("tasnif")
        .unwrap()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments.split_whitespace())
        .assert()
        .success();
    String::from_utf8(assert.get_output().stdout.clone()).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn shown_outputs_are_real_ones() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let update = std::env::var_os("TASNIF_UPDATE_README").is_some();
    let (mut updated, mut rest, mut blocks) = (String::new(), readme.as_str(), 0);
    while let Some((before, after)) = rest.split_once(MARK) {
        let (arguments, after) = after.split_once(" -->").expect("the mark is closed");
        let (fence, block) = after.split_once("```text\n").expect("a block follows the mark");
        let (block, after) = block.split_once("```").expect("the block is closed");
        let real = output(arguments);
        let shown = block.lines().count();
        let fresh: String = real.iter().take(shown).map(|line| format!("{line}\n")).collect();
        if !update {
            assert_eq!(block, fresh, "tasnif {arguments} prints something else; see the head of this test");
        }
        updated += &format!("{before}{MARK}{arguments} -->{fence}```text\n{fresh}```");
        rest = after;
        blocks += 1;
    }
    assert!(blocks > 0, "the README shows no output");
    if update {
        fs::write(&path, updated + rest).unwrap();
    }
}
