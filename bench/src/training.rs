//! Whole training steps through `nn`.

use crate::Result;
use crate::numbers::Numbers;
use crate::workload::Workload;
use autodiff::{Real, Tape};
use nn::{Context, Dataset, Layer, Loss, Optimizer, Sequential, Step};
use std::time::{Duration, Instant};

/// A model that learns one batch, over and over.
#[derive(Debug)]
pub struct Training<F: Real, O> {
    model: Sequential<F>,
    step: Step<'static, F, O>,
    loss: Lost<F>,
    batch: Dataset<F>,
    steps: u64,
    first: Duration,
    planning: Duration,
}

/// The loss, as a type of its own for the sake of `Debug`.
struct Lost<F: Real>(&'static Loss<F>);

impl<F: Real> std::fmt::Debug for Lost<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("loss")
    }
}

impl<F: Real, O: Optimizer<F>> Training<F, O> {
    /// Nothing learnt yet. What the first step takes beyond the second is the time of planning.
    pub fn new(model: Sequential<F>, optimizer: O, batch: Dataset<F>, loss: &'static Loss<F>, threads: usize) -> Self {
        let step = Step::new(optimizer, loss).threads(threads);
        Training { model, step, loss: Lost(loss), batch, steps: 0, first: Duration::ZERO, planning: Duration::ZERO }
    }

    fn run(&mut self) -> Result<f64> {
        // Every step has a random key of its own.
        Ok(self.step.run(&mut self.model, &self.batch, self.steps)?.loss.double())
    }
}

impl<F: Real, O: Optimizer<F>> Workload for Training<F, O> {
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
        let output = self.model.forward(tape.data(self.batch.features()), &cx);
        let gradients = (self.loss.0)(output, self.batch.targets().on(&tape)).backward()?;
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
