//! Small models that learn, for several steps.

use autodiff::inspect::Trace;
use autodiff::{Error, ErrorKind, Result, Tape};
use ndarray::array;
use nn::{Batch, Module, Objective, Optimizer, Step};

/// One logistic unit with two inputs, which learns from one example, three times.
pub(super) fn neuron() -> Result<Trace<f64>> {
    const RATE: f64 = 1.0;
    let (mut w, mut b) = ([0.5, -0.4], 0.1);
    let mut all: Option<Trace<f64>> = None;
    for _ in 0..3 {
        let tape = Tape::new();
        let [x1, x2] = [("x1", 1.5), ("x2", 0.8)].map(|(name, x)| tape.data(x).named(name));
        let target = tape.data(1.0).named("t");
        let [w1, w2, bias] = [("w1", w[0]), ("w2", w[1]), ("b", b)].map(|(name, x)| tape.input(x).named(name));
        let z = (w1 * x1 + w2 * x2 + bias).named("z");
        let a = z.sigmoid().named("a");
        let trace = ((a - target).square() * 0.5).named("E").trace()?;
        let end = trace.at(trace.len());
        let next = |id, value: f64| {
            let slope = end.cotangent(id).and_then(|slope| slope.first().copied()).unwrap_or(f64::NAN);
            value - RATE * slope
        };
        let after = [next(w1.id(), w[0]), next(w2.id(), w[1]), next(bias.id(), b)];
        let ids = [w1, w2, bias].map(|var| var.id());
        let updates = ids.into_iter().zip(after.map(|x| ndarray::arr0(x).into_dyn()));
        let trace = trace.clone().with_update(updates)?;
        [w[0], w[1], b] = after;
        all = Some(match all {
            None => trace,
            Some(before) => before.then(trace),
        });
    }
    all.ok_or_else(|| Error::new(ErrorKind::NoValue, "neuron", "no step was made"))
}

/// Softmax regression: three classes of points in the plane, two steps.
pub(super) fn softmax_regression() -> Result<Trace<f64>> {
    const RATE: f64 = 0.5;
    let mut w = array![[0.2, -0.1, 0.0], [0.1, 0.3, -0.2]].into_dyn();
    let mut b = array![0.0, 0.0, 0.0].into_dyn();
    let mut all: Option<Trace<f64>> = None;
    for _ in 0..2 {
        let tape = Tape::new();
        let x = tape.data([[1.0, 0.2], [-0.4, 1.1], [-0.6, -0.9], [0.8, -0.3]]).named("x");
        let class = tape.data([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]).named("t");
        let (weight, bias) = (tape.input(&w).named("W"), tape.input(&b).named("b"));
        let z = (x.matmul(weight) + bias).named("z");
        let l = z.log_softmax(1).named("l");
        let trace = (-(class * l).sum(..) / 4.0).named("E").trace()?;
        let end = trace.at(trace.len());
        let slope = |id| end.cotangent(id).map(|slope| slope.mapv(|slope| RATE * slope));
        if let (Some(by_w), Some(by_b)) = (slope(weight.id()), slope(bias.id())) {
            (w, b) = (w - by_w, b - by_b);
        }
        let updated = trace.clone().with_update([(weight.id(), w.clone()), (bias.id(), b.clone())])?;
        all = Some(match all {
            None => updated,
            Some(before) => before.then(updated),
        });
    }
    all.ok_or_else(|| Error::new(ErrorKind::NoValue, "softmax-regression", "no step was made"))
}

/// The traces of some steps of a training, one after the other.
pub(super) fn steps<M: Module<f64>, K>(
    model: &mut M,
    objective: impl Objective<f64, M, K>,
    batch: &dyn Batch<f64>,
    optimizer: impl Optimizer<f64>,
    count: u64,
) -> Result<Trace<f64>> {
    let mut step = Step::new(optimizer, objective).eagerly();
    let mut all: Option<Trace<f64>> = None;
    for key in 0..count.max(1) {
        let trace = step.trace(&*model, batch, key)?;
        step.run(model, batch, key)?;
        all = Some(match all {
            None => trace,
            Some(before) => before.then(trace),
        });
    }
    all.ok_or_else(|| Error::new(ErrorKind::NoValue, "steps", "no step was made"))
}
