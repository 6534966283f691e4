//! Primitives of an axis or of axes, applied: the axes a user names are counted from the first here, once.

use super::reduce::axes::Reduction;
use super::{Kind, Primitive, PrimitiveRef};
use crate::base::axis::{Axes, Axis};
use crate::base::error::Mismatch;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::tape::Arg;
use crate::tape::var::Var;
use std::sync::Arc;

impl<'t, F: Real> Arg<'t, F> {
    /// `primitive` applied to this array; the result is of the same kind.
    #[track_caller]
    fn apply(self, primitive: impl Into<PrimitiveRef<F>>) -> Self {
        let (tape, _) = self.parts();
        match self.kind() {
            Kind::Real => tape.record(primitive, &[self]).into(),
            kind => {
                let [y] = tape.record_all(primitive, &[self], [kind]);
                y
            }
        }
    }

    /// The primitive of what is found in the shape of this array, applied to it; an error of the primitive `otherwise`,
    /// which names it, where it is not found.
    #[track_caller]
    pub(in crate::primitive) fn apply_found<P: Primitive<F> + 'static>(
        self,
        primitive: impl FnOnce(&Shape) -> Result<P, Mismatch>,
        otherwise: impl FnOnce() -> P,
    ) -> Self {
        let Ok(shape) = self.shape() else { return self };
        match primitive(&shape) {
            Ok(primitive) => self.apply(Arc::new(primitive)),
            Err(mismatch) => self.parts().0.mismatched(&Arc::new(otherwise()).into(), &[self], mismatch).into(),
        }
    }

    /// The primitive of `axis`, applied to this array; an error that names the primitive if there is no such axis.
    #[track_caller]
    pub(in crate::primitive) fn along<P: Primitive<F> + 'static>(
        self,
        axis: impl Into<Axis>,
        primitive: impl Fn(usize) -> P,
    ) -> Self {
        self.apply_found(|shape| axis.into().of("x", shape).map(&primitive), || primitive(usize::MAX))
    }
}

impl<F: Real> Var<'_, F> {
    /// As [`Arg::along`].
    #[track_caller]
    pub(in crate::primitive) fn along<P: Primitive<F> + 'static>(
        self,
        axis: impl Into<Axis>,
        primitive: impl Fn(usize) -> P,
    ) -> Self {
        Arg::from(self).along(axis, primitive).var()
    }

    /// The primitive of the reduction over `axes`, applied to this array; an error var if it does not have one of them.
    #[track_caller]
    pub(in crate::primitive) fn over<P: Primitive<F> + 'static>(
        self,
        axes: impl Into<Axes>,
        keep: bool,
        primitive: impl Fn(Reduction) -> P,
    ) -> Self {
        let reduction = |mut axes: Vec<usize>| {
            axes.sort_unstable();
            primitive(Reduction { axes, keep })
        };
        let found = |shape: &Shape| axes.into().of("x", shape).map(reduction);
        Arg::from(self).apply_found(found, || primitive(Reduction { axes: Vec::new(), keep })).var()
    }
}
