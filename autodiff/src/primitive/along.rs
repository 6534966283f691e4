//! Primitives of an axis or of axes, applied: the axes a user names are counted from the first here, once.

use super::Primitive;
use super::reduce::axes::Reduction;
use crate::base::axis::{Axes, Axis};
use crate::base::real::Real;
use crate::tape::var::Var;
use std::sync::Arc;

impl<F: Real> Var<'_, F> {
    /// The primitive of `axis`, applied to this array; an error var that names the primitive if there is no such axis.
    #[track_caller]
    pub(in crate::primitive) fn along<P: Primitive<F> + 'static>(
        self,
        axis: impl Into<Axis>,
        primitive: impl FnOnce(usize) -> P,
    ) -> Self {
        let Ok(shape) = self.shape() else { return self };
        match axis.into().of("x", &shape) {
            Ok(axis) => self.apply(Arc::new(primitive(axis))),
            Err(mismatch) => self.tape().misfit(&Arc::new(primitive(usize::MAX)).into(), &[self.into()], mismatch),
        }
    }

    /// The primitive of the reduction over `axes`, applied to this array; an error var if it does not have one of them.
    #[track_caller]
    pub(in crate::primitive) fn over<P: Primitive<F> + 'static>(
        self,
        axes: impl Into<Axes>,
        keep: bool,
        primitive: impl FnOnce(Reduction) -> P,
    ) -> Self {
        let Ok(shape) = self.shape() else { return self };
        match axes.into().of("x", &shape) {
            Ok(mut axes) => {
                axes.sort_unstable();
                self.apply(Arc::new(primitive(Reduction { axes, keep })))
            }
            Err(mismatch) => {
                let primitive = primitive(Reduction { axes: Vec::new(), keep });
                self.tape().misfit(&Arc::new(primitive).into(), &[self.into()], mismatch)
            }
        }
    }
}
