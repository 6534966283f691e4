//! The Taylor test: a remainder of second order.

use super::difference::Sample;
use crate::base::error::{Error, ErrorKind, Result};
use crate::program::{Input, Program};
use ndarray::ArrayD;

/// The outcome of a Taylor test.
#[derive(Clone, PartialEq, Debug)]
pub struct Taylor {
    /// Pairs (h, |f(x + hξ) − f(x) − h·⟨∇f, ξ⟩|), h halved from one to the next.
    pub remainders: Vec<(f64, f64)>,
    /// The exponent p with which the remainder falls as hᵖ, at the smallest steps where it stands clear of rounding;
    /// `None` where it never does, as for a linear function.
    pub rate: Option<f64>,
    finite: bool,
    /// Whether the remainder drops from one of the smallest steps to the next as no power below the third does.
    drops: bool,
}

impl Taylor {
    /// Whether the gradient is right: the rate is at least 1.9, or the remainder is nothing but rounding. `None` if the
    /// function is not finite there, or the remainder falls slowly and then drops, as it does where the larger of the
    /// smallest steps cross a kink: for a wrong gradient it falls with h down to the rounding.
    pub fn is_right(&self) -> Option<bool> {
        let right = self.rate.is_none_or(|rate| rate >= 1.9);
        (self.finite && (right || !self.drops)).then_some(right)
    }
}

/// Compares a number-valued program with its linear approximation along `direction` (one array for each input of
/// reals): for a right gradient the remainder falls as h².
///
/// ```
/// use autodiff::{Input, Tape, check};
/// let tape = Tape::<f64>::new();
/// let x = tape.input([1.0, 2.0]);
/// let program = tape.program(&[x.exp().sum(..)])?;
/// let direction = [ndarray::array![1.0, -0.5].into_dyn()];
/// let taylor = check::taylor(&program, &[Input::real([1.0, 2.0])], &direction)?;
/// assert!(taylor.rate.unwrap() > 1.9);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// # Errors
/// As [`Program::jvp`] and [`Program::grad`]; [`ErrorKind::ProgramInput`] if the directions do not fit the inputs.
pub fn taylor(program: &Program<f64>, inputs: &[Input<f64>], direction: &[ArrayD<f64>]) -> Result<Taylor> {
    let is_real = |i: &usize| matches!(inputs.get(*i), Some(Input::Real(_)));
    let wrt: Vec<usize> = (0..inputs.len()).filter(is_real).collect();
    if wrt.len() != direction.len() {
        let message = format!("there are {} inputs of reals and {} directions", wrt.len(), direction.len());
        return Err(Error::new(ErrorKind::ProgramInput, "taylor", message));
    }
    let gradient = program.grad(&wrt)?.run(inputs)?;
    for (gradient, direction) in gradient.iter().zip(direction) {
        if gradient.shape() != direction.shape() {
            let message = format!("a direction of shape {:?} for {:?}", direction.shape(), gradient.shape());
            return Err(Error::new(ErrorKind::ProgramInput, "taylor", message));
        }
    }
    let slope = gradient.iter().flatten().zip(direction.iter().flatten()).map(|(g, d)| g * d).sum();
    let along = |t: f64| {
        let mut moved = inputs.to_vec();
        let reals = moved.iter_mut().filter_map(|input| if let Input::Real(x) = input { Some(x) } else { None });
        for (x, direction) in reals.zip(direction) {
            x.iter_mut().zip(direction).for_each(|(x, d)| *x += t * d);
        }
        let y: f64 = program.run(&moved)?.iter().flatten().sum();
        Ok(Sample { value: y, size: y.abs() })
    };
    remainders(&along, slope, 0.25)
}

/// The remainders of `f` at 0 against the line with `slope`, from `step` down.
pub(super) fn remainders(f: &dyn Fn(f64) -> Result<Sample>, slope: f64, step: f64) -> Result<Taylor> {
    let Sample { value: start, size: start_size } = f(0.0)?;
    let (mut remainders, mut clear, mut next) = (Vec::new(), Vec::new(), None);
    for halving in 0..24 {
        let h = step * 0.5f64.powi(halving);
        let Sample { value: y, size } = f(h)?;
        let remainder = (y - start - h * slope).abs();
        // What the subtraction leaves of the rounding of its terms, with room for that of the function itself.
        let rounding = 1e-14 * (size + start_size + (h * slope).abs());
        if remainder.is_finite() {
            remainders.push((h, remainder));
            if remainder > 100.0 * rounding {
                clear.push(remainder);
                next = None;
            } else {
                next = next.or(Some(remainder));
            }
        }
    }
    // The mean over the last steps: those nearest to the limit.
    let last: Vec<f64> = clear.iter().rev().take(4).copied().collect();
    let rate = match last.as_slice() {
        [small, .., large] => Some((large / small).log2() / (last.len() - 1) as f64),
        _ => None,
    };
    let smaller = next.iter().chain(&last);
    let drops = smaller.zip(last.iter().skip(usize::from(next.is_none()))).any(|(small, large)| *large > 8.0 * small);
    Ok(Taylor { finite: start.is_finite() && !remainders.is_empty(), remainders, rate, drops })
}
