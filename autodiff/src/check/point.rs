//! A program at a point that moves: what finite differences are taken of.

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

    /// The scales a result may vary on when an element moves: its own, unity, and that of the largest input.
    pub(super) fn lengths(&self, i: usize, element: usize, biggest: f64) -> Vec<f64> {
        let own = self.element(i, element).abs();
        let mut others = [0.25, biggest];
        others.sort_by(f64::total_cmp);
        let usable = |length: &f64| length.is_finite() && *length > 1e-300;
        std::iter::once(own).chain(others).filter(usable).collect()
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
