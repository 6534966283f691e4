//! The average of each window.

use super::average_pool_adjoint::AveragePoolAdjoint;
use super::options::Pooling;
use super::windows::Pool;
use crate::base::attributes::Attributes;
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{
    Call, Cotangents, Domain, Entry, Kernel, Primitive, RuleContext, Sample, SampleOperand, Tangents,
};
use crate::tape::var::Var;
use std::sync::Arc;

/// y = the average of each window of x
#[derive(Debug)]
pub struct AveragePool {
    pool: Pool,
    include_padding: bool,
}

impl<F: Real> Primitive<F> for AveragePool {
    fn name(&self) -> &'static str {
        "average_pool"
    }

    fn attributes(&self) -> Attributes {
        self.pool.attributes().with_flag("include_padding", self.include_padding)
    }

    fn formula(&self) -> &'static str {
        "y(p) = Σ x(p·stride + i·dilation − before)/n over the n elements of a window"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let [x] = inputs else { return Err(Mismatch::new("takes 1 operand")) };
        self.pool.kernel().shape(x)
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::average_pool(call.x(0)?, self.pool.kernel(), self.include_padding, call.y(0)?)
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.one(|| at.dy().apply(AveragePoolAdjoint::of(&self.pool, self.include_padding, &at.shape(0))))
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| dx.apply(AveragePool::of(&self.pool, self.include_padding)))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    let make = |a: &Attributes| Ok(AveragePool::of(&Pool::parse(a)?, a.flag("include_padding")?).into());
    Entry::new(AveragePool::of(&Pool::example(), true), make).sampled(|generator| {
        let (pool, x, _) = Pool::sample(generator);
        Sample::new(AveragePool::of(&pool, generator.flip()), vec![SampleOperand::Real(x, Domain::REALS)])
    })
}

impl AveragePool {
    pub(super) fn of(pool: &Pool, include_padding: bool) -> Arc<Self> {
        Arc::new(AveragePool { pool: pool.clone(), include_padding })
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// The average of the elements of each window, over one or two spatial axes, which are the last ones: x \[…, H, W\] gives
    /// \[…, P, Q\] with P = ⌊(before + H + after − (h − 1)·dilation − 1)/stride⌋ + 1 for a window of h elements, or the
    /// quotient rounded up ([`Pooling::ceil`]), and Q likewise. See [`Pooling`] for the options; whether zeros of the padding
    /// count as elements is one of them.
    ///
    /// It is PyTorch's `avg_pool1d` and `avg_pool2d`; the average over whole planes ("global pooling") is
    /// [`mean`](Self::mean). The map is linear.
    ///
    /// A window that is longer than the padded axis, or in the padding alone, is an error that names the axis.
    ///
    /// ```
    /// use autodiff::Pooling;
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(ndarray::array![[[1.0, 3.0, 2.0, 6.0]]]);
    /// assert_eq!(x.average_pool(&Pooling::new(2)).value()?, ndarray::array![[[2.0, 4.0]]].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn average_pool(self, options: &Pooling) -> Self {
        match options.resolved_for(self) {
            Ok((pool, include_padding)) => self.apply(AveragePool::of(&pool, include_padding)),
            Err(mismatch) => self.unfit(AveragePool::of(&Pool::unknown(), true).into(), None, mismatch),
        }
    }
}
