//! Primitives: the differentiable maps a tape records. One primitive is one file of a family (a folder of this one), with
//! one line of the [`Registry`]; everything about tanh is in `elementary/tanh.rs`.

mod along;
pub(crate) mod arithmetic;
mod compare;
mod compositions;
pub(crate) mod control;
mod elementary;
pub(crate) mod index;
mod kernel;
mod leaves;
#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod level_tests;
mod linear;
mod random;
mod rearrange;
mod reduce;
mod reference;
mod registry;
mod rule;
mod samples;
mod shapes;
mod signature;
mod window;

pub use crate::base::axis::{Axes, Axis};
pub use crate::base::kind::{Kind, Type};
pub use control::{Keep, Loop, Scan, Step};
pub use kernel::{Call, General, Kernel, Made, Output, Steps};
pub use reference::PrimitiveRef;
pub use registry::{Entry, Registry};
pub use rule::{Cotangents, Derivative, Partial, RuleContext, Tangents};
pub use samples::{Domain, Generator, Sample, SampleOperand};
pub use signature::{Accepts, Notation, Signature};
pub use window::options::{Conv, PerAxis, Pooling};

use crate::base::attributes::Attributes;
use crate::base::error::{Mismatch, Refusal};
use crate::base::real::Real;
use crate::base::shape::{Layout, Shape};
use crate::program::Program;
use crate::tape::var::Var;
use smallvec::SmallVec;
use std::fmt::Debug;

/// What is known of an operand before anything runs.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a, F> {
    /// Its shape.
    pub shape: &'a Shape,
    /// The number in every position, if it is a constant that repeats one.
    pub number: Option<F>,
}

/// The types of a primitive's results, in order: a list, which `[first, second].into_iter().collect()` makes.
pub type Types = SmallVec<[Type; 1]>;

/// A differentiable map (y₀, y₁, …) = f(x₀, x₁, …) between arrays: its shape rule, how it runs, its reverse and tangent
/// rules.
///
/// A primitive knows nothing of who uses it. The rules are written with [`Var`] operations, that is, they *record* the
/// derivative with the same primitives everybody uses, so a derivative prints, is checked and differentiates again like
/// any other computation. A primitive defined in another crate is treated as those of this crate are:
///
/// ```
/// use autodiff::prelude::*;
/// use autodiff::primitive::*;
///
/// /// y = sinh x, with ∂y/∂x = cosh x.
/// #[derive(Debug)]
/// struct Sinh;
///
/// impl<F: Real> Primitive<F> for Sinh {
///     fn name(&self) -> &'static str { "doc::sinh" }
///     fn formula(&self) -> &'static str { "y = sinh x" }
///     fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
///         Kernel::<F>::elementwise(|[x]| x.sinh())
///     }
///     fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
///         Partial::Times((at.y() * at.y() + 1.0).sqrt()) // cosh² − sinh² = 1
///     }
/// }
///
/// let tape = Tape::<f64>::new();
/// let x = tape.input(0.5);
/// let y = x.apply(&Sinh);
/// let slope = y.backward().unwrap().item(x).unwrap();
/// assert!((slope - 0.5f64.cosh()).abs() < 1e-15);
/// ```
///
/// What has to be written depends on how it runs ([`kernel`](Self::kernel)):
///
/// | kernel | besides `name` and `formula` |
/// |---|---|
/// | [`Kernel::Elementwise`] | [`partial`](Self::partial); [`signature`](Self::signature) unless it takes one operand |
/// | [`Kernel::View`] | [`shape`](Self::shape), [`view`](Self::view), [`reverse`](Self::reverse), [`tangent`](Self::tangent) |
/// | [`Kernel::General`] | [`shape`](Self::shape) or [`results`](Self::results), [`evaluate`](Self::evaluate), `reverse`, `tangent` |
///
/// A primitive with several results, or results that are indices or keys, says so in [`results`](Self::results).
///
/// Source: the notion of a primitive with a forward (`d`) and a reverse (`r`) derivative follows Matt R, *Neural
/// Networks* lecture notes (June 2022), §3.4 "Better Backpropagation".
pub trait Primitive<F: Real>: Debug + Send + Sync {
    /// The name, as printed and registered; that of a primitive outside this crate is `"crate::op"`.
    fn name(&self) -> &'static str;

    /// The mathematics in one line, `y = …`.
    fn formula(&self) -> &'static str;

    /// The constants that belong to the operation; with the name and the bodies they are its identity.
    fn attributes(&self) -> Attributes {
        Attributes::new()
    }

    /// The programs it runs, for a primitive that is made of programs.
    fn bodies(&self) -> &[Program<F>] {
        &[]
    }

    /// The operands it takes; one array of reals unless said otherwise.
    fn signature(&self) -> Signature {
        Signature::UNARY
    }

    /// How an application is written in printed rules.
    fn notation(&self) -> Notation {
        Notation::Call
    }

    /// The shape of the one result, an array of reals. Number and kinds of the operands were checked against the signature.
    /// The default is that of elementwise primitives: all operands have one shape, and so has the result.
    ///
    /// # Errors
    /// A [`Mismatch`] that names the axes that clash; the tape adds operands, lines and suggestions.
    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        same_shape(inputs)
    }

    /// The types of the results: one array of reals of the shape that [`shape`](Self::shape) says (of a [`Kernel::View`], of
    /// the operand's kind), unless said otherwise. [`Tape::record_all`](crate::Tape::record_all) has an example with two.
    ///
    /// # Errors
    /// As [`shape`](Self::shape).
    fn results(&self, inputs: &[Type]) -> Result<Types, Mismatch> {
        one_result(self, inputs, Kind::Real)
    }

    /// How it runs on operands of these shapes.
    fn kernel(&self, inputs: &[&Shape]) -> Kernel<F>;

    /// The results, written into the caller's memory: for a [`Kernel::General`]. Memory to work in is asked for by
    /// [`Kernel::with_workspace`] and is `call.workspace()`: a kernel allocates nothing.
    ///
    /// # Errors
    /// A [`Refusal`] of *values*, such as an index out of range; types were checked before.
    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        let _ = call;
        Err(Refusal::new("the primitive has no `evaluate`"))
    }

    /// The result as a layout of its operand's buffer: for a [`Kernel::View`]. `None` where none describes it; it must
    /// describe it where the operand lies in row-major order.
    fn view(&self, input: &Layout) -> Option<Layout> {
        let _ = input;
        None
    }

    /// The partial derivative ∂y/∂xᵢ of an elementwise primitive: both rules follow from it.
    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, i: usize) -> Partial<'t, F> {
        let _ = (at, i);
        Partial::Missing
    }

    /// The reverse derivative: the operands' cotangents rfₓ(ȳ), recorded with `Var` operations, one per operand. The
    /// cotangent of the result is [`at.dy()`](RuleContext::dy).
    ///
    /// Rules never read values, and record nothing for an operand that is not wanted ([`RuleContext::operand`]).
    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.reverse_by(|i| self.partial(at, i))
    }

    /// The differential: the results' tangents dfₓ(ẋ), recorded with `Var` operations, one per result. `None` among `dx` is
    /// a zero tangent; at least one is `Some`.
    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent_by(dx, |i| self.partial(at, i))
    }

    /// The operand that the one result equals, bit for bit and in shape, from what is known of the operands: x·1, x − 0, a
    /// reshape to the shape x has.
    fn identity(&self, inputs: &[Facts<'_, F>]) -> Option<usize> {
        let _ = inputs;
        None
    }
}

/// The shape rule of elementwise primitives: all operands have one shape.
///
/// # Errors
/// A [`Mismatch`] naming the first operand that differs.
pub fn same_shape(inputs: &[&Shape]) -> Result<Shape, Mismatch> {
    match inputs {
        [a] => Ok(Shape::clone(a)),
        [a, b] if a.shares(b) => Ok(Shape::clone(a)),
        _ => same_lengths(inputs),
    }
}

/// [`same_shape`], of any shapes.
#[inline(never)]
fn same_lengths(inputs: &[&Shape]) -> Result<Shape, Mismatch> {
    let [first, rest @ ..] = inputs else { return Err(Mismatch::new("there are no operands")) };
    match rest.iter().find(|shape| **shape != *first) {
        None => Ok(Shape::clone(first)),
        Some(other) => Err(different(first, other)),
    }
}

#[cold]
fn different(first: &Shape, other: &Shape) -> Mismatch {
    Mismatch::new(format!("the operands have different shapes, {first} and {other}"))
}

/// One result of this kind, of the shape that the shape rule says.
pub(crate) fn one_result<F: Real, P: Primitive<F> + ?Sized>(
    primitive: &P,
    inputs: &[Type],
    kind: Kind,
) -> Result<Types, Mismatch> {
    let shapes: SmallVec<[&Shape; 4]> = inputs.iter().map(|input| &input.shape).collect();
    let shape = primitive.shape(&shapes)?;
    let kind = match (primitive.kernel(&shapes), inputs) {
        (Kernel::View, [x]) => x.kind,
        _ => kind,
    };
    Ok(Types::from_buf([Type { kind, shape }]))
}

/// Why the comparisons refuse to be differentiated.
const COMPARISON: &str = "a comparison jumps where its operands are equal and is constant elsewhere; \
                          use it as the condition of `select`";
