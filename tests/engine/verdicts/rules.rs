//! Primitives whose rules are whatever a test wants.

use autodiff::primitive::{Cotangents, Kernel, Primitive, RuleContext, Signature, Tangents};
use autodiff::{Arg, Var};
use std::sync::Arc;

/// A slope as a function of the operand.
pub type Slope = for<'t> fn(Var<'t, f64>) -> Var<'t, f64>;
/// A slope as a function of both operands.
pub type Partial = for<'t> fn(Var<'t, f64>, Var<'t, f64>) -> Var<'t, f64>;

/// What is wrong with a slope.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Fault {
    None,
    /// Multiplied by 1 + this.
    Factor(f64),
    Sign,
    /// There is none: 0.
    Dropped,
    /// Its value is right, and it is a constant of further derivatives.
    Frozen,
    /// Its value is right, and its own slope is off by this factor.
    Bent(f64),
}

impl Fault {
    fn on<'t>(self, slope: Slope, x: Var<'t, f64>) -> Var<'t, f64> {
        match self {
            Fault::None => slope(x),
            Fault::Factor(by) => slope(x) * (1.0 + by),
            Fault::Sign => -slope(x),
            Fault::Dropped => x * 0.0,
            Fault::Frozen => slope(x.stop_gradient()),
            // s(x₀) + (1 + b)·(s(x) − s(x₀)), x₀ the value of x.
            Fault::Bent(by) => {
                let still = slope(x.stop_gradient());
                still + (slope(x) - still) * (1.0 + by)
            }
        }
    }
}

/// y = f(x), with a reverse rule and a tangent rule that may be wrong, each in its own way.
#[derive(Clone, Copy, Debug)]
pub struct Unary {
    pub f: fn(f64) -> f64,
    pub slope: Slope,
    pub reverse: Fault,
    pub tangent: Fault,
}

impl Unary {
    #[track_caller]
    pub fn of<'t>(self, x: Var<'t, f64>) -> Var<'t, f64> {
        x.tape().record(Arc::new(self), &[x.into()])
    }
}

impl Primitive<f64> for Unary {
    fn name(&self) -> &'static str {
        "test::unary"
    }
    fn formula(&self) -> &'static str {
        "y = f(x)"
    }
    fn kernel(&self, _: &[&autodiff::Shape]) -> Kernel<f64> {
        let f = self.f;
        Kernel::<f64>::elementwise(move |[x]| f(x))
    }
    fn reverse<'t>(&self, at: &RuleContext<'_, 't, f64>) -> Cotangents<'t, f64> {
        at.one(|| at.dy() * self.reverse.on(self.slope, at.x(0)))
    }
    fn tangent<'t>(&self, at: &RuleContext<'_, 't, f64>, dx: &[Option<Var<'t, f64>>]) -> Tangents<'t, f64> {
        at.tangent(dx, |_, dx| dx * self.tangent.on(self.slope, at.x(0)))
    }
}

/// y = f(a, b), with the partial derivatives that it is given.
#[derive(Clone, Copy, Debug)]
pub struct Binary {
    pub f: fn(f64, f64) -> f64,
    pub partials: [Partial; 2],
}

impl Binary {
    #[track_caller]
    pub fn of<'t>(self, a: Var<'t, f64>, b: Var<'t, f64>) -> Var<'t, f64> {
        let args: [Arg<'t, f64>; 2] = [a.into(), b.into()];
        a.tape().record(Arc::new(self), &args)
    }
}

impl Primitive<f64> for Binary {
    fn name(&self) -> &'static str {
        "test::binary"
    }
    fn formula(&self) -> &'static str {
        "y = f(a, b)"
    }
    fn signature(&self) -> Signature {
        Signature::BINARY
    }
    fn kernel(&self, _: &[&autodiff::Shape]) -> Kernel<f64> {
        let f = self.f;
        Kernel::<f64>::elementwise(move |[a, b]| f(a, b))
    }
    fn reverse<'t>(&self, at: &RuleContext<'_, 't, f64>) -> Cotangents<'t, f64> {
        let partial = |i: usize| at.dy() * self.partials[i](at.x(0), at.x(1));
        at.two(|| partial(0), || partial(1))
    }
    fn tangent<'t>(&self, at: &RuleContext<'_, 't, f64>, dx: &[Option<Var<'t, f64>>]) -> Tangents<'t, f64> {
        at.tangent(dx, |i, dx| dx * self.partials[i](at.x(0), at.x(1)))
    }
}
