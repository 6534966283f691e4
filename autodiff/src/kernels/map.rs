//! Elementwise kernels.

use super::order::Reader;
use super::pair::{Arithmetic, strong_product, strong_quotient};
use super::simd::{self, Level};
use super::view::{Operand, ViewMut};
use crate::base::error::Refusal;
use crate::base::real::Real;
use loops::Body;
pub(crate) use loops::Loops;
use std::fmt;

/// How many elements are gathered at a time where an operand does not lie in a row.
const BLOCK: usize = 256;

/// The most operands an elementwise function takes.
pub(crate) const OPERANDS: usize = 3;

/// A function of one element of each operand, y\[i\] = f(x₀\[i\], x₁\[i\], …), compiled into the loops that apply it to
/// arrays: what an elementwise primitive is.
///
/// Any piece of the arrays may be computed on its own, so that chains of elementwise primitives are evaluated block by
/// block without writing out what lies between. A body without calls and branches becomes vector code for the machine it
/// runs on; its results do not depend on that.
///
/// ```
/// use autodiff::kernels::{Elementwise, Lane};
/// let hypotenuse = Elementwise::new(|[a, b]: [f64; 2]| (a * a + b * b).sqrt());
/// let mut y = [0.0; 2];
/// hypotenuse.row(&[Lane::Row(&[3.0, 5.0]), Lane::Row(&[4.0, 12.0])], &mut y);
/// assert_eq!(y, [5.0, 13.0]);
/// hypotenuse.row(&[Lane::Row(&[3.0, 0.0]), Lane::Number(4.0)], &mut y);
/// assert_eq!(y, [5.0, 4.0]);
/// ```
pub struct Elementwise<F> {
    loops: Box<dyn Loops<F>>,
    /// Whether single numbers, too, are computed by the loops, which have the machine's instructions.
    fused: bool,
    /// That of the loops, at hand: plans ask for it at every step.
    operands: u8,
    /// Which operation of arithmetic it is, if it is one: two of them may share a loop.
    arithmetic: Option<Arithmetic>,
}

/// A kernel for operands that lie in a known way, with what can be decided beforehand decided: of slices that begin with
/// each operand's first element, to the result in order.
pub struct Prepared<F>(Box<dyn Fn(&[&[F]], &mut [F]) + Send + Sync>);

impl<F> Prepared<F> {
    /// The kernel `run`.
    pub fn new(run: impl Fn(&[&[F]], &mut [F]) + Send + Sync + 'static) -> Self {
        Prepared(Box::new(run))
    }

    /// Runs it.
    #[inline]
    pub fn run(&self, inputs: &[&[F]], output: &mut [F]) {
        (self.0)(inputs, output);
    }
}

impl<F> fmt::Debug for Prepared<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a prepared kernel")
    }
}

/// An operand of a loop: a row, or a number that stands for a row of itself.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Lane<'a, F> {
    /// As many numbers as the result has, or more.
    Row(&'a [F]),
    /// One number in every position.
    Number(F),
}

pub(crate) mod loops {
    use super::{Lane, Level};

    /// The loops made from a closure. Nothing outside the kernels names it.
    pub trait Loops<F>: Send + Sync {
        fn operands(&self) -> usize;
        fn number(&self, a: F, b: F, c: F) -> F;
        fn row(&self, level: Level, inputs: &[Lane<'_, F>], output: &mut [F]);
    }

    /// A closure and the number of its operands. One that captures nothing takes no memory, and its box none either.
    #[derive(Debug)]
    pub struct Body<C, const N: usize>(pub(super) C);
}

// A loop for each way in which the operands are rows and numbers, so that numbers stay in registers.

impl<F: Real, C: Fn([F; 1]) -> F + Send + Sync> Loops<F> for Body<C, 1> {
    fn operands(&self) -> usize {
        1
    }

    #[inline]
    fn number(&self, a: F, _: F, _: F) -> F {
        (self.0)([a])
    }

    fn row(&self, level: Level, inputs: &[Lane<'_, F>], output: &mut [F]) {
        match *inputs {
            [Lane::Row(a)] => simd::each(level, output, [a], &self.0),
            [Lane::Number(a)] => output.fill((self.0)([a])),
            _ => {}
        }
    }
}

/// A function of one element, and what it is where elements are common.
struct Mostly<I, C, G> {
    is_common: I,
    common: C,
    general: G,
}

impl<F, I, C, G> Loops<F> for Mostly<I, C, G>
where
    F: Real,
    I: Fn(F) -> bool + Send + Sync,
    C: Fn(F) -> F + Send + Sync,
    G: Fn(F) -> F + Send + Sync,
{
    fn operands(&self) -> usize {
        1
    }

    #[inline]
    fn number(&self, a: F, _: F, _: F) -> F {
        (self.general)(a)
    }

    fn row(&self, level: Level, inputs: &[Lane<'_, F>], output: &mut [F]) {
        match *inputs {
            [Lane::Row(a)] => {
                let is_common = |[a]: [F; 1], _| (self.is_common)(a);
                if !simd::each_and_whether::at(level, output, [a], &|[a]| (self.common)(a), &is_common) {
                    simd::each(level, output, [a], &|[a]| (self.general)(a));
                }
            }
            [Lane::Number(a)] => output.fill((self.general)(a)),
            _ => {}
        }
    }
}

/// A function `strong` of two elements, which is `plain` wherever that is not NaN.
struct Strong<P, S> {
    plain: P,
    strong: S,
}

impl<F, P, S> Loops<F> for Strong<P, S>
where
    F: Real,
    P: Fn(F, F) -> F + Send + Sync,
    S: Fn(F, F) -> F + Send + Sync,
{
    fn operands(&self) -> usize {
        2
    }

    #[inline]
    fn number(&self, a: F, b: F, _: F) -> F {
        (self.strong)(a, b)
    }

    fn row(&self, level: Level, inputs: &[Lane<'_, F>], output: &mut [F]) {
        let (plain, strong) = (&self.plain, &self.strong);
        let is_done = match *inputs {
            [Lane::Row(a), Lane::Row(b)] => simd::each_unless_nan(level, output, [a, b], &|[a, b]| plain(a, b)),
            [Lane::Row(a), Lane::Number(b)] => simd::each_unless_nan(level, output, [a], &|[a]| plain(a, b)),
            [Lane::Number(a), Lane::Row(b)] => simd::each_unless_nan(level, output, [b], &|[b]| plain(a, b)),
            _ => false,
        };
        match *inputs {
            _ if is_done => {}
            [Lane::Row(a), Lane::Row(b)] => simd::each(level, output, [a, b], &|[a, b]| strong(a, b)),
            [Lane::Row(a), Lane::Number(b)] => simd::each(level, output, [a], &|[a]| strong(a, b)),
            [Lane::Number(a), Lane::Row(b)] => simd::each(level, output, [b], &|[b]| strong(a, b)),
            [Lane::Number(a), Lane::Number(b)] => output.fill(strong(a, b)),
            _ => {}
        }
    }
}

/// a/b. By a number that is a power of two it is the product with the reciprocal, to the last bit: processors multiply
/// several times as fast as they divide.
struct Quotient;

impl<F: Real> Loops<F> for Quotient {
    fn operands(&self) -> usize {
        2
    }

    #[inline]
    fn number(&self, a: F, b: F, _: F) -> F {
        a / b
    }

    fn row(&self, level: Level, inputs: &[Lane<'_, F>], output: &mut [F]) {
        match (inputs, exact_reciprocal(inputs)) {
            ([Lane::Row(a), _], Some(factor)) => simd::each(level, output, [a], &|[a]| a * factor),
            _ => Body(|[a, b]: [F; 2]| a / b).row(level, inputs, output),
        }
    }
}

/// a/b that is 0 where a is 0; as [`Quotient`], of which no power of two makes a NaN of 0.
struct StrongQuotient;

impl<F: Real> Loops<F> for StrongQuotient {
    fn operands(&self) -> usize {
        2
    }

    #[inline]
    fn number(&self, a: F, b: F, _: F) -> F {
        strong_quotient(a, b)
    }

    fn row(&self, level: Level, inputs: &[Lane<'_, F>], output: &mut [F]) {
        match (inputs, exact_reciprocal(inputs)) {
            ([Lane::Row(a), _], Some(factor)) => simd::each(level, output, [a], &|[a]| a * factor),
            _ => Strong { plain: |a: F, b| a / b, strong: strong_quotient }.row(level, inputs, output),
        }
    }
}

/// 1/b for a number b of which it is exact and no smaller than normal numbers are: of powers of two.
fn exact_reciprocal<F: Real>(inputs: &[Lane<'_, F>]) -> Option<F> {
    let [_, Lane::Number(b)] = *inputs else { return None };
    let reciprocal = b.recip();
    (reciprocal.is_normal() && b.integer_decode().0.is_power_of_two()).then_some(reciprocal)
}

impl<F: Real, C: Fn([F; 2]) -> F + Send + Sync> Loops<F> for Body<C, 2> {
    fn operands(&self) -> usize {
        2
    }

    #[inline]
    fn number(&self, a: F, b: F, _: F) -> F {
        (self.0)([a, b])
    }

    fn row(&self, level: Level, inputs: &[Lane<'_, F>], output: &mut [F]) {
        let f = &self.0;
        match *inputs {
            [Lane::Row(a), Lane::Row(b)] => simd::each(level, output, [a, b], f),
            [Lane::Row(a), Lane::Number(b)] => simd::each(level, output, [a], &|[a]| f([a, b])),
            [Lane::Number(a), Lane::Row(b)] => simd::each(level, output, [b], &|[b]| f([a, b])),
            [Lane::Number(a), Lane::Number(b)] => output.fill(f([a, b])),
            _ => {}
        }
    }
}

impl<F: Real, C: Fn([F; 3]) -> F + Send + Sync> Loops<F> for Body<C, 3> {
    fn operands(&self) -> usize {
        3
    }

    #[inline]
    fn number(&self, a: F, b: F, c: F) -> F {
        (self.0)([a, b, c])
    }

    fn row(&self, level: Level, inputs: &[Lane<'_, F>], output: &mut [F]) {
        let f = &self.0;
        match *inputs {
            [Lane::Row(a), Lane::Row(b), Lane::Row(c)] => simd::each(level, output, [a, b, c], f),
            [Lane::Row(a), Lane::Row(b), Lane::Number(c)] => simd::each(level, output, [a, b], &|[a, b]| f([a, b, c])),
            [Lane::Row(a), Lane::Number(b), Lane::Row(c)] => simd::each(level, output, [a, c], &|[a, c]| f([a, b, c])),
            [Lane::Number(a), Lane::Row(b), Lane::Row(c)] => simd::each(level, output, [b, c], &|[b, c]| f([a, b, c])),
            [Lane::Row(a), Lane::Number(b), Lane::Number(c)] => simd::each(level, output, [a], &|[a]| f([a, b, c])),
            [Lane::Number(a), Lane::Row(b), Lane::Number(c)] => simd::each(level, output, [b], &|[b]| f([a, b, c])),
            [Lane::Number(a), Lane::Number(b), Lane::Row(c)] => simd::each(level, output, [c], &|[c]| f([a, b, c])),
            [Lane::Number(a), Lane::Number(b), Lane::Number(c)] => output.fill(f([a, b, c])),
            _ => {}
        }
    }
}

impl<F: Real> Elementwise<F> {
    /// The function `f` of at most three elements.
    pub fn new<C, const N: usize>(f: C) -> Self
    where
        C: Fn([F; N]) -> F + Send + Sync + 'static,
        Body<C, N>: Loops<F>,
    {
        Elementwise::of(Body(f))
    }

    /// The function `general` of one element, which is `common` where `is_common` says so: a row of nothing else is computed
    /// by `common` alone, which may do without tests. Single numbers go through the loops, which have the machine's fused
    /// multiply-adds.
    pub fn mostly(
        is_common: impl Fn(F) -> bool + Send + Sync + 'static,
        common: impl Fn(F) -> F + Send + Sync + 'static,
        general: impl Fn(F) -> F + Send + Sync + 'static,
    ) -> Self {
        Elementwise::of_fused(Mostly { is_common, common, general })
    }

    /// One of the operations of arithmetic.
    pub(crate) fn arithmetic(operation: Arithmetic) -> Self {
        // A closure for each, so that each has loops of its own.
        let function = match operation {
            Arithmetic::Add => Elementwise::new(|[a, b]: [F; 2]| Arithmetic::Add.of(a, b)),
            Arithmetic::Sub => Elementwise::new(|[a, b]: [F; 2]| Arithmetic::Sub.of(a, b)),
            Arithmetic::Mul => Elementwise::new(|[a, b]: [F; 2]| Arithmetic::Mul.of(a, b)),
            Arithmetic::Div => Elementwise::of(Quotient),
            Arithmetic::StrongMul => Elementwise::of(Strong { plain: |a: F, b| a * b, strong: strong_product }),
            Arithmetic::StrongDiv => Elementwise::of(StrongQuotient),
        };
        Elementwise { arithmetic: Some(operation), ..function }
    }

    /// The function these loops compute.
    pub(super) fn of(loops: impl Loops<F> + 'static) -> Self {
        let operands = loops.operands() as u8;
        Elementwise { loops: Box::new(loops), fused: false, operands, arithmetic: None }
    }

    /// The function these loops compute, in which fused multiply-adds are many.
    pub(super) fn of_fused(loops: impl Loops<F> + 'static) -> Self {
        Elementwise { fused: true, ..Elementwise::of(loops) }
    }

    /// Which operation of arithmetic it is, if it is one.
    pub(crate) fn as_arithmetic(&self) -> Option<Arithmetic> {
        self.arithmetic
    }

    /// Whether a few numbers are computed sooner one by one than by a loop.
    pub(crate) fn is_light(&self) -> bool {
        !self.fused
    }

    /// The number of operands.
    #[inline]
    pub fn operands(&self) -> usize {
        usize::from(self.operands)
    }

    /// f of numbers; those beyond the number of operands are ignored.
    #[inline]
    pub fn number(&self, a: F, b: F, c: F) -> F {
        // Known operations are not called: long chains of numbers are little else.
        if let Some(operation) = self.arithmetic {
            return operation.of(a, b);
        }
        if !self.fused {
            return self.loops.number(a, b, c);
        }
        let mut y = [F::zero()];
        let (a, b, c) = ([a], [b], [c]);
        let lanes = [Lane::Row(&a[..]), Lane::Row(&b), Lane::Row(&c)];
        self.row(lanes.get(..self.operands()).unwrap_or(&lanes), &mut y);
        y[0]
    }

    /// `output[i] = f(x₀[i], …)`. Leaves the output as it is if there are not as many lanes as operands.
    #[inline]
    pub fn row(&self, inputs: &[Lane<'_, F>], output: &mut [F]) {
        self.row_at(Level::of_machine(), inputs, output);
    }

    /// [`row`](Self::row) with the instructions of a level.
    #[inline]
    pub(crate) fn row_at(&self, level: Level, inputs: &[Lane<'_, F>], output: &mut [F]) {
        self.loops.row(level, inputs, output);
    }

    /// `output[i] = f(x₀[i], …)` for arrays; an operand of a smaller shape is broadcast to that of the output.
    ///
    /// # Errors
    /// A refusal if the number, kinds or shapes of the operands are not those of f and `output`.
    pub fn evaluate(&self, inputs: &[Operand<'_, F>], output: ViewMut<'_, F>) -> Result<(), Refusal> {
        evaluate(&*self.loops, inputs, output)
    }
}

impl<F> fmt::Debug for Elementwise<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an elementwise function of {} operands", self.operands)
    }
}

fn evaluate<F: Real>(
    loops: &dyn Loops<F>,
    inputs: &[Operand<'_, F>],
    mut output: ViewMut<'_, F>,
) -> Result<(), Refusal> {
    let n = loops.operands();
    if inputs.len() != n {
        return Err(Refusal::new(format!("{n} operands expected, got {}", inputs.len())));
    }
    let mut lanes = [Lane::Number(F::zero()); OPERANDS];
    let mut in_lanes = true;
    for (lane, input) in lanes.iter_mut().zip(inputs) {
        let view = input.real()?;
        match (view.as_slice(), view.as_splat()) {
            (Some(slice), _) if view.shape() == output.shape() => *lane = Lane::Row(slice),
            (_, Some(number)) if view.shape() == output.shape() => *lane = Lane::Number(number),
            _ => in_lanes = false,
        }
    }
    if in_lanes {
        loops.row(Level::of_machine(), &lanes[..n], output.as_mut_slice());
        return Ok(());
    }
    // Block by block: what does not lie in a row is gathered, so that one loop does all the arithmetic.
    let mut blocks = [[F::zero(); BLOCK]; OPERANDS];
    let mut readers: [Option<Reader<'_, F>>; OPERANDS] = Default::default();
    for (reader, input) in readers.iter_mut().zip(inputs) {
        let view = input.real()?;
        let other = || Refusal::new(format!("an operand of shape {} for {}", view.shape(), output.shape()));
        *reader = Some(Reader::new(view, output.shape()).ok_or_else(other)?);
    }
    for target in output.as_mut_slice().chunks_mut(BLOCK) {
        let length = target.len();
        for (block, reader) in blocks.iter_mut().zip(&mut readers) {
            if let Some(reader) = reader {
                reader.read(&mut block[..length]);
            }
        }
        let lanes: [Lane<'_, F>; OPERANDS] = std::array::from_fn(|k| Lane::Row(&blocks[k][..length]));
        loops.row(Level::of_machine(), &lanes[..n], target);
    }
    Ok(())
}

/// `output[i] = f([x₀[i], x₁[i], …])`: [`Elementwise::evaluate`] of the closure.
///
/// # Errors
/// A refusal if the number, kinds or shapes of the operands are not those of `f` and `output`.
pub fn map<F: Real, C, const N: usize>(inputs: &[Operand<'_, F>], output: ViewMut<'_, F>, f: C) -> Result<(), Refusal>
where
    C: Fn([F; N]) -> F + Send + Sync,
    Body<C, N>: Loops<F>,
{
    // The closure stays where it is: one with captured attributes would have to be boxed.
    evaluate(&Body(f), inputs, output)
}
