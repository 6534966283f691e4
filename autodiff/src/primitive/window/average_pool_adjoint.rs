//! The adjoint of average pooling.

use super::average_pool::AveragePool;
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
use smallvec::SmallVec;
use std::sync::Arc;

/// y = each element of x, shared out equally among the elements of its window
#[derive(Debug)]
pub struct AveragePoolAdjoint {
    pool: Pool,
    include_padding: bool,
    /// The spatial lengths of the result, which the operand does not say.
    size: SmallVec<[usize; 2]>,
}

impl<F: Real> Primitive<F> for AveragePoolAdjoint {
    fn name(&self) -> &'static str {
        "average_pool_adjoint"
    }

    fn attributes(&self) -> Attributes {
        self.pool.attributes().with_flag("include_padding", self.include_padding).with_list("size", &self.size)
    }

    fn formula(&self) -> &'static str {
        "y(p·stride + i·dilation − before) = Σ x(p)/n over the windows that have the element, n their numbers of elements"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let [x] = inputs else { return Err(Mismatch::new("takes 1 operand")) };
        let Pool { windows, lengths, ceil } = &self.pool;
        let lead = match x.rank().checked_sub(self.size.len()) {
            Some(lead) if self.size.len() == windows.len() && windows.len() == lengths.len() => lead,
            _ => {
                let (size, axes) = (Shape::from(self.size.as_slice()), windows.len());
                return Err(Mismatch::new(format!("x {x} and the size {size} should have {axes} spatial axes")));
            }
        };
        // The number of positions first: it does not depend on how large the result would be.
        for (axis, ((size, length), window)) in self.size.iter().zip(lengths).zip(windows).enumerate() {
            let (positions, own) = (window.positions(*size, *length, *ceil)?, x.get(lead + axis));
            if own != Some(&positions) {
                let message =
                    format!("axis {} of x {x} should be {positions} long, as the pooling of {size}", lead + axis);
                return Err(Mismatch::new(message));
            }
        }
        let y: Shape = x.iter().take(lead).chain(&self.size).copied().collect();
        self.pool.kernel().shape(&y).map(|_| y)
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::average_pool_adjoint(call.x(0)?, self.pool.kernel(), self.include_padding, call.y(0)?)
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.one(|| at.dy().apply(AveragePool::of(&self.pool, self.include_padding)))
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| {
            let (pool, size) = (self.pool.clone(), self.size.clone());
            dx.apply(Arc::new(AveragePoolAdjoint { pool, include_padding: self.include_padding, size }))
        })
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    let size = SmallVec::from_slice(&[4, 5]);
    let example = AveragePoolAdjoint { pool: Pool::example(), include_padding: true, size };
    Entry::new(Arc::new(example), |a| Ok(Arc::new(AveragePoolAdjoint::parse(a)?).into())).sampled(|generator| {
        let (pool, x, y) = Pool::sample(generator);
        let adjoint = AveragePoolAdjoint::of(&pool, generator.flip(), &x);
        Sample::new(adjoint, vec![SampleOperand::Real(y, Domain::REALS)])
    })
}

impl AveragePoolAdjoint {
    fn parse(attributes: &Attributes) -> Result<Self> {
        let (pool, include_padding) = (Pool::parse(attributes)?, attributes.flag("include_padding")?);
        Ok(AveragePoolAdjoint { pool, include_padding, size: SmallVec::from_slice(attributes.list("size")?) })
    }

    /// The adjoint of the pooling of an array of the shape `x`.
    pub(super) fn of(pool: &Pool, include_padding: bool, x: &Shape) -> Arc<Self> {
        let lead = x.rank().saturating_sub(pool.windows.len());
        let size = x.iter().skip(lead).copied().collect();
        Arc::new(AveragePoolAdjoint { pool: pool.clone(), include_padding, size })
    }
}
