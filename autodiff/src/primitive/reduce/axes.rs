//! What reductions share: the axes they run over, and whether these stay.

use crate::base::attributes::Attributes;
use crate::base::axis::{ascending, sorted};
use crate::base::error::{Mismatch, Result};
use crate::base::real::Real;
use crate::base::shape::{Layout, Shape};
use crate::primitive::{Domain, Generator, Sample, SampleOperand};
use crate::tape::var::Var;

/// The attributes that reductions share: ascending axes, and whether they stay with length 1.
#[derive(Clone, Debug)]
pub(in crate::primitive) struct Reduction {
    pub(in crate::primitive) axes: Vec<usize>,
    pub(in crate::primitive) keep: bool,
}

impl Reduction {
    pub(in crate::primitive) fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(Reduction { axes: sorted(attributes.list("axes")?), keep: attributes.flag("keep")? })
    }

    pub(in crate::primitive) fn attributes(&self) -> Attributes {
        Attributes::new().with_list("axes", &self.axes).with_flag("keep", self.keep)
    }

    pub(in crate::primitive) fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let [x] = inputs else { return Err(Mismatch::new("takes 1 operand")) };
        ascending(&self.axes, "x", x)?;
        Ok(x.reduced(&self.axes, self.keep))
    }

    /// Whether every axis that is reduced has length 1: a sum of one element is that element.
    pub(in crate::primitive) fn is_view(&self, x: &Shape) -> bool {
        self.axes.iter().all(|axis| x.get(*axis) == Some(&1))
    }

    /// The result as a view of the operand, where every axis that is removed has length 1: a sum of one element is that element.
    pub(in crate::primitive) fn view(&self, input: &Layout) -> Option<Layout> {
        if self.axes.iter().any(|axis| input.shape.get(*axis) != Some(&1)) {
            return None;
        }
        let stays = |(i, _): &(usize, &usize)| self.keep || !self.axes.contains(i);
        let pick = |from: &[usize]| from.iter().enumerate().filter(stays).map(|(_, n)| *n).collect::<Vec<_>>();
        let (shape, strides) = (pick(&input.shape).into(), pick(&input.strides).into());
        Some(Layout { shape, strides, offset: input.offset })
    }

    /// A reduced array stretched over the shape it was reduced from.
    pub(in crate::primitive) fn spread<'t, F: Real>(&self, y: Var<'t, F>, x: &Shape) -> Var<'t, F> {
        let y = if self.keep { y } else { y.reshape(x.reduced(&self.axes, true)) };
        y.broadcast_to(x.clone())
    }

    pub(in crate::primitive) fn sample(generator: &mut Generator, domain: Domain) -> (Self, Vec<SampleOperand>) {
        let x = generator.shape(0, 3);
        let reduction = Reduction { axes: generator.axes(x.rank()), keep: generator.flip() };
        (reduction, vec![SampleOperand::Real(x, domain)])
    }

    /// A sample of a primitive that is made of a reduction.
    pub(in crate::primitive) fn sample_of<F: Real, P: crate::primitive::Primitive<F> + 'static>(
        generator: &mut Generator,
        domain: Domain,
        primitive: impl Fn(Reduction) -> P,
    ) -> Sample<F> {
        let (reduction, operands) = Reduction::sample(generator, domain);
        Sample::new(std::sync::Arc::new(primitive(reduction)), operands)
    }
}
