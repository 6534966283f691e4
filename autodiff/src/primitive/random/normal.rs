//! Normally distributed numbers.

use super::draw::{Draw, KEYED};
use crate::base::attributes::Attributes;
use crate::base::error::{Mismatch, Refusal};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{Call, Entry, Kernel, Primitive, Signature};
use crate::tape::var::{Key, Var};
use std::sync::Arc;

/// y = numbers of the standard normal distribution
#[derive(Debug)]
pub struct Normal(Draw);

impl<F: Real> Primitive<F> for Normal {
    fn name(&self) -> &'static str {
        "normal"
    }

    fn attributes(&self) -> Attributes {
        self.0.attributes()
    }

    fn signature(&self) -> Signature {
        KEYED
    }

    fn formula(&self) -> &'static str {
        "y of the standard normal distribution, drawn with the key k"
    }

    fn shape(&self, _: &[&Shape]) -> Result<Shape, Mismatch> {
        Ok(self.0.shape.clone())
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::normal(call.key(0)?, self.0.stream(), call.y(0)?.as_mut_slice());
        Ok(())
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(Normal(Draw::example())), |a| Ok(Arc::new(Normal(Draw::parse(a)?)).into()))
        .sampled(|generator| Draw::sample(generator, |draw| Arc::new(Normal(draw)).into()))
}

impl<'t, F: Real> Key<'t, F> {
    /// Numbers of the standard normal distribution, of mean 0 and variance 1: the same for the same key, `stream` and shape,
    /// in single precision those of double precision rounded. Key and `stream` as for [`uniform`](Self::uniform).
    ///
    /// Each is Φ⁻¹(u) for a number u uniform on (0, 1) with 64 bits, Φ the distribution function; the largest is 9.16.
    ///
    /// Source: Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution" (1988).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let (mean, deviation) = (tape.input(3.0), tape.input(0.5));
    /// let x = mean + deviation * tape.key(7).normal([10_000], 0); // differentiable in both
    /// assert!((x.mean(..).item()? - 3.0).abs() < 0.02);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn normal(self, shape: impl Into<Shape>, stream: usize) -> Var<'t, F> {
        self.tape().record(Arc::new(Normal(Draw { shape: shape.into(), stream })), &[self.into()])
    }
}
