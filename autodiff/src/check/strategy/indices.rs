//! The genes of indices and keys: how they are computed, and what is done with them.

use super::cook::{Cook, Known, LARGE, LOUD, small};
use super::recipe::Op;
use crate::base::kind::Type;
use crate::base::shape::Shape;
use crate::primitive::Kind;
use ndarray::{ArrayD, IxDyn};

impl Cook {
    pub(super) fn index_gene(&mut self, kind: usize, x: usize, axis: usize, b: usize, c: usize) -> usize {
        let (shape, bound) = (self.shape(x), self.bound(x));
        let y = match (kind, shape.rank()) {
            (42, 1..) => match b % 4 {
                0 => return self.sorted(x, axis),
                1 => {
                    let k = 1 + c % shape.get(axis).copied().unwrap_or(1);
                    let results = self.elements_and_positions(x, axis, k);
                    return self.push_all(Op::TopK(k, axis), &[x], results);
                }
                // The largest or the smallest element, by its position.
                _ => {
                    let at = self.extreme(x, axis, b);
                    let column = shape.with_axis(axis, 1);
                    let at = self.push_index(Op::Reshape(column.clone()), &[at], column.clone(), self.bound(at));
                    self.push(Op::TakeAlong(axis), &[x, at], column, bound)
                }
            },
            (43, _) => return self.arithmetic(x, b, c),
            (44, 1..) => self.gather(x, b),
            (45, 1..) if c.is_multiple_of(2) => {
                let (last, row) = (shape.rank() - 1, shape.reduced(&[shape.rank() - 1], false));
                let columns = match self.find(Kind::Index, b, |shape| *shape == row) {
                    Some(i) => self.below(i, shape.last().copied().unwrap_or(1)),
                    None => self.extreme(x, last, b),
                };
                self.push(Op::Pick, &[x, columns], row, bound)
            }
            (45, 0..=2) => {
                let i = self.indices_of_shape(x, b);
                let length = 1 + c / 2 % 4;
                let i = self.below(i, length);
                let rows: Shape = shape.iter().copied().chain([length]).collect();
                if !small(&rows) {
                    return self.map(Op::Sin, x, 1.0);
                }
                self.push(Op::Place(length), &[x, i], rows, bound)
            }
            (46, 1..) => {
                let length = shape.get(axis).copied().unwrap_or(1);
                let fits = |other: &Shape| {
                    other.rank() == shape.rank() && other.with_axis(axis, 1) == shape.with_axis(axis, 1)
                };
                let i = self.find(Kind::Index, b, fits).unwrap_or_else(|| self.sorted(x, axis) + 1);
                let i = self.below(i, length);
                self.push(Op::TakeAlong(axis), &[x, i], self.shape(i), bound)
            }
            (47, 1..) => self.scattered(x, axis, b, c),
            (48, _) => self.choice(x, b, c),
            (49, _) => self.random(x, b),
            _ => self.map(Op::Cos, x, 1.0),
        };
        self.quiet(y, LOUD)
    }

    fn elements_and_positions(&self, x: usize, axis: usize, count: usize) -> Vec<Known> {
        let (shape, last) = (self.shape(x), self.shape(x).get(axis).copied().unwrap_or(1) - 1);
        let shape = shape.with_axis(axis, count);
        vec![Known::new(Type::real(shape.clone()), self.bound(x)), Known::new(Type::index(shape), last as f64)]
    }

    /// The elements of x in order; the next value is the order.
    fn sorted(&mut self, x: usize, axis: usize) -> usize {
        let results = self.elements_and_positions(x, axis, self.shape(x).get(axis).copied().unwrap_or(1));
        self.push_all(Op::Sort(axis), &[x], results)
    }

    fn extreme(&mut self, x: usize, axis: usize, gene: usize) -> usize {
        let (shape, length) = (self.shape(x), self.shape(x).get(axis).copied().unwrap_or(1));
        let op = if gene % 8 < 4 { Op::ArgMax(axis) } else { Op::ArgMin(axis) };
        self.push_index(op, &[x], shape.reduced(&[axis], false), (length - 1) as f64)
    }

    /// Indices below `count`, made of others.
    fn below(&mut self, i: usize, count: usize) -> usize {
        let fits = self.bound(i) < count as f64;
        if fits { i } else { self.push_index(Op::IndexRem(count), &[i], self.shape(i), count as f64 - 1.0) }
    }

    fn given(&mut self, shape: Shape, gene: usize) -> usize {
        let numbers = (0..shape.size()).map(|i| (gene + i * (1 + gene / 4)) % 4).collect();
        let indices = ArrayD::from_shape_vec(IxDyn(&shape), numbers).unwrap_or_else(|_| ArrayD::zeros(IxDyn(&[])));
        let shape = indices.shape().into();
        self.push_index(Op::Indices(indices), &[], shape, 3.0)
    }

    /// One of the last indices; given ones where there are none.
    fn indices(&mut self, gene: usize, fits: impl Fn(&Shape) -> bool) -> usize {
        self.find(Kind::Index, gene, fits).unwrap_or_else(|| self.given([1 + gene % 3].into(), gene))
    }

    /// Indices of the shape of x.
    fn indices_of_shape(&mut self, x: usize, gene: usize) -> usize {
        let shape = self.shape(x);
        self.find(Kind::Index, gene, |other| *other == shape).unwrap_or_else(|| self.given(shape, gene))
    }

    fn arithmetic(&mut self, x: usize, b: usize, c: usize) -> usize {
        let i = self.indices(b, |_| true);
        let (shape, bound) = (self.shape(i), self.bound(i));
        let i = if bound > 30.0 { self.below(i, 7) } else { i };
        let bound = self.bound(i);
        let n = 1 + b % 5;
        let other = self.find(Kind::Index, c, |other| shape.broadcast(other).is_some_and(|shape| small(&shape)));
        let (j, both) = other.map_or((i, shape.clone()), |j| (j, shape.broadcast(&self.shape(j)).unwrap_or_default()));
        match c % 10 {
            0 => self.push_index(Op::IndexAdd(n), &[i], shape, bound + n as f64),
            1 => self.push_index(Op::IndexMul(n), &[i], shape, bound * n as f64),
            2 => self.push_index(Op::IndexDiv(n), &[i], shape, bound),
            3 => self.below(i, n),
            4 => self.push_index(Op::IndexSum, &[i, j], both, bound + self.bound(j)),
            5 => {
                let more = self.bound(j);
                let i = self.push_index(Op::IndexAdd(more as usize), &[i], shape, bound + more);
                self.push_index(Op::IndexDifference, &[i, j], both, bound + more)
            }
            6 => {
                let j = self.below(j, 30);
                self.push_index(Op::IndexProduct, &[i, j], both, bound * self.bound(j))
            }
            7 if shape.rank() > 0 => self.push_index(Op::Transpose, &[i], shape.transposed(), bound),
            8 if 2 * shape.size() <= LARGE && shape.rank() < 3 => {
                let wide: Shape = std::iter::once(2).chain(shape.iter().copied()).collect();
                self.push_index(Op::BroadcastTo(wide.clone()), &[i], wide, bound)
            }
            9 if shape.first().is_some_and(|length| *length > 1) => {
                self.push_index(Op::Slice(0, 1, 2), &[i], shape.with_axis(0, 1), bound)
            }
            _ if self.shape(x).rank() > 0 => self.extreme(x, 0, b),
            _ => self.given([2].into(), b),
        }
    }

    fn gather(&mut self, x: usize, gene: usize) -> usize {
        let shape = self.shape(x);
        let (count, row) = (shape.first().copied().unwrap_or(1), shape.get(1..).unwrap_or(&[]));
        let gathered = |indices: &Shape| indices.iter().chain(row).copied().collect::<Shape>();
        let i = self.indices(gene, |indices| small(&gathered(indices)));
        let i = self.below(i, count);
        self.push(Op::Gather, &[x, i], gathered(&self.shape(i)), self.bound(x))
    }

    fn scattered(&mut self, x: usize, axis: usize, b: usize, c: usize) -> usize {
        let (shape, count) = (self.shape(x), 1 + c / 2 % 4);
        if c.is_multiple_of(2) {
            let i = self.indices_of_shape(x, b);
            let i = self.below(i, count);
            let bound = self.bound(x) * shape.get(axis).copied().unwrap_or(1) as f64;
            let result = shape.with_axis(axis, count);
            return match small(&result) {
                true => self.push(Op::ScatterAddAlong(axis, count), &[x, i], result, bound),
                false => self.map(Op::Sin, x, 1.0),
            };
        }
        let first: Shape = shape.iter().copied().take(1).collect();
        let leads = |other: &Shape| other.rank() > 0 && shape.starts_with(other);
        let i = self.find(Kind::Index, b, leads).unwrap_or_else(|| self.given(first, b));
        let i = self.below(i, count);
        let (indices, bound) = (self.shape(i), self.bound(x) * self.shape(i).size() as f64);
        let result: Shape = std::iter::once(&count).chain(shape.iter().skip(indices.rank())).copied().collect();
        match small(&result) {
            true => self.push(Op::ScatterAdd(count), &[x, i], result, bound),
            false => self.map(Op::Sin, x, 1.0),
        }
    }

    /// One of two values, or a number, by indices.
    fn choice(&mut self, x: usize, b: usize, c: usize) -> usize {
        let i = self.indices(b, |_| true);
        if c.is_multiple_of(3) {
            return self.push(Op::ToReal, &[i], self.shape(i), self.bound(i));
        }
        let (y, shape) = self.partner(x, c);
        match shape.broadcast(&self.shape(i)).filter(small) {
            Some(shape) => {
                let bound = self.bound(x).max(self.bound(y));
                self.push(Op::SelectBelow(1 + b % 3), &[i, x, y], shape, bound)
            }
            None => self.push(Op::ToReal, &[i], self.shape(i), self.bound(i)),
        }
    }

    /// x times random numbers.
    fn random(&mut self, x: usize, gene: usize) -> usize {
        let key = match self.find(Kind::Key, gene, |_| true) {
            Some(key) => key,
            None if self.depth == 0 => self.push_all(Op::Key(gene as u64), &[], vec![Known::new(Type::key(), 0.0)]),
            None => return self.map(Op::Sin, x, 1.0),
        };
        let key = match self.find(Kind::Index, gene, |shape| shape.rank() == 0) {
            Some(i) => self.push_all(Op::FoldIn, &[key, i], vec![Known::new(Type::key(), 0.0)]),
            None => key,
        };
        let drawn = self.push(Op::Uniform(self.shape(x)), &[key], self.shape(x), 1.0);
        self.push(Op::Mul, &[x, drawn], self.shape(x), self.bound(x))
    }
}
