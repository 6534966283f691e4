//! Sorting along an axis.

use crate::base::axis::Axis;
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::kind::{Kind, Type};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{
    Call, Cotangents, Derivative, Domain, Entry, Kernel, Primitive, PrimitiveRef, RuleContext, Sample, SampleOperand,
    Tangents, Types,
};
use crate::tape::Arg;
use crate::tape::var::{Index, Var};
use smallvec::smallvec;

/// y₀ = x sorted along its last axis, y₁ = the order
#[derive(Debug)]
pub struct Sort;

impl<F: Real> Primitive<F> for Sort {
    fn name(&self) -> &'static str {
        "sort"
    }

    fn formula(&self) -> &'static str {
        "y₀ₖ = xⱼ at j = y₁ₖ, ascending along the last axis"
    }

    fn results(&self, inputs: &[Type]) -> Result<Types, Mismatch> {
        let [x] = inputs else { return Err(Mismatch::new("takes 1 operand")) };
        if x.shape.rank() == 0 {
            return Err(Mismatch::new("x is a number and has no axis to sort along"));
        }
        Ok(smallvec![Type::real(x.shape.clone()), Type::index(x.shape.clone())])
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::sort(call.x(0)?, call.y(0)?, call.index_result(1)?)
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        back(at)
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        forth(at, dx)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Sort)
        .sampled(|generator| Sample::new(&Sort, vec![SampleOperand::Real(generator.shape(1, 3), Domain::REALS)]))
}

/// The reverse rule of elements that result 1 chooses along the last axis: each cotangent goes to where its element was.
pub(super) fn back<'t, F: Real>(at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
    let x = at.shape(0);
    let (axis, length) = (x.rank().saturating_sub(1), x.last().copied().unwrap_or(0));
    at.one(|| at.dy().scatter_add_along(at.result(1).index(), axis, length))
}

/// The tangent rule of the same: the tangents of the elements that were chosen.
pub(super) fn forth<'t, F: Real>(at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
    let axis = at.shape(0).rank().saturating_sub(1);
    let mut tangents = at.tangent(dx, |_, dx| dx.take_along(at.result(1).index(), axis));
    tangents.push(Derivative::None);
    tangents
}

/// The two results of `primitive`, which orders along the last axis, along any `axis` of x.
#[track_caller]
pub(super) fn along<'t, F: Real>(
    x: Var<'t, F>,
    axis: impl Into<Axis>,
    primitive: impl Into<PrimitiveRef<F>>,
) -> (Var<'t, F>, Index<'t, F>) {
    let (primitive, tape) = (primitive.into(), x.tape());
    let Ok(shape) = x.shape() else { return (x, Arg::from(x).as_index()) };
    let axis = match axis.into().of("x", &shape) {
        Ok(axis) => axis,
        Err(mismatch) => {
            let refused = tape.mismatched(&primitive, &[x.into()], mismatch);
            return (refused, Arg::from(refused).as_index());
        }
    };
    let last = shape.rank() - 1;
    let to_the_end: Vec<usize> = (0..shape.rank()).filter(|other| *other != axis).chain([axis]).collect();
    let moved = if axis == last { x } else { x.permute(to_the_end) };
    let [values, order] = tape.record_all(primitive, &[moved.into()], [Kind::Real, Kind::Index]);
    let (values, order) = (values.var(), order.as_index());
    if axis == last {
        return (values, order);
    }
    let back: Vec<usize> = (0..axis).chain([last]).chain(axis..last).collect();
    (values.permute(back.clone()), order.permute(back))
}

impl<'t, F: Real> Var<'t, F> {
    /// The elements sorted along `axis`, smallest first: NumPy's `sort`. NaN comes last, −0 equals +0, and elements that are
    /// equal keep their order. For the largest first take [`top_k`](Self::top_k) with the length of the axis.
    ///
    /// The derivative is that of the permutation: each cotangent goes to where its element was. Elements that are equal keep
    /// their own; the slope is that of their order. The order itself has no derivative: where a gradient depends on x through
    /// it alone, as that of Σ w·sort(x), reverse mode has no second one to give, as for a linear function, and says so;
    /// [`hessian`](crate::hessian), [`hvp`](crate::hvp) and [`pushforward`](Self::pushforward) give zeros.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[3.0, 1.0], [2.0, 4.0]]);
    /// assert_eq!(x.sort(1).value()?, ndarray::array![[1.0, 3.0], [2.0, 4.0]].into_dyn());
    /// assert_eq!(x.sort(0).value()?, ndarray::array![[2.0, 1.0], [3.0, 4.0]].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn sort(self, axis: impl Into<Axis>) -> Self {
        along(self, axis, &Sort).0
    }

    /// The elements sorted along `axis`, as [`sort`](Self::sort) gives them, and the order: the positions on `axis` that
    /// they had, so that the first result is `self.take_along(order, axis)`. Anything else is brought in the same order the
    /// same way.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let (age, height) = (tape.input([40.0, 20.0, 30.0]), tape.input([1.8, 1.6, 1.7]));
    /// let (ages, order) = age.sort_with_order(0);
    /// assert_eq!(ages.value()?, ndarray::array![20.0, 30.0, 40.0].into_dyn());
    /// assert_eq!(height.take_along(order, 0).value()?, ndarray::array![1.6, 1.7, 1.8].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn sort_with_order(self, axis: impl Into<Axis>) -> (Self, Index<'t, F>) {
        along(self, axis, &Sort)
    }

    /// The order that [`sort_with_order`](Self::sort_with_order) gives: NumPy's `argsort(kind="stable")`. No derivative flows
    /// through it.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([3.0, 1.0, 2.0, 1.0]);
    /// assert_eq!(x.argsort(0).value()?, ndarray::array![1, 3, 2, 0].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn argsort(self, axis: impl Into<Axis>) -> Index<'t, F> {
        along(self, axis, &Sort).1
    }
}
