//! The genes of loops and conditions.

use super::cook::{Cook, Gene, Known, LARGE, LOUD, small};
use super::recipe::{Body, Op};
use crate::base::kind::Type;
use crate::base::shape::Shape;
use crate::primitive::{Keep, Kind};

/// The nodes that a loop or a condition may need, with some genes in its bodies.
const ROOM: usize = 80;

/// What an index that a loop carries is at most.
const LARGEST_INDEX: f64 = 6.0;

type Rest<'a, 'b> = &'a mut std::slice::Iter<'b, Gene>;

impl Cook {
    /// A body that is given these values, made of so many of the next genes.
    fn inside(&self, given: Vec<Known>, count: usize, rest: Rest<'_, '_>) -> Cook {
        let values = self.values.iter().cloned().chain(given).collect();
        let mut cook = Cook { lines: Vec::new(), values, nodes: self.nodes, limit: self.limit, depth: self.depth + 1 };
        for _ in 0..count {
            let Some(gene) = rest.next().filter(|_| !cook.full(20 + ROOM / 2)) else { break };
            cook.gene(*gene, rest);
        }
        cook
    }

    /// What the body `inside` used counts as used; its nodes may all be kept.
    fn close(&mut self, inside: Cook, results: &[usize]) -> Body {
        for (own, seen) in self.values.iter_mut().zip(&inside.values) {
            own.used |= seen.used;
        }
        results.iter().for_each(|x| self.use_value(*x));
        self.nodes += 2 * (inside.nodes - self.nodes.min(inside.nodes));
        Body { lines: inside.lines, results: results.to_vec() }
    }

    /// A value of this shape, from the values behind `start`: one that is there, or one made for it.
    fn shaped(&mut self, shape: &Shape, start: usize) -> usize {
        let fits = |x: &usize| self.is(*x, Kind::Real) && self.shape(*x) == *shape;
        let all = || (start..self.values.len()).rev().filter(fits);
        let unused = all().find(|x| self.values.get(*x).is_some_and(|value| !value.used));
        if let Some(x) = unused.or_else(|| all().next()) {
            return self.quiet(x, LOUD);
        }
        let last = (start..self.values.len()).rev().find(|x| self.is(*x, Kind::Real));
        let last = last.unwrap_or_else(|| self.pick(0));
        let number = self.number(last);
        let number = self.quiet(number, LOUD);
        match shape.rank() {
            0 => number,
            _ => self.push(Op::BroadcastTo(shape.clone()), &[number], shape.clone(), self.bound(number)),
        }
    }

    /// What follows a carry, which was given as value `carry`: of its type and within its bound.
    fn next(&mut self, carry: usize, start: usize) -> usize {
        let shape = self.shape(carry);
        let last = |kind: Kind| {
            let fits = |x: &usize| self.is(*x, kind) && self.shape(*x) == shape;
            (start..self.values.len()).rev().find(fits).unwrap_or(carry)
        };
        if self.is(carry, Kind::Key) {
            return last(Kind::Key);
        }
        if self.is(carry, Kind::Index) {
            let next = last(Kind::Index);
            let fits = self.bound(next) <= self.bound(carry);
            let bound = self.bound(carry);
            return if fits { next } else { self.push_index(Op::IndexRem(bound as usize + 1), &[next], shape, bound) };
        }
        let next = last(Kind::Real);
        if next != carry {
            return self.quiet(next, LOUD);
        }
        // The last value that broadcasts to the carry's shape, times the carry.
        let fits = |x: &usize| self.is(*x, Kind::Real) && shape.broadcast(&self.shape(*x)).as_ref() == Some(&shape);
        match (start..self.values.len()).rev().find(fits) {
            Some(factor) => {
                let bound = self.bound(carry) * self.bound(factor);
                let product = self.push(Op::Mul, &[carry, factor], shape, bound);
                self.quiet(product, LOUD)
            }
            None => carry,
        }
    }

    pub(super) fn scan(&mut self, x: usize, b: usize, c: usize, rest: Rest<'_, '_>) -> usize {
        if self.depth > 1 || self.full(ROOM) {
            return self.map(Op::Tanh, x, 1.0);
        }
        let steps = b % 4;
        let keep = [Keep::Products, Keep::Everything, Keep::Carries, Keep::Nothing];
        let keep = keep.get(b / 8 % 4).copied().unwrap_or_default();
        let mut carries: Vec<usize> = if c % 7 == 6 && steps > 0 { Vec::new() } else { vec![x] };
        if c % 2 == 1 {
            carries.push(self.pick(b));
        }
        carries.extend(self.find(Kind::Index, c, |_| c.is_multiple_of(3)));
        carries.extend(self.find(Kind::Key, c, |_| c % 5 < 2));
        for carry in &mut carries {
            if self.is(*carry, Kind::Real) {
                *carry = self.quiet(*carry, LOUD);
            }
        }
        let rows = |shape: &Shape| steps > 0 && shape.first() == Some(&steps);
        let mut inputs: Vec<usize> = self.find(Kind::Real, c, rows).into_iter().collect();
        if inputs.is_empty() && steps > 0 && steps * self.shape(x).size() <= LARGE && self.shape(x).rank() < 3 {
            let wide: Shape = std::iter::once(steps).chain(self.shape(x).iter().copied()).collect();
            inputs.push(self.push(Op::BroadcastTo(wide.clone()), &[x], wide, self.bound(x)));
        }
        inputs.extend(self.find(Kind::Index, b, rows));

        let outside = self.values.len();
        let mut given = vec![Known::new(Type::index(Shape::scalar()), steps.saturating_sub(1) as f64)];
        for carry in &carries {
            let real = self.is(*carry, Kind::Real);
            let bound = self.bound(*carry).max(if real { LOUD } else { LARGEST_INDEX });
            given.extend(self.values.get(*carry).map(|value| Known::new(value.of.clone(), bound)));
        }
        for input in &inputs {
            let row =
                |value: &Known| Type { shape: value.of.shape.iter().skip(1).copied().collect(), ..value.of.clone() };
            given.extend(self.values.get(*input).map(|value| Known::new(row(value), value.bound)));
        }
        let start = outside + given.len();
        let mut inside = self.inside(given, 1 + c % 6, rest);
        let mut results: Vec<usize> = (1..=carries.len()).map(|i| inside.next(outside + i, start)).collect();
        results.iter().for_each(|x| inside.use_value(*x));
        let mut outputs: Vec<usize> = inside.unused(start).into_iter().rev().take(2).collect();
        // What a step gives may be what it was given, or the same in each.
        outputs.extend((b.is_multiple_of(5)).then_some(outside + 1).filter(|x| !inside.is(*x, Kind::Key)));
        outputs.extend((b.is_multiple_of(11)).then(|| self.pick(c)));
        if outputs.is_empty() && carries.is_empty() {
            outputs.push(inside.pick(0));
        }
        if steps == 0 {
            outputs.clear();
        }
        for output in &mut outputs {
            if steps * inside.shape(*output).size() > LARGE || inside.shape(*output).rank() > 2 {
                *output = inside.number(*output);
            }
        }
        let carried = results.iter().zip(&carries).filter_map(|(next, carry)| {
            let value = inside.values.get(*next)?;
            let bound = value.bound.max(self.bound(*carry)).max(LOUD);
            Some(Known::new(value.of.clone(), bound))
        });
        let stacked = outputs.iter().filter_map(|output| {
            let value = inside.values.get(*output)?;
            let shape = std::iter::once(steps).chain(value.of.shape.iter().copied()).collect();
            Some(Known::new(Type { kind: value.of.kind, shape }, value.bound))
        });
        let types: Vec<Known> = carried.chain(stacked).collect();
        results.extend(&outputs);
        let body = self.close(inside, &results);
        self.nodes += results.len();
        let operands: Vec<usize> = carries.iter().chain(&inputs).copied().collect();
        let reversed = b / 4 % 2 == 1;
        self.push_all(Op::Scan { steps, reversed, keep, carries: carries.len(), body }, &operands, types)
    }

    pub(super) fn condition(&mut self, x: usize, b: usize, c: usize, rest: Rest<'_, '_>) -> usize {
        if self.depth > 1 || self.full(ROOM) {
            return self.map(Op::Tanh, x, 1.0);
        }
        let operands = [x, self.pick(b)].map(|x| self.number(x));
        let outside = self.values.len();
        let then = self.inside(Vec::new(), 1 + b % 3, rest);
        let mut results = vec![then.pick(0)];
        if c.is_multiple_of(3) {
            results.push(then.pick(c));
        }
        results.retain(|x| small(&then.shape(*x)));
        if results.is_empty() {
            results.push(x);
        }
        let mut types: Vec<Known> = results.iter().filter_map(|x| then.values.get(*x)).cloned().collect();
        let then = self.close(then, &results);
        let mut otherwise = self.inside(Vec::new(), 1 + c % 3, rest);
        let others: Vec<usize> = types.iter().map(|known| otherwise.shaped(&known.of.shape, outside)).collect();
        for (known, other) in types.iter_mut().zip(&others) {
            *known = Known::new(known.of.clone(), known.bound.max(otherwise.bound(*other)));
        }
        let otherwise = self.close(otherwise, &others);
        // The test, and for each result two loops' and one without its axis.
        self.nodes += 6 + 3 * others.len();
        self.push_all(Op::Cond { then, otherwise }, &operands, types)
    }

    pub(super) fn repeated(&mut self, x: usize, b: usize, c: usize, rest: Rest<'_, '_>) -> usize {
        if self.depth > 1 || self.full(ROOM) {
            return self.map(Op::Tanh, x, 1.0);
        }
        let most = b % 5;
        let mut carries = vec![self.quiet(x, LOUD)];
        if c.is_multiple_of(2) {
            let other = self.pick(b);
            carries.push(self.quiet(other, LOUD));
        }
        let outside = self.values.len();
        let carried = |x: &usize| Known::new(Type::real(self.shape(*x)), LOUD.max(self.bound(*x)));
        let mut given = vec![Known::new(Type::index(Shape::scalar()), most.saturating_sub(1) as f64)];
        given.extend(carries.iter().map(carried));
        let types: Vec<Known> = given.iter().skip(1).cloned().collect();
        let start = outside + given.len();
        let mut inside = self.inside(given, 1 + c % 5, rest);
        let mut results: Vec<usize> = (1..=carries.len()).map(|i| inside.next(outside + i, start)).collect();
        let test = inside.number(results.first().copied().unwrap_or(x));
        results.push(test);
        let body = self.close(inside, &results);
        self.nodes += results.len() + 3;
        let types = types.into_iter().chain([Known::new(Type::index(Shape::scalar()), most as f64)]).collect();
        let threshold = 0.25 * (c % 8) as f64 - 1.0;
        self.push_all(Op::While { most, threshold, body }, &carries, types)
    }
}
