//! The derivatives of a program, recorded on a tape without values through the same rules as everybody's.

use crate::base::error::{Error, ErrorKind, Place, Result};
use crate::base::kind::Kind;
use crate::base::real::Real;
use crate::differentiate::forward::pushforward;
use crate::differentiate::pullback::{Unreached, pullback};
use crate::program::Program;
use crate::tape::var::Var;
use crate::tape::{Arg, Tape};
use std::panic::Location;

impl<F: Real> Program<F> {
    /// The program whose outputs are the gradients of this one's single number with respect to the inputs `wrt`: zeros for an
    /// input that the number does not depend on.
    ///
    /// ```
    /// use autodiff::{Input, Tape};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.input(2.0);
    /// let slope = tape.program(&[x.powi(3)])?.grad(&[0])?;
    /// let curvature = slope.grad(&[0])?;
    /// assert_eq!(slope.run(&[Input::real(2.0)])?[0].first(), Some(&12.0));
    /// assert_eq!(curvature.run(&[Input::real(2.0)])?[0].first(), Some(&12.0));
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotScalar`] if the program does not have one output of one element, [`ErrorKind::Mismatch`] if that is
    /// no real, and whatever [`Var::gradient`] answers, but for what is 0.
    #[track_caller]
    pub fn grad(&self, wrt: &[usize]) -> Result<Self> {
        self.differentiate(wrt, false)
    }

    /// As [`grad`](Self::grad), with the value itself as the first output.
    ///
    /// # Errors
    /// As [`grad`](Self::grad).
    #[track_caller]
    pub fn value_and_grad(&self, wrt: &[usize]) -> Result<Self> {
        self.differentiate(wrt, true)
    }

    #[track_caller]
    fn differentiate(&self, wrt: &[usize], with_value: bool) -> Result<Self> {
        let tape = Tape::symbolic();
        let (args, outputs) = self.on(&tape, "grad")?;
        let [y] = outputs.as_slice() else {
            let message = format!("a gradient is of one number; the program has {} outputs", outputs.len());
            return Err(Error::new(ErrorKind::NotScalar, "grad", message));
        };
        let gradients = y.gradient_or(&reals(&args, wrt)?, Unreached::Zero)?;
        let value = with_value.then_some(*y);
        tape.program(&value.into_iter().chain(gradients).collect::<Vec<_>>())
    }

    /// The program of the reverse derivative: it takes this one's inputs and a cotangent for each output, and answers
    /// with the cotangents of the inputs `wrt`: zeros for an input that no output depends on.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if an output is no array of reals; as [`Var::pullback`], but for what is 0.
    #[track_caller]
    pub fn vjp(&self, wrt: &[usize]) -> Result<Self> {
        self.vjp_or(wrt, Unreached::Zero)
    }

    /// As [`vjp`](Self::vjp), with a choice of what is answered for an input that no output depends on.
    #[track_caller]
    pub(crate) fn vjp_or(&self, wrt: &[usize], unreached: Unreached) -> Result<Self> {
        let tape = Tape::symbolic();
        let (args, outputs) = self.on(&tape, "vjp")?;
        let seeds =
            tape.attributed(|| outputs.iter().map(|y| Ok((*y, seed(&tape, *y)?))).collect::<Result<Vec<_>>>())?;
        tape.program(&pullback(&tape, &seeds, &reals(&args, wrt)?, unreached)?)
    }

    /// The program of the differential: it takes this one's inputs and a tangent for each of the inputs `wrt`, and
    /// answers with the tangents of the outputs.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if an output is no array of reals; as [`Var::pushforward`].
    #[track_caller]
    pub fn jvp(&self, wrt: &[usize]) -> Result<Self> {
        let tape = Tape::symbolic();
        let (args, outputs) = self.on(&tape, "jvp")?;
        let moving = reals(&args, wrt)?;
        let directions =
            tape.attributed(|| moving.iter().map(|x| Ok((*x, seed(&tape, *x)?))).collect::<Result<Vec<_>>>())?;
        tape.program(&pushforward(&tape, &outputs, &directions)?)
    }

    /// The program recorded on a tape, to be differentiated by `operation`: its arguments and its results, which are all
    /// arrays of reals.
    #[track_caller]
    fn on<'t>(&self, tape: &'t Tape<F>, operation: &str) -> Result<(Vec<Arg<'t, F>>, Vec<Var<'t, F>>)> {
        if let Some((i, (kind, _))) = self.outputs().enumerate().find(|(_, (kind, _))| *kind != Kind::Real) {
            let message = format!("output {i} is {}; a derivative is one of arrays of reals", kind.words());
            let place = Place { location: Some(Location::caller()), scope: String::new() };
            let help = "`returning` makes the program of some of the outputs";
            return Err(Error::new(ErrorKind::Mismatch, operation, message).at(place).with_help(help));
        }
        let args = self.placeholders(tape);
        let outputs = self.record(tape, &args)?;
        Ok((args, outputs))
    }
}

fn seed<'t, F: Real>(tape: &'t Tape<F>, like: Var<'t, F>) -> Result<Var<'t, F>> {
    Ok(tape.symbolic_input(like.shape()?))
}

fn reals<'t, F: Real>(args: &[Arg<'t, F>], wrt: &[usize]) -> Result<Vec<Var<'t, F>>> {
    let real = |i: &usize| match args.get(*i) {
        Some(Arg::Real(x)) => Ok(*x),
        Some(_) => {
            Err(Error::new(ErrorKind::ProgramInput, "derivative", format!("input {i} is not an array of reals")))
        }
        None => {
            let message = format!("there is no input {i}; the program has {}", args.len());
            Err(Error::new(ErrorKind::ProgramInput, "derivative", message))
        }
    };
    wrt.iter().map(real).collect()
}
