//! A primitive of one's own, outside the crate: recorded, printed, checked and differentiated twice like a built-in.
//!
//! Run with `cargo run --example 05_custom_primitive`.

use autodiff::prelude::*;
use autodiff::primitive::{Cotangents, Derivative, Dice, Domain, Sample, Site};
use autodiff::{Primitive, Registry, check, inspect};

/// The inverse hyperbolic sine: y = asinh x, with dy = dx/√(x² + 1).
#[derive(Debug)]
struct Asinh;

impl<F: Real> Primitive<F> for Asinh {
    fn name(&self) -> &'static str {
        "example::asinh"
    }
    fn formula(&self) -> &'static str {
        "y = asinh x"
    }
    fn elementwise(&self) -> Option<Elementwise<F>> {
        Some(Elementwise::<F>::new(|[x]| x.asinh()))
    }
    fn reverse<'t>(&self, at: &Site<'_, 't, F>, dy: Var<'t, F>) -> Cotangents<'t, F> {
        at.one(|| dy / (at.x(0) * at.x(0) + 1.0).sqrt())
    }
    fn tangent<'t>(&self, at: &Site<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Derivative<'t, F> {
        at.tangent(dx, |_, dx| dx / (at.x(0) * at.x(0) + 1.0).sqrt())
    }
    fn sample(&self, dice: &mut Dice) -> Sample<F> {
        Sample::elementwise(dice, &[Domain::between(-1e6, 1e6).at_least(1e-6)])
    }
}

/// Its method, through an extension trait.
trait AsinhExt {
    fn asinh(self) -> Self;
}

impl<F: Real> AsinhExt for Var<'_, F> {
    #[track_caller]
    fn asinh(self) -> Self {
        self.apply(&Asinh)
    }
}

pub fn main() -> Result<()> {
    // The rules as text: what they record when they are run on symbols.
    print!("{}", inspect::rule::<f64>(&Asinh)?);

    // Checked like a built-in: over its whole domain, in both modes, twice differentiated.
    let report = check::primitive(&Asinh, 100)?;
    println!("{report}\n");
    assert_eq!(report.verdict(), check::Verdict::Pass);

    let tape = Tape::<f64>::new();
    let x = tape.input([0.0, 0.75, -2.0]).named("x");
    let y = x.asinh().named("y");

    // The rules are recorded with ordinary operations, so the gradient differentiates again.
    let slope = y.sum(..).gradient(&[x])?[0];
    let curvature = slope.sum(..).gradient(&[x])?[0];
    println!("asinh x   = {}", y.value()?);
    println!("asinh' x  = {}", slope.value()?);
    println!("asinh'' x = {}", curvature.value()?);
    for (x, c) in [0.0, 0.75, -2.0f64].iter().zip(&curvature.value()?) {
        assert!((c + x * (x * x + 1.0).powf(-1.5)).abs() < 1e-15);
    }

    print!("\n{tape:#}");

    // In a registry, so that a program that uses it can be cast to another precision.
    let registry = Registry::<f32>::standard().with(&Asinh, |_| Ok((&Asinh).into()));
    let single = tape.program(&[y.sum(..)])?.cast::<f32>(&registry)?;
    println!("in f32    : {}", single.run(&[autodiff::Input::real([0.0f32, 0.75, -2.0])])?[0]);
    Ok(())
}
