//! Rows by their indices.

use crate::base::error::{Mismatch, Refusal};
use crate::base::kind::{Kind, Type};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{Operand, View};
use crate::primitive::{
    Accepts, Call, Cotangents, Derivative, Domain, Entry, Kernel, Primitive, RuleContext, Sample, SampleOperand,
    Signature, Tangents, Types, one_result,
};
use crate::tape::var::{Index, Var};
use smallvec::smallvec;

/// y = the rows of x that i names
#[derive(Debug)]
pub struct Gather;

impl<F: Real> Primitive<F> for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn signature(&self) -> Signature {
        Signature::Fixed(&[("x", Accepts::RealOrIndex), ("i", Signature::INDEX)])
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

    fn results(&self, inputs: &[Type]) -> Result<Types, Mismatch> {
        one_result::<F, _>(self, inputs, inputs.first().map_or(Kind::Real, |x| x.kind))
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        match call.inputs().first() {
            Some(Operand::Index(x)) => rows(*x, call.index(1)?, call.index_result(0)?.as_mut_slice()),
            _ => rows(call.x(0)?, call.index(1)?, call.y(0)?.as_mut_slice()),
        }
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        let rows = at.shape(0).first().copied().unwrap_or(0);
        let dx = at.index(1).map_or(Derivative::None, |i| at.operand(0, || at.dy().scatter_add(i, rows)));
        smallvec![dx, Derivative::None]
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        match at.index(1) {
            Some(i) => at.tangent(dx, |_, dx| dx.gather(i)),
            None => smallvec![Derivative::None],
        }
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Gather).sampled(|generator| {
        let x = generator.shape(1, 3);
        let rows = x.first().copied().unwrap_or(1);
        Sample::new(
            &Gather,
            vec![SampleOperand::Real(x, Domain::REALS), SampleOperand::Index(generator.shape(0, 2), rows)],
        )
    })
}

/// Writes the rows of x that i names.
fn rows<T: Copy>(x: View<'_, T>, i: View<'_, usize>, y: &mut [T]) -> Result<(), Refusal> {
    check(i, x.shape().first().copied().unwrap_or(0), "rows")?;
    let width = x.shape().iter().skip(1).product::<usize>();
    let gathered = y.chunks_mut(width.max(1)).zip(i.iter());
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

/// A refusal that names the first index out of range.
pub(in crate::primitive) fn check(indices: View<'_, usize>, bound: usize, what: &str) -> Result<(), Refusal> {
    // All of them are looked at, which takes less than to stop at the first that is out of range.
    if indices.iter().fold(true, |inside, i| inside & (i < bound)) {
        return Ok(());
    }
    let (at, i) = indices.iter().enumerate().find(|(_, i)| *i >= bound).unwrap_or_default();
    Err(Refusal::new(format!("index {i} (element {at}) is out of range: there are {bound} {what}, from 0")))
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

impl<'t, F: Real> Index<'t, F> {
    /// The rows that `indices` names, in that order, as [`Var::gather`] gives them: i \[n, …\] and j \[k, …\] give
    /// \[k, …, …\].
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let (labels, batch) = (tape.index(ndarray::array![7, 8, 9]), tape.index(ndarray::array![2, 0]));
    /// assert_eq!(labels.gather(batch).value()?, ndarray::array![9, 7].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn gather(self, indices: Self) -> Self {
        let [y] = self.tape().record_all(&Gather, &[self.into(), indices.into()], [Kind::Index]);
        y.as_index()
    }
}
