//! Random numbers, from a key that is an input of the program.

use crate::base::attributes::Attributes;
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{
    Call, Cotangents, Derivative, Entry, Kernel, Primitive, RuleContext, Sample, SampleOperand, Signature, Tangents,
};
use crate::tape::var::{Key, Var};
use smallvec::smallvec;
use std::sync::Arc;

/// y = numbers uniform on [0, 1)
#[derive(Debug)]
pub struct Uniform {
    pub(in crate::primitive) shape: Shape,
    pub(in crate::primitive) stream: usize,
}

impl Uniform {
    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(Uniform { shape: attributes.list("shape")?.into(), stream: attributes.length("stream")? })
    }
}

impl<F: Real> Primitive<F> for Uniform {
    fn name(&self) -> &'static str {
        "uniform"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with_list("shape", &self.shape).with("stream", self.stream.into())
    }

    fn signature(&self) -> Signature {
        Signature::Fixed(&[("k", Signature::KEY)])
    }

    fn formula(&self) -> &'static str {
        "y uniform on [0, 1), drawn with the key k"
    }

    fn shape(&self, _: &[&Shape]) -> Result<Shape, Mismatch> {
        Ok(self.shape.clone())
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        let mut output = call.y(0)?;
        kernels::uniform(call.key(0)?, self.stream as u64, output.as_mut_slice());
        Ok(())
    }

    fn reverse<'t>(&self, _: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        [Derivative::None].into_iter().collect()
    }

    fn tangent<'t>(&self, _: &RuleContext<'_, 't, F>, _: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        smallvec![Derivative::None]
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(Uniform { shape: [3].into(), stream: 0 }), |a| Ok(Arc::new(Uniform::parse(a)?).into())).sampled(
        |generator| {
            let uniform = Uniform { shape: generator.shape(0, 3), stream: generator.integer(0, 9) };
            Sample::new(Arc::new(uniform), vec![SampleOperand::Key(generator.integer(0, 1 << 30) as u64)])
        },
    )
}

impl<'t, F: Real> Key<'t, F> {
    /// Numbers uniform on [0, 1): the same for the same key, `stream` and shape. Different streams of one key are
    /// independent: give each use of a key its own.
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
        self.tape().record(Arc::new(Uniform { shape: shape.into(), stream }), &[self.into()])
    }
}
