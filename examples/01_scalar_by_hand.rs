//! One number at a time: what the tape does when a single neuron is differentiated, and the same by hand.
//!
//! Run with `cargo run --example 01_scalar_by_hand`.

use autodiff::{Result, Tape};

pub fn main() -> Result<()> {
    let tape = Tape::<f64>::new();

    // A neuron with two inputs: y = σ(w₀x₀ + w₁x₁ + b).
    let (x0, x1) = (tape.data(-1.0).named("x0"), tape.data(-2.0).named("x1"));
    let (w0, w1) = (tape.input(2.0).named("w0"), tape.input(-3.0).named("w1"));
    let b = tape.input(-3.0).named("b");
    let z = (w0 * x0 + w1 * x1 + b).named("z");
    let y = z.sigmoid().named("y");
    println!("forwards:   z = {}, y = {}", z.item()?, y.item()?);

    // Backwards, by the tape: one rule per operation, composed.
    let gradients = y.backward()?;

    // Backwards, by hand: σ'(z) = y(1 − y), and z is linear in each weight.
    let slope = y.item()? * (1.0 - y.item()?);
    println!("\n            tape       by hand");
    for (name, var, by_hand) in [("∂y/∂w0", w0, -slope), ("∂y/∂w1", w1, slope * -2.0), ("∂y/∂b ", b, slope)]
    {
        let from_tape = gradients.item(var)?;
        println!("{name}  {from_tape:>9.6}  {by_hand:>9.6}");
        assert!((from_tape - by_hand).abs() < 1e-15);
    }

    // A gradient that was not asked for is an error that says why, never a silent zero.
    println!("\nand for the data x0:\n{}", gradients.get(x0).unwrap_err());
    Ok(())
}
