//! False verdicts: right functions that a checker may fail, and wrong rules that it may pass.

mod report;
mod right;
mod rules;
mod sampling;
mod stopped;
mod wrong;

use autodiff::check::{Report, Verdict};

/// How many checks ended in each way.
#[derive(Default, Debug)]
struct Tally {
    passed: usize,
    failed: usize,
    unchecked: usize,
}

impl Tally {
    fn count(&mut self, report: &Report) {
        match report.verdict() {
            Verdict::Pass => self.passed += 1,
            Verdict::Fail(_) => self.failed += 1,
            Verdict::Unchecked(_) => self.unchecked += 1,
        }
    }

    fn all(&self) -> usize {
        self.passed + self.failed + self.unchecked
    }
}
