//! Adding a bias to every row.

use crate::base::error::Mismatch;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{Arithmetic, Elementwise};
use crate::primitive::{
    Cotangents, Domain, Entry, Kernel, Primitive, RuleContext, Sample, SampleOperand, Signature, Tangents,
};
use crate::tape::var::Var;

/// y = x + b in every row
#[derive(Debug)]
pub struct AddBias;

impl<F: Real> Primitive<F> for AddBias {
    fn name(&self) -> &'static str {
        "add_bias"
    }

    fn signature(&self) -> Signature {
        Signature::Fixed(&[("x", Signature::REAL), ("b", Signature::REAL)])
    }

    fn formula(&self) -> &'static str {
        "yᵢⱼ = xᵢⱼ + bⱼ"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        match inputs {
            [x, b] => match (x.last(), &***b) {
                (Some(n), [m]) if n == m => Ok((*x).clone()),
                (Some(n), [m]) => Err(Mismatch::new(format!("the last axis of x is {n} long, b is {m} long"))),
                _ => Err(Mismatch::new(format!("rows plus a vector are needed, not {x} plus {b}"))),
            },
            _ => Err(Mismatch::new("takes 2 operands")),
        }
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::Elementwise(Elementwise::arithmetic(Arithmetic::Add))
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        let rows = at.shape(0).rank().saturating_sub(1);
        at.two(|| at.dy(), || if rows == 0 { at.dy() } else { at.dy().sum((0..rows).collect::<Vec<_>>()) })
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |i, dx| if i == 0 { dx } else { dx.broadcast_to(at.shape(0)) })
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&AddBias).sampled(|generator| {
        let x = generator.shape(1, 3);
        let b = Shape::from(x.last().map_or(&[][..], std::slice::from_ref));
        Sample::new(&AddBias, vec![SampleOperand::Real(x, Domain::REALS), SampleOperand::Real(b, Domain::REALS)])
    })
}

impl<'t, F: Real> Var<'t, F> {
    /// Adds the vector `bias` to every row: x \[…, n\] plus b \[n\].
    ///
    /// Reverse: x̄ = ȳ, the notes' rψ(ζ) = ζ, and b̄ is the sum of ȳ over the rows: r̄₁ψ(ζ) = ζ, over a batch.
    /// Source: Matt R, *Neural Networks* (June 2022), §3.4.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[1.0, 2.0], [3.0, 4.0]]);
    /// let b = tape.input([10.0, 20.0]);
    /// assert_eq!(x.add_bias(b).value().unwrap(), ndarray::array![[11.0, 22.0], [13.0, 24.0]].into_dyn());
    /// ```
    #[track_caller]
    pub fn add_bias(self, bias: Self) -> Self {
        self.apply2(&AddBias, bias)
    }
}
