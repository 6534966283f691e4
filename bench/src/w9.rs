//! W9: a long chain of scalar operations, recorded anew in every step, once and for all,
//! or as a loop.

use crate::Result;
use crate::numbers::Numbers;
use crate::replay::{Repeated, Replay};
use crate::workload::{About, Workload};
use autodiff::{Input, Tape, Var};

const STEPS: usize = 100_000;
const START: f64 = 0.5;

/// Nothing is known that bounds it: the operations wait for one another.
pub const EAGER: About = About {
    name: "W9-eager",
    title: "100,000 steps x ← 0.999x + 0.001 sin x, f64, gradient; recorded in every step",
    flops: 0.0,
    single: false,
    bytes: 0.0,
    tolerance: 1e-9,
};

pub const PLANNED: About = About {
    name: "W9-planned",
    title: "100,000 steps x ← 0.999x + 0.001 sin x, f64, gradient; recorded once",
    ..EAGER
};

pub const SCAN: About = About {
    name: "W9-scan",
    title: "100,000 steps x ← 0.999x + 0.001 sin x, f64, gradient; one step recorded once, as a loop",
    ..EAGER
};

fn body<'t>(x: Var<'t, f64>) -> Var<'t, f64> {
    x * 0.999 + x.sin() * 0.001
}

fn chain<'t>(x: Var<'t, f64>) -> Var<'t, f64> {
    (0..STEPS).fold(x, |x, _| body(x))
}

struct Eager(Tape<f64>);

pub fn eager(_threads: usize) -> Result<Box<dyn Workload>> {
    Ok(Box::new(Eager(Tape::new())))
}

impl Workload for Eager {
    fn step(&mut self) -> Result<f64> {
        self.0.clear();
        let x = self.0.input(START);
        Ok(chain(x).backward()?.item(x)?)
    }

    fn check(&mut self) -> Result<Numbers> {
        let mut numbers = Numbers::default();
        numbers.number("slope", self.step()?);
        Ok(numbers)
    }
}

pub fn planned(threads: usize) -> Result<Box<dyn Workload>> {
    replayed(threads, |_, x| chain(x))
}

pub fn scan(threads: usize) -> Result<Box<dyn Workload>> {
    replayed(threads, |tape, x| tape.scan(STEPS, [x], [], |_, [x], []| ([body(x)], [])).0[0])
}

fn replayed(
    threads: usize,
    last: impl for<'t> Fn(&'t Tape<f64>, Var<'t, f64>) -> Var<'t, f64>,
) -> Result<Box<dyn Workload>> {
    let replay = Replay::new(threads, || {
        let tape = Tape::symbolic();
        let x = tape.input(START);
        Ok(tape.program(&last(&tape, x).gradient(&[x])?)?)
    })?;
    Ok(Box::new(Repeated { replay, inputs: vec![Input::real(START)], number: Some("slope"), arrays: vec![] }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_is_the_product_of_the_slopes() {
        let (mut x, mut slope) = (START, 1.0);
        for _ in 0..STEPS {
            slope *= 0.999 + 0.001 * x.cos();
            x = 0.999 * x + 0.001 * x.sin();
        }
        for make in [eager, planned, scan] {
            let found = make(1).unwrap().step().unwrap();
            assert!((found / slope - 1.0).abs() < 1e-10, "{found} and {slope}");
        }
    }
}
