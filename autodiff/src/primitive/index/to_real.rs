//! Indices as reals.

use crate::base::error::Refusal;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{Call, Entry, Kernel, Primitive, Sample, SampleOperand, Signature};
use crate::tape::var::{Index, Var};

/// y = i as reals
#[derive(Debug)]
pub struct ToReal;

impl<F: Real> Primitive<F> for ToReal {
    fn name(&self) -> &'static str {
        "to_real"
    }

    fn signature(&self) -> Signature {
        Signature::Fixed(&[("i", Signature::INDEX)])
    }

    fn formula(&self) -> &'static str {
        "y = i as a real number"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::index_to_real(call.index(0)?, call.y(0)?)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&ToReal)
        .sampled(|generator| Sample::new(&ToReal, vec![SampleOperand::Index(generator.shape(0, 3), 100)]))
}

impl<'t, F: Real> Index<'t, F> {
    /// The indices as reals, each the nearest number: exact up to 2²⁴ in single precision and 2⁵³ in double.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let i = tape.index(ndarray::array![3, 0]);
    /// assert_eq!((i.to_real() / 2.0).value()?, ndarray::array![1.5, 0.0].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn to_real(self) -> Var<'t, F> {
        self.tape().record(&ToReal, &[self.into()])
    }
}
