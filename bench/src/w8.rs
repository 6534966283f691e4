//! W8: ten thousand steps of a small problem in double precision, where each step costs little.

use crate::Result;
use crate::data::{X, array};
use crate::numbers::Numbers;
use crate::replay::Replay;
use crate::workload::{About, Workload};
use autodiff::{Input, Program, Tape, Var};
use ndarray::{Array1, ArrayD, Axis};
use std::time::Duration;

const EXAMPLES: usize = 569;
const FEATURES: usize = 30;
const STEPS: usize = 10_000;
const RATE: f64 = 0.1;
const DECAY: f64 = 0.01;

pub const ABOUT: About = About {
    name: "W8",
    title: "logistic regression 569×30, L2 penalty, f64, 10,000 full-batch steps",
    flops: (4 * EXAMPLES * FEATURES * STEPS) as f64,
    single: false,
    bytes: 0.0,
    tolerance: 1e-9,
};

struct Logistic {
    /// One step: x, y, w, b ↦ w, b.
    descend: Replay<f64>,
    /// What is read at the end.
    loss: Replay<f64>,
    inputs: [Input<f64>; 4],
}

fn loss<'t>([x, y, w, b]: [Var<'t, f64>; 4]) -> Var<'t, f64> {
    let z = x.matmul(w) + b;
    (z.softplus() - y * z).mean(..) + 0.5 * DECAY * w.square().sum(..)
}

pub fn make(threads: usize) -> Result<Box<dyn Workload>> {
    let x: ArrayD<f64> = array(X, &[EXAMPLES, FEATURES], 3f64.sqrt())?;
    // Two classes that three of the features separate, so that the weights settle.
    let y: Array1<f64> = x.axis_iter(Axis(0)).map(|x| f64::from(x[0] + x[1] > x[2])).collect();
    let start = [x, y.into_dyn(), ArrayD::zeros(vec![FEATURES]), ArrayD::zeros(vec![])];
    let program = |descend: bool| -> Result<Program<f64>> {
        let tape = Tape::new();
        let vars = start.each_ref().map(|array| tape.input(array));
        let loss = loss(vars);
        if !descend {
            return Ok(tape.program(&[loss])?);
        }
        let gradients = loss.gradient(&vars[2..])?;
        Ok(tape.program(&[vars[2] - RATE * gradients[0], vars[3] - RATE * gradients[1]])?)
    };
    let descend = Replay::updating(threads, 2, || program(true))?;
    let loss = Replay::new(threads, || program(false))?;
    Ok(Box::new(Logistic { descend, loss, inputs: start.map(Input::Real) }))
}

impl Workload for Logistic {
    fn step(&mut self) -> Result<f64> {
        self.inputs[2] = Input::Real(ArrayD::zeros(vec![FEATURES]));
        self.inputs[3] = Input::real(0.0);
        for _ in 0..STEPS {
            self.descend.run(&mut self.inputs)?;
        }
        self.loss.run(&mut self.inputs)?;
        self.loss.first()
    }

    fn check(&mut self) -> Result<Numbers> {
        let mut numbers = Numbers::default();
        numbers.number("loss", self.step()?);
        for (name, input) in [("w", &self.inputs[2]), ("b", &self.inputs[3])] {
            if let Input::Real(array) = input {
                numbers.array(name, array.view());
            }
        }
        Ok(numbers)
    }

    fn planning(&self) -> Duration {
        self.descend.planning() + self.loss.planning()
    }
}
