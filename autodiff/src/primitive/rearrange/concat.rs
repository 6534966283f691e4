//! Joining arrays along an axis.

use crate::base::attributes::Attributes;
use crate::base::axis::{Axis, no_axis};
use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::kind::{Kind, Type};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{Operand, View, ViewMut, copy_rows};
use crate::primitive::{
    Accepts, Call, Cotangents, Derivative, Domain, Entry, Generator, Kernel, Primitive, RuleContext, Sample,
    SampleOperand, Signature, Tangents, Types, one_result,
};
use crate::tape::Arg;
use crate::tape::var::{Index, Var};
use smallvec::smallvec;
use std::sync::Arc;

/// y = x₀, x₁, … one after the other along an axis
#[derive(Debug)]
pub struct Concat {
    pub(in crate::primitive) axis: usize,
}

impl Concat {
    fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(Concat { axis: attributes.length("axis")? })
    }
}

impl<F: Real> Primitive<F> for Concat {
    fn name(&self) -> &'static str {
        "concat"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("axis", self.axis.into())
    }

    fn signature(&self) -> Signature {
        Signature::Variadic(Accepts::RealOrIndex)
    }

    fn formula(&self) -> &'static str {
        "y = x₀, x₁, … one after the other along an axis"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let Some(first) = inputs.first() else { return Err(Mismatch::new("there are no operands")) };
        if self.axis >= first.rank() {
            return Err(no_axis(self.axis, "x₀", first));
        }
        let mut length = 0usize;
        for shape in inputs {
            if shape.with_axis(self.axis, 0) != first.with_axis(self.axis, 0) {
                return Err(Mismatch::new(format!("{first} and {shape} differ outside axis {}", self.axis)));
            }
            length = length.saturating_add(shape.get(self.axis).copied().unwrap_or(0));
        }
        Ok(first.with_axis(self.axis, length))
    }

    fn results(&self, inputs: &[Type]) -> Result<Types, Mismatch> {
        let kind = inputs.first().map_or(Kind::Real, |x| x.kind);
        match inputs.iter().position(|x| x.kind != kind) {
            None => one_result::<F, _>(self, inputs, kind),
            Some(i) => {
                let words = "arrays of reals and arrays of indices do not join";
                Err(Mismatch::new(format!("{words}: operand {i} is not of the kind of operand 0"))
                    .with_help("`i.to_real()` makes reals of indices"))
            }
        }
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        match call.inputs().first() {
            Some(Operand::Index(_)) => self.join(call.inputs(), Operand::index, &mut call.index_result(0)?),
            _ => self.join(call.inputs(), Operand::real, &mut call.y(0)?),
        }
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        let mut start = 0;
        (0..at.inputs().len())
            .map(|i| {
                let length = at.shape(i).get(self.axis).copied().unwrap_or(0);
                start += length;
                at.operand(i, || at.dy().slice(self.axis, start - length..start))
            })
            .collect()
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        let parts = dx.iter().enumerate().map(|(i, dx)| dx.unwrap_or_else(|| at.zeros(i))).collect::<Vec<_>>();
        smallvec![Derivative::Of(at.y().tape().concat(&parts, self.axis))]
    }
}

impl Concat {
    /// Row by row: a row of the result is made of one row of each operand, rows running over the axes before `axis`.
    fn join<'a, F: Real, T: Copy>(
        &self,
        inputs: &[Operand<'a, F>],
        read: fn(&Operand<'a, F>) -> Result<View<'a, T>, Refusal>,
        output: &mut ViewMut<'_, T>,
    ) -> Result<(), Refusal> {
        let below = |shape: &Shape| shape.iter().skip(self.axis).product::<usize>();
        let width = below(output.shape());
        let mut start = 0;
        for input in inputs {
            let x = read(input)?;
            let part = below(x.shape());
            match (x.as_slice(), output.as_mut_slice().get_mut(start..)) {
                (Some(x), Some(output)) => copy_rows(x, part, output, width),
                _ => {
                    let mut rows = x.reader();
                    for row in output.as_mut_slice().chunks_mut(width.max(1)) {
                        row.get_mut(start..start + part).into_iter().for_each(|row| rows.read(row));
                    }
                }
            }
            start += part;
        }
        Ok(())
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::new(Arc::new(Concat { axis: 0 }), |a| Ok(Arc::new(Concat::parse(a)?).into())).sampled(|generator| {
        let shape = generator.shape(1, 3);
        let axis = generator.integer(0, shape.rank() - 1);
        let part = |generator: &mut Generator| {
            SampleOperand::Real(shape.with_axis(axis, generator.integer(1, 3)), Domain::REALS)
        };
        let parts = (0..generator.integer(1, 4)).map(|_| part(generator)).collect();
        Sample::new(Arc::new(Concat { axis }), parts)
    })
}

impl<F: Real> crate::Tape<F> {
    /// The arrays one after the other along `axis`; they have the same lengths elsewhere.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let (x, y) = (tape.input([1.0, 2.0]), tape.input([3.0]));
    /// assert_eq!(tape.concat(&[x, y], 0).value().unwrap(), ndarray::array![1.0, 2.0, 3.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn concat<'t>(&'t self, parts: &[Var<'t, F>], axis: impl Into<Axis>) -> Var<'t, F> {
        let parts: Vec<Arg<'t, F>> = parts.iter().map(|x| (*x).into()).collect();
        self.joined(&parts, axis.into(), Kind::Real).var()
    }

    /// As [`concat`](Self::concat), for arrays of indices.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let (i, j) = (tape.index(ndarray::array![1, 2]), tape.index(ndarray::array![0]));
    /// assert_eq!(tape.concat_indices(&[i, j], 0).value()?, ndarray::array![1, 2, 0].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn concat_indices<'t>(&'t self, parts: &[Index<'t, F>], axis: impl Into<Axis>) -> Index<'t, F> {
        let parts: Vec<Arg<'t, F>> = parts.iter().map(|x| (*x).into()).collect();
        self.joined(&parts, axis.into(), Kind::Index).as_index()
    }

    #[track_caller]
    fn joined<'t>(&'t self, parts: &[Arg<'t, F>], axis: Axis, kind: Kind) -> Arg<'t, F> {
        let shapes: Vec<Shape> = parts.iter().filter_map(|x| x.shape().ok()).collect();
        let here = parts.iter().all(|x| std::ptr::eq(x.parts().0, self));
        let axis = match shapes.first().map(|first| axis.of("x₀", first)) {
            Some(Ok(axis)) => axis,
            Some(Err(mismatch)) if here && shapes.len() == parts.len() => {
                return self.mismatched(&Arc::new(Concat { axis: usize::MAX }).into(), parts, mismatch).into();
            }
            // What else is wrong is found by recording: no operands, an error among them, one of another tape.
            _ => 0,
        };
        let [y] = self.record_all(Arc::new(Concat { axis }), parts, [kind]);
        y
    }
}
