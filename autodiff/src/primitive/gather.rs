//! Rows by their indices.

use super::{Cotangents, Derivative, Dice, Domain, Kind, Primitive, Sample, SampleOperand, Signature, Site};
use crate::error::{Mismatch, Refusal};
use crate::kernels::{IndexView, Operand, ViewMut};
use crate::real::Real;
use crate::shape::Shape;
use crate::var::{Index, Var};
use smallvec::smallvec;

/// y = the rows of x that i names
#[derive(Debug)]
pub struct Gather;

impl<F: Real> Primitive<F> for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn signature(&self) -> Signature {
        Signature::Fixed(&[("x", Kind::Real), ("i", Kind::Index)])
    }

    fn formula(&self) -> &'static str {
        "yₖ = x at row iₖ"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let [x, i] = inputs else { return Err(Mismatch::new("takes 2 operands")) };
        match x.split_first() {
            Some((_, rest)) => Ok(i.iter().chain(rest).copied().collect()),
            None => Err(Mismatch::new("x is a number and has no rows")),
        }
    }

    fn evaluate(&self, inputs: &[Operand<'_, F>], mut output: ViewMut<'_, F>) -> Result<(), Refusal> {
        let [x, i] = inputs else { return Err(Refusal::new("takes 2 operands")) };
        let (x, i) = (x.real()?, i.index()?);
        check(i, x.shape().first().copied().unwrap_or(0), "rows")?;
        let width = x.shape().iter().skip(1).product::<usize>();
        let gathered = output.as_mut_slice().chunks_mut(width.max(1)).zip(i.iter());
        if let Some(x) = x.as_slice() {
            for (row, i) in gathered {
                row.iter_mut().zip(x.iter().skip(i * width)).for_each(|(y, x)| *y = *x);
            }
        } else {
            let mut rows = x.reader();
            for (row, i) in gathered {
                rows.seek(i * width);
                rows.read(row);
            }
        }
        Ok(())
    }

    fn reverse<'t>(&self, at: &Site<'_, 't, F>, dy: Var<'t, F>) -> Cotangents<'t, F> {
        let rows = at.shape(0).first().copied().unwrap_or(0);
        let dx = at.index(1).map_or(Derivative::None, |i| at.operand(0, || dy.scatter_add(i, rows)));
        smallvec![dx, Derivative::None]
    }

    fn tangent<'t>(&self, at: &Site<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Derivative<'t, F> {
        match at.index(1) {
            Some(i) => at.tangent(dx, |_, dx| dx.gather(i)),
            None => Derivative::None,
        }
    }

    fn sample(&self, dice: &mut Dice) -> Sample<F> {
        let x = dice.shape(1, 3);
        let rows = x.first().copied().unwrap_or(1);
        Sample::new(vec![SampleOperand::Real(x, Domain::REALS), SampleOperand::Index(dice.shape(0, 2), rows)])
    }
}

/// A refusal that names the first index out of range.
pub(super) fn check(indices: IndexView<'_>, bound: usize, what: &str) -> Result<(), Refusal> {
    match indices.iter().enumerate().find(|(_, i)| *i >= bound) {
        None => Ok(()),
        Some((at, i)) => {
            Err(Refusal::new(format!("index {i} (element {at}) is out of range: there are {bound} {what}, from 0")))
        }
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// The rows that `indices` names, in that order: x \[n, …\] and i \[k, …\] give \[k, …, …\]. An index out of range is
    /// refused.
    ///
    /// The reverse is [`scatter_add`](Self::scatter_add): a row that is named twice gets both cotangents.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[1.0, 2.0], [3.0, 4.0]]);
    /// let i = tape.index(ndarray::array![1, 1, 0]);
    /// assert_eq!(x.gather(i).value().unwrap(), ndarray::array![[3.0, 4.0], [3.0, 4.0], [1.0, 2.0]].into_dyn());
    /// ```
    #[track_caller]
    pub fn gather(self, indices: Index<'t, F>) -> Self {
        self.tape().record(&Gather, &[self.into(), indices.into()])
    }
}
