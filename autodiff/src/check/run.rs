//! The run that a check failed on, for whoever wants to look at it.

use super::report::Report;
use crate::inspect::Trace;
use crate::program::{Input, Program};
use ndarray::ArrayD;
use std::fmt;
use std::sync::Arc;

/// The run that was checked. Two are equal if they are the same byte for byte.
#[derive(Clone)]
pub(super) struct Run(Arc<Trace<f64>>);

impl Run {
    pub(super) fn trace(&self) -> &Trace<f64> {
        &self.0
    }
}

impl PartialEq for Run {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.to_bytes() == other.0.to_bytes()
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a trace of {} events", self.0.len())
    }
}

impl Report {
    /// The report of a check of `program` at `inputs`, with that run if something failed: forwards, and back from ones if
    /// the program has one output.
    pub(super) fn with_run(mut self, program: &Program<f64>, inputs: &[Input<f64>]) -> Report {
        if !self.failures().is_empty() {
            let ones = program.outputs().next().map(|(_, shape)| ArrayD::ones(shape.to_vec()));
            let both = ones.and_then(|ones| Trace::with_seed(program, inputs, ones).ok());
            let trace = both.or_else(|| Trace::forward(program, inputs).ok());
            self.run = trace.map(|trace| Run(Arc::new(trace)));
        }
        self
    }
}
