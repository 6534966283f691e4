//! Layers at work, written out: what the layers of `nn` record, with a name for every quantity.

use autodiff::inspect::Trace;
use autodiff::{Conv, Result, Tape};
use ndarray::{Array4, array};

/// Batch normalisation between two products, on four examples.
pub(super) fn batch_normalisation() -> Result<Trace<f64>> {
    let tape = Tape::new();
    let x = tape.data([[0.5, 1.0], [-1.0, 0.3], [0.2, -0.7], [1.5, 0.1]]).named("x");
    let t = tape.data([[1.0], [0.0], [0.0], [1.0]]).named("t");
    let w = tape.input([[0.9, -0.2], [0.4, 0.7]]).named("W");
    let (gamma, beta) = (tape.input([1.0, 1.0]).named("γ"), tape.input([0.0, 0.0]).named("β"));
    let v = tape.input([[0.8], [-0.6]]).named("V");
    let z = x.matmul(w).named("z");
    let y = tape.scope("norm", || {
        let mean = z.mean(0).named("μ");
        let d = (z - mean).named("d");
        let variance = d.square().mean(0).named("s");
        let n = (d / (variance + 1e-5).sqrt()).named("n");
        (n * gamma + beta).named("y")
    });
    let o = y.tanh().matmul(v).named("o");
    (o - t).named("e").square().mean(..).named("E").trace()
}

/// A picture of 4 × 4 pixels, two filters of 2 × 2, and a number that is wanted.
pub(super) fn convolution() -> Result<Trace<f64>> {
    let tape = Tape::new();
    // A bright stroke from the upper left to the lower right.
    let x = tape.data(Array4::from_shape_fn((1, 1, 4, 4), |(.., i, j)| if i == j { 1.0 } else { 0.1 })).named("x");
    let filters = array![[[[0.5, -0.3], [-0.3, 0.5]]], [[[-0.2, 0.6], [0.6, -0.2]]]];
    let w = tape.input(filters).named("w");
    let b = tape.input([0.1, -0.1]).named("b");
    let v = tape.input([[0.3], [-0.4]]).named("v");
    let c = x.conv(w, &Conv::new()).named("c");
    let h = (c + b.reshape([2, 1, 1])).named("z").relu().named("h");
    let m = h.mean([2, 3]).named("m");
    let y = m.matmul(v).named("y");
    ((y - 1.0).named("e").square() * 0.5).sum(..).named("E").trace()
}

/// A gated recurrent unit with two states reads four numbers; its loop over them is one node.
pub(super) fn gru() -> Result<Trace<f64>> {
    let tape = Tape::new();
    let x = tape.data([0.1, 0.4, -0.3, 0.8]).named("x");
    let start = tape.data([0.0, 0.0]).named("h0");
    let vector = |name: &str, numbers: [f64; 2]| tape.input(numbers).named(name);
    let matrix = |name: &str, numbers: [[f64; 2]; 2]| tape.input(numbers).named(name);
    let (wr, wz, wn) = (vector("wr", [0.5, -0.3]), vector("wz", [0.2, 0.4]), vector("wn", [0.9, -0.7]));
    let ur = matrix("Ur", [[0.1, 0.3], [-0.2, 0.2]]);
    let uz = matrix("Uz", [[0.4, -0.1], [0.2, 0.3]]);
    let un = matrix("Un", [[0.6, 0.2], [-0.3, 0.5]]);
    let v = vector("v", [0.7, -0.5]);
    let ([last], []) = tape.scan(4, [start], [x], |_, [h], [x]| {
        let r = (x * wr + ur.matmul(h)).sigmoid().named("r");
        let z = (x * wz + uz.matmul(h)).sigmoid().named("z");
        let n = (x * wn + r * un.matmul(h)).tanh().named("n");
        ([((1.0 - z) * n + z * h).named("next")], [])
    });
    let h = last.named("h");
    let y = (v * h).sum(..).named("y");
    ((y - 0.5).named("e").square() * 0.5).named("E").trace()
}

/// One attention head over three positions.
pub(super) fn attention() -> Result<Trace<f64>> {
    let tape = Tape::new();
    let x = tape.data([[1.0, 0.0], [0.0, 1.0], [0.7, 0.7]]).named("x");
    let t = tape.data([[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]]).named("t");
    let matrix = |name: &str, numbers: [[f64; 2]; 2]| tape.input(numbers).named(name);
    let (wq, wk) = (matrix("Wq", [[0.9, -0.3], [0.2, 0.8]]), matrix("Wk", [[0.5, 0.6], [-0.4, 0.7]]));
    let wv = matrix("Wv", [[0.3, 0.9], [0.8, -0.2]]);
    let y = tape.scope("head", || {
        let (q, k, v) = (x.matmul(wq).named("Q"), x.matmul(wk).named("K"), x.matmul(wv).named("V"));
        let s = (q.matmul(k.transpose()) / 2f64.sqrt()).named("S");
        let a = s.softmax(1).named("A");
        a.matmul(v).named("Y")
    });
    ((y - t).named("e").square() * 0.5).sum(..).named("E").trace()
}
