//! The largest element of each window.

use super::options::Pooling;
use super::windows::Pool;
use crate::base::attributes::Attributes;
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::kind::{Kind, Type};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{
    Call, Cotangents, Derivative, Domain, Entry, Kernel, Primitive, RuleContext, Sample, SampleOperand, Tangents, Types,
};
use crate::tape::var::{Index, Var};
use smallvec::smallvec;
use std::sync::Arc;

/// y₀ = the largest element of each window of x, y₁ = where it is
#[derive(Debug)]
pub struct MaxPool(Pool);

impl<F: Real> Primitive<F> for MaxPool {
    fn name(&self) -> &'static str {
        "max_pool"
    }

    fn attributes(&self) -> Attributes {
        self.0.attributes()
    }

    fn formula(&self) -> &'static str {
        "y₀(p) = x(y₁(p)), the largest x(p·stride + i·dilation − before) of a window"
    }

    fn results(&self, inputs: &[Type]) -> Result<Types, Mismatch> {
        let [x] = inputs else { return Err(Mismatch::new("takes 1 operand")) };
        let y = self.0.kernel().shape(&x.shape)?;
        Ok(smallvec![Type::real(y.clone()), Type::index(y)])
    }

    fn kernel(&self, inputs: &[&Shape]) -> Kernel<F> {
        match inputs {
            [x] if x.rank() > self.0.windows.len() => Kernel::general().divided(&[true], x.size().saturating_mul(2)),
            _ => Kernel::general(),
        }
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::max_pool(call.x(0)?, self.0.kernel(), call.y(0)?, call.index_result(1)?)
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        let Planes { lead, x, places, size } = self.planes(at);
        let axis = lead.len();
        at.one(|| {
            at.dy()
                .reshape(places.clone())
                .scatter_add_along(at.result(1).index().reshape(places), axis, size)
                .reshape(x)
        })
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        let y = at.y().shape().unwrap_or_default();
        let Planes { lead, places, size, .. } = self.planes(at);
        let flat = lead.iter().copied().chain([size]).collect::<Shape>();
        let chosen = |dx: Var<'t, F>| {
            dx.reshape(flat.clone()).take_along(at.result(1).index().reshape(places.clone()), lead.len())
        };
        let mut tangents = at.tangent(dx, |_, dx| chosen(dx).reshape(y.clone()));
        tangents.push(Derivative::None);
        tangents
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(MaxPool::of(&Pool::example()), |a| Ok(MaxPool::of(&Pool::parse(a)?).into())).sampled(|generator| {
        let (pool, x, _) = Pool::sample(generator);
        Sample::new(MaxPool::of(&pool), vec![SampleOperand::Real(x, Domain::REALS)])
    })
}

/// The planes of an operand, each seen as one axis, as the indices count their elements.
struct Planes {
    lead: Shape,
    /// The shape of x.
    x: Shape,
    /// The leading axes, and the number of windows of a plane.
    places: Shape,
    /// The number of elements of a plane.
    size: usize,
}

impl MaxPool {
    fn of(pool: &Pool) -> Arc<Self> {
        Arc::new(MaxPool(pool.clone()))
    }

    fn planes<F: Real>(&self, at: &RuleContext<'_, '_, F>) -> Planes {
        let (x, y) = (at.shape(0), at.y().shape().unwrap_or_default());
        let axes = x.rank().saturating_sub(self.0.windows.len());
        let lead = || x.iter().copied().take(axes);
        let places = lead().chain([y.iter().skip(axes).product()]).collect();
        Planes { lead: lead().collect(), size: x.iter().skip(axes).product(), places, x }
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// The largest element of each window, over one or two spatial axes, which are the last ones: x \[…, H, W\] gives
    /// \[…, P, Q\] with P = ⌊(before + H + after − (h − 1)·dilation − 1)/stride⌋ + 1 for a window of h elements, or the
    /// quotient rounded up ([`Pooling::ceil`]), and Q likewise. The padding has no elements. See [`Pooling`] for the options.
    ///
    /// It is PyTorch's `max_pool1d` and `max_pool2d`. Of elements that tie the first in row-major order is taken, and the
    /// whole cotangent goes to it; a window with a NaN gives NaN.
    ///
    /// A window that is longer than the padded axis, or in the padding alone, is an error that names the axis.
    ///
    /// ```
    /// use autodiff::Pooling;
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(ndarray::array![[[1.0, 3.0, 2.0, 6.0]]]);
    /// let y = x.max_pool(&Pooling::new(2));
    /// assert_eq!(y.value()?, ndarray::array![[[3.0, 6.0]]].into_dyn());
    /// assert_eq!(y.sum(..).backward()?.get(x)?, ndarray::array![[[0.0, 1.0, 0.0, 1.0]]].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn max_pool(self, options: &Pooling) -> Self {
        self.max_pool_with_indices(options).0
    }

    /// As [`max_pool`](Self::max_pool), with the place of each largest element: its number in the plane \[H, W\], counted in
    /// row-major order.
    ///
    /// ```
    /// use autodiff::Pooling;
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[1.0, 3.0], [2.0, 6.0]]);
    /// let (largest, places) = x.max_pool_with_indices(&Pooling::new([2, 1]));
    /// assert_eq!(largest.value()?, ndarray::array![[2.0, 6.0]].into_dyn());
    /// assert_eq!(places.value()?, ndarray::array![[2, 3]].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn max_pool_with_indices(self, options: &Pooling) -> (Self, Index<'t, F>) {
        let kinds = [Kind::Real, Kind::Index];
        let [largest, places] = match options.resolved_for(self) {
            Ok((pool, _)) => self.tape().record_all(MaxPool::of(&pool), &[self.into()], kinds),
            Err(mismatch) => [self.unfit(MaxPool::of(&Pool::unknown()).into(), None, mismatch).into(); 2],
        };
        (largest.var(), places.as_index())
    }
}
