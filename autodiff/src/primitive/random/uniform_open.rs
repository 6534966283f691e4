//! Uniform numbers that are neither 0 nor 1.

use super::draw::{Draw, KEYED};
use crate::base::attributes::Attributes;
use crate::base::error::{Mismatch, Refusal};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{Call, Entry, Kernel, Primitive, Signature};
use crate::tape::var::{Key, Var};
use std::sync::Arc;

/// y = numbers uniform on (0, 1)
#[derive(Debug)]
pub struct UniformOpen(Draw);

impl<F: Real> Primitive<F> for UniformOpen {
    fn name(&self) -> &'static str {
        "uniform_open"
    }

    fn attributes(&self) -> Attributes {
        self.0.attributes()
    }

    fn signature(&self) -> Signature {
        KEYED
    }

    fn formula(&self) -> &'static str {
        "y uniform on (0, 1), drawn with the key k"
    }

    fn shape(&self, _: &[&Shape]) -> Result<Shape, Mismatch> {
        Ok(self.0.shape.clone())
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::uniform_open(call.key(0)?, self.0.stream(), call.y(0)?.as_mut_slice());
        Ok(())
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(UniformOpen(Draw::example())), |a| Ok(Arc::new(UniformOpen(Draw::parse(a)?)).into()))
        .sampled(|generator| Draw::sample(generator, |draw| Arc::new(UniformOpen(draw)).into()))
}

impl<'t, F: Real> Key<'t, F> {
    /// Numbers uniform on (0, 1), for transforms that need a logarithm: none is 0, and none is 1. The smallest is 2⁻⁶⁵, also
    /// in single precision, so −log y, of the exponential distribution, goes up to 45. Key and `stream` as for
    /// [`uniform`](Self::uniform).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let u = tape.key(7).uniform_open([1000], 0);
    /// let gumbel = -(-u.log()).log();
    /// assert!(gumbel.value()?.iter().all(|g| g.is_finite()));
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn uniform_open(self, shape: impl Into<Shape>, stream: usize) -> Var<'t, F> {
        self.tape().record(Arc::new(UniformOpen(Draw { shape: shape.into(), stream })), &[self.into()])
    }
}
