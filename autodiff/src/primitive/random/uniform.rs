//! Uniform numbers.

use super::draw::{Draw, KEYED};
use crate::base::attributes::Attributes;
use crate::base::error::{Mismatch, Refusal};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{Call, Entry, Kernel, Primitive, Signature};
use crate::tape::var::{Key, Var};
use std::sync::Arc;

/// y = numbers uniform on [0, 1)
#[derive(Debug)]
pub struct Uniform(Draw);

impl<F: Real> Primitive<F> for Uniform {
    fn name(&self) -> &'static str {
        "uniform"
    }

    fn attributes(&self) -> Attributes {
        self.0.attributes()
    }

    fn signature(&self) -> Signature {
        KEYED
    }

    fn formula(&self) -> &'static str {
        "y uniform on [0, 1), drawn with the key k"
    }

    fn shape(&self, _: &[&Shape]) -> Result<Shape, Mismatch> {
        Ok(self.0.shape.clone())
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::uniform(call.key(0)?, self.0.stream(), call.y(0)?.as_mut_slice());
        Ok(())
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(Uniform(Draw::example())), |a| Ok(Arc::new(Uniform(Draw::parse(a)?)).into()))
        .sampled(|generator| Draw::sample(generator, |draw| Arc::new(Uniform(draw)).into()))
}

impl<'t, F: Real> Key<'t, F> {
    /// Numbers uniform on [0, 1): the same for the same key, `stream` and shape. Different streams of one key are
    /// independent: give each use of a key its own.
    ///
    /// They are multiples of 2⁻⁵³ in double precision and of 2⁻²⁴ in single, where each is the number of double precision
    /// rounded down. So a mask `key.uniform(…).ge(p)` is the same in both precisions if p is a multiple of 2⁻²⁴, such as ½ or
    /// ¼; for another p the two differ where a number falls between p and the p that single precision holds, once in some
    /// 2²⁵ numbers.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let key = tape.key(7);
    /// let (x, y) = (key.uniform([3], 0), key.uniform([3], 0));
    /// assert_eq!(x.value().unwrap(), y.value().unwrap());
    /// assert_ne!(x.value().unwrap(), key.uniform([3], 1).value().unwrap());
    /// ```
    #[track_caller]
    pub fn uniform(self, shape: impl Into<Shape>, stream: usize) -> Var<'t, F> {
        self.tape().record(Arc::new(Uniform(Draw { shape: shape.into(), stream })), &[self.into()])
    }
}
