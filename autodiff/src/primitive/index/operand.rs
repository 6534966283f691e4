//! Indices as operands: constants, broadcasting, the application of a primitive.

use crate::base::error::Mismatch;
use crate::base::kind::Kind;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Axis, Primitive, PrimitiveRef};
use crate::tape::value::{IntoArray, Value};
use crate::tape::var::{Index, Var, unbroadcastable};
use crate::tape::{Arg, Tape};
use std::ops::Range;
use std::sync::Arc;

impl<F: Real> Tape<F> {
    /// Indices that are part of the program: replays use the same. Takes what [`index`](Tape::index) takes.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0, 3.0]);
    /// let ends = tape.index_constant([0, 2]);
    /// assert_eq!(x.gather(ends).value()?, ndarray::array![1.0, 3.0].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn index_constant(&self, indices: impl IntoArray<usize>) -> Index<'_, F> {
        let indices = indices.into_array();
        let shape = Shape::from(indices.shape());
        self.constant_indices(indices.iter().copied().collect(), shape)
    }

    /// The indices of a range, in order, as a constant: 2..5 gives 2, 3, 4 (NumPy's `arange`). Refused where there is no
    /// memory for them.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// assert_eq!(tape.index_range(0..3).value()?, ndarray::array![0, 1, 2].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn index_range(&self, range: Range<usize>) -> Index<'_, F> {
        let mut indices = Vec::new();
        if indices.try_reserve_exact(range.len()).is_err() {
            let mismatch = Mismatch::new(format!("no memory for {} indices", range.len()));
            return Arg::from(self.refuse("index_range", &[], mismatch)).as_index();
        }
        let shape = Shape::from([range.len()]);
        indices.extend(range);
        self.constant_indices(indices, shape)
    }

    #[track_caller]
    fn constant_indices(&self, indices: Vec<usize>, shape: Shape) -> Index<'_, F> {
        Arg::from(self.constant_value(Value::Index(Arc::new(indices)), shape)).as_index()
    }
}

impl<'t, F: Real> Arg<'t, F> {
    /// The handle to the same node as one to indices: the node is known to be that, or an error.
    pub(in crate::primitive) fn as_index(self) -> Index<'t, F> {
        let (tape, id) = self.parts();
        Index { tape, id }
    }
}

/// Indices, or a number that becomes a constant on the same tape: the other operand of a comparison, of `fold_in`, ….
pub trait IndexOrNumber<'t, F: Real> {
    /// The operand as indices on `tape`.
    #[track_caller]
    fn on(self, tape: &'t Tape<F>) -> Index<'t, F>;
}

impl<'t, F: Real> IndexOrNumber<'t, F> for Index<'t, F> {
    fn on(self, _: &'t Tape<F>) -> Index<'t, F> {
        self
    }
}

impl<'t, F: Real> IndexOrNumber<'t, F> for usize {
    #[track_caller]
    fn on(self, tape: &'t Tape<F>) -> Index<'t, F> {
        tape.constant_indices(vec![self], Shape::scalar())
    }
}

impl<'t, F: Real> Index<'t, F> {
    /// Applies a primitive of one operand whose result is an array of indices; the way a user's primitive gets a method.
    #[track_caller]
    pub fn apply(self, primitive: impl Into<PrimitiveRef<F>>) -> Self {
        let [y] = self.tape().record_all(primitive, &[self.into()], [Kind::Index]);
        y.as_index()
    }

    /// `primitive` applied to `self` and `other`, after both are broadcast to a common shape, visibly. Its result is of the
    /// kind `kind`.
    #[track_caller]
    pub(in crate::primitive) fn broadcasting(
        self,
        primitive: impl Into<PrimitiveRef<F>>,
        other: Self,
        kind: Kind,
    ) -> Arg<'t, F> {
        let (primitive, tape) = (primitive.into(), self.tape());
        let (mut a, mut b) = (self, other);
        if std::ptr::eq(tape, other.tape())
            && let (Ok(from), Ok(to)) = (a.shape(), b.shape())
            && from != to
        {
            let Some(shape) = from.broadcast(&to) else {
                return tape.mismatched(&primitive, &[a.into(), b.into()], unbroadcastable(&from, &to)).into();
            };
            a = if from == shape { a } else { a.broadcast_to(shape.clone()) };
            b = if to == shape { b } else { b.broadcast_to(shape) };
        }
        let [y] = tape.record_all(primitive, &[a.into(), b.into()], [kind]);
        y
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// The primitive of `axis`, applied to this array and to indices; an error var if the array has no such axis.
    #[track_caller]
    pub(in crate::primitive) fn with_indices_along<P: Primitive<F> + 'static>(
        self,
        indices: Index<'t, F>,
        axis: impl Into<Axis>,
        primitive: impl FnOnce(usize) -> P,
    ) -> Self {
        let (tape, operands) = (self.tape(), [self.into(), indices.into()]);
        // What else is wrong, an error among the operands or one of another tape, is found by recording.
        let axis = self.shape().map_or(Ok(usize::MAX), |shape| axis.into().of("x", &shape));
        match axis {
            Err(mismatch) if std::ptr::eq(tape, indices.tape()) && indices.shape().is_ok() => {
                tape.mismatched(&Arc::new(primitive(usize::MAX)).into(), &operands, mismatch)
            }
            axis => tape.record(Arc::new(primitive(axis.unwrap_or(usize::MAX))), &operands),
        }
    }
}
