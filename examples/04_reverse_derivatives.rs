//! Backpropagation as a composition of reverse derivatives: Matt R, *Neural Networks* (June 2022), §3.4; and the
//! Jacobians of Anderson & Chau's notes.
//!
//! Run with `cargo run --example 04_reverse_derivatives`.

use autodiff::{Result, Tape, jacobian};
use ndarray::{Array1, Array2, Axis, array};

/// The matrix ζxᵀ.
fn outer(zeta: &Array1<f64>, x: &Array1<f64>) -> Array2<f64> {
    zeta.view().insert_axis(Axis(1)).dot(&x.view().insert_axis(Axis(0)))
}

fn main() -> Result<()> {
    // One layer F = G ∘ ψ ∘ φ: multiply by W, add b, apply the hyperbolic tangent.
    let (w, b, x) = (array![[0.5, -1.0, 0.25], [1.5, 0.75, -0.5]], array![0.1, -0.2], array![0.5, -0.5, 1.0]);
    let zeta = array![1.0, -3.0]; // a cotangent of the result: the derivative of a loss with respect to it

    // Proposition 3.1: the reverse derivative of a composition is the composition of the reverse derivatives, in the
    // opposite order. By hand: rG(ζ) = G′ ⊙ ζ, rψ(ζ) = ζ, rφ(ζ) = Wᵀζ, r₁φ(ζ) = ζxᵀ.
    let v = w.dot(&x) + &b;
    let r_g = v.mapv(|v: f64| 1.0 - v.tanh().powi(2)) * &zeta;
    let (r_x, r_w) = (w.t().dot(&r_g), outer(&r_g, &x));

    // The tape does the same: one rule for each operation, composed backwards.
    let tape = Tape::new();
    let (vw, vb, vx) = (tape.input(&w).named("W"), tape.input(&b).named("b"), tape.input(&x).named("x"));
    let y = (vw.matmul(vx) + vb).tanh();
    let gradients = y.backward_from(&zeta)?;
    println!("the cotangent of x   by hand {r_x:.6}   tape {:.6}", gradients.get(vx)?);
    println!("the cotangent of b   by hand {r_g:.6}   tape {:.6}", gradients.get(vb)?);
    println!("the cotangent of W   by hand\n{r_w:.6}\n  tape\n{:.6}", gradients.get(vw)?);
    assert!((&r_x.into_dyn() - &gradients.get(vx)?).iter().all(|d| d.abs() < 1e-15));
    assert!((&r_w.into_dyn() - &gradients.get(vw)?).iter().all(|d| d.abs() < 1e-15));

    // Why it works: ⟨rF(ζ), ξ⟩ = ⟨ζ, dF(ξ)⟩. Reverse mode is the transpose of forward mode.
    let xi = array![0.3, 0.1, -0.7];
    let tangent = y.pushforward(&[(vx, tape.constant(&xi))])?.value()?;
    let (left, right) = ((&gradients.get(vx)? * &xi).sum(), (&tangent * &zeta).sum());
    println!("\n⟨rF(ζ), ξ⟩ = {left:.12}\n⟨ζ, dF(ξ)⟩ = {right:.12}");

    // The Jacobian of an elementwise map is diagonal; that of a composition is the product of the Jacobians.
    println!("\nJacobian of tanh at v:\n{:.6}", jacobian(|v| v.tanh(), &v)?);
    let whole = jacobian(|x| (x.tape().constant(&w).matmul(x) + x.tape().constant(&b)).tanh(), &x)?;
    println!("Jacobian of the layer:\n{whole:.6}\nproduct of its parts:\n{:.6}", jacobian(|v| v.tanh(), &v)?.dot(&w));

    // With the learning rate as the cotangent, the reverse derivative of a cost is the update: W := W − rJ(α).
    let (mut w, mut b) = (w, b);
    println!("\nW := W − rJ(0.5)");
    for step in 0..=20 {
        let tape = Tape::new();
        let (vw, vb) = (tape.input(&w), tape.input(&b));
        let cost = 0.5 * ((vw.matmul(tape.data(&x)) + vb).tanh() - tape.data([0.2, 0.6])).square().sum(..);
        let updates = cost.backward_from(0.5)?;
        w = w - updates.get(vw)?.into_dimensionality::<ndarray::Ix2>().expect("a matrix");
        b = b - updates.get(vb)?.into_dimensionality::<ndarray::Ix1>().expect("a vector");
        if step % 5 == 0 {
            println!("  step {step:>2}  J = {:.6}", cost.item()?);
        }
    }
    Ok(())
}
