//! The short mode: a few steps of every workload, and their numbers against those that a peer has computed.

use crate::Result;
use crate::numbers::Numbers;
use crate::workload::{ENTRIES, chosen};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The numbers that are expected: `W1 loss1 2.3e0 2.3e0` in each line. Written by `bench compare --record`.
const EXPECTED: &str = include_str!("../expected.txt");

/// How many steps are made, unless they take long.
const STEPS: usize = 3;
const LONG: Duration = Duration::from_millis(500);

/// Checks the workloads that `names` choose.
///
/// # Errors
/// A number that is not the expected one; a step whose result is not finite.
pub fn short(names: &[String], threads: usize) -> Result<()> {
    for about in chosen(names)? {
        let expected = expected(about.family())?;
        for entry in ENTRIES.iter().filter(|entry| entry.workload == about.name) {
            let numbers = (entry.make)(threads)?.check()?;
            let differences = numbers.differences(&expected, about.tolerance);
            if !differences.is_empty() {
                return Err(format!("{}: not as expected:\n{}", entry.id(), differences.join("\n")).into());
            }
            let mut workload = (entry.make)(threads)?;
            let start = Instant::now();
            for step in 0..STEPS {
                if step > 0 && start.elapsed() > LONG {
                    break;
                }
                let result = workload.step()?;
                if !result.is_finite() {
                    return Err(format!("{}: a step gave {result}", entry.id()).into());
                }
            }
            println!("{}: {} numbers as expected", entry.id(), numbers.0.len());
        }
    }
    Ok(())
}

fn expected(workload: &str) -> Result<Numbers> {
    let lines = EXPECTED.lines().filter_map(|line| line.strip_prefix(workload)?.strip_prefix(' '));
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    Numbers::parse(&words)
}

/// The numbers of a workload as lines of the file.
pub(crate) fn lines(workload: &str, numbers: &Numbers) -> String {
    numbers.0.iter().map(|number| format!("{workload} {}\n", Numbers(vec![number.clone()]).line())).collect()
}

/// Writes the file.
pub(crate) fn record(peer: &str, lines: &str) -> Result<()> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("expected.txt");
    let head =
        format!("# Name, value and scale of each number, as computed by {peer}: `bench compare --record {peer}`.\n");
    Ok(std::fs::write(path, head + lines)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::WORKLOADS;

    #[test]
    fn every_workload_has_expected_numbers() {
        for about in WORKLOADS {
            assert!(!expected(about.family()).unwrap().0.is_empty(), "{}", about.name);
        }
    }

    #[test]
    fn the_lines_of_one_workload_are_not_those_of_another() {
        let (w1, w10) = (expected("W1").unwrap(), expected("W10").unwrap());
        assert!(w1.0.len() < w10.0.len());
        let text = lines("W1", &w1);
        assert!(EXPECTED.contains(&text));
    }
}
