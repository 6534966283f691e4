//! Handles to what a tape recorded.

use crate::base::error::{Error, ErrorKind, Mismatch, Place, Refusal, Result};
use crate::base::ids::NodeId;
use crate::base::real::{Real, held};
use crate::base::shape::Shape;
use crate::primitive::PrimitiveRef;
use crate::tape::node::Op;
use crate::tape::value::{Value, copied};
use crate::tape::{Arg, Tape};
use ndarray::{ArrayD, ArrayViewD};
use std::fmt;
use std::panic::Location;

/// A value on a tape: a `Copy` handle with the operations of mathematics.
///
/// ```
/// use autodiff::{Tape, ndarray::array};
/// let tape = Tape::<f64>::new();
/// let x = tape.input([1.0, 2.0]).named("x");
/// let y = (x.square() + 1).sum(..);
/// assert_eq!(x.value()?, array![1.0, 2.0].into_dyn()); // an array
/// assert_eq!(y.item()?, 7.0); // a number
/// let gradients = y.backward()?;
/// assert_eq!(gradients.get(x)?, array![2.0, 4.0].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// | you want | methods |
/// |---|---|
/// | its numbers | [`value`](Self::value), [`item`](Self::item), [`read`](Self::read) |
/// | its name, shape, error | [`named`](Self::named), [`shape`](Self::shape), [`error`](Self::error) |
/// | derivatives, as numbers | [`backward`](Self::backward), [`backward_from`](Self::backward_from) |
/// | derivatives, recorded | [`gradient`](Self::gradient), [`gradient_of`](Self::gradient_of), [`pullback`](Self::pullback), [`pushforward`](Self::pushforward) |
/// | arithmetic | `+ − * /`, `+= −= *= /=`, [`square`](Self::square), [`powi`](Self::powi), [`powf`](Self::powf), [`pow`](Self::pow) |
/// | functions | [`exp`](Self::exp), [`log`](Self::log), [`sqrt`](Self::sqrt), [`abs`](Self::abs), [`sin`](Self::sin), [`cos`](Self::cos), [`atan`](Self::atan), [`tanh`](Self::tanh), [`sigmoid`](Self::sigmoid), [`softplus`](Self::softplus), [`relu`](Self::relu), … |
/// | comparisons, choices | [`gt`](Self::gt), [`ge`](Self::ge), [`lt`](Self::lt), [`le`](Self::le), [`eq`](Self::eq), [`select`](Self::select), [`masked`](Self::masked), [`maximum`](Self::maximum), [`minimum`](Self::minimum), [`clamp`](Self::clamp) |
/// | reductions | [`sum`](Self::sum), [`mean`](Self::mean), [`max`](Self::max), [`min`](Self::min), [`prod`](Self::prod), [`variance`](Self::variance), [`std`](Self::std), [`norm`](Self::norm), [`log_sum_exp`](Self::log_sum_exp), each also with `_keep` |
/// | along an axis | [`softmax`](Self::softmax), [`log_softmax`](Self::log_softmax), [`cumsum`](Self::cumsum), [`cumprod`](Self::cumprod) |
/// | products | [`matmul`](Self::matmul), [`dot`](Self::dot), [`outer`](Self::outer) |
/// | other shapes | [`reshape`](Self::reshape), [`flatten`](Self::flatten), [`squeeze`](Self::squeeze), [`unsqueeze`](Self::unsqueeze), [`transpose`](Self::transpose), [`permute`](Self::permute), [`broadcast_to`](Self::broadcast_to) |
/// | parts | [`slice`](Self::slice), [`slice_step`](Self::slice_step), [`at`](Self::at), [`row`](Self::row), [`column`](Self::column), [`gather`](Self::gather), [`pick`](Self::pick), [`tril`](Self::tril), [`triu`](Self::triu) |
/// | elements elsewhere | [`pad`](Self::pad), [`flip`](Self::flip), [`roll`](Self::roll), [`Tape::concat`], [`Tape::stack`] |
///
/// Operators broadcast as NumPy does, and take vars, references to vars, and numbers, on either side. Numbers are `f64` or
/// `i32`, on a tape of either precision, and are rounded to `F`.
///
/// # Errors
///
/// Operations on a `Var` do not fail. If operands do not fit, the result is an *error var*: it may be used further, and
/// every query returns the error, with the line where it happened.
///
/// # If the compiler says …
///
/// | the compiler | the remedy |
/// |---|---|
/// | "`f32` is neither a var … nor a number that becomes one" | `x * f64::from(k)`; of a generic `k: F`, `x * k.double()`; of an integer, `x * (n as f64)` |
/// | "cannot multiply `f32` by `Var`" | the same: numbers are `f64` also on a tape of `f32`, so that the literal in `2.0 * x` has one type |
/// | "`Vec<Vec<f64>>` is not an array of `f64`" | the rows might differ in length: an ndarray array, or rows `[f64; n]` |
/// | "cannot be made by summing an iterator" | [`tape.total(&vars)`](Tape::total): a sum of no vars would be on no tape |
/// | "cannot index into a value of type `Var`" | [`x.at([i, j])`](Self::at), [`x.row(i)`](Self::row): an element is a var, recorded on the tape |
/// | "binary operation `>` cannot be applied to type `Var`" | [`x.gt(0.0).select(a, b)`](Self::select) chooses on the tape, element by element; `if x.item()? > 0.0` decides once, for this recording |
/// | "`usize: Neg` is not satisfied", at `x.reshape([n, -1])` | no length is inferred: [`x.flatten(1..)`](Self::flatten) makes rows of everything behind axis 0, `x.flatten(..)` a vector |
/// | "`(…)` is not an array of `f64`", at [`grad`](crate::grad) and its relatives | they take one array: for several, a [`Tape`] with an `input` for each |
/// | "type annotations needed", at `x.sum([])` | `x.sum(Vec::<usize>::new())`: an empty list does not say what it is a list of |
/// | "lifetime may not live long enough", at a closure of vars | `fn f<'t, F: Real>(x: Var<'t, F>, y: Var<'t, F>) -> Var<'t, F>`: a function says that both are on one tape |
pub struct Var<'t, F: Real> {
    pub(crate) tape: &'t Tape<F>,
    pub(crate) id: NodeId,
}

/// An array of indices on a tape: labels, rows to gather. An input of the program like any other.
pub struct Index<'t, F: Real> {
    pub(crate) tape: &'t Tape<F>,
    pub(crate) id: NodeId,
}

/// A random key on a tape. Randomness is an input: the same key draws the same numbers.
pub struct Key<'t, F: Real> {
    pub(crate) tape: &'t Tape<F>,
    pub(crate) id: NodeId,
}

macro_rules! handle {
    ($type:ident) => {
        impl<F: Real> Clone for $type<'_, F> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<F: Real> Copy for $type<'_, F> {}

        /// # Tape, name, shape
        impl<'t, F: Real> $type<'t, F> {
            /// The tape it is on.
            pub fn tape(self) -> &'t Tape<F> {
                self.tape
            }

            /// Its node.
            pub fn id(self) -> NodeId {
                self.id
            }

            /// Gives it a name, which print-outs and errors show; of one of more than 65,536 bytes, the beginning.
            pub fn named(self, name: &str) -> Self {
                self.tape.set_name(self.id, name);
                self
            }

            /// Where it was recorded.
            pub fn origin(self) -> Place {
                self.tape.place_of(self.id)
            }

            /// The error of the operation it comes from, if any.
            pub fn error(self) -> Option<Error> {
                self.shape().err()
            }

            /// Its shape.
            ///
            /// # Errors
            /// The error of the operation it comes from.
            pub fn shape(self) -> Result<Shape> {
                self.tape.with_node(self.id, |node| match &node.op {
                    Op::Error(error) => Err(error.clone()),
                    _ => Ok(node.shape.clone()),
                })
            }
        }

        impl<F: Real> fmt::Debug for $type<'_, F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.tape.describe(self.id, stringify!($type)))
            }
        }
    };
}

handle!(Var);
handle!(Index);
handle!(Key);

/// # Its value
impl<'t, F: Real> Var<'t, F> {
    /// Its value, as an array of its own.
    ///
    /// ```
    /// use autodiff::Tape;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0]);
    /// assert_eq!((x * 2.0).value().unwrap(), ndarray::array![2.0, 4.0].into_dyn());
    /// ```
    ///
    /// # Errors
    /// The error of the operation it comes from; [`ErrorKind::NoValue`] on a tape that records without values.
    pub fn value(self) -> Result<ArrayD<F>> {
        self.read(copied)?.map_err(|refusal| refused(refusal, "value", self))
    }

    /// Reads its value without copying it.
    ///
    /// # Errors
    /// As [`value`](Self::value).
    pub fn read<R>(self, read: impl FnOnce(ArrayViewD<'_, F>) -> R) -> Result<R> {
        let shape = self.shape()?;
        self.tape.read.set(true);
        // A handle to the value, so that the tape is free for whatever `read` records on it.
        let value = self.tape.with_value(self.id, |value, _| value.clone());
        value.array(&shape).map(read).ok_or_else(|| no_value(self.tape, self.id))
    }

    /// Its value as a number.
    ///
    /// # Errors
    /// As [`value`](Self::value); [`ErrorKind::NotScalar`] if it does not have exactly one element.
    pub fn item(self) -> Result<F> {
        let number = self.read(|view| if view.len() == 1 { view.first().copied() } else { None })?;
        number.ok_or_else(|| {
            Error::new(ErrorKind::NotScalar, "item", "expected an array with exactly one element")
                .at(self.origin())
                .with_operand(self.tape.describe(self.id, "x"))
                .with_help("reduce it with `sum(..)` or `mean(..)`, or read the array with `value()`")
        })
    }

    /// Applies a primitive of one operand; the way a user's primitive gets a method.
    #[track_caller]
    pub fn apply(self, primitive: impl Into<PrimitiveRef<F>>) -> Self {
        self.tape.record(primitive, &[self.into()])
    }

    /// Applies a primitive of two operands.
    #[track_caller]
    pub fn apply2(self, primitive: impl Into<PrimitiveRef<F>>, other: Self) -> Self {
        self.tape.record(primitive, &[self.into(), other.into()])
    }

    /// The constant `number` on the same tape, as a scalar.
    #[track_caller]
    pub(crate) fn number(self, number: f64) -> Self {
        match held(number) {
            Ok(number) => self.tape.constant_value(Value::Splat(number), Shape::scalar()),
            Err(message) => self.tape.refuse("constant", &[], Mismatch::new(message)),
        }
    }

    /// `op(self, other)` after both are broadcast to a common shape, visibly.
    #[track_caller]
    pub(crate) fn broadcasting(self, primitive: impl Into<PrimitiveRef<F>>, other: Self) -> Self {
        let primitive = primitive.into();
        let shared = || self.tape.with_nodes(|nodes, _| nodes[self.id].shape.shares(&nodes[other.id].shape));
        if std::ptr::eq(self.tape, other.tape) && !shared() {
            return self.stretching(primitive, other);
        }
        self.apply2(primitive, other)
    }

    /// [`broadcasting`](Self::broadcasting) where the shapes may differ.
    #[track_caller]
    #[inline(never)]
    fn stretching(self, primitive: PrimitiveRef<F>, other: Self) -> Self {
        let (a, b) = match (self.shape(), other.shape()) {
            (Ok(a), Ok(b)) if a != b => (a, b),
            _ => return self.apply2(primitive, other),
        };
        let Some(shape) = a.broadcast(&b) else {
            let args: [Arg<'t, F>; 2] = [self.into(), other.into()];
            return self.tape.mismatched(&primitive, &args, unbroadcastable(&a, &b));
        };
        self.stretched(&a, &shape).apply2(primitive, other.stretched(&b, &shape))
    }

    #[track_caller]
    fn stretched(self, from: &Shape, to: &Shape) -> Self {
        if from == to { self } else { self.broadcast_to(to.clone()) }
    }
}

impl<F: Real> Index<'_, F> {
    /// Its value, as an array of its own.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([3.0, 7.0, 5.0]);
    /// assert_eq!(x.argmax(..).value()?, ndarray::arr0(1).into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Var::value`].
    pub fn value(self) -> Result<ArrayD<usize>> {
        let shape = self.shape()?;
        self.tape.read.set(true);
        let value = self.tape.with_value(self.id, |value, _| value.clone());
        let array = value.indices(&shape).map_err(|refusal| refused(refusal, "value", self.tape.var(self.id)))?;
        array.ok_or_else(|| no_value(self.tape, self.id))
    }
}

impl<F: Real> Key<'_, F> {
    /// The key itself.
    ///
    /// # Errors
    /// As for [`Var::value`].
    pub fn value(self) -> Result<u64> {
        self.shape()?;
        self.tape.read.set(true);
        self.tape
            .with_value(self.id, |value, _| match value {
                Value::Key(key) => Some(*key),
                _ => None,
            })
            .ok_or_else(|| no_value(self.tape, self.id))
    }
}

#[cold]
/// That something cannot be done with the value of `x`.
pub(crate) fn refused<F: Real>(refusal: Refusal, operation: &str, x: Var<'_, F>) -> Error {
    let error = Error::new(ErrorKind::Refused, operation, refusal.message).at(x.origin());
    error.with_operand(x.tape.describe(x.id, "x"))
}

fn no_value<F: Real>(tape: &Tape<F>, id: NodeId) -> Error {
    Error::new(ErrorKind::NoValue, "value", "this tape is symbolic: its nodes have no values")
        .at(tape.place_of(id))
        .with_operand(tape.describe(id, "x"))
        .with_help("freeze the tape with `tape.program(&[y])` and run the program on inputs")
}

/// Why two shapes do not broadcast, with a remedy found by trying.
pub(crate) fn unbroadcastable(a: &Shape, b: &Shape) -> crate::base::error::Mismatch {
    let rank = a.rank().max(b.rank());
    let clash = (0..rank).rev().find_map(|axis| {
        let (x, y) = (a.aligned(axis, rank), b.aligned(axis, rank));
        (x != y && x != 1 && y != 1).then_some((rank - axis, x, y))
    });
    let (from_end, x, y) = clash.unwrap_or((0, 0, 0));
    let mismatch = crate::base::error::Mismatch::new(format!(
        "{a} and {b} do not broadcast: axis −{from_end} is {x} in a and {y} in b, and neither is 1"
    ));
    let column = |shape: &Shape| shape.iter().copied().chain([1]).collect::<Shape>();
    let trials = [
        (b.rank() == 1, a.clone(), column(b), format!("`b.reshape({})`", column(b))),
        (a.rank() == 1, column(a), b.clone(), format!("`a.reshape({})`", column(a))),
        (a.rank() == 2, a.transposed(), b.clone(), "`a.transpose()`".to_owned()),
        (b.rank() == 2, a.clone(), b.transposed(), "`b.transpose()`".to_owned()),
    ];
    let fit = trials.into_iter().filter(|trial| trial.0).find_map(|(_, a, b, name)| Some((a.broadcast(&b)?, name)));
    match fit {
        Some((shape, name)) => mismatch.with_help(format!("{name} would fit and give {shape}")),
        None => mismatch,
    }
}

/// A var, a reference to one, or a number that becomes a constant on the same tape: the other operand of an operator, of a
/// comparison, of `select`, ….
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a var on a tape of `{F}` nor a number that becomes one",
    note = "numbers are `f64` or `i32`, on every tape: of `k: f32` write `f64::from(k)`, of a generic `k: F` write `k.double()`, \
            of an integer `n as f64`",
    note = "an array becomes a var by `tape.constant(array)`, or `tape.input(array)` where its gradient is wanted"
)]
pub trait VarOrNumber<'t, F: Real> {
    /// The operand as a var on the tape of `other`.
    #[track_caller]
    fn on(self, other: Var<'t, F>) -> Var<'t, F>;
}

impl<'t, F: Real> VarOrNumber<'t, F> for Var<'t, F> {
    #[inline]
    fn on(self, _: Var<'t, F>) -> Var<'t, F> {
        self
    }
}

impl<'t, F: Real> VarOrNumber<'t, F> for &Var<'t, F> {
    #[inline]
    fn on(self, _: Var<'t, F>) -> Var<'t, F> {
        *self
    }
}

impl<'t, F: Real> VarOrNumber<'t, F> for f64 {
    #[track_caller]
    fn on(self, other: Var<'t, F>) -> Var<'t, F> {
        other.number(self)
    }
}

impl<'t, F: Real> VarOrNumber<'t, F> for i32 {
    #[track_caller]
    fn on(self, other: Var<'t, F>) -> Var<'t, F> {
        other.number(self.into())
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// The vars broadcast to their common shape; an error var where there is none, or where one is an error.
    #[track_caller]
    pub(crate) fn common<const N: usize>(
        self,
        primitive: impl Into<PrimitiveRef<F>>,
        vars: [Self; N],
    ) -> Result<[Self; N], Self> {
        let primitive = primitive.into();
        let args = vars.map(Arg::Real);
        if vars.iter().any(|var| !std::ptr::eq(var.tape, self.tape)) {
            return Err(self.tape.mixed_tapes(primitive.name(), &args, Location::caller()));
        }
        let mut shapes = Vec::with_capacity(N);
        for var in vars {
            match var.shape() {
                Ok(shape) => shapes.push(shape),
                Err(_) => return Err(var),
            }
        }
        let Some(shape) = shapes.iter().try_fold(Shape::scalar(), |common, shape| common.broadcast(shape)) else {
            let list = shapes.iter().map(Shape::to_string).collect::<Vec<_>>().join(", ");
            let mismatch = crate::base::error::Mismatch::new(format!("{list} do not broadcast to one shape"));
            return Err(self.tape.mismatched(&primitive, &args, mismatch));
        };
        let mut stretched = vars;
        for (var, own) in stretched.iter_mut().zip(&shapes) {
            *var = var.stretched(own, &shape);
        }
        Ok(stretched)
    }
}
