//! Adding rows where their indices say: the adjoint of gather.

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

/// y = zeros, with the rows of x added where i says
#[derive(Debug)]
pub struct ScatterAdd {
    pub(super) rows: usize,
}

impl ScatterAdd {
    pub(super) fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(ScatterAdd { rows: attributes.length("rows")? })
    }
}

impl<F: Real> Primitive<F> for ScatterAdd {
    fn name(&self) -> &'static str {
        "scatter_add"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("rows", self.rows.into())
    }

    fn signature(&self) -> Signature {
        Signature::Fixed(&[("x", Kind::Real), ("i", Kind::Index)])
    }

    fn formula(&self) -> &'static str {
        "yᵣ = Σ xₖ over the k with iₖ = r"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let [x, i] = inputs else { return Err(Mismatch::new("takes 2 operands")) };
        if x.get(..i.rank()) != Some(&***i) {
            return Err(Mismatch::new(format!("the leading axes of x {x} are not those of i {i}")));
        }
        Ok(std::iter::once(self.rows).chain(x.iter().skip(i.rank()).copied()).collect())
    }

    fn evaluate(&self, inputs: &[Operand<'_, F>], mut output: ViewMut<'_, F>) -> Result<(), Refusal> {
        let [x, i] = inputs else { return Err(Refusal::new("takes 2 operands")) };
        let (x, i) = (x.real()?, i.index()?);
        check(i, self.rows, "rows")?;
        let width = output.shape().iter().skip(1).product::<usize>();
        let y = output.as_mut_slice();
        y.fill(F::zero());
        // In the order of the indices, so that the sum of a row named twice does not depend on anything else.
        let mut rows = x.reader();
        for i in i.iter() {
            if let Some(row) = y.get_mut(i * width..(i + 1) * width) {
                rows.add_to(row);
            }
        }
        Ok(())
    }

    fn reverse<'t>(&self, at: &Site<'_, 't, F>, dy: Var<'t, F>) -> Cotangents<'t, F> {
        let dx = at.index(1).map_or(Derivative::None, |i| at.operand(0, || dy.gather(i)));
        smallvec![dx, Derivative::None]
    }

    fn tangent<'t>(&self, at: &Site<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Derivative<'t, F> {
        match at.index(1) {
            Some(i) => at.tangent(dx, |_, dx| dx.scatter_add(i, self.rows)),
            None => Derivative::None,
        }
    }

    fn sample(&self, dice: &mut Dice) -> Sample<F> {
        let (i, rest) = (dice.shape(0, 2), dice.shape(0, 1));
        let x = i.iter().chain(rest.iter()).copied().collect();
        let rows = dice.integer(1, 4);
        let operands = vec![SampleOperand::Real(x, Domain::REALS), SampleOperand::Index(i, rows)];
        Sample::with(Arc::new(ScatterAdd { rows }), operands)
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// An array of `rows` rows of zeros to which row k of `self` is added at row iₖ: the adjoint of
    /// [`gather`](Self::gather). An index out of range is refused.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0, 3.0]);
    /// let i = tape.index(ndarray::array![2, 0, 2]);
    /// assert_eq!(x.scatter_add(i, 3).value().unwrap(), ndarray::array![2.0, 0.0, 4.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn scatter_add(self, indices: Index<'t, F>, rows: usize) -> Self {
        self.tape().record(Arc::new(ScatterAdd { rows }), &[self.into(), indices.into()])
    }
}
