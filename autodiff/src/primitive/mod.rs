//! Primitives: the differentiable maps a tape records. One primitive is one file of this folder and one line of the
//! [`Registry`]; everything about tanh is in `tanh.rs`.

pub(crate) mod arithmetic;
mod compare;
mod compositions;
mod elementary;
mod index;
mod linear;
mod random;
mod rearrange;
mod reduce;
mod registry;
mod rule;
mod samples;

pub use crate::base::kind::Kind;
pub use reduce::axes::Axes;
pub use registry::Registry;
pub use rule::{Cotangents, Derivative, Site};
pub use samples::{Dice, Domain, Sample, SampleOperand};

use crate::base::attributes::Attributes;
use crate::base::error::{Mismatch, Refusal};
use crate::base::real::Real;
use crate::base::shape::{Layout, Shape};
use crate::kernels::{Elementwise, Operand, Prepared, ViewMut};
use crate::program::Program;
use crate::tape::var::Var;
use std::fmt::Debug;
use std::ops::Deref;
use std::sync::Arc;

/// The operands a primitive takes, with the names its formula and its messages use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signature {
    /// Exactly these.
    Fixed(&'static [(&'static str, Kind)]),
    /// One or more arrays of reals.
    Variadic,
}

impl Signature {
    /// One array of reals, `x`.
    pub const UNARY: Signature = Signature::Fixed(&[("x", Kind::Real)]);
    /// Two arrays of reals, `a` and `b`.
    pub const BINARY: Signature = Signature::Fixed(&[("a", Kind::Real), ("b", Kind::Real)]);

    /// The name and kind of operand `i`.
    pub fn operand(&self, i: usize) -> Option<(&'static str, Kind)> {
        match self {
            Signature::Fixed(operands) => operands.get(i).copied(),
            Signature::Variadic => {
                let names = ["x₀", "x₁", "x₂", "x₃", "x₄", "x₅", "x₆", "x₇", "x₈", "x₉"];
                Some((names.get(i).copied().unwrap_or("xᵢ"), Kind::Real))
            }
        }
    }
}

/// What is known of an operand before anything runs.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a, F> {
    /// Its shape.
    pub shape: &'a Shape,
    /// The number in every position, if it is a constant that repeats one.
    pub number: Option<F>,
}

/// How an application of a primitive is written in rules and formulas.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notation {
    /// `name(a, b; attributes)`.
    Call,
    /// `a + b`; a larger number binds tighter (add 1, multiply 2, prefix 3, power 4).
    Infix(&'static str, u8),
    /// `−a`.
    Prefix(&'static str),
    /// `aᵀ`.
    Postfix(&'static str),
    /// `|a|`.
    Around(&'static str, &'static str),
}

/// A differentiable map y = f(x₀, x₁, …) between arrays: its shape rule, its kernel, its reverse and tangent rules.
///
/// A primitive knows nothing of who uses it. The rules are written with [`Var`] operations, that is, they *record* the
/// derivative with the same primitives everybody uses, so a derivative prints, is checked and differentiates again like
/// any other computation. A primitive defined in another crate is the equal of the ones here:
///
/// ```
/// use autodiff::prelude::*;
/// use autodiff::primitive::*;
///
/// /// y = sinh x, with dy = cosh(x) dx.
/// #[derive(Debug)]
/// struct Sinh;
///
/// impl<F: Real> Primitive<F> for Sinh {
///     fn name(&self) -> &'static str { "doc::sinh" }
///     fn formula(&self) -> &'static str { "y = sinh x" }
///     fn elementwise(&self) -> Option<Elementwise<F>> {
///         Some(Elementwise::<F>::new(|[x]| x.sinh()))
///     }
///     fn reverse<'t>(&self, at: &Site<'_, 't, F>, dy: Var<'t, F>) -> Cotangents<'t, F> {
///         at.one(|| dy * (at.y() * at.y() + 1.0).sqrt()) // cosh² − sinh² = 1
///     }
///     fn tangent<'t>(&self, at: &Site<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Derivative<'t, F> {
///         at.tangent(dx, |_, dx| dx * (at.y() * at.y() + 1.0).sqrt())
///     }
///     fn sample(&self, dice: &mut Dice) -> Sample<F> {
///         Sample::elementwise(dice, &[Domain::between(-300.0, 300.0)])
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
/// Source: the notion of a primitive with a forward (`d`) and a reverse (`r`) derivative follows Matt R, *Neural
/// Networks* lecture notes (June 2022), §3.4 "Better Backpropagation".
pub trait Primitive<F: Real>: Debug + Send + Sync {
    /// The name, as printed and registered; that of a primitive outside this crate is `"crate::op"`.
    fn name(&self) -> &'static str;

    /// The constants that belong to the operation; with the name they are its identity.
    fn attributes(&self) -> Attributes {
        Attributes::new()
    }

    /// The operands it takes; one array of reals unless said otherwise.
    fn signature(&self) -> Signature {
        Signature::UNARY
    }

    /// The mathematics in one line, `y = …`.
    fn formula(&self) -> &'static str;

    /// How an application is written in printed rules.
    fn notation(&self) -> Notation {
        Notation::Call
    }

    /// The shape of the result. Number and kinds of the operands were checked against the signature. The default is that
    /// of elementwise primitives: all operands have one shape, and so has the result.
    ///
    /// # Errors
    /// A [`Mismatch`] that names the axes that clash; the tape adds operands, lines and suggestions.
    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        same_shape(inputs)
    }

    /// The function of one element of each operand, where y\[i\] depends on the x\[i\] alone (an operand of a smaller
    /// shape than the result is broadcast to it). Where there is one, it may be called instead of
    /// [`evaluate`](Self::evaluate): on numbers, or on pieces of the operands.
    fn elementwise(&self) -> Option<Elementwise<F>> {
        None
    }

    /// y = f(x), written into the caller's memory: the loop over [`elementwise`](Self::elementwise), or a kernel of its own.
    ///
    /// # Errors
    /// A [`Refusal`] of *values*, such as an index out of range; shapes were checked before.
    fn evaluate(&self, inputs: &[Operand<'_, F>], output: ViewMut<'_, F>) -> Result<(), Refusal> {
        match self.elementwise() {
            Some(function) => function.evaluate(inputs, output),
            None => Err(Refusal::new("the primitive has no kernel: neither `elementwise` nor `evaluate`")),
        }
    }

    /// The reverse derivative: the operands' cotangents rfₓ(ȳ), recorded with `Var` operations, one per operand.
    ///
    /// Rules never read values, and record nothing for an operand that is not wanted ([`Site::operand`]).
    fn reverse<'t>(&self, at: &Site<'_, 't, F>, dy: Var<'t, F>) -> Cotangents<'t, F>;

    /// The differential: the result's tangent dfₓ(ẋ), recorded with `Var` operations. `None` is a zero tangent; at least
    /// one is `Some`.
    fn tangent<'t>(&self, at: &Site<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Derivative<'t, F>;

    /// For a primitive that only rearranges: the result as a layout of its operand's buffer, so that no data moves.
    fn view(&self, _input: &Layout) -> Option<Layout> {
        None
    }

    /// The operand that the result equals, bit for bit and in shape, from what is known of the operands: x·1, x − 0, a
    /// reshape to the shape x has.
    fn identity(&self, _inputs: &[Known<'_, F>]) -> Option<usize> {
        None
    }

    /// Whether the result is the one number Σ x, added in the order of [`kernels::sum`](crate::kernels::sum), so that a
    /// plan may add while it computes x.
    fn is_total(&self, _input: &Shape) -> bool {
        false
    }

    /// A kernel for operands that lie like `inputs`, if one is worth preparing: as [`evaluate`](Self::evaluate), bit for bit.
    fn prepared(&self, _inputs: &[&Layout]) -> Option<Prepared<F>> {
        None
    }

    /// Whether rows of the result (along axis 0) can be computed each on its own, by `evaluate` on the same rows of these
    /// operands (`true`) and the whole of the others: what a plan may divide among threads.
    fn rows(&self) -> Option<&'static [bool]> {
        None
    }

    /// For a primitive that stands for a composition: the program of that composition.
    fn composition(&self) -> Option<&Program<F>> {
        None
    }

    /// Random operands from the whole domain, for the sweep that checks every primitive's rules.
    fn sample(&self, dice: &mut Dice) -> Sample<F>;
}

/// The shape rule of elementwise primitives: all operands have one shape.
///
/// # Errors
/// A [`Mismatch`] naming the first operand that differs.
pub fn same_shape(inputs: &[&Shape]) -> Result<Shape, Mismatch> {
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

/// Why the comparisons refuse to be differentiated.
const COMPARISON: &str = "a comparison jumps where its operands are equal and is constant elsewhere; \
                          use it as the condition of `select`";

/// A reference to a primitive: a static one, or one that is shared because it has attributes.
#[derive(Debug)]
pub enum PrimitiveRef<F: Real> {
    /// A primitive without attributes.
    Static(&'static dyn Primitive<F>),
    /// A primitive made at run time.
    Shared(Arc<dyn Primitive<F>>),
}

impl<F: Real> Clone for PrimitiveRef<F> {
    fn clone(&self) -> Self {
        match self {
            PrimitiveRef::Static(primitive) => PrimitiveRef::Static(*primitive),
            PrimitiveRef::Shared(primitive) => PrimitiveRef::Shared(primitive.clone()),
        }
    }
}

impl<F: Real> Deref for PrimitiveRef<F> {
    type Target = dyn Primitive<F>;
    fn deref(&self) -> &Self::Target {
        match self {
            PrimitiveRef::Static(primitive) => *primitive,
            PrimitiveRef::Shared(primitive) => &**primitive,
        }
    }
}

impl<F: Real, P: Primitive<F>> From<&'static P> for PrimitiveRef<F> {
    fn from(primitive: &'static P) -> Self {
        PrimitiveRef::Static(primitive)
    }
}

impl<F: Real, P: Primitive<F> + 'static> From<Arc<P>> for PrimitiveRef<F> {
    fn from(primitive: Arc<P>) -> Self {
        PrimitiveRef::Shared(primitive)
    }
}

impl<F: Real> PartialEq for PrimitiveRef<F> {
    /// The same name and the same attributes.
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() && self.attributes() == other.attributes()
    }
}
