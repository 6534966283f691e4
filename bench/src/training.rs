//! Whole training steps through `nn`.

use crate::Result;
use crate::numbers::Numbers;
use crate::workload::Workload;
use autodiff::{Real, Tape};
use nn::{Columns, Context, Dataset, Module, Objective, Optimizer, Step};
use std::marker::PhantomData;
use std::time::{Duration, Instant};

/// A model that learns one batch, over and over.
pub struct Training<F: Real, M, O, J, K> {
    model: M,
    step: Step<F, O, J>,
    objective: J,
    batch: Dataset<F>,
    steps: u64,
    first: Duration,
    planning: Duration,
    /// What kind of objective it is.
    kind: PhantomData<K>,
}

impl<F: Real, M: Module<F>, O: Optimizer<F>, J: Objective<F, M, K>, K> Training<F, M, O, J, K> {
    /// Nothing learnt yet. What the first step takes beyond the second is the time of planning.
    pub fn new(model: M, optimizer: O, batch: Dataset<F>, objective: fn() -> J, threads: usize) -> Self {
        let step = Step::new(optimizer, objective()).threads(threads);
        let objective = objective();
        let (first, planning) = (Duration::ZERO, Duration::ZERO);
        Training { model, step, objective, batch, steps: 0, first, planning, kind: PhantomData }
    }

    fn run(&mut self) -> Result<f64> {
        // Every step has a random key of its own.
        Ok(self.step.run(&mut self.model, &self.batch, self.steps)?.loss.double())
    }
}

impl<F: Real, M: Module<F>, O: Optimizer<F>, J: Objective<F, M, K>, K> Workload for Training<F, M, O, J, K> {
    fn step(&mut self) -> Result<f64> {
        self.steps += 1;
        let start = Instant::now();
        let loss = self.run()?;
        match self.steps {
            1 => self.first = start.elapsed(),
            2 => self.planning = self.first.saturating_sub(start.elapsed()),
            _ => (),
        }
        Ok(loss)
    }

    /// The gradient of every parameter, and the loss of the first three steps.
    fn check(&mut self) -> Result<Numbers> {
        let mut numbers = Numbers::default();
        let tape = Tape::new();
        let cx = Context::training(&tape, &self.model, 0);
        let batch = Columns::on(&tape, &self.batch);
        let gradients = self.objective.record(&self.model, &batch, &cx)?.loss.backward()?;
        for (i, var) in cx.vars().into_iter().enumerate() {
            numbers.array(&format!("g{i}"), gradients.get(var)?);
        }
        for i in 1..=3 {
            numbers.number(format!("loss{i}"), self.step()?);
        }
        Ok(numbers)
    }

    fn planning(&self) -> Duration {
        self.planning
    }
}
