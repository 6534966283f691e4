//! What drawing has in common, whatever the distribution.

use crate::base::attributes::Attributes;
use crate::base::error::Result;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Generator, PrimitiveRef, Sample, SampleOperand, Signature};

/// The operand of every distribution.
pub(super) const KEYED: Signature = Signature::Fixed(&[("k", Signature::KEY)]);

/// How many numbers are drawn, and from which stream of the key.
#[derive(Clone, Debug)]
pub(super) struct Draw {
    pub(super) shape: Shape,
    pub(super) stream: usize,
}

impl Draw {
    pub(super) fn example() -> Self {
        Draw { shape: [3].into(), stream: 0 }
    }

    pub(super) fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(Draw { shape: attributes.list("shape")?.into(), stream: attributes.length("stream")? })
    }

    pub(super) fn attributes(&self) -> Attributes {
        Attributes::new().with_list("shape", &self.shape).with("stream", self.stream.into())
    }

    pub(super) fn stream(&self) -> u64 {
        self.stream as u64
    }

    pub(super) fn sample<F: Real>(generator: &mut Generator, primitive: fn(Draw) -> PrimitiveRef<F>) -> Sample<F> {
        let draw = Draw { shape: generator.shape(0, 3), stream: generator.integer(0, 9) };
        Sample::new(primitive(draw), vec![SampleOperand::Key(generator.integer(0, 1 << 30) as u64)])
    }
}
