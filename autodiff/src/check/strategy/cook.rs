//! Turns genes, which are any numbers, into a well-typed program.

use super::recipe::{Line, Op};
use crate::base::kind::Type;
use crate::base::shape::Shape;
use crate::primitive::Kind;
use ndarray::ArrayD;

/// What is done, and three numbers that say to what and how.
pub(super) type Gene = (usize, [usize; 3]);

/// The number of kinds of genes.
pub(super) const KINDS: usize = 61;

/// What a value may be at most, so that programs stay far from overflow.
pub(super) const LOUD: f64 = 8.0;

/// The most elements of a value.
pub(super) const LARGE: usize = 24;

/// What is known of a value.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) of: Type,
    /// The largest magnitude it may have.
    pub(super) bound: f64,
    pub(super) used: bool,
}

impl Known {
    pub(super) fn new(of: Type, bound: f64) -> Self {
        Known { of, bound, used: false }
    }
}

/// The lines that are made, of a program or of a body in it.
pub(super) struct Cook {
    pub(super) lines: Vec<Line>,
    /// All values the next line may take.
    pub(super) values: Vec<Known>,
    /// How many nodes the lines become at most: constants, visible broadcasts and what loops keep count too.
    pub(super) nodes: usize,
    /// How many nodes there may be.
    pub(super) limit: usize,
    /// How many bodies are around.
    pub(super) depth: usize,
}

impl Cook {
    pub(super) fn new(inputs: &[ArrayD<f64>], limit: usize) -> Self {
        let values: Vec<_> = inputs.iter().map(|x| Known::new(Type::real(x.shape()), 2.0)).collect();
        Cook { lines: Vec::new(), nodes: values.len(), values, limit, depth: 0 }
    }

    /// Lines whose last result is a number to which everything counts.
    pub(super) fn cook(mut self, genes: &[Gene]) -> Vec<Line> {
        let mut genes = genes.iter();
        // Six lines of a gene at the most; loops look for themselves.
        while let Some(gene) = genes.next().filter(|_| !self.full(20)) {
            self.gene(*gene, &mut genes);
        }
        let sums: Vec<usize> = self.unused(0).into_iter().map(|end| self.number(end)).collect();
        let total = sums.into_iter().reduce(|a, b| {
            let bound = self.bound(a) + self.bound(b);
            self.push(Op::Add, &[a, b], Shape::scalar(), bound)
        });
        // The result is the last line also where it was there before.
        if total.is_some_and(|total| total + 1 != self.values.len()) || self.lines.is_empty() {
            let total = total.unwrap_or(0);
            self.push(Op::Scale(1.0), &[total], self.shape(total), self.bound(total));
        }
        self.lines
    }

    /// Whether there is no room for so many more nodes, with a conversion, a mean and a sum for each value that is not used.
    pub(super) fn full(&self, more: usize) -> bool {
        self.nodes + 5 * self.unused(0).len() + more > self.limit
    }

    /// The reals and indices from value `start` that nothing uses.
    pub(super) fn unused(&self, start: usize) -> Vec<usize> {
        let ends = self.values.iter().enumerate().skip(start);
        ends.filter(|(_, value)| !value.used && value.of.kind != Kind::Key).map(|(i, _)| i).collect()
    }

    /// A number made of all elements of a value.
    pub(super) fn number(&mut self, x: usize) -> usize {
        let x = self.real(x);
        let axes: Vec<usize> = (0..self.shape(x).rank()).collect();
        if axes.is_empty() { x } else { self.push(Op::Mean(axes), &[x], Shape::scalar(), self.bound(x)) }
    }

    /// A value as reals.
    pub(super) fn real(&mut self, x: usize) -> usize {
        let real = self.is(x, Kind::Real);
        if real { x } else { self.push(Op::ToReal, &[x], self.shape(x), self.bound(x)) }
    }

    pub(super) fn is(&self, value: usize, kind: Kind) -> bool {
        self.values.get(value).is_some_and(|value| value.of.kind == kind)
    }

    pub(super) fn shape(&self, value: usize) -> Shape {
        self.values.get(value).map(|value| value.of.shape.clone()).unwrap_or_default()
    }

    pub(super) fn bound(&self, value: usize) -> f64 {
        self.values.get(value).map_or(0.0, |value| value.bound)
    }

    /// A line with one result, an array of reals.
    pub(super) fn push(&mut self, op: Op, operands: &[usize], shape: Shape, bound: f64) -> usize {
        self.push_all(op, operands, vec![Known::new(Type::real(shape), bound)])
    }

    /// A line with one result, an array of indices.
    pub(super) fn push_index(&mut self, op: Op, operands: &[usize], shape: Shape, bound: f64) -> usize {
        self.push_all(op, operands, vec![Known::new(Type::index(shape), bound)])
    }

    /// A line with these results: the number of the first.
    pub(super) fn push_all(&mut self, op: Op, operands: &[usize], results: Vec<Known>) -> usize {
        let broadcasts = operands.iter().any(|x| results.iter().any(|y| self.shape(*x) != y.of.shape));
        self.nodes += match op {
            Op::Select | Op::MaxPool(_) => 5,
            Op::SelectBelow(_) => 8,
            Op::Scale(_) | Op::Shift(_) | Op::Mean(_) => 3,
            Op::IndexAdd(_) | Op::IndexMul(_) | Op::IndexDiv(_) | Op::IndexRem(_) => 3,
            Op::Roll(..) => 3,
            // Two results, each of them moved to another axis and back.
            Op::Sort(_) | Op::TopK(..) => 6,
            // Four for each doubling of at most four elements.
            Op::CumProd(_) => 8,
            Op::Einsum(_) => 16,
            // Counted where they are made.
            Op::Scan { .. } | Op::Cond { .. } | Op::While { .. } => 0,
            _ if broadcasts && operands.len() == 2 => 3,
            _ => 1,
        };
        operands.iter().for_each(|x| self.use_value(*x));
        self.lines.push(Line {
            op,
            operands: operands.to_vec(),
            results: results.iter().map(|known| known.of.clone()).collect(),
        });
        self.values.extend(results.iter().cloned());
        self.values.len() - results.len()
    }

    pub(super) fn use_value(&mut self, x: usize) {
        self.values.iter_mut().skip(x).take(1).for_each(|value| value.used = true);
    }

    /// An operation of one value that keeps its shape; loud results are scaled down.
    pub(super) fn map(&mut self, op: Op, x: usize, bound: f64) -> usize {
        let y = self.push(op, &[x], self.shape(x), bound);
        self.quiet(y, LOUD)
    }

    pub(super) fn quiet(&mut self, x: usize, limit: f64) -> usize {
        let bound = self.bound(x);
        if bound <= limit {
            return x;
        }
        let factor = (2.0 / bound).log2().floor().exp2();
        self.push(Op::Scale(factor), &[x], self.shape(x), bound * factor)
    }

    /// x² + c: what may be divided by, and has a root and a logarithm.
    pub(super) fn positive(&mut self, x: usize, c: f64) -> usize {
        let x = self.quiet(x, 4.0);
        let bound = self.bound(x).powi(2);
        let square = self.push(Op::Mul, &[x, x], self.shape(x), bound);
        self.push(Op::Shift(c), &[square], self.shape(x), bound + c)
    }

    /// The values of a kind, the last first.
    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = usize> {
        (0..self.values.len()).rev().filter(move |x| self.is(*x, kind))
    }

    /// Reals, counted from the last, so that a gene of zeros builds a chain.
    pub(super) fn pick(&self, gene: usize) -> usize {
        let last: Vec<usize> = self.of_kind(Kind::Real).take(12).collect();
        last.get(gene % last.len().max(1)).copied().unwrap_or(0)
    }

    /// One of the last values of a kind whose shape fits.
    pub(super) fn find(&self, kind: Kind, gene: usize, fits: impl Fn(&Shape) -> bool) -> Option<usize> {
        let last: Vec<usize> = self.of_kind(kind).filter(|x| fits(&self.shape(*x))).take(3).collect();
        last.get(gene % last.len().max(1)).copied()
    }

    /// A value that broadcasts against `x`, `x` itself where there is no other.
    pub(super) fn partner(&self, x: usize, gene: usize) -> (usize, Shape) {
        let own = self.shape(x);
        let fit = |y: usize| own.broadcast(&self.shape(y)).filter(small);
        let all: Vec<usize> = self.of_kind(Kind::Real).collect();
        let turned = all.iter().cycle().skip(gene % 12 % all.len().max(1)).take(all.len());
        turned.copied().find_map(|y| Some((y, fit(y)?))).unwrap_or((x, own.clone()))
    }
}

/// Whether a value may have this shape.
pub(super) fn small(shape: &Shape) -> bool {
    shape.size() <= LARGE && shape.rank() <= 3
}
