//! The README's table of primitives is what the registry says, its program is the one that is shipped, and its command
//! prints what is shown. `UPDATE_EXPECT=1 cargo test --test project` rewrites all three.
//! (Its example is compiled and run with the documentation tests of `nn`.)

#[path = "../../examples/run/main.rs"]
#[allow(dead_code)]
mod run;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// What stands between `<!-- mark -->` and `<!-- /mark -->`.
fn section(mark: &str) -> String {
    let readme = fs::read_to_string(path("README.md")).unwrap();
    let (open, close) = (format!("<!-- {mark} -->\n"), format!("<!-- /{mark} -->"));
    let (_, rest) = readme.split_once(&open).unwrap_or_else(|| panic!("README.md has no {open}"));
    rest.split_once(&close).unwrap_or_else(|| panic!("README.md has no {close}")).0.into()
}

/// Two tests that rewrite their sections would lose each other's.
static REWRITES: Mutex<()> = Mutex::new(());

fn check(mark: &str, expected: &str) {
    let _alone = REWRITES.lock();
    let found = section(mark);
    if found.trim() == expected.trim() {
        return;
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let (readme, open) = (fs::read_to_string(path("README.md")).unwrap(), format!("<!-- {mark} -->\n"));
        let replaced = readme.replace(&format!("{open}{found}"), &format!("{open}{}\n", expected.trim()));
        fs::write(path("README.md"), replaced).unwrap();
        return;
    }
    panic!("the {mark} in README.md is not this; UPDATE_EXPECT=1 rewrites it:\n{expected}");
}

#[test]
fn the_table_of_primitives_is_true() {
    check("primitives", &autodiff::inspect::table(&autodiff::Registry::<f64>::standard()).unwrap());
}

#[test]
fn the_program_is_the_one_that_is_shipped() {
    let text = fs::read_to_string(path("examples/programs/logistic.ad")).unwrap();
    let lines: Vec<&str> = text.lines().map(|line| line.split('#').next().unwrap().trim_end()).collect();
    check("program", &format!("```text\n{}\n```", lines.join("\n").trim()));
}

#[test]
fn the_command_prints_what_is_shown() {
    let command = section("shell").lines().find(|line| line.starts_with('$')).unwrap().to_owned();
    let arguments = command.split_once("--example run -- ").expect("a command of the tool").1;
    let arguments: Vec<String> = arguments.split_whitespace().map(|word| word.replace('\'', "")).collect();
    let mut out = Vec::new();
    run::run(&arguments, &mut std::io::empty(), &mut out).unwrap();
    check("shell", &format!("```console\n{command}\n{}```", String::from_utf8(out).unwrap()));
}
