//! One element per row.

use super::gather::check;
use crate::base::error::{Mismatch, Refusal};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{
    Call, Cotangents, Derivative, Domain, Entry, Kernel, Primitive, RuleContext, Sample, SampleOperand, Signature,
    Tangents,
};
use crate::tape::var::{Index, Var};
use smallvec::smallvec;

/// y = one element of each row of x
#[derive(Debug)]
pub struct Pick;

impl<F: Real> Primitive<F> for Pick {
    fn name(&self) -> &'static str {
        "pick"
    }

    fn signature(&self) -> Signature {
        Signature::INDEXED
    }

    fn formula(&self) -> &'static str {
        "yₙ = xₙⱼ at j = iₙ"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let [x, i] = inputs else { return Err(Mismatch::new("takes 2 operands")) };
        match x.split_last() {
            Some((_, rows)) if *rows == ***i => Ok((*i).clone()),
            Some((_, rows)) => {
                let rows = Shape::from(rows);
                Err(Mismatch::new(format!("i {i} should have the shape {rows}: one index for each row of x {x}")))
            }
            None => Err(Mismatch::new("x is a number and has no elements to pick from")),
        }
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        let mut output = call.y(0)?;
        let (x, i) = (call.x(0)?, call.index(1)?);
        let width = x.shape().last().copied().unwrap_or(0);
        check(i, width, "columns")?;
        let y = output.as_mut_slice().iter_mut().zip(i.iter());
        if let Some(x) = x.as_slice() {
            for ((y, i), row) in y.zip(x.chunks(width.max(1))) {
                *y = row.get(i).copied().unwrap_or(F::nan());
            }
        } else {
            for ((y, i), row) in y.zip(x.rows()) {
                *y = row.get(i).unwrap_or(F::nan());
            }
        }
        Ok(())
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        let width = at.shape(0).last().copied().unwrap_or(0);
        let dx = at.index(1).map_or(Derivative::None, |i| at.operand(0, || at.dy().place(i, width)));
        smallvec![dx, Derivative::None]
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        match at.index(1) {
            Some(i) => at.tangent(dx, |_, dx| dx.pick(i)),
            None => smallvec![Derivative::None],
        }
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Pick).sampled(|generator| {
        let rows = generator.shape(0, 2);
        let width = generator.integer(1, 4);
        let x = rows.iter().copied().chain([width]).collect();
        Sample::new(&Pick, vec![SampleOperand::Real(x, Domain::REALS), SampleOperand::Index(rows, width)])
    })
}

impl<'t, F: Real> Var<'t, F> {
    /// One element of each row: x \[…, m\] and i \[…\] give \[…\], element i of the last axis. An index out of range is
    /// refused. With labels as indices this is the heart of the cross-entropy.
    ///
    /// The reverse is [`place`](Self::place).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[1.0, 2.0], [3.0, 4.0]]);
    /// let i = tape.index(ndarray::array![1, 0]);
    /// assert_eq!(x.pick(i).value().unwrap(), ndarray::array![2.0, 3.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn pick(self, indices: Index<'t, F>) -> Self {
        self.tape().record(&Pick, &[self.into(), indices.into()])
    }
}
