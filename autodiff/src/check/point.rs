//! A program at a point that moves: what finite differences are taken of.

use super::difference::{Sample, same};
use crate::base::error::Result;
use crate::program::{Input, Program};
use ndarray::ArrayD;

/// A program with inputs that move.
pub(super) struct Point<'a> {
    pub(super) program: &'a Program<f64>,
    pub(super) inputs: Vec<Input<f64>>,
}

impl Point<'_> {
    fn run(&self) -> Result<Vec<f64>> {
        Ok(self.program.run(&self.inputs)?.iter().flatten().copied().collect())
    }

    pub(super) fn element(&self, i: usize, element: usize) -> f64 {
        match self.inputs.get(i) {
            Some(Input::Real(x)) => x.iter().nth(element).copied().unwrap_or(f64::NAN),
            _ => f64::NAN,
        }
    }

    /// The scales a result may vary on when an element moves, from small to large: its own, unity, and that of the largest
    /// input.
    pub(super) fn lengths(&self, i: usize, element: usize, biggest: f64) -> Vec<f64> {
        let usable = |length: &f64| length.is_finite() && *length > 1e-304;
        let mut lengths: Vec<f64> =
            [self.element(i, element).abs(), 0.25, biggest].into_iter().filter(usable).collect();
        lengths.sort_by(f64::total_cmp);
        lengths.dedup();
        lengths
    }

    /// The results as one element moves; the step is what is left of it in the rounding of the element.
    pub(super) fn along(&mut self, i: usize, element: usize) -> impl FnMut(f64) -> Result<(f64, Vec<f64>)> {
        let own = self.element(i, element);
        move |t| {
            let moved = own + t;
            self.set(i, element, moved);
            let results = self.run();
            self.set(i, element, own);
            Ok((moved - own, results?))
        }
    }

    fn set(&mut self, i: usize, element: usize, to: f64) {
        if let Some(Input::Real(x)) = self.inputs.get_mut(i) {
            x.iter_mut().skip(element).take(1).for_each(|x| *x = to);
        }
    }

    /// The results at x + t·ξ.
    pub(super) fn moved(&self, wrt: &[usize], xi: &[ArrayD<f64>], t: f64) -> Result<Vec<f64>> {
        let mut inputs = self.inputs.clone();
        for (i, xi) in wrt.iter().zip(xi) {
            if let Some(Input::Real(x)) = inputs.get_mut(*i) {
                x.iter_mut().zip(xi).for_each(|(x, xi)| *x += t * xi);
            }
        }
        Point { program: self.program, inputs }.run()
    }
}

/// What is looked at of the results: Σ ζ·F, counted from where it starts, and some of the elements of F.
pub(super) struct Watch<'a> {
    pub(super) zeta: &'a [f64],
    pub(super) start: &'a [f64],
    /// Whether an element of F depends on what moves.
    pub(super) depends: &'a [bool],
    pub(super) positions: &'a [usize],
}

/// Which results change when an element that is `own` now moves anywhere, by `length` or far away.
///
/// A result that rounding keeps from changing nearby changes elsewhere; one that depends on what moves through indices
/// alone, or times 0, does not.
pub(super) fn depends(
    raw: &mut impl FnMut(f64) -> Result<(f64, Vec<f64>)>,
    start: &[f64],
    own: f64,
    length: f64,
) -> Vec<bool> {
    let mut depends = vec![false; start.len()];
    let near = [length, -length, -own, 0.5 * own, -0.5 * own, 0.5 - own, -0.5 - own, 1.0 - own, -1.0 - own];
    for step in near.into_iter().chain([1e3, -1e3, 1e30, -1e30, 1e300, -1e300]) {
        if depends.iter().all(|depends| *depends) {
            break;
        }
        // Where an operation refuses the step, nobody can tell.
        let there = raw(step).map_or_else(|_| vec![f64::NAN; start.len()], |(_, there)| there);
        for ((depends, start), y) in depends.iter_mut().zip(start).zip(there) {
            *depends |= !same(y, *start) || !start.is_finite();
        }
    }
    depends
}

impl Watch<'_> {
    /// What is looked at along a curve through the results.
    pub(super) fn curve<R>(&self, raw: &mut R) -> impl FnMut(f64) -> Result<(f64, Vec<Sample>)>
    where
        R: FnMut(f64) -> Result<(f64, Vec<f64>)>,
    {
        move |t| raw(t).map(|(step, results)| (step, self.samples(&results)))
    }

    /// The sum Σ ζ·(F − F(0)), to which elements that stay bring no rounding; then the elements watched.
    pub(super) fn samples(&self, results: &[f64]) -> Vec<Sample> {
        let mut whole = Sample { value: 0.0, size: 0.0 };
        for (((zeta, start), y), depends) in self.zeta.iter().zip(self.start).zip(results).zip(self.depends) {
            if *depends && !(same(*y, *start) && start.is_finite()) {
                whole.value += zeta * (y - start);
                whole.size += zeta.abs() * y.abs().max(start.abs());
            }
        }
        let element = |position: &usize| {
            let value = results.get(*position).copied().unwrap_or(f64::NAN);
            let depends = self.depends.get(*position) != Some(&false);
            Sample { value, size: if depends { value.abs() } else { 0.0 } }
        };
        std::iter::once(whole).chain(self.positions.iter().map(element)).collect()
    }
}
