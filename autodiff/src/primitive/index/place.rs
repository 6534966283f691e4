//! One element into each row of zeros: the adjoint of pick.

use super::gather::check;
use crate::base::attributes::Attributes;
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{
    Call, Cotangents, Derivative, Domain, Entry, Kernel, Primitive, RuleContext, Sample, SampleOperand, Signature,
    Tangents,
};
use crate::tape::var::{Index, Var};
use smallvec::smallvec;
use std::sync::Arc;

/// y = rows of zeros with one element of x in each
#[derive(Debug)]
pub struct Place {
    pub(in crate::primitive) length: usize,
}

impl Place {
    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(Place { length: attributes.length("length")? })
    }
}

impl<F: Real> Primitive<F> for Place {
    fn name(&self) -> &'static str {
        "place"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("length", self.length.into())
    }

    fn signature(&self) -> Signature {
        Signature::INDEXED
    }

    fn formula(&self) -> &'static str {
        "yₙⱼ = xₙ if j = iₙ else 0"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let [x, i] = inputs else { return Err(Mismatch::new("takes 2 operands")) };
        match x == i {
            true => Ok(x.iter().copied().chain([self.length]).collect()),
            false => Err(Mismatch::new(format!("x {x} and i {i} should have the same shape"))),
        }
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        let mut output = call.y(0)?;
        let (x, i) = (call.x(0)?, call.index(1)?);
        check(i, self.length, "columns")?;
        let y = output.as_mut_slice();
        y.fill(F::zero());
        for ((row, x), i) in y.chunks_mut(self.length.max(1)).zip(x.iter()).zip(i.iter()) {
            if let Some(y) = row.get_mut(i) {
                *y = x;
            }
        }
        Ok(())
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        let dx = at.index(1).map_or(Derivative::None, |i| at.operand(0, || at.dy().pick(i)));
        smallvec![dx, Derivative::None]
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        match at.index(1) {
            Some(i) => at.tangent(dx, |_, dx| dx.place(i, self.length)),
            None => smallvec![Derivative::None],
        }
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(Place { length: 3 }), |a| Ok(Arc::new(Place::parse(a)?).into())).sampled(|generator| {
        let x = generator.shape(0, 2);
        let length = generator.integer(1, 4);
        let operands = vec![SampleOperand::Real(x.clone(), Domain::REALS), SampleOperand::Index(x, length)];
        Sample::new(Arc::new(Place { length }), operands)
    })
}

impl<'t, F: Real> Var<'t, F> {
    /// Rows of `length` zeros with one element of `self` in each, where `indices` says: x \[…\] gives \[…, length\]. The
    /// adjoint of [`pick`](Self::pick); of ones, it makes one-hot rows.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([5.0, 6.0]);
    /// let i = tape.index(ndarray::array![1, 0]);
    /// assert_eq!(x.place(i, 2).value().unwrap(), ndarray::array![[0.0, 5.0], [6.0, 0.0]].into_dyn());
    /// ```
    #[track_caller]
    pub fn place(self, indices: Index<'t, F>, length: usize) -> Self {
        self.tape().record(Arc::new(Place { length }), &[self.into(), indices.into()])
    }
}
