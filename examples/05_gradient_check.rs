//! Numerical gradient checking: Matt R, *Neural Networks* (March 2022), §6.1, with its example f(x) = x₁·x₂⋯xₙ.
//!
//! Run with `cargo run --example 05_gradient_check`.

use autodiff::{Result, Tape, Var, check, grad};

fn product(x: Var<'_, f64>) -> Var<'_, f64> {
    x.prod(..)
}

fn curved(x: Var<'_, f64>) -> Var<'_, f64> {
    (x.sin() * x.exp()).sum(..)
}

fn main() -> Result<()> {
    let x = [1.5, -2.0, 0.5, 3.0];
    let gradient = grad(product, x)?;
    println!("∇f(x) by the tape        {gradient}");

    // The notes' test: ‖F − ∇f‖ / (‖F‖ + ‖∇f‖), where F has the central differences.
    println!("\n   ε     relative error");
    for epsilon in [1e-1, 1e-3, 1e-5, 1e-7, 1e-9, 1e-11] {
        let differences = check::difference_quotient(product, x, epsilon)?;
        println!("{epsilon:>5.0e}   {:.1e}", check::relative_error(&differences, &gradient));
    }
    println!("The product is linear in each xᵢ, so the differences are exact; a smaller ε only adds rounding.");

    // A curved function has a best ε in between: the error of the formula falls with ε², rounding grows with 1/ε.
    let gradient = grad(curved, x)?;
    println!("\n   ε     relative error, f(x) = Σ sin(xᵢ)·exp(xᵢ)");
    for epsilon in [1e-1, 1e-3, 1e-5, 1e-7, 1e-9, 1e-11] {
        let differences = check::difference_quotient(curved, x, epsilon)?;
        println!("{epsilon:>5.0e}   {:.1e}", check::relative_error(&differences, &gradient));
    }

    // `check::function` chooses steps itself, estimates the rounding, and judges each element. It does not call a kink
    // right or wrong: there, a slope is a convention.
    println!("\nthe product    {}", check::function(product, x)?);
    println!("|x| at 0 and 1 {}", check::function(|x| x.abs().sum(..), [0.0, 1.0])?);

    // A wrong rule is found. Here the factor 2 of the square is missing.
    let tape = Tape::<f64>::new();
    let x = tape.input([1.5, -2.0]).named("x");
    let y = tape.with_rule("example::square", &[x], |x| x[0] * x[0], |at, dy| at.one(|| dy * at.x(0)))?;
    println!("a wrong rule   {}", check::custom_rule(y)?);
    Ok(())
}
