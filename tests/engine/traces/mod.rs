//! Traces: breakpoints, updates, files, comparisons, checks on the spot, and what looks wrong.

mod breakpoints;
mod checks;
mod files;
mod lints;
mod random;
mod updates;

use autodiff::inspect::Trace;
use autodiff::{Tape, Var};

/// Two steps of a descent of w² with rate ¼, with the updates.
fn descent() -> Trace<f64> {
    let step = |w: f64| {
        let tape = Tape::<f64>::new();
        let w = tape.input(w).named("w");
        let trace = (w * w).named("loss").trace().unwrap();
        let gradient = trace.at(trace.len()).cotangent(w.id()).unwrap().to_owned();
        let next = w.value().unwrap() - gradient * 0.25;
        trace.with_update([(w.id(), next)]).unwrap()
    };
    step(8.0).then(step(4.0))
}

/// Something of every kind: scopes, names, indices, a key, a loop, data, constants, a refusal, a zero derivative.
fn varied(tape: &Tape<f64>) -> Var<'_, f64> {
    let x = tape.input([[0.5, -1.0], [2.0, 0.25]]).named("x");
    let flat = tape.input(1.5).named("flat");
    let h = tape.scope("a", || (x.matmul(x) + tape.data([[1.0, 2.0], [3.0, 4.0]])).tanh().named("</script>"));
    let picked = h.gather(tape.index(ndarray::array![1, 1, 0])) * tape.key(9).uniform([3, 2], 0).gt(0.5);
    let ([last], []) = tape.scan(3, [x.sum(..)], [], |_, [h], []| ([(h * 0.5).sin()], []));
    picked.log_softmax(1).sum(..) + flat.powi(0) + last + x.exp().stop_gradient().sum(..)
}
