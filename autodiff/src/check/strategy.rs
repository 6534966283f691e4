//! Strategies for property-based tests: shapes, arrays in a domain, and random well-typed programs.
//!
//! ```
//! use autodiff::check::{self, strategy};
//! use proptest::prelude::*;
//!
//! # fn main() {
//! proptest!(ProptestConfig { cases: 8, failure_persistence: None, ..Default::default() }, |(recipe in strategy::programs(20))| {
//!     let (program, inputs) = recipe.program().unwrap();
//!     let report = check::Check::new().order(1).tolerance(1e-6).program(&program, &inputs).unwrap();
//!     prop_assert!(report.failures().is_empty(), "{recipe}\n{report}");
//! });
//! # }
//! ```
//!
//! A failing program shrinks: operations and inputs go as long as the test still fails, and what is left is printed one
//! line for each operation.

pub use super::recipe::{Line, Op, Recipe};
use crate::base::shape::Shape;
use crate::kernels::matmul_shape;
use crate::primitive::Domain;
use ndarray::{ArrayD, IxDyn};
use proptest::collection::vec;
use proptest::prelude::*;

/// Shapes of up to `rank` axes, each 1 to `length` long.
pub fn shapes(rank: usize, length: usize) -> impl Strategy<Value = Shape> {
    vec(1..=length.max(1), 0..=rank).prop_map(Shape::from)
}

/// Numbers of a domain: log-uniform magnitudes, both signs where the domain has both.
pub fn numbers(domain: Domain) -> impl Strategy<Value = f64> {
    (any::<bool>(), 0.0..=1.0f64).prop_map(move |(flip, t)| {
        let negative = domain.low < 0.0 && (domain.high <= 0.0 || flip);
        let (near, far) = match negative {
            true => ((-domain.high).max(domain.tiny), -domain.low),
            false => (domain.low.max(domain.tiny), domain.high),
        };
        let far = far.max(near);
        let magnitude = (near.ln() + t * (far.ln() - near.ln())).exp().clamp(near, far);
        if negative { -magnitude } else { magnitude }
    })
}

/// Arrays of a shape with elements from a domain.
pub fn arrays(shape: Shape, domain: Domain) -> impl Strategy<Value = ArrayD<f64>> {
    vec(numbers(domain), shape.size())
        .prop_map(move |data| ArrayD::from_shape_vec(IxDyn(&shape), data).unwrap_or_else(|_| ArrayD::zeros(IxDyn(&[]))))
}

/// Random well-typed programs of up to about `nodes` nodes, with fan-out, reuse, `x·x`, broadcasting, reductions,
/// products, joining and cutting. Values stay moderate: what would grow is scaled down on the way.
pub fn programs(nodes: usize) -> impl Strategy<Value = Recipe> {
    let input = shapes(2, 3).prop_flat_map(|shape| arrays(shape, Domain::between(-2.0, 2.0).at_least(1e-2)));
    let gene = (0..Op::KINDS, [0usize..64, 0..64, 0..64]);
    (vec(input, 1..4), vec(gene, 0..=nodes / 2)).prop_map(move |(inputs, genes)| Cook::new(inputs).cook(&genes, nodes))
}

type Gene = (usize, [usize; 3]);

/// What a value may be at most, so that programs stay far from overflow.
const LOUD: f64 = 8.0;
/// The most elements of a value.
const LARGE: usize = 24;

/// Turns genes, which are any numbers, into a well-typed program.
struct Cook {
    inputs: Vec<ArrayD<f64>>,
    lines: Vec<Line>,
    /// Shape and largest magnitude of each value.
    values: Vec<(Shape, f64)>,
    used: Vec<bool>,
    /// How many nodes the lines may become: constants, visible broadcasts and indices count too.
    nodes: usize,
}

impl Op {
    /// The number of kinds of genes.
    const KINDS: usize = 42;
}

impl Cook {
    fn new(inputs: Vec<ArrayD<f64>>) -> Self {
        let values: Vec<_> = inputs.iter().map(|x| (Shape::from(x.shape()), 2.0)).collect();
        let (used, nodes) = (vec![false; values.len()], values.len());
        Cook { inputs, lines: Vec::new(), values, used, nodes }
    }

    fn cook(mut self, genes: &[Gene], nodes: usize) -> Recipe {
        for gene in genes {
            // Six lines of a gene at the most, and a mean and a sum for each end.
            let ends = self.used.iter().filter(|used| !**used).count();
            if self.nodes + 4 * ends + 18 > nodes {
                break;
            }
            self.gene(*gene);
        }
        // All that is not used by anything is summed, so that everything counts.
        let ends: Vec<usize> = self.used.iter().enumerate().filter(|(_, used)| !**used).map(|(i, _)| i).collect();
        let sums: Vec<usize> = ends
            .into_iter()
            .map(|end| {
                let axes = (0..self.shape(end).rank()).collect::<Vec<_>>();
                if axes.is_empty() { end } else { self.push(Op::Mean(axes), &[end], Shape::scalar(), self.bound(end)) }
            })
            .collect();
        let total = sums.into_iter().reduce(|a, b| {
            let bound = self.bound(a) + self.bound(b);
            self.push(Op::Add, &[a, b], Shape::scalar(), bound)
        });
        // The result is the last line also where it was there before.
        if total.is_some_and(|total| total + 1 != self.values.len()) || self.lines.is_empty() {
            let total = total.unwrap_or(0);
            self.push(Op::Scale(1.0), &[total], self.shape(total), self.bound(total));
        }
        Recipe { inputs: self.inputs, lines: self.lines }
    }

    fn shape(&self, value: usize) -> Shape {
        self.values.get(value).map(|value| value.0.clone()).unwrap_or_default()
    }

    fn bound(&self, value: usize) -> f64 {
        self.values.get(value).map_or(0.0, |value| value.1)
    }

    fn push(&mut self, op: Op, operands: &[usize], shape: Shape, bound: f64) -> usize {
        self.nodes += match op {
            Op::Select => 5,
            Op::Scale(_) | Op::Shift(_) | Op::Mean(_) => 3,
            Op::Gather(_) | Op::Pick(_) | Op::MaxPool(_) => 2,
            Op::Conv(_) => 1,
            // Two results, each of them moved to another axis and back.
            Op::Sort(_) | Op::TopK(..) => 5,
            Op::TakeLargest(_) => 3,
            Op::Roll(..) => 3,
            // Four for each doubling of at most four elements.
            Op::CumProd(_) => 8,
            _ if operands.iter().any(|x| self.shape(*x) != shape) && operands.len() == 2 => 3,
            _ => 1,
        };
        self.used.push(false);
        self.used.iter_mut().enumerate().filter(|(i, _)| operands.contains(i)).for_each(|(_, used)| *used = true);
        self.lines.push(Line { op, operands: operands.to_vec(), shape: shape.clone() });
        self.values.push((shape, bound));
        self.values.len() - 1
    }

    /// An operation of one value that keeps its shape; loud results are scaled down.
    fn map(&mut self, op: Op, x: usize, bound: f64) -> usize {
        let y = self.push(op, &[x], self.shape(x), bound);
        self.quiet(y, LOUD)
    }

    fn quiet(&mut self, x: usize, limit: f64) -> usize {
        let bound = self.bound(x);
        if bound <= limit {
            return x;
        }
        let factor = (2.0 / bound).log2().floor().exp2();
        self.push(Op::Scale(factor), &[x], self.shape(x), bound * factor)
    }

    /// x² + c: what may be divided by, and has a root and a logarithm.
    fn positive(&mut self, x: usize, c: f64) -> usize {
        let x = self.quiet(x, 4.0);
        let bound = self.bound(x).powi(2);
        let square = self.push(Op::Mul, &[x, x], self.shape(x), bound);
        self.push(Op::Shift(c), &[square], self.shape(x), bound + c)
    }

    /// Counted from the last value, so that a gene of zeros builds a chain.
    fn pick(&self, gene: usize) -> usize {
        let count = self.values.len();
        count.saturating_sub(1 + gene % count.clamp(1, 12))
    }

    /// A value that broadcasts against `x`, `x` itself where there is no other.
    fn partner(&self, x: usize, gene: usize) -> (usize, Shape) {
        let (start, count) = (self.pick(gene), self.values.len());
        let own = self.shape(x);
        let fit = |y: usize| own.broadcast(&self.shape(y)).filter(|s| s.size() <= LARGE && s.rank() <= 3);
        (0..count).map(|i| (start + count - i) % count).find_map(|y| Some((y, fit(y)?))).unwrap_or((x, own.clone()))
    }

    fn gene(&mut self, (kind, [a, b, c]): Gene) {
        let x = self.pick(a);
        let (shape, bound) = (self.shape(x), self.bound(x));
        let axis = c % shape.rank().max(1);
        let length = shape.get(axis).copied().unwrap_or(1);
        match kind {
            0 => self.map(Op::Neg, x, bound),
            1 => {
                let x = self.quiet(x, 2.0);
                self.map(Op::Exp, x, self.bound(x).exp())
            }
            2 => {
                let x = self.positive(x, 1.0);
                self.map(Op::Log, x, self.bound(x).ln())
            }
            3 => {
                let x = self.positive(x, 0.5);
                self.map(Op::Sqrt, x, self.bound(x).sqrt())
            }
            4 => self.map(Op::Abs, x, bound),
            5 => self.map(Op::Sin, x, 1.0),
            6 => self.map(Op::Cos, x, 1.0),
            7 => self.map(Op::Atan, x, 1.6),
            8 => self.map(Op::Tanh, x, 1.0),
            9 => self.map(Op::Sigmoid, x, 1.0),
            10 => self.map(Op::Relu, x, bound),
            11 => self.map(Op::LeakyRelu(0.125 * (1 + b % 4) as f64), x, bound),
            12 => self.map(Op::PowI(2), x, bound.powi(2)),
            13 => {
                let x = self.quiet(x, 4.0);
                self.map(Op::PowI(3), x, self.bound(x).powi(3))
            }
            14 => {
                let x = self.positive(x, 1.0);
                self.map(Op::PowI(-1), x, 1.0)
            }
            15 => {
                let x = self.positive(x, 0.5);
                self.map(Op::PowF(0.75), x, self.bound(x).powf(0.75))
            }
            16 => self.map(Op::Scale(0.25 * (1 + b % 8) as f64), x, bound * 2.0),
            17 => self.map(Op::Shift(0.25 * (b % 8) as f64 - 1.0), x, bound + 1.0),
            18..=23 => self.binary(kind, x, b),
            24 => self.select(x, b, c),
            25 | 26 => self.product(x, b),
            27 => match shape.last() {
                Some(n) => {
                    let row = (0..self.values.len()).rev().find(|y| *self.shape(*y) == [*n]);
                    match row {
                        Some(row) => {
                            let bound = bound + self.bound(row);
                            let y = self.push(Op::AddBias, &[x, row], shape, bound);
                            self.quiet(y, LOUD)
                        }
                        None => self.map(Op::Tanh, x, 1.0),
                    }
                }
                None => self.map(Op::Sin, x, 1.0),
            },
            28 => self.push(Op::Transpose, &[x], shape.transposed(), bound),
            29 => {
                let flat = if b % 2 == 0 { [shape.size()].into() } else { Shape::from([1, shape.size()]) };
                self.push(Op::Reshape(flat.clone()), &[x], flat, bound)
            }
            30 if shape.size() * 2 <= LARGE && shape.rank() < 3 => {
                let wide: Shape = std::iter::once(2).chain(shape.iter().copied()).collect();
                self.push(Op::BroadcastTo(wide.clone()), &[x], wide, bound)
            }
            31..=35 if shape.rank() > 0 => self.reduction(kind, x, axis, b),
            36 if shape.rank() > 0 => self.join(x, axis, b),
            37 if shape.rank() > 0 && length > 0 => self.rows(x, axis, b, c),
            38 if shape.rank() > 0 && length > 0 => match b % 3 {
                0 => self.push(Op::Sort(axis), &[x], shape, bound),
                1 => {
                    let k = 1 + c % length;
                    self.push(Op::TopK(k, axis), &[x], shape.with_axis(axis, k), bound)
                }
                _ => self.push(Op::TakeLargest(axis), &[x], shape.with_axis(axis, 1), bound),
            },
            39 if shape.rank() > 0 && length > 0 => self.rearranged(x, axis, b, c),
            40 if shape.rank() > 0 && length > 0 => self.pooled(x, b, c),
            41 if shape.size() > 0 => self.convolved(x, b, c),
            _ => self.map(Op::Cos, x, 1.0),
        };
    }

    fn binary(&mut self, kind: usize, x: usize, gene: usize) -> usize {
        let (y, shape) = self.partner(x, gene);
        let (a, b) = (self.bound(x), self.bound(y));
        let result = match kind {
            18 => self.push(Op::Add, &[x, y], shape, a + b),
            19 => self.push(Op::Sub, &[x, y], shape, a + b),
            20 => self.push(Op::Mul, &[x, y], shape, a * b),
            21 => {
                let y = self.positive(y, 1.0);
                self.push(Op::Div, &[x, y], shape, a)
            }
            22 => self.push(Op::Maximum, &[x, y], shape, a.max(b)),
            _ => self.push(Op::Minimum, &[x, y], shape, a.max(b)),
        };
        self.quiet(result, LOUD)
    }

    fn select(&mut self, x: usize, b: usize, c: usize) -> usize {
        let (y, shape) = self.partner(x, b);
        let (z, whole) = self.partner(x, c);
        let (z, shape) = match shape.broadcast(&whole).filter(|s| s.size() <= LARGE && s.rank() <= 3) {
            Some(whole) => (z, whole),
            None => (x, shape),
        };
        let bound = self.bound(z).max(self.bound(y));
        self.push(Op::Select, &[x, y, z, y], shape, bound)
    }

    fn product(&mut self, x: usize, gene: usize) -> usize {
        let (own, bound) = (self.shape(x), self.bound(x));
        let small = |shape: &Shape| shape.size() <= LARGE && shape.rank() <= 3;
        let fits = |y: &usize| matmul_shape(&own, &self.shape(*y)).is_ok_and(|shape| small(&shape));
        let y = (0..self.values.len()).rev().filter(fits).nth(gene % 3);
        let y = match (y, &*own) {
            (Some(y), _) => y,
            (None, [_, _]) => self.push(Op::Transpose, &[x], own.transposed(), bound),
            _ => return self.map(Op::Tanh, x, 1.0),
        };
        let Ok(shape) = matmul_shape(&own, &self.shape(y)) else { return x };
        let bound = own.last().copied().unwrap_or(1) as f64 * bound * self.bound(y);
        let result = self.push(Op::MatMul, &[x, y], shape, bound);
        self.quiet(result, LOUD)
    }

    fn pooled(&mut self, x: usize, b: usize, c: usize) -> usize {
        let (shape, bound) = (self.shape(x), self.bound(x));
        let (last, length) = (shape.rank() - 1, shape.last().copied().unwrap_or(1));
        let window = 1 + b % length.clamp(1, 3);
        let op = if c.is_multiple_of(2) { Op::MaxPool(window) } else { Op::AveragePool(window) };
        self.push(op, &[x], shape.with_axis(last, length + 1 - window), bound)
    }

    /// All elements of x as a line, convolved with the first three of another value.
    fn convolved(&mut self, x: usize, b: usize, c: usize) -> usize {
        let (y, padding) = (self.pick(b), c % 3);
        let [size, all] = [x, y].map(|value| self.shape(value).size());
        let length = all.min(3);
        if length == 0 || size + 2 * padding < length || size > LARGE {
            return self.map(Op::Sin, x, 1.0);
        }
        let [line, mut window] = [(x, size), (y, all)].map(|(value, size)| {
            let bound = self.bound(value);
            self.push(Op::Reshape([1, 1, size].into()), &[value], [1, 1, size].into(), bound)
        });
        if length < all {
            window = self.push(Op::Slice(2, 0, length), &[window], [1, 1, length].into(), self.bound(window));
        }
        let bound = length as f64 * self.bound(x) * self.bound(y);
        let shape = [1, 1, size + 2 * padding + 1 - length].into();
        let result = self.push(Op::Conv(padding), &[line, window], shape, bound);
        self.quiet(result, LOUD)
    }

    fn reduction(&mut self, kind: usize, x: usize, axis: usize, gene: usize) -> usize {
        let (shape, bound) = (self.shape(x), self.bound(x));
        let axes = if gene.is_multiple_of(4) { (0..shape.rank()).collect() } else { vec![axis] };
        let (reduced, size) = (shape.reduced(&axes, false), shape.size() as f64);
        let y = match kind {
            31 => self.push(Op::Sum(axes), &[x], reduced, bound * size),
            32 => self.push(Op::Max(axes), &[x], reduced, bound),
            33 => self.push(Op::LogSumExp(axes), &[x], reduced, bound + size.ln()),
            34 => self.push(Op::Softmax(axis), &[x], shape, 1.0),
            _ => self.push(Op::LogSoftmax(axis), &[x], shape, 2.0 * bound + size.ln()),
        };
        self.quiet(y, LOUD)
    }

    fn join(&mut self, x: usize, axis: usize, gene: usize) -> usize {
        let (shape, bound) = (self.shape(x), self.bound(x));
        if shape.size() * 2 > LARGE {
            return self.map(Op::Sigmoid, x, 1.0);
        }
        let length = shape.get(axis).copied().unwrap_or(0);
        if gene.is_multiple_of(3) {
            return self.push(Op::Pad(axis, 1, 0), &[x], shape.with_axis(axis, length + 1), bound);
        }
        let fits = |y: &usize| self.shape(*y) == shape;
        let y = (0..self.values.len()).rev().filter(fits).nth(gene % 3).unwrap_or(x);
        let bound = bound.max(self.bound(y));
        self.push(Op::Concat(axis), &[x, y], shape.with_axis(axis, 2 * length), bound)
    }

    fn rearranged(&mut self, x: usize, axis: usize, b: usize, c: usize) -> usize {
        let (shape, bound) = (self.shape(x), self.bound(x));
        let length = shape.get(axis).copied().unwrap_or(1);
        let y = match b % 6 {
            0 if length > 1 => {
                let (start, step) = (c % length, 2 + c % 2);
                let count = (length - start).div_ceil(step);
                self.push(Op::SliceStep(axis, start, length, step), &[x], shape.with_axis(axis, count), bound)
            }
            1 => self.push(Op::Flip(axis), &[x], shape, bound),
            2 if !c.is_multiple_of(length) => self.push(Op::Roll(axis, -((c % length) as isize)), &[x], shape, bound),
            3 if shape.rank() > 1 => self.push(Op::TriL(c as isize % 3 - 1), &[x], shape, bound),
            4 if (2..=4).contains(&length) => {
                let x = self.quiet(x, 2.0);
                let bound = self.bound(x).max(1.0).powi(4);
                self.push(Op::CumProd(axis), &[x], shape, bound)
            }
            _ => self.push(Op::CumSum(axis), &[x], shape, bound * length as f64),
        };
        self.quiet(y, LOUD)
    }

    fn rows(&mut self, x: usize, axis: usize, b: usize, c: usize) -> usize {
        let (shape, bound) = (self.shape(x), self.bound(x));
        let length = shape.get(axis).copied().unwrap_or(1);
        match (b % 3, &*shape) {
            (0, _) => {
                let start = b % length;
                let stop = start + 1 + c % (length - start);
                self.push(Op::Slice(axis, start, stop), &[x], shape.with_axis(axis, stop - start), bound)
            }
            (1, [m, n]) => {
                let columns = (0..*m).map(|i| (b + i * c) % n).collect();
                self.push(Op::Pick(columns), &[x], [*m].into(), bound)
            }
            _ => {
                let count = shape.first().copied().unwrap_or(1);
                let rows = vec![b % count, c % count];
                self.push(Op::Gather(rows), &[x], shape.with_axis(0, 2), bound)
            }
        }
    }
}
