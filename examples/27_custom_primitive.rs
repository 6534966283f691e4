//! A custom primitive, outside the crate: recorded, printed, checked and differentiated twice like a built-in.
//!
//! Run with `cargo run --example 27_custom_primitive`.

use autodiff::prelude::*;
use autodiff::primitive::{Domain, Entry, Kernel, Partial, RuleContext, Sample};
use autodiff::{Primitive, Registry, check, inspect};

/// The Gudermannian function: y = gd x = arctan(sinh x), with ∂y/∂x = 1/cosh x.
#[derive(Debug)]
struct Gudermannian;

impl<F: Real> Primitive<F> for Gudermannian {
    fn name(&self) -> &'static str {
        "example::gd"
    }
    fn formula(&self) -> &'static str {
        "y = arctan(sinh x)"
    }
    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| x.sinh().atan())
    }
    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Over(at.x(0).cosh())
    }
}

/// How it is registered, and which applications check it: where its slope is not too small to be seen in a difference.
fn entry<F: Real>() -> Entry<F> {
    const DOMAIN: Domain = Domain::between(-30.0, 30.0).at_least(1e-6);
    Entry::fixed(&Gudermannian).sampled(|generator| Sample::elementwise(&Gudermannian, generator, &[DOMAIN]))
}

/// Its method, through an extension trait.
trait GudermannianExt {
    fn gd(self) -> Self;
}

impl<F: Real> GudermannianExt for Var<'_, F> {
    #[track_caller]
    fn gd(self) -> Self {
        self.apply(&Gudermannian)
    }
}

pub fn main() -> Result<()> {
    // The rules as text: what they record when they are run on symbols.
    print!("{}", inspect::rule(&entry::<f64>())?);

    // Checked like a built-in: over its samples, in both modes, twice differentiated.
    let report = check::primitive(&entry(), 100)?;
    println!("{report}\n");
    assert_eq!(report.verdict(), check::Verdict::Pass);

    let tape = Tape::<f64>::new();
    let x = tape.input([0.0, 0.75, -2.0]).named("x");
    let y = x.gd().named("y");

    // The rules are recorded with ordinary operations, so the gradient differentiates again.
    let slope = y.sum(..).gradient(&[x])?[0];
    let curvature = slope.sum(..).gradient(&[x])?[0];
    println!("gd x   = {}", y.value()?);
    println!("gd' x  = {}", slope.value()?);
    println!("gd'' x = {}", curvature.value()?);
    for (x, c) in [0.0, 0.75, -2.0f64].iter().zip(&curvature.value()?) {
        assert!((c + x.sinh() / (x.cosh() * x.cosh())).abs() < 1e-15);
    }

    print!("\n{tape:#}");

    // In a registry, so that a program that uses it can be cast to another precision.
    let registry = Registry::<f32>::standard().with(entry());
    let single = tape.program(&[y.sum(..)])?.cast::<f32>(&registry)?;
    println!("in f32    : {}", single.run(&[autodiff::Input::real([0.0f32, 0.75, -2.0])])?[0]);
    Ok(())
}
