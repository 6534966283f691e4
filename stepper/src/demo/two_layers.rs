//! Two inputs, two hidden units, two outputs, logistic units, half the squared error, and one step of a descent with
//! rate ½: a worked example that many learners have met. Biases are not trained.
//!
//! The widely copied page with this example updates the weights of the second layer before it computes the gradients of
//! the first, and so prints another error after the step, 0.291027924 instead of 0.291027774. A recorded value cannot
//! change, so that mistake cannot be made here.

use autodiff::inspect::Trace;
use autodiff::{Result, Tape, Var};
use ndarray::{Array2, ArrayD, arr0, array};

const X: [f64; 2] = [0.05, 0.10];
const TARGET: [f64; 2] = [0.01, 0.99];
const BIASES: [f64; 2] = [0.35, 0.60];
const WEIGHTS: [f64; 8] = [0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55];
const RATE: f64 = 0.5;

/// Unit by unit, so that each way through the network is seen.
pub(super) fn units() -> Result<Trace<f64>> {
    let tape = Tape::new();
    let (error, weights) = record_units(&tape, WEIGHTS);
    let first = error.trace()?;
    let next = descended(&first, &weights);
    let updates = weights.iter().map(|w| w.id()).zip(next.iter().cloned());
    let first = first.with_update(updates)?;
    // With the weights that the step leads to, the error is smaller.
    let mut values = WEIGHTS;
    values.iter_mut().zip(&next).for_each(|(value, next)| *value = next.sum());
    let tape = Tape::new();
    let (error, _) = record_units(&tape, values);
    Ok(first.then(error.trace()?))
}

fn record_units(tape: &Tape<f64>, weights: [f64; 8]) -> (Var<'_, f64>, [Var<'_, f64>; 8]) {
    let named = |prefix: &str, i: usize| format!("{prefix}{}", i + 1);
    let data = |prefix: &str, numbers: [f64; 2]| {
        let mut i = 0;
        numbers.map(|number| {
            i += 1;
            tape.data(number).named(&named(prefix, i - 1))
        })
    };
    let (x, t) = (data("x", X), data("t", TARGET));
    let mut count = 0;
    let w = weights.map(|weight| {
        count += 1;
        tape.input(weight).named(&named("w", count - 1))
    });
    let [b1, b2] = [("b1", BIASES[0]), ("b2", BIASES[1])].map(|(name, bias)| tape.input(bias).named(name));
    let unit = |name: &str, z: &str, [w, v]: [Var<'_, f64>; 2], [a, c]: [Var<'_, f64>; 2], bias| {
        (w * a + v * c + bias).named(z).sigmoid().named(name).id()
    };
    let at = |id| match tape.handle(id) {
        Some(autodiff::Arg::Real(var)) => var,
        _ => tape.constant(f64::NAN),
    };
    let [w1, w2, w3, w4, w5, w6, w7, w8] = w;
    let h = tape.scope("hidden", || [unit("h1", "z1", [w1, w2], x, b1), unit("h2", "z2", [w3, w4], x, b1)].map(at));
    let o = tape.scope("output", || [unit("o1", "z3", [w5, w6], h, b2), unit("o2", "z4", [w7, w8], h, b2)].map(at));
    let error = tape.scope("loss", || {
        let [t1, t2] = t;
        let [o1, o2] = o;
        let half_square =
            |[d, e]: [&str; 2], t: Var<'_, f64>, o: Var<'_, f64>| ((t - o).named(d).square() * 0.5).named(e).id();
        let [e1, e2] = [half_square(["d1", "E1"], t1, o1), half_square(["d2", "E2"], t2, o2)].map(at);
        (e1 + e2).named("E")
    });
    (error, w)
}

/// w − ½·w̄ for each of the weights.
fn descended(trace: &Trace<f64>, weights: &[Var<'_, f64>]) -> Vec<ArrayD<f64>> {
    let end = trace.at(trace.len());
    let next = |w: &Var<'_, f64>| {
        let (value, slope) = (end.value(w.id())?, end.cotangent(w.id())?);
        Some(&value - &slope.mapv(|slope| RATE * slope))
    };
    weights.iter().map(|w| next(w).unwrap_or_else(|| arr0(f64::NAN).into_dyn())).collect()
}

/// The same network with the weights of a layer in a matrix, of which row i holds those of unit i.
pub(super) fn matrices() -> Result<Trace<f64>> {
    let [w1, w2, w3, w4, w5, w6, w7, w8] = WEIGHTS;
    let weights = [array![[w1, w2], [w3, w4]], array![[w5, w6], [w7, w8]]];
    let tape = Tape::new();
    let (error, parameters) = record_matrices(&tape, &weights);
    let first = error.trace()?;
    let next = descended(&first, &parameters);
    let first = first.with_update(parameters.iter().map(|w| w.id()).zip(next.iter().cloned()))?;
    let matrix = |array: &ArrayD<f64>| array.clone().into_dimensionality().unwrap_or_else(|_| Array2::zeros((2, 2)));
    let [a, b] = [next.first(), next.get(1)].map(|array| array.map(matrix).unwrap_or_else(|| Array2::zeros((2, 2))));
    let tape = Tape::new();
    let (error, _) = record_matrices(&tape, &[a, b]);
    Ok(first.then(error.trace()?))
}

fn record_matrices<'t>(tape: &'t Tape<f64>, [w, v]: &[Array2<f64>; 2]) -> (Var<'t, f64>, [Var<'t, f64>; 2]) {
    let (x, target) = (tape.data(X).named("x"), tape.data(TARGET).named("t"));
    let layer = |scope: &str, [weight, bias, z, y]: [&str; 4], w: &Array2<f64>, b: f64, x: Var<'t, f64>| {
        tape.scope(scope, || {
            let (w, b) = (tape.input(w).named(weight), tape.input(b).named(bias));
            (w, (w.matmul(x) + b).named(z).sigmoid().named(y))
        })
    };
    let (w, h) = layer("hidden", ["W1", "b1", "z1", "h"], w, BIASES[0], x);
    let (v, o) = layer("output", ["W2", "b2", "z2", "o"], v, BIASES[1], h);
    let errors = ((target - o).named("d").square() * 0.5).named("e");
    (errors.sum(..).named("E"), [w, v])
}
