//! The examples that the README shows are those that are shipped, and print what it says; the table of primitives is what
//! the registry says; the guide's program is the one that is shipped, and its command prints what is shown. `UPDATE_EXPECT=1 cargo test --test project` rewrites them.
//! (The examples of the guide are compiled and run with the documentation tests of `nn`.)

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// What stands between `<!-- mark -->` and `<!-- /mark -->` in a file.
fn section(file: &str, mark: &str) -> String {
    let text = fs::read_to_string(path(file)).unwrap();
    let (open, close) = (format!("<!-- {mark} -->\n"), format!("<!-- /{mark} -->"));
    let (_, rest) = text.split_once(&open).unwrap_or_else(|| panic!("{file} has no {open}"));
    rest.split_once(&close).unwrap_or_else(|| panic!("{file} has no {close}")).0.into()
}

/// Two tests that rewrite their sections would lose each other's.
static REWRITES: Mutex<()> = Mutex::new(());

fn check(file: &str, mark: &str, expected: &str) {
    let _alone = REWRITES.lock();
    let found = section(file, mark);
    if found.trim() == expected.trim() {
        return;
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let (text, open) = (fs::read_to_string(path(file)).unwrap(), format!("<!-- {mark} -->\n"));
        let replaced = text.replace(&format!("{open}{found}"), &format!("{open}{}\n", expected.trim()));
        fs::write(path(file), replaced).unwrap();
        return;
    }
    panic!("the {mark} in {file} is not this; UPDATE_EXPECT=1 rewrites it:\n{expected}");
}

/// The examples that the page begins with are those that are shipped, and print what is shown.
#[test]
fn the_first_examples_are_shipped_and_print_what_is_shown() {
    for mark in ["first_network", "first_gradient"] {
        let name = format!("00_{mark}");
        let text = fs::read_to_string(path(&format!("examples/{name}.rs"))).unwrap();
        let code: Vec<&str> = text.lines().skip_while(|line| line.starts_with("//!") || line.is_empty()).collect();
        check("README.md", mark, &format!("```rust\n{}\n```", code.join("\n")));
        let output = Command::new(crate::examples::built(&name)).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        check("README.md", &format!("{mark} prints"), &format!("```text\n{printed}```"));
    }
}

/// The guide shows the example as it is shipped. It is compiled with the guide and run with the examples, whose folder has
/// the data.
#[test]
fn the_way_from_a_table_to_a_model_is_the_one_that_is_shipped() {
    let text = fs::read_to_string(path("examples/08_table_to_model.rs")).unwrap();
    let code: Vec<&str> = text.lines().skip_while(|line| line.starts_with("//!") || line.is_empty()).collect();
    assert!(code.len() < 40, "{} lines", code.len());
    check("docs/guide.md", "table_to_model", &format!("```rust,no_run\n{}\n```", code.join("\n")));
}

#[test]
fn the_table_of_primitives_is_true() {
    check(
        "docs/primitives.md",
        "primitives",
        &autodiff::inspect::table(&autodiff::Registry::<f64>::standard()).unwrap(),
    );
}

#[test]
fn the_program_is_the_one_that_is_shipped() {
    let text = fs::read_to_string(path("examples/programs/logistic.ad")).unwrap();
    let lines: Vec<&str> = text.lines().map(|line| line.split('#').next().unwrap().trim_end()).collect();
    check("docs/guide.md", "program", &format!("```text\n{}\n```", lines.join("\n").trim()));
}

#[test]
fn the_command_prints_what_is_shown() {
    let command = section("docs/guide.md", "shell").lines().find(|line| line.starts_with('$')).unwrap().to_owned();
    let arguments = command.split_once("-p autodiff-run -- ").expect("a command of the tool").1;
    let arguments: Vec<String> = arguments.split_whitespace().map(|word| word.replace('\'', "")).collect();
    let mut out = Vec::new();
    autodiff_run::run(&arguments, &mut std::io::empty(), &mut out).unwrap();
    check("docs/guide.md", "shell", &format!("```console\n{command}\n{}```", String::from_utf8(out).unwrap()));
}

/// What the guide shows of a table, from settings to a score, without Rust.
#[test]
fn a_table_is_learnt_predicted_and_scored_from_the_shell_as_shown() {
    let folder = std::env::temp_dir().join(format!("guide-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let settings = section("docs/guide.md", "settings").replace("```json", "").replace("```", "");
    fs::write(folder.join("settings.json"), settings.trim()).unwrap();
    let table = "data/breast_cancer.csv";
    let commands = [
        format!("train settings.json {table} --target diagnosis --to network.ad --test 0.25"),
        format!("predict network.ad {table} | head -3"),
        format!("score network.ad {table}"),
    ];
    let mut shown = String::new();
    for command in commands {
        let in_folder = |word: &str| match word {
            "settings.json" | "network.ad" => folder.join(word).to_str().unwrap().to_owned(),
            word => word.replace(table, path(table).to_str().unwrap()),
        };
        let words = command.split(" | ").next().unwrap().split(' ').map(in_folder).collect::<Vec<_>>();
        let mut out = Vec::new();
        autodiff_run::run(&words, &mut std::io::empty(), &mut out).unwrap();
        let printed = String::from_utf8(out).unwrap().replace(&format!("{}/", folder.display()), "");
        let lines = if command.contains("head") { 3 } else { usize::MAX };
        let printed: Vec<&str> = printed.lines().take(lines).collect();
        shown += &format!("$ run {command}\n{}\n", printed.join("\n"));
    }
    fs::remove_dir_all(&folder).unwrap();
    check("docs/guide.md", "shell_table", &format!("```console\n{}\n```", shown.trim()));
}
