//! What a plan runs: flat lists, with every address resolved.

use super::memory::Home;
use super::prepare::Compiled;
use crate::base::ids::NodeId;
use crate::base::real::Real;
use crate::base::shape::{Layout, Shape};
use crate::kernels::{Elementwise, Prepared, ProductOnto};
use crate::primitive::{self, Kind, PrimitiveRef, Steps};
use smallvec::SmallVec;
use std::ops::Range;
use std::sync::Arc;

/// One elementwise primitive on rows of the arena. Chains of a million are read from memory in every run, so it is small.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// Which of [`Code::functions`].
    pub(crate) function: u16,
    /// The length of the rows, and above [`LENGTH_BITS`] which operands are numbers, bit by bit.
    length: u16,
    pub(crate) output: u32,
    /// The first two operands. A third is stored as the output of the record after this one, which is not executed.
    pub(crate) inputs: [u32; 2],
}

/// The bits of [`Step::length`] that are the length.
const LENGTH_BITS: u32 = 12;

/// A [`Step`] as it is compiled, verified and run: all its parts. ([`Code::push_step`] packs them.)
#[derive(Clone, Copy, Debug)]
pub(crate) struct WholeStep {
    pub(crate) function: u16,
    pub(crate) length: usize,
    pub(crate) operands: usize,
    /// Which operands are numbers, bit by bit.
    pub(crate) numbers: u8,
    pub(crate) output: u32,
    /// Those that are not used are 0.
    pub(crate) inputs: [u32; 3],
}

impl<F: Real> Code<F> {
    /// How far the rows of a loop lie apart: a little more than a block, so that they do not fall on the same sets of the
    /// cache.
    pub(crate) fn pitch(&self) -> usize {
        self.block.next_multiple_of(16) + 80
    }

    /// What each of several threads has of the arena for itself: the rows of a loop, or the workspace of a kernel.
    pub(crate) fn share(&self) -> usize {
        (self.rows * self.pitch()).max(self.workspace).next_multiple_of(16)
    }

    /// What all of so many threads have.
    pub(crate) fn scratch(&self, threads: usize) -> usize {
        if threads == 1 { self.rows * self.pitch() } else { threads * self.share() }
    }

    /// Packs a step behind the others; `false` for rows whose length has no room.
    pub(crate) fn push_step(&mut self, whole: WholeStep) -> bool {
        let WholeStep { function, length, operands, numbers, output, inputs: [a, b, c] } = whole;
        if length >> LENGTH_BITS != 0 {
            return false;
        }
        let length = length as u16 | u16::from(numbers) << LENGTH_BITS;
        self.steps.push(Step { function, length, output, inputs: [a, b] });
        if operands == 3 {
            self.steps.push(Step { function: 0, length: 0, output: c, inputs: [0, 0] });
        }
        true
    }

    /// The steps of a range, unpacked.
    #[inline(always)]
    pub(crate) fn whole_steps(&self, range: Range<usize>) -> impl Iterator<Item = WholeStep> {
        let mut steps = self.steps.get(range).unwrap_or(&[]).iter();
        std::iter::from_fn(move || {
            let step = steps.next()?;
            let operands = self.functions.get(usize::from(step.function)).map_or(0, Elementwise::operands);
            let third = if operands == 3 { steps.next().map_or(0, |step| step.output) } else { 0 };
            let [a, b] = step.inputs;
            Some(WholeStep {
                function: step.function,
                length: usize::from(step.length & ((1 << LENGTH_BITS) - 1)),
                operands,
                numbers: (step.length >> LENGTH_BITS) as u8,
                output: step.output,
                inputs: [a, b, third],
            })
        })
    }
}

/// What is done next.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// These steps, one after the other.
    Steps(Range<usize>),
    /// These steps, all on one or two single numbers.
    Numbers(Range<usize>),
    /// One array is written out in order.
    Gather(usize),
    /// A loop over a program.
    Scan(usize),
    /// Indices or a key are copied, one of [`Code::copies`].
    Copy(usize),
    /// One primitive that is not elementwise.
    Kernel(usize),
    /// A product that is added to an array.
    Onto(usize),
    /// Elementwise primitives block by block.
    Loop(usize),
}

/// An array as it lies somewhere, and the shape as which it is read.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) home: Home,
    /// The number of elements of the memory it lies in.
    pub(crate) extent: usize,
    /// `None` where it is all of that memory, in order.
    pub(crate) layout: Option<Layout>,
    pub(crate) shape: Shape,
}

/// Writes `source`, broadcast to `shape`, to the arena from `output` on.
#[derive(Clone, Debug)]
pub(crate) struct Gather {
    pub(crate) source: Source,
    /// Whether it is one row that is repeated.
    pub(crate) row: bool,
    pub(crate) size: usize,
    pub(crate) shape: Shape,
    pub(crate) output: usize,
}

impl Gather {
    pub(crate) fn new(source: Source, shape: Shape, output: usize) -> Self {
        let length = shape.last().copied().unwrap_or(1);
        let repeats = match &source.layout {
            None => true,
            Some(layout) => {
                let (last, rest) = layout.strides.split_last().map_or((1, &[][..]), |(last, rest)| (*last, rest));
                layout.offset == 0 && last == 1 && rest.iter().all(|stride| *stride == 0)
            }
        };
        let row = repeats && length > 0 && source.extent == length;
        Gather { source, row, size: shape.size(), shape, output }
    }
}

/// An operand of a kernel.
#[derive(Clone, Debug)]
pub(crate) enum OperandSource {
    Real(Source),
    /// Indices that lie in order at this home.
    Index {
        home: Home,
        shape: Shape,
    },
    /// Indices that are part of the program.
    Indices {
        data: Arc<Vec<usize>>,
        shape: Shape,
    },
    /// A key at this home.
    KeyAt {
        home: Home,
    },
    /// A key that is part of the program.
    Key(u64),
}

impl OperandSource {
    /// The shape of what it has; that of a number for a key.
    pub(crate) fn shape(&self) -> Shape {
        match self {
            OperandSource::Real(source) => source.shape.clone(),
            OperandSource::Index { shape, .. } | OperandSource::Indices { shape, .. } => shape.clone(),
            OperandSource::KeyAt { .. } | OperandSource::Key(_) => Shape::scalar(),
        }
    }

    /// How many elements it has.
    pub(crate) fn size(&self) -> usize {
        match self {
            OperandSource::Real(source) => source.shape.size(),
            OperandSource::Index { shape, .. } | OperandSource::Indices { shape, .. } => shape.size(),
            OperandSource::KeyAt { .. } | OperandSource::Key(_) => 0,
        }
    }
}

/// A result of a kernel, or an output of the plan that is no array of reals: where it lies, in order.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) home: Home,
    pub(crate) kind: Kind,
    pub(crate) shape: Shape,
    /// That of the shape: here, because a shape lies elsewhere in memory, and small kernels run in the time of a look there.
    pub(crate) size: usize,
}

impl Place {
    pub(crate) fn new(home: Home, kind: Kind, shape: Shape) -> Self {
        let size = shape.size();
        Place { home, kind, shape, size }
    }
}

/// An output of the plan.
#[derive(Clone, Debug)]
pub(crate) enum Output {
    Real(Source),
    Other(Place),
}

/// One primitive, run on whole arrays (or on rows of them, by several threads).
#[derive(Debug)]
pub(crate) struct Kernel<F: Real> {
    pub(crate) node: NodeId,
    pub(crate) primitive: PrimitiveRef<F>,
    /// How the primitive runs.
    pub(crate) run: primitive::Kernel<F>,
    pub(crate) operands: SmallVec<[OperandSource; 3]>,
    pub(crate) results: SmallVec<[Place; 1]>,
    /// Where it works: a range of the arena.
    pub(crate) workspace: (usize, usize),
    /// Multiply-adds, or what is nearest to them.
    pub(crate) work: usize,
    /// A kernel for operands that lie as these do.
    pub(crate) prepared: Option<Prepared<F>>,
}

impl<F: Real> Kernel<F> {
    /// Which operands can be cut into rows, if the kernel can be divided.
    pub(crate) fn rows(&self) -> Option<&'static [bool]> {
        match &self.run {
            primitive::Kernel::General(general) => general.rows,
            _ => None,
        }
    }
}

/// A matrix product that is added to an array as it is computed.
#[derive(Clone, Debug)]
pub(crate) struct Onto {
    /// The sum.
    pub(crate) node: NodeId,
    pub(crate) how: ProductOnto,
    /// The operands of the product, and what it is added to.
    pub(crate) operands: [Source; 3],
    /// Where the sum goes: to memory of its own, or to that of what the product is added to.
    pub(crate) output: Home,
}

/// A loop over a program: its code, and what each step reads and writes outside it.
#[derive(Debug)]
pub(crate) struct Scan<F: Real> {
    pub(crate) node: NodeId,
    pub(crate) steps: Steps,
    /// The body, whose inputs are the number of the step, carries, rows, invariants, and whose positions count from `region`.
    pub(crate) body: Compiled<F>,
    pub(crate) region: Region,
    /// Carries, per-step inputs, invariants: all in order.
    pub(crate) operands: SmallVec<[OperandSource; 4]>,
    /// Carries behind the last step, and stacked outputs.
    pub(crate) results: SmallVec<[Place; 2]>,
    pub(crate) transfers: Transfers,
}

/// What is copied into the memory of a body, and inside it, while its loop runs. (Other inputs are read where they lie.)
#[derive(Debug, Default)]
pub(crate) struct Transfers {
    /// Inputs that are copied in before the first step: slot, position, size.
    pub(crate) first: Vec<(usize, usize, usize)>,
    /// Inputs that are copied in before every step.
    pub(crate) each: Vec<(usize, usize, usize)>,
    /// Per-step inputs that are read where they lie: their slots.
    pub(crate) moving: Vec<usize>,
    /// Carries that lie in the body's memory from step to step: where a step leaves the next one, and where it has to be.
    pub(crate) next: Vec<(Source, usize)>,
    /// Where these carries lie behind the last step: number, position.
    pub(crate) last: Vec<(usize, usize)>,
    /// Whether there are carries or outputs that are no arrays of reals.
    pub(crate) has_others: bool,
}

/// The memory of a body, in the memory of the program around it.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Region {
    pub(crate) arena: usize,
    pub(crate) indices: usize,
    pub(crate) keys: usize,
}

/// One elementwise primitive on rows of a loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoopStep {
    pub(crate) function: u32,
    pub(crate) operands: u8,
    /// Which operands are numbers, bit by bit.
    pub(crate) numbers: u8,
    pub(crate) output: u16,
    pub(crate) inputs: [u16; 3],
}

/// A row of a loop that is memory outside it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Stream {
    pub(crate) home: Home,
    /// Whether the row moves along with the blocks; else it is one number.
    pub(crate) moves: bool,
}

/// Elementwise primitives on arrays of `size` elements, block by block. Rows are numbered: first those of the loop itself,
/// then its streams.
#[derive(Clone, Debug)]
pub(crate) struct Loop {
    pub(crate) size: usize,
    pub(crate) rows: usize,
    pub(crate) streams: Vec<Stream>,
    /// Operands that do not lie in order: the row they are gathered into for each block, and the shape they are broadcast to.
    pub(crate) gathers: Vec<(u16, Source, Shape)>,
    pub(crate) steps: Vec<LoopStep>,
    /// Rows that are written over an operand, when the block no longer needs it: the row and the stream.
    pub(crate) writes: Vec<(u16, u16)>,
    /// Rows that are added up: the row, where the partial sums go, where the sum goes.
    pub(crate) totals: Vec<(u16, usize, usize)>,
    pub(crate) nodes: Vec<NodeId>,
}

impl Loop {
    /// How many operations it makes.
    pub(crate) fn work(&self) -> usize {
        self.size * (self.nodes.len() - self.totals.len())
    }
}

/// A plan's code.
#[derive(Debug)]
pub(crate) struct Code<F: Real> {
    /// How many elements a block of a loop has.
    pub(crate) block: usize,
    pub(crate) functions: Vec<Elementwise<F>>,
    pub(crate) steps: Vec<Step>,
    pub(crate) gathers: Vec<Gather>,
    /// Indices and keys that are copied, and where to.
    pub(crate) copies: Vec<(OperandSource, Place)>,
    pub(crate) kernels: Vec<Kernel<F>>,
    pub(crate) onto: Vec<Onto>,
    pub(crate) loops: Vec<Loop>,
    pub(crate) scans: Vec<Scan<F>>,
    pub(crate) actions: Vec<Action>,
    /// From this action on, inputs are updated; no action from here on can refuse.
    pub(crate) commit: usize,
    /// Inputs that are copied into the arena before the run: slot, position, size.
    pub(crate) copied_in: Vec<(usize, usize, usize)>,
    /// Outputs that are copied over inputs after the run.
    pub(crate) copied_out: Vec<(usize, Source)>,
    pub(crate) outputs: Vec<Output>,
    /// What the arena holds from the start: constants.
    pub(crate) constants: Vec<(usize, Arc<Vec<F>>)>,
    pub(crate) numbers: Vec<(usize, F)>,
    /// The most rows a loop has, those of bodies included.
    pub(crate) rows: usize,
    /// The largest workspace of a kernel that can be divided, those of bodies included.
    pub(crate) workspace: usize,
}
