//! A program that is run again and again, as a plan.

use crate::Result;
use crate::numbers::Numbers;
use crate::workload::Workload;
use autodiff::{Feed, Input, Plan, Program, Real};
use ndarray::ArrayViewD;
use std::time::{Duration, Instant};

/// A recorded program, prepared to be run many times.
#[derive(Debug)]
pub struct Replay<F: Real> {
    plan: Plan<F>,
    updated: usize,
    planning: Duration,
}

impl<F: Real> Replay<F> {
    /// What `record` records, which is part of the time of planning, prepared to run on this number of threads.
    ///
    /// # Errors
    /// Those of `record` and of the planner.
    pub fn new(threads: usize, record: impl FnOnce() -> Result<Program<F>>) -> Result<Self> {
        Replay::updating(threads, 0, record)
    }

    /// As [`new`](Self::new); the first results replace the last inputs, `updated` of them.
    ///
    /// # Errors
    /// Those of `record` and of the planner.
    pub fn updating(threads: usize, updated: usize, record: impl FnOnce() -> Result<Program<F>>) -> Result<Self> {
        let start = Instant::now();
        let program = record()?;
        let first = program.inputs().count() - updated;
        let planner = (0..updated).fold(program.planner().threads(threads), |planner, i| planner.update(first + i, i));
        Ok(Replay { plan: planner.plan()?, updated, planning: start.elapsed() })
    }

    /// Runs on these inputs.
    ///
    /// # Errors
    /// Inputs that do not fit.
    pub fn run(&mut self, inputs: &mut [Input<F>]) -> Result<()> {
        let first = inputs.len() - self.updated;
        let mut feeds = Vec::with_capacity(inputs.len());
        for (i, input) in inputs.iter_mut().enumerate() {
            feeds.push(match input {
                Input::Real(array) => {
                    let data = array.as_slice_mut().ok_or("an array out of order")?;
                    if i >= first { Feed::Update(data) } else { Feed::Real(data) }
                }
                Input::Index(array) => Feed::Index(array.as_slice().ok_or("an array out of order")?),
                Input::Key(key) => Feed::Key(*key),
            });
        }
        Ok(self.plan.execute(&mut feeds)?)
    }

    /// Result `i` of the last run.
    ///
    /// # Errors
    /// There is none.
    pub fn result(&self, i: usize) -> Result<ArrayViewD<'_, F>> {
        self.plan.output(i).ok_or_else(|| format!("there is no result {i}").into())
    }

    /// The first element of the first result of the last run, which timing reads.
    ///
    /// # Errors
    /// There is none.
    pub fn first(&self) -> Result<f64> {
        Ok(self.result(0)?.first().ok_or("a result without numbers")?.double())
    }

    /// How long recording and preparing took.
    pub fn planning(&self) -> Duration {
        self.planning
    }
}

/// A workload whose step is one run of a program on the same inputs.
#[derive(Debug)]
pub struct Repeated<F: Real> {
    pub replay: Replay<F>,
    pub inputs: Vec<Input<F>>,
    /// What the first result is called, where it is a number to be compared.
    pub number: Option<&'static str>,
    /// The other results that are compared, by name and position.
    pub arrays: Vec<(String, usize)>,
}

impl<F: Real> Workload for Repeated<F> {
    fn step(&mut self) -> Result<f64> {
        self.replay.run(&mut self.inputs)?;
        self.replay.first()
    }

    fn check(&mut self) -> Result<Numbers> {
        let mut numbers = Numbers::default();
        let first = self.step()?;
        if let Some(name) = self.number {
            numbers.number(name, first);
        }
        for (name, i) in &self.arrays {
            numbers.array(name, self.replay.result(*i)?);
        }
        Ok(numbers)
    }

    fn planning(&self) -> Duration {
        self.replay.planning()
    }
}
