//! The genes of operations on reals.

use super::cook::{Cook, Gene, LARGE, LOUD, small};
use super::recipe::Op;
use crate::base::shape::Shape;
use crate::kernels::matmul_shape;
use crate::primitive::Kind;

impl Cook {
    /// Adds what the gene says; a loop's body is made of those that follow.
    pub(super) fn gene(&mut self, (kind, [a, b, c]): Gene, rest: &mut std::slice::Iter<'_, Gene>) {
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
            25 | 26 => self.product(x, b, c),
            27 => match shape.last() {
                Some(n) => match self.find(Kind::Real, b, |shape| **shape == [*n]) {
                    Some(row) => {
                        let bound = bound + self.bound(row);
                        let y = self.push(Op::AddBias, &[x, row], shape, bound);
                        self.quiet(y, LOUD)
                    }
                    None => self.map(Op::Tanh, x, 1.0),
                },
                None => self.map(Op::Sin, x, 1.0),
            },
            28 => self.push(Op::Transpose, &[x], shape.transposed(), bound),
            29 => {
                let flat = if b % 2 == 0 { [shape.size()].into() } else { Shape::from([1, shape.size()]) };
                self.push(Op::Reshape(flat.clone()), &[x], flat, bound)
            }
            30 if shape.size() * 2 <= LARGE && shape.rank() < 3 => self.widened(x),
            31..=35 if shape.rank() > 0 => self.reduction(kind, x, axis, b),
            36 if shape.rank() > 0 => self.join(x, axis, b),
            37 if shape.rank() > 0 && length > 0 => {
                let start = b % length;
                let stop = start + 1 + c / 4 % (length - start);
                self.push(Op::Slice(axis, start, stop), &[x], shape.with_axis(axis, stop - start), bound)
            }
            38 if shape.rank() > 0 && length > 0 => self.rearranged(x, axis, b, c),
            39 if shape.rank() > 0 && length > 0 => self.pooled(x, b, c),
            40 if shape.size() > 0 => self.convolved(x, b, c),
            41 => self.einsum(x, b, c),
            42..=49 => self.index_gene(kind, x, axis, b, c),
            50 | 51 => self.scan(x, b, c, rest),
            52 => self.condition(x, b, c, rest),
            53 => self.repeated(x, b, c, rest),
            54 => {
                let x = self.quiet(x, 4.0);
                self.map(Op::Ruled, x, self.bound(x) + 1.0)
            }
            55..=57 => self.elementary(kind, x),
            58..=60 => self.elementary_of_two(kind, x, b),
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

    fn elementary(&mut self, kind: usize, x: usize) -> usize {
        match kind {
            55 => {
                let x = self.quiet(x, 2.0);
                self.map(Op::Erf, x, 1.0)
            }
            56 => {
                let x = self.quiet(x, 2.0);
                let grown = self.map(Op::Expm1, x, self.bound(x).exp());
                self.map(Op::Asinh, grown, self.bound(grown))
            }
            _ => {
                let x = self.positive(x, 0.5);
                let root = self.map(Op::Cbrt, x, self.bound(x));
                self.map(Op::Log1p, root, self.bound(root))
            }
        }
    }

    /// Of a value and one away from 0, where the distance and the angle of two have all their derivatives, and a power, too.
    fn elementary_of_two(&mut self, kind: usize, x: usize, gene: usize) -> usize {
        let (y, shape) = self.partner(x, gene);
        let away = self.positive(y, 0.5);
        let bound = self.bound(x) + self.bound(away);
        match kind {
            58 => self.push(Op::Hypot, &[x, away], shape, bound),
            59 => self.push(Op::Atan2, &[x, away], shape, 3.2),
            _ => {
                let (base, power) = (self.quiet(away, 4.0), self.quiet(x, 2.0));
                let base = self.positive(base, 0.5);
                self.push(Op::Pow, &[base, power], shape, self.bound(base).max(1.0).powi(2))
            }
        }
    }

    fn select(&mut self, x: usize, b: usize, c: usize) -> usize {
        let (y, shape) = self.partner(x, b);
        let (z, whole) = self.partner(x, c);
        let (z, shape) = match shape.broadcast(&whole).filter(small) {
            Some(whole) => (z, whole),
            None => (x, shape),
        };
        let bound = self.bound(z).max(self.bound(y));
        self.push(Op::Select, &[x, y, z, y], shape, bound)
    }

    /// Twice, along a new first axis.
    fn widened(&mut self, x: usize) -> usize {
        let wide: Shape = std::iter::once(2).chain(self.shape(x).iter().copied()).collect();
        self.push(Op::BroadcastTo(wide.clone()), &[x], wide, self.bound(x))
    }

    /// A product, of several matrices where `x` has so many or is widened.
    fn product(&mut self, x: usize, b: usize, c: usize) -> usize {
        let x = match &*self.shape(x) {
            [m, n] if c.is_multiple_of(3) && 2 * m * n <= LARGE => self.widened(x),
            _ => x,
        };
        let (own, bound) = (self.shape(x), self.bound(x));
        let fits = |other: &Shape| matmul_shape(&own, other).is_ok_and(|shape| small(&shape));
        let y = match (self.find(Kind::Real, b, fits), &*own) {
            (Some(y), _) => y,
            (None, [_, _]) => self.push(Op::Transpose, &[x], own.transposed(), bound),
            _ => return self.map(Op::Tanh, x, 1.0),
        };
        let Ok(shape) = matmul_shape(&own, &self.shape(y)) else { return x };
        let bound = own.last().copied().unwrap_or(1) as f64 * bound * self.bound(y);
        let result = self.push(Op::MatMul, &[x, y], shape, bound);
        self.quiet(result, LOUD)
    }

    /// x and up to two more values, whose axes share labels with those before where the lengths allow it.
    fn einsum(&mut self, x: usize, b: usize, c: usize) -> usize {
        let operands: Vec<usize> = [x, self.pick(b), self.pick(c)].into_iter().take(1 + b / 8 % 3).collect();
        let mut lengths: Vec<usize> = Vec::new();
        let mut labelled: Vec<Vec<usize>> = Vec::new();
        for operand in &operands {
            let mut labels: Vec<usize> = Vec::new();
            for (axis, length) in self.shape(*operand).iter().enumerate() {
                let fits = |label: &usize| lengths.get(*label) == Some(length) && !labels.contains(label);
                let shared: Vec<usize> = (0..lengths.len()).filter(fits).collect();
                // One more choice than there are labels: a new one.
                let label = shared.get((c + axis) % (shared.len() + 1)).copied().unwrap_or(lengths.len());
                if label == lengths.len() {
                    lengths.push(*length);
                }
                labels.push(label);
            }
            labelled.push(labels);
        }
        let count = lengths.len();
        let order = (0..count).map(|i| if b.is_multiple_of(2) { (i + c) % count } else { count - 1 - i });
        let kept: Vec<usize> = order.filter(|label| (b / 2 + c) >> label & 1 == 0).take(3).collect();
        let of = |labels: &[usize]| labels.iter().filter_map(|l| char::from_u32('a' as u32 + *l as u32)).collect();
        let texts: Vec<String> = labelled.iter().map(|labels| of(labels)).collect();
        let text: String = of(&kept);
        let shape: Shape = kept.iter().filter_map(|label| lengths.get(*label)).copied().collect();
        if lengths.iter().product::<usize>() > 8 * LARGE || !small(&shape) {
            return self.map(Op::Tanh, x, 1.0);
        }
        let terms: usize = lengths.iter().enumerate().filter(|(i, _)| !kept.contains(i)).map(|(_, l)| l).product();
        let bound = operands.iter().map(|x| self.bound(*x)).product::<f64>() * terms as f64;
        let y = self.push(Op::Einsum(format!("{}->{text}", texts.join(","))), &operands, shape, bound);
        self.quiet(y, LOUD)
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
        let y = self.find(Kind::Real, gene, |other| *other == shape).unwrap_or(x);
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
}
