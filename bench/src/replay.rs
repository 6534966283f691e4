//! A program that is run again and again: the one place to change when programs are run another way.

use crate::Result;
use autodiff::{Input, Program, Real};
use ndarray::ArrayD;
use std::time::{Duration, Instant};

/// A recorded program, ready to be run many times.
#[derive(Debug)]
pub struct Replay<F: Real> {
    program: Program<F>,
    planning: Duration,
}

impl<F: Real> Replay<F> {
    /// What `record` records, which is part of the time of planning, made ready to run on this number of threads.
    ///
    /// # Errors
    /// Those of `record`.
    pub fn new(_threads: usize, record: impl FnOnce() -> Result<Program<F>>) -> Result<Self> {
        let start = Instant::now();
        let program = record()?;
        Ok(Replay { program, planning: start.elapsed() })
    }

    /// The results for these inputs.
    ///
    /// # Errors
    /// Inputs that do not fit.
    pub fn run(&mut self, inputs: &[Input<F>]) -> Result<Vec<ArrayD<F>>> {
        Ok(self.program.run(inputs)?)
    }

    /// How long recording and making ready took.
    pub fn planning(&self) -> Duration {
        self.planning
    }
}
