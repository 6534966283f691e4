//! Programs of a few operations.

use autodiff::inspect::Trace;
use autodiff::prelude::*;
use autodiff::primitive::{Kernel, Partial, Primitive, RuleContext};

/// e = (a + b)·(b + 1) at a = 2, b = 1.
pub(super) fn two_ways() -> Result<Trace<f64>> {
    let tape = Tape::new();
    let (a, b) = (tape.input(2.0).named("a"), tape.input(1.0).named("b"));
    let (c, d) = ((a + b).named("c"), (b + 1.0).named("d"));
    (c * d).named("e").trace()
}

/// σ(w·x) for w = (2, −3, −3) and x = (−1, −2, 1).
pub(super) fn logistic_unit() -> Result<Trace<f64>> {
    let tape = Tape::new();
    let [w0, x0, w1, x1, w2] = [("w0", 2.0), ("x0", -1.0), ("w1", -3.0), ("x1", -2.0), ("w2", -3.0)]
        .map(|(name, x)| tape.input(x).named(name));
    (w0 * x0 + w1 * x1 + w2).named("z").sigmoid().named("f").trace()
}

/// relu(2x + 1) at 1.
pub(super) fn rectified() -> Result<Trace<f64>> {
    let tape = Tape::new();
    let x = tape.input(1.0).named("x");
    (x * 2.0 + 1.0).named("z").relu().named("y").trace()
}

/// x·x at 3.
pub(super) fn square() -> Result<Trace<f64>> {
    let tape = Tape::new();
    let x = tape.input(3.0).named("x");
    (x * x).named("y").trace()
}

/// The sum of log(1, 0, −1).
pub(super) fn logarithm() -> Result<Trace<f64>> {
    let tape = Tape::new();
    let x = tape.input([1.0, 0.0, -1.0]).named("x");
    x.log().named("l").sum(..).named("y").trace()
}

/// √x − √x at 0.
pub(super) fn roots() -> Result<Trace<f64>> {
    let tape = Tape::new();
    let x = tape.input(0.0).named("x");
    (x.sqrt().named("r") - x.sqrt().named("s")).named("y").trace()
}

/// y = x³, whose slope is said to be 2x².
#[derive(Debug)]
struct WrongCube;

impl<F: Real> Primitive<F> for WrongCube {
    fn name(&self) -> &'static str {
        "demo::wrong_cube"
    }

    fn formula(&self) -> &'static str {
        "y = x³, with a rule that is wrong"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| x * x * x)
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Times(at.x(0) * at.x(0) * 2.0)
    }
}

/// tanh(x)³·x with a wrong rule in the middle.
pub(super) fn wrong_rule() -> Result<Trace<f64>> {
    let tape = Tape::new();
    let x = tape.input(0.8).named("x");
    let c = x.tanh().named("h").apply(&WrongCube).named("c");
    (c * x).named("y").trace()
}
