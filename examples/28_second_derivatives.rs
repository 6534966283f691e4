//! Derivatives of derivatives: a Hessian, a Hessian-vector product, and Newton's method.
//!
//! Run with `cargo run --example 28_second_derivatives`.

use autodiff::{Result, Var, grad, hessian, hvp};
use ndarray::{Array1, Array2, array};

/// Rosenbrock's valley, with its minimum 0 at (1, 1). Source: H. H. Rosenbrock, *An Automatic Method for Finding the
/// Greatest or Least Value of a Function* (The Computer Journal, 1960).
fn rosenbrock<'t>(x: Var<'t, f64>) -> Var<'t, f64> {
    let (a, b) = (x.slice(0, 0..1), x.slice(0, 1..2));
    ((1.0 - a).square() + 100.0 * (b - a.square()).square()).sum(..)
}

pub fn main() -> Result<()> {
    let mut x: Array1<f64> = array![-1.2, 1.0];
    println!("gradient at {x}: {}", grad(rosenbrock, &x)?);
    println!("Hessian:\n{}", hessian(rosenbrock, &x)?);

    // The product with a vector needs no Hessian: forward mode over the recorded gradient.
    let v = array![1.0, 2.0];
    let product = hvp(rosenbrock, &x, &v)?;
    println!("Hessian · {v} = {product}");
    let expected = hessian(rosenbrock, &x)?.dot(&v);
    assert!(product.iter().zip(&expected).all(|(a, b)| (a - b).abs() <= 1e-12 * b.abs()));

    println!("\nNewton's method: x ← x − H⁻¹ g");
    for step in 0..7 {
        let (g, h) = (grad(rosenbrock, &x)?, hessian(rosenbrock, &x)?);
        println!("  step {step}: x = ({:.9}, {:.9}), |g| = {:.2e}", x[0], x[1], g.mapv(|g| g * g).sum().sqrt());
        x -= &solve(&h, g[0], g[1]);
    }
    assert!((&x - 1.0).iter().all(|e| e.abs() < 1e-9), "Newton's method ended at {x}");
    println!("  the minimum is at (1, 1)");
    Ok(())
}

/// h⁻¹ g for two dimensions, by Cramer's rule.
fn solve(h: &Array2<f64>, g0: f64, g1: f64) -> Array1<f64> {
    let determinant = h[[0, 0]] * h[[1, 1]] - h[[0, 1]] * h[[1, 0]];
    array![g0 * h[[1, 1]] - g1 * h[[0, 1]], g1 * h[[0, 0]] - g0 * h[[1, 0]]] / determinant
}
