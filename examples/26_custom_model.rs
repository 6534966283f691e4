//! A model composed in Rust code: a custom layer around the ones that exist, ordinary control flow, one parameter
//! used twice.
//!
//! Run with `cargo run --example 26_custom_model`.

use autodiff::{Real, Result, Var};
use ndarray::Array2;
use nn::{
    Activation, Adam, Columns, Context, Dataset, Dense, History, Init, Layer, Module, Param, Random, Sequential,
    Trainer, loss, summary,
};

/// y = x + g·f(f(x)): a residual block that runs its inner layers twice with the same weights, scaled by a learned
/// gate.
///
/// A layer is plain data. `visit!` lists its parts, and its `forward` is its equation. There is no derivative to write.
#[derive(Clone, Debug)]
struct Twice<F: Real> {
    inner: Sequential<F>,
    gate: Param<F>,
}

impl<F: Real> Twice<F> {
    fn new(width: usize, random: &mut Random) -> Self {
        let inner = Sequential::new().then(Dense::new(width, width, Init::Xavier, random)).then(Activation::Tanh);
        Twice { inner, gate: Param::new(F::of(0.5)) }
    }
}

impl<F: Real> Module<F> for Twice<F> {
    nn::visit!(F; inner, gate);
}

impl<F: Real> Layer<F> for Twice<F> {
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        let mut y = x;
        for _ in 0..2 {
            y = self.inner.call(y, cx); // the same layer twice: the gradients of both uses add up
        }
        x + cx.param(&self.gate) * y
    }
}

pub fn main() -> Result<()> {
    // A spiral of two arms, which no straight line divides.
    let (points, labels) = spiral(100);
    let data = Dataset::<f64>::labelled(points, labels)?;

    let mut random = Random::new(1);
    let mut model = Sequential::new()
        .then(Dense::new(2, 16, Init::Xavier, &mut random))
        .then(Twice::new(16, &mut random))
        .then(Twice::new(16, &mut random))
        .then_named("head", Dense::new(16, 2, Init::Xavier, &mut random));
    println!("{}", summary(&model, [2])?);

    let mut history = History::new();
    Trainer::new(Adam::new(0.01))
        .epochs(60)
        .batch_size(20)
        .metric("accuracy", nn::metric::accuracy)
        .observe(&mut history)
        .fit(&mut model, loss::softmax_cross_entropy, &data)?;
    for name in ["loss", "accuracy"] {
        let curve = history.curve(name)?;
        println!("{name:>9}: {:.3} → {:.3}", curve[0], curve[curve.len() - 1]);
    }
    assert!(history.curve("accuracy")?.last().is_some_and(|last| *last > 0.95));

    // The gradient of the whole model, checked against finite differences.
    let tape = autodiff::Tape::new();
    let cx = Context::evaluation(&tape, &model);
    let batch = Columns::on(&tape, &data.select(&[0, 1, 100, 101])?);
    let output = model.forward(batch.real("x")?, &cx);
    let loss = loss::softmax_cross_entropy(output, batch.target("targets")?);
    let report = autodiff::check::tape(loss)?;
    println!("\nchecked node by node: {report}");
    assert!(report.failures().is_empty());
    Ok(())
}

/// `n` points on each of two arms, and which arm each is on.
fn spiral(n: usize) -> (Array2<f64>, Vec<usize>) {
    let point = |i: usize| {
        let (arm, along) = (i / n, (i % n) as f64 / n as f64);
        let (radius, angle) = (0.2 + along, 5.0 * along + arm as f64 * std::f64::consts::PI);
        [radius * angle.cos(), radius * angle.sin()]
    };
    (Array2::from_shape_fn((2 * n, 2), |(i, axis)| point(i)[axis]), (0..2 * n).map(|i| i / n).collect())
}
