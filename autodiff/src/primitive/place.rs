//! One element into each row of zeros: the adjoint of pick.

use super::gather::check;
use super::{Cotangents, Derivative, Dice, Domain, Kind, Primitive, Sample, SampleOperand, Signature, Site};
use crate::attributes::Attributes;
use crate::error::{Mismatch, Refusal, Result};
use crate::kernels::{Operand, ViewMut};
use crate::real::Real;
use crate::shape::Shape;
use crate::var::{Index, Var};
use smallvec::smallvec;
use std::sync::Arc;

/// y = rows of zeros with one element of x in each
#[derive(Debug)]
pub struct Place {
    pub(super) length: usize,
}

impl Place {
    pub(super) fn parse(attributes: &Attributes) -> Result<Self> {
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
        Signature::Fixed(&[("x", Kind::Real), ("i", Kind::Index)])
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

    fn evaluate(&self, inputs: &[Operand<'_, F>], mut output: ViewMut<'_, F>) -> Result<(), Refusal> {
        let [x, i] = inputs else { return Err(Refusal::new("takes 2 operands")) };
        let (x, i) = (x.real()?, i.index()?);
        check(i, self.length, "columns")?;
        let y = output.as_mut_slice();
        y.fill(F::zero());
        for ((row, x), i) in y.chunks_mut(self.length.max(1)).zip(x.iter()).zip(i.iter()) {
            row.iter_mut().skip(i).take(1).for_each(|y| *y = x);
        }
        Ok(())
    }

    fn reverse<'t>(&self, at: &Site<'_, 't, F>, dy: Var<'t, F>) -> Cotangents<'t, F> {
        let dx = at.index(1).map_or(Derivative::None, |i| at.operand(0, || dy.pick(i)));
        smallvec![dx, Derivative::None]
    }

    fn tangent<'t>(&self, at: &Site<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Derivative<'t, F> {
        match at.index(1) {
            Some(i) => at.tangent(dx, |_, dx| dx.place(i, self.length)),
            None => Derivative::None,
        }
    }

    fn sample(&self, dice: &mut Dice) -> Sample<F> {
        let x = dice.shape(0, 2);
        let length = dice.integer(1, 4);
        let operands = vec![SampleOperand::Real(x.clone(), Domain::REALS), SampleOperand::Index(x, length)];
        Sample::with(Arc::new(Place { length }), operands)
    }
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
