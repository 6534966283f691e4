//! The language between [`compare`](crate::compare) and those it compares: one line each way.
//!
//! | line | answer |
//! |---|---|
//! | `list` | `entries W1:autodiff W2:autodiff …` |
//! | `check W1:autodiff` | `numbers`, then name, value and scale of each |
//! | `prepare W1:autodiff` | `prepared`, once it is ready to be timed |
//! | `run W1:autodiff 0.5` | `times`, then microseconds per step: samples of half a second |
//! | `planning W1:autodiff` | `planning`, then seconds |
//! | `memory` | `memory`, then the most the process has held, in MiB |
//! | `forget` | `forgotten`: what was prepared is dropped |
//!
//! Whatever goes wrong is answered with `error` and a sentence.

use crate::Result;
use crate::machine::peak_memory;
use crate::measure::sample;
use crate::workload::{Entry, Workload};
use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::time::Duration;

/// Answers the lines of `input` with `entries`, until there are no more.
///
/// # Errors
/// Lines that cannot be read or written.
pub fn serve(entries: &[Entry], threads: usize, input: impl BufRead, mut output: impl Write) -> Result<()> {
    let mut server = Server { entries, threads, prepared: HashMap::new() };
    for line in input.lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        match server.answer(&words) {
            Ok(answer) => writeln!(output, "{answer}")?,
            Err(error) => writeln!(output, "error {}", error.to_string().replace('\n', " "))?,
        }
        output.flush()?;
    }
    Ok(())
}

struct Server<'a> {
    entries: &'a [Entry],
    threads: usize,
    prepared: HashMap<String, Box<dyn Workload>>,
}

impl Server<'_> {
    fn answer(&mut self, words: &[&str]) -> Result<String> {
        match *words {
            ["list"] => Ok(self.entries.iter().fold("entries".to_owned(), |list, entry| list + " " + &entry.id())),
            ["check", id] => Ok(format!("numbers {}", self.make(id)?.check()?.line())),
            ["prepare", id] => self.ready(id).map(|_| "prepared".to_owned()),
            ["run", id, seconds] => {
                let budget = Duration::try_from_secs_f64(seconds.parse()?)?;
                let workload = self.ready(id)?;
                let times = sample(budget, || workload.step())?;
                Ok(times.iter().fold("times".to_owned(), |line, time| line + &format!(" {time:.4}")))
            }
            ["planning", id] => Ok(format!("planning {}", self.ready(id)?.planning().as_secs_f64())),
            ["memory"] => Ok(format!("memory {:.1}", peak_memory()?)),
            ["forget"] => {
                self.prepared.clear();
                Ok("forgotten".to_owned())
            }
            _ => Err(format!("`{}` means nothing", words.join(" ")).into()),
        }
    }

    fn make(&self, id: &str) -> Result<Box<dyn Workload>> {
        let entry = self.entries.iter().find(|entry| entry.id() == id);
        (entry.ok_or_else(|| format!("`{id}` is not one of the list"))?.make)(self.threads)
    }

    fn ready(&mut self, id: &str) -> Result<&mut Box<dyn Workload>> {
        if !self.prepared.contains_key(id) {
            let made = self.make(id)?;
            self.prepared.insert(id.to_owned(), made);
        }
        self.prepared.get_mut(id).ok_or_else(|| "it was prepared and is not there".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::Numbers;

    struct Counter(f64);

    impl Workload for Counter {
        fn step(&mut self) -> Result<f64> {
            self.0 += 1.0;
            if self.0 > 3.0 { Err("tired\nof it".into()) } else { Ok(self.0) }
        }
        fn check(&mut self) -> Result<Numbers> {
            let mut numbers = Numbers::default();
            numbers.number("count", self.step()?);
            Ok(numbers)
        }
    }

    fn answers(lines: &str) -> Vec<String> {
        let entries = [Entry { workload: "W0", framework: "us", make: |_| Ok(Box::new(Counter(0.0))) }];
        let mut output = Vec::new();
        serve(&entries, 1, lines.as_bytes(), &mut output).unwrap();
        String::from_utf8(output).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn every_line_is_answered() {
        let answers = answers("list\ncheck W0:us\ncheck W0:us\nplanning W0:us\nforget\nmemory\n");
        assert_eq!(
            answers[..5],
            ["entries W0:us", "numbers count 1e0 1e0", "numbers count 1e0 1e0", "planning 0", "forgotten"]
        );
        assert!(answers[5].starts_with("memory "));
    }

    #[test]
    fn a_step_without_time_is_made_once_and_kept_until_forgotten() {
        let answers = answers("run W0:us 0\nrun W0:us 0\nrun W0:us 0\nrun W0:us 0\nforget\nrun W0:us 0\n");
        assert!(answers[..3].iter().all(|answer| answer.starts_with("times ")), "{answers:?}");
        assert_eq!(answers[3], "error tired of it");
        assert!(answers[4..] == ["forgotten", &answers[5]] && answers[5].starts_with("times "));
    }

    #[test]
    fn what_means_nothing_is_an_error() {
        for line in ["dance", "run W0:us", "run W0:us -1", "run W0:us x", "check W0:them"] {
            assert!(answers(line)[0].starts_with("error "), "{line}");
        }
    }
}
