//! How a primitive runs: one closed choice, and what a kernel of its own is given.

use crate::base::error::Refusal;
use crate::base::real::Real;
use crate::base::shape::Layout;
use crate::kernels::Loops;
use crate::kernels::loops::Body;
use crate::kernels::{Elementwise, Operand, Prepared, View, ViewMut};

/// How a primitive runs. Recording, programs, traces and plans all match on this, so that what one of them
/// computes all of them compute.
#[derive(Debug)]
pub enum Kernel<F: Real> {
    /// y\[i\] = f(x₀\[i\], x₁\[i\], …): one result, to whose shape each operand broadcasts. Any piece of it may be computed on
    /// its own, so a plan fuses such operations.
    Elementwise(Elementwise<F>),
    /// The elements of the one operand in another order, as [`Primitive::view`](super::Primitive::view) says: no data moves.
    View,
    /// The sum Σ x of all elements of the one operand, in the order of [`kernels::sum`](crate::kernels::sum). A plan may add
    /// while it computes x.
    Sum,
    /// The program [`Primitive::bodies`](super::Primitive::bodies)\[0\], applied to the operands.
    Program,
    /// The program [`Primitive::bodies`](super::Primitive::bodies)\[0\], once for each step of a loop.
    Scan(Steps),
    /// Anything else: [`Primitive::evaluate`](super::Primitive::evaluate).
    General(General<F>),
}

impl<F: Real> Kernel<F> {
    /// The function `f` of one element of each operand (at most three).
    ///
    /// The type of the numbers is named, as below, where `f` calls methods; a constant in it is an `F`, too.
    ///
    /// ```
    /// use autodiff::{Real, primitive::Kernel};
    /// fn softsign<F: Real>() -> Kernel<F> {
    ///     Kernel::<F>::elementwise(|[x]| x / (F::one() + x.abs()))
    /// }
    /// fn halves<F: Real>() -> Kernel<F> {
    ///     Kernel::<F>::elementwise(|[a, b]| F::of(0.5) * (a + b))
    /// }
    /// # let _ = (softsign::<f64>(), halves::<f32>());
    /// ```
    #[inline]
    pub fn elementwise<C, const N: usize>(f: C) -> Self
    where
        C: Fn([F; N]) -> F + Send + Sync + 'static,
        Body<C, N>: Loops<F>,
    {
        Kernel::Elementwise(Elementwise::new(f))
    }

    /// [`Primitive::evaluate`](super::Primitive::evaluate), without a workspace.
    pub fn general() -> Self {
        Kernel::General(General::default())
    }

    /// [`Primitive::evaluate`](super::Primitive::evaluate), with a workspace of `length` numbers ([`Call::workspace`]).
    pub fn with_workspace(length: usize) -> Self {
        Kernel::General(General { workspace: length, ..General::default() })
    }

    /// Says of a general kernel that rows of its results can be computed each on their own ([`General::rows`]), and how
    /// much work they are together. The workspace serves one thread: each has its own.
    pub(crate) fn divided(self, rows: &'static [bool], work: usize) -> Self {
        match self {
            Kernel::General(general) => Kernel::General(General { rows: Some(rows), work, ..general }),
            other => other,
        }
    }
}

/// The steps of a loop over a program, whose inputs are the number of the step, the carries, the rows that the step has of
/// the per-step inputs, and the invariants, and whose outputs are the carries and the outputs of the step.
///
/// Where fewer than [`count`](Self::count) steps are made, the rows of the others are zeros in every stacked output.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Steps {
    /// How many there are at most.
    pub count: usize,
    /// How many are made of them.
    pub made: Made,
    /// How many arrays go from step to step.
    pub carries: usize,
    /// How many arrays have a row for each step.
    pub inputs: usize,
    /// Whether the last step comes first.
    pub reversed: bool,
}

/// How many steps a loop makes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Made {
    /// All of them.
    All,
    /// As many as the last operand of the loop says, a number or an index.
    Given,
    /// Steps are made as long as the first output of the body behind the carries, a number, is not 0. In its place among
    /// the results of the loop stands how many steps were made, an index.
    While,
}

impl Steps {
    /// How many operands stand behind the invariants: the number of steps, where it is given.
    pub(crate) fn behind(&self) -> usize {
        usize::from(self.made == Made::Given)
    }

    /// How many results stand between the carries and the outputs: the number of steps, where the body decides it.
    pub(crate) fn between(&self) -> usize {
        usize::from(self.made == Made::While)
    }

    /// The number of steps that `given` asks for, which is an integer.
    pub(crate) fn checked<F: Real>(&self, given: F) -> std::result::Result<usize, Refusal> {
        let whole = given.to_f64().unwrap_or(f64::NAN);
        if whole >= 0.0 && whole <= self.count as f64 && whole.fract() == 0.0 {
            return self.checked_index(whole as usize);
        }
        Err(Refusal::new(format!("the number of steps should be an integer from 0 to {}, not {given}", self.count)))
    }

    /// As [`checked`](Self::checked), of an index.
    pub(crate) fn checked_index(&self, given: usize) -> std::result::Result<usize, Refusal> {
        match given <= self.count {
            true => Ok(given),
            false => Err(Refusal::new(format!("the number of steps should be from 0 to {}, not {given}", self.count))),
        }
    }
}

/// What is known of a kernel that is neither elementwise, nor a view, a sum or a program.
#[derive(Clone, Copy, Debug)]
pub struct General<F: Real> {
    /// How many numbers of memory it takes to work in.
    pub(crate) workspace: usize,
    /// Whether rows of the result (along axis 0) can be computed each on its own, from the same rows of these operands
    /// (`true`) and the whole of the others: what a plan may divide among threads.
    pub(crate) rows: Option<&'static [bool]>,
    /// Multiply-adds, or what takes as long, where they are not as many as the elements that are read or written.
    pub(crate) work: usize,
    /// A kernel for operands that lie like these, with the bits of `evaluate`.
    pub(crate) prepare: Option<Prepare<F>>,
    /// Whether it is the matrix product, which a plan may add to an array as it computes it.
    pub(crate) product: bool,
}

/// Makes a kernel for operands that lie in a known way, if one is worth preparing.
pub(crate) type Prepare<F> = fn(&[&Layout]) -> Option<Prepared<F>>;

impl<F: Real> General<F> {
    /// How many numbers of memory it takes to work in.
    pub fn workspace(&self) -> usize {
        self.workspace
    }
}

impl<F: Real> Default for General<F> {
    fn default() -> Self {
        General { workspace: 0, rows: None, work: 0, prepare: None, product: false }
    }
}

/// Where a kernel writes a result.
#[derive(Debug)]
pub enum Output<'a, F> {
    /// An array of reals.
    Real(ViewMut<'a, F>),
    /// An array of indices.
    Index(ViewMut<'a, usize>),
    /// A random key.
    Key(&'a mut u64),
    /// Nothing any more: the kernel took it.
    Taken,
}

/// One run of a kernel: operands, results to be written, memory to work in.
///
/// What a kernel asks for in vain (an operand of another kind, one there is not, an output taken twice) is a [`Refusal`].
#[derive(Debug)]
pub struct Call<'c, 'a, F> {
    inputs: &'c [Operand<'c, F>],
    outputs: &'c mut [Output<'a, F>],
    workspace: &'c mut [F],
}

impl<'c, 'a, F: Real> Call<'c, 'a, F> {
    /// A run on these operands and into these results. The workspace is as long as the kernel asked for, and holds anything.
    pub fn new(inputs: &'c [Operand<'c, F>], outputs: &'c mut [Output<'a, F>], workspace: &'c mut [F]) -> Self {
        Call { inputs, outputs, workspace }
    }

    /// The operands, all kinds.
    pub fn inputs(&self) -> &'c [Operand<'c, F>] {
        self.inputs
    }

    fn operand(&self, i: usize) -> Result<&'c Operand<'c, F>, Refusal> {
        let missing = || Refusal::new(format!("there is no operand {i}; the kernel was given {}", self.inputs.len()));
        self.inputs.get(i).ok_or_else(missing)
    }

    /// Operand `i`, an array of reals.
    ///
    /// # Errors
    /// A refusal if it is something else; so for the other readers.
    pub fn x(&self, i: usize) -> Result<View<'c, F>, Refusal> {
        self.operand(i)?.real()
    }

    /// Operand `i`, an array of indices.
    ///
    /// # Errors
    /// As [`x`](Self::x).
    pub fn index(&self, i: usize) -> Result<View<'c, usize>, Refusal> {
        self.operand(i)?.index()
    }

    /// Operand `i`, a random key.
    ///
    /// # Errors
    /// As [`x`](Self::x).
    pub fn key(&self, i: usize) -> Result<u64, Refusal> {
        self.operand(i)?.key()
    }

    fn take(&mut self, i: usize) -> Output<'a, F> {
        self.outputs.get_mut(i).map_or(Output::Taken, |output| std::mem::replace(output, Output::Taken))
    }

    /// Takes result `i`, an array of reals to be written in full.
    ///
    /// # Errors
    /// A refusal if it is something else, or was taken before; so for the other results.
    pub fn y(&mut self, i: usize) -> Result<ViewMut<'a, F>, Refusal> {
        match self.take(i) {
            Output::Real(view) => Ok(view),
            _ => Err(Refusal::new(format!("result {i} is not an array of reals, or was taken before"))),
        }
    }

    /// Takes result `i`, an array of indices to be written in full.
    ///
    /// # Errors
    /// As [`y`](Self::y).
    pub fn index_result(&mut self, i: usize) -> Result<ViewMut<'a, usize>, Refusal> {
        match self.take(i) {
            Output::Index(view) => Ok(view),
            _ => Err(Refusal::new(format!("result {i} is not an array of indices, or was taken before"))),
        }
    }

    /// Takes result `i`, a random key to be written.
    ///
    /// # Errors
    /// As [`y`](Self::y).
    pub fn key_result(&mut self, i: usize) -> Result<&'a mut u64, Refusal> {
        match self.take(i) {
            Output::Key(key) => Ok(key),
            _ => Err(Refusal::new(format!("result {i} is not a key, or was taken before"))),
        }
    }

    /// Takes the memory to work in: as many numbers as the kernel asked for ([`Kernel::with_workspace`]), of any value.
    pub fn workspace(&mut self) -> &'c mut [F] {
        std::mem::take(&mut self.workspace)
    }
}
