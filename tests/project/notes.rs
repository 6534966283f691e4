//! The table of `docs/notes.md`: every row is there, and every example and test that it names exists.

use std::fs;
use std::path::{Path, PathBuf};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The rows of the tables whose first cell begins with one of `first`, cell by cell.
fn rows(first: impl Fn(&str) -> bool) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path("docs/notes.md")).unwrap();
    let cells = |line: &str| line.replace("\\|", "¦").split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    text.lines().map(cells).filter(|cells| cells.len() > 2 && first(&cells[1])).collect()
}

/// What a cell has between backquotes.
fn names(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[track_caller]
fn assert_tests(cell: &str) {
    let tests = names(cell);
    assert!(!tests.is_empty(), "no test in {cell}");
    for test in tests {
        let (file, name) = test.split_once("::").unwrap_or_else(|| panic!("{test} is no file::test"));
        let text =
            fs::read_to_string(path(&format!("tests/{file}.rs"))).unwrap_or_else(|_| panic!("no file of {test}"));
        let Some((before, _)) = text.split_once(&format!("fn {name}(")) else { panic!("there is no test {test}") };
        let attributes = before.rsplit("\n\n").next().unwrap_or_default();
        assert!(attributes.contains("#[test]"), "{test} is no test");
    }
}

#[test]
fn every_row_names_examples_and_tests_that_exist() {
    let rows = rows(|cell| cell.strip_prefix('S').is_some_and(|number| number.parse::<usize>().is_ok()));
    let found: Vec<String> = rows.iter().map(|row| row[1].clone()).collect();
    assert_eq!(found, (1..=27).map(|i| format!("S{i}")).collect::<Vec<_>>());
    for row in rows {
        let examples = names(&row[4]);
        assert!(!examples.is_empty(), "{}: no example", row[1]);
        for example in examples {
            assert!(path(&format!("examples/{example}.rs")).exists(), "{}: there is no example {example}", row[1]);
        }
        assert_tests(&row[5]);
    }
}

#[test]
fn every_erratum_names_tests_that_exist() {
    let rows = rows(|cell| cell.parse::<usize>().is_ok());
    let found: Vec<String> = rows.iter().map(|row| row[1].clone()).collect();
    assert_eq!(found, (1..=14).map(|i| i.to_string()).collect::<Vec<_>>());
    rows.iter().for_each(|row| assert_tests(&row[5]));
}
