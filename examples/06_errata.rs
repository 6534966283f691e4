//! Where the lecture notes are wrong and the gradient is right: the published formula, what the tape computes, and the
//! finite difference, side by side; then what is wrong in the notes beside gradients.
//!
//! Run with `cargo run --example 06_errata`. (What is `pub` is for `tests/nn/errata.rs`.)

use autodiff::{Result, Var, check, grad};
use ndarray::{Array1, Array2, ArrayD, Axis, array};

pub(crate) mod support;
use support::notes;

/// A derivative: as published, by the tape, by finite differences.
pub struct Row {
    pub number: usize,
    pub says: &'static str,
    pub published: ArrayD<f64>,
    pub tape: ArrayD<f64>,
    pub difference: ArrayD<f64>,
}

/// The row of a function of `x` whose derivative was published as `published`.
fn row<D: ndarray::Dimension>(
    (number, says): (usize, &'static str),
    f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>,
    x: &ndarray::Array<f64, D>,
    published: impl autodiff::IntoArray<f64>,
) -> Result<Row> {
    let (tape, difference) = (grad(&f, x)?, check::difference_quotient(&f, x, 1e-5)?);
    Ok(Row { number, says, published: published.into_array(), tape, difference })
}

fn outer(a: &Array1<f64>, b: &Array1<f64>) -> Array2<f64> {
    a.view().insert_axis(Axis(1)).dot(&b.view().insert_axis(Axis(0)))
}

/// −Σ y log a + (1 − y) log(1 − a).
fn log_loss<'t>(a: Var<'t, f64>, y: &Array1<f64>) -> Var<'t, f64> {
    let y = a.tape().constant(y);
    -(y * a.log() + (1.0 - y) * (1.0 - a).log()).sum(..)
}

/// Every erratum that is a derivative.
pub fn rows() -> Result<Vec<Row>> {
    // A network 2-2-2: a¹ = g(B x + b), a² = σ(C a¹ + c), with the target y.
    let (big_b, b) = (array![[0.4, -0.3], [0.2, 0.5]], array![0.1, -0.2]);
    let (big_c, c) = (array![[0.7, -0.6], [0.3, 0.9]], array![0.05, -0.1]);
    let (x, y) = (array![0.8, -0.4], array![1.0, 0.0]);
    let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
    let mut rows = Vec::new();

    // J. K. Miller (November 2022): the loss is half the squared distance, the activation σ(x) = atan(x)/π + ½.
    let sigma = |z: f64| z.atan() / std::f64::consts::PI + 0.5;
    let a1 = (big_b.dot(&x) + &b).mapv(sigma);
    let a2 = (big_c.dot(&a1) + &c).mapv(sigma);
    rows.push(row(
        (1, "Miller (22): ∇_B = A^(ℓ−1) ⊙ ∇_A, not σ′(Z) ⊙ ∇_A as in its (10)"),
        |bias| {
            let t = bias.tape();
            let a = (t.constant(big_c.dot(&a1)) + bias).arctan_sigmoid();
            0.5 * (a - t.constant(&y)).square().sum(..)
        },
        &c,
        &a1 * &(&a2 - &y),
    )?);

    // Matt R (March and June 2022): hyperbolic tangent, then the logistic function with the log-loss.
    let a1 = (big_b.dot(&x) + &b).mapv(f64::tanh);
    let delta2 = (big_c.dot(&a1) + &c).mapv(sigmoid) - &y;
    rows.push(row(
        (2, "Matt R §2.1: ∂F/∂B = δ² xᵀ, not δ¹ xᵀ as derived above it"),
        |w| {
            let t = w.tape();
            let a1 = (w.matmul(t.constant(&x)) + t.constant(&b)).tanh();
            log_loss((t.constant(&big_c).matmul(a1) + t.constant(&c)).sigmoid(), &y)
        },
        &big_b,
        outer(&delta2, &x),
    )?);

    // Logistic regression with n = 3 examples (columns) of m = 2 features.
    let (examples, labels) = (array![[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]], array![1.0, 0.0, 1.0]);
    let (w, lambda) = (array![0.6, -0.4], 0.3);
    let a = w.dot(&examples).mapv(sigmoid);
    let rows_of_examples = examples.t().to_owned();
    fn cost<'t>(w: Var<'t, f64>, x: &Array2<f64>, y: &Array1<f64>) -> Var<'t, f64> {
        log_loss(w.tape().constant(x).matmul(w).sigmoid(), y) / 3.0
    }
    let slope = examples.dot(&(&a - &labels)) / 3.0;
    let of_features = examples.dot(&(&a - &labels)) / 2.0;
    rows.push(row(
        (3, "Matt R (March) §1: dw divided by the features m, not the examples n"),
        |w| cost(w, &rows_of_examples, &labels),
        &w,
        of_features,
    )?);
    rows.push(row(
        (4, "Matt R (June) `backward`: no derivative of the penalty λ/(2n)·Σw²"),
        |w| cost(w, &rows_of_examples, &labels) + lambda / 6.0 * w.square().sum(..),
        &w,
        &slope,
    )?);
    rows.push(row(
        (5, "Matt R `lp_reg=1`: no derivative of the penalty λ/(2n)·Σ|w|"),
        |w| cost(w, &rows_of_examples, &labels) + lambda / 6.0 * w.abs().sum(..),
        &w,
        &slope,
    )?);
    rows.push(row(
        (6, "slides: δ = y − a, from a cross-entropy without its minus sign"),
        |z| log_loss(z.sigmoid(), &labels),
        &w.dot(&examples),
        &labels - &a,
    )?);
    rows.push(row(
        (6, "slides: the penalty λ‖Θ‖² has the gradient λΘ"),
        |w| lambda * w.square().sum(..),
        &w,
        &w * lambda,
    )?);

    // Anderson & Chau: J = ½(h − o)², h = W³a² + b³, a² = ReLU(z²); the slope of ReLU is g′, not g.
    let (z, a1, w3, target) = (array![0.3, -0.2], array![0.5, 1.5], array![0.8, -1.1], 0.25);
    let w2 = array![[0.2, 0.4], [-0.1, 0.6]];
    let z2 = w2.dot(&a1) + &z;
    let error = w3.dot(&z2.mapv(|z: f64| z.max(0.0))) - target;
    rows.push(row(
        (14, "Anderson & Chau §7: (a³ − y)W³ ⊙ g(z²), not g′(z²)"),
        |w2| {
            let t = w2.tape();
            let a2 = (w2.matmul(t.constant(&a1)) + t.constant(&z)).relu();
            0.5 * ((t.constant(&w3) * a2).sum(..) - target).square()
        },
        &w2,
        outer(&(error * &w3 * &z2.mapv(|z: f64| z.max(0.0))), &a1),
    )?);
    Ok(rows)
}

fn main() -> Result<()> {
    let list = |x: &ArrayD<f64>| x.iter().map(|x| format!("{x:>10.6}")).collect::<Vec<_>>().join(" ");
    for row in rows()? {
        println!("{:>2}. {}", row.number, row.says);
        println!("    published          {}", list(&row.published));
        println!("    tape               {}", list(&row.tape));
        println!("    finite difference  {}\n", list(&row.difference));
    }
    println!("Beside gradients:\n");
    let shown = |x: f64| if x.abs() < 1e-3 { format!("{x:.1e}") } else { format!("{x:.4}") };
    for note in notes::compared()? {
        println!("{:>2}. {}", note.number, note.says);
        println!("    as published {}\n    as meant     {}\n", shown(note.published), shown(note.meant));
    }
    println!("{}", notes::OTHERS);
    Ok(())
}
