//! Elementwise kernels.

use super::simd;
use super::view::{Operand, Reader, ViewMut};
use crate::error::Refusal;
use crate::real::Real;
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
/// use autodiff::kernels::Elementwise;
/// let hypotenuse = Elementwise::new(|[a, b]: [f64; 2]| (a * a + b * b).sqrt());
/// let mut y = [0.0; 2];
/// hypotenuse.row(&[&[3.0, 5.0], &[4.0, 12.0]], &mut y);
/// assert_eq!(y, [5.0, 13.0]);
/// ```
pub struct Elementwise<F>(Box<dyn Loops<F>>);

trait Loops<F>: Send + Sync {
    fn operands(&self) -> usize;
    fn number(&self, a: F, b: F, c: F) -> F;
    fn row(&self, inputs: &[&[F]], output: &mut [F]);
}

/// A closure and the number of its operands. One that captures nothing takes no memory, and its box none either.
struct Body<C, const N: usize>(C);

impl<F: Real, C: Fn([F; N]) -> F + Send + Sync, const N: usize> Loops<F> for Body<C, N> {
    fn operands(&self) -> usize {
        N
    }

    #[inline]
    fn number(&self, a: F, b: F, c: F) -> F {
        let all = [a, b, c];
        (self.0)(std::array::from_fn(|k| all[k]))
    }

    fn row(&self, inputs: &[&[F]], output: &mut [F]) {
        if let Ok(inputs) = <&[&[F]; N]>::try_from(inputs) {
            simd::each(output, *inputs, &self.0);
        }
    }
}

impl<F: Real> Elementwise<F> {
    /// The function `f` of at most three elements.
    pub fn new<const N: usize>(f: impl Fn([F; N]) -> F + Send + Sync + 'static) -> Self {
        const { assert!(N <= OPERANDS, "an elementwise function takes at most three operands") }
        Elementwise(Box::new(Body(f)))
    }

    /// The number of operands.
    pub fn operands(&self) -> usize {
        self.0.operands()
    }

    /// f of numbers; those beyond the number of operands are ignored.
    #[inline]
    pub fn number(&self, a: F, b: F, c: F) -> F {
        self.0.number(a, b, c)
    }

    /// `output[i] = f(x₀[i], …)`. Leaves the output as it is if there are not as many rows as operands, or one is
    /// shorter than the output.
    #[inline]
    pub fn row(&self, inputs: &[&[F]], output: &mut [F]) {
        self.0.row(inputs, output);
    }

    /// `output[i] = f(x₀[i], …)` for arrays; an operand of a smaller shape is broadcast to that of the output.
    ///
    /// # Errors
    /// A refusal if the number, kinds or shapes of the operands are not those of f and `output`.
    pub fn evaluate(&self, inputs: &[Operand<'_, F>], output: ViewMut<'_, F>) -> Result<(), Refusal> {
        evaluate(&*self.0, inputs, output)
    }
}

impl<F> fmt::Debug for Elementwise<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an elementwise function of {} operands", self.0.operands())
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
    let mut rows = [&[][..]; OPERANDS];
    let mut in_rows = true;
    for (row, input) in rows.iter_mut().zip(inputs) {
        match input.real()?.as_slice() {
            Some(slice) if slice.len() == output.shape().size() => *row = slice,
            _ => in_rows = false,
        }
    }
    if in_rows {
        loops.row(&rows[..n], output.as_mut_slice());
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
        let rows: [&[F]; OPERANDS] = std::array::from_fn(|k| &blocks[k][..length]);
        loops.row(&rows[..n], target);
    }
    Ok(())
}

/// `output[i] = f([x₀[i], x₁[i], …])`: [`Elementwise::evaluate`] of the closure.
///
/// # Errors
/// A refusal if the number, kinds or shapes of the operands are not those of `f` and `output`.
pub fn map<F: Real, const N: usize>(
    inputs: &[Operand<'_, F>],
    output: ViewMut<'_, F>,
    f: impl Fn([F; N]) -> F + Send + Sync + 'static,
) -> Result<(), Refusal> {
    const { assert!(N <= OPERANDS, "an elementwise function takes at most three operands") }
    // The closure stays where it is: one with captured attributes would have to be boxed.
    evaluate(&Body(f), inputs, output)
}
