//! What is tried on every result, and the tally of it.

use autodiff::{Input, Program, Real, Registry, Tape, Var};
use ndarray::{ArrayD, IxDyn};
use std::panic::{AssertUnwindSafe, catch_unwind};

pub const SPECIAL: [f64; 10] =
    [f64::NAN, 1.5, f64::INFINITY, 0.0, -2.5, f64::NEG_INFINITY, -0.0, 5e-324, f64::MAX, f64::MIN_POSITIVE];
pub const HUGE: [usize; 4] = [1 << 45, isize::MAX as usize / 8, usize::MAX / 2 + 1, usize::MAX];

/// All shapes of `rank` axes with lengths 0 to 3.
pub fn shapes_of_rank(rank: usize) -> Vec<Vec<usize>> {
    (0..rank).fold(vec![vec![]], |shapes, _| {
        shapes.iter().flat_map(|s| (0..=3).map(|d| [s.as_slice(), &[d]].concat())).collect()
    })
}

pub fn shapes(highest_rank: usize) -> Vec<Vec<usize>> {
    (0..=highest_rank).flat_map(shapes_of_rank).collect()
}

/// An array of the special numbers, starting with the one numbered `turn`.
pub fn special(shape: &[usize], turn: usize) -> ArrayD<f64> {
    let mut numbers = SPECIAL.iter().copied().cycle().skip(turn % SPECIAL.len());
    ArrayD::from_shape_fn(IxDyn(shape), |_| numbers.next().unwrap())
}

/// Counts cases, and collects the ones that panic instead of stopping at the first.
#[derive(Default)]
pub struct Cases {
    count: usize,
    evaluated: usize,
    panics: Vec<String>,
}

impl Cases {
    /// Runs one case, which answers whether it gave a value (and not an error).
    pub fn case(&mut self, name: impl FnOnce() -> String, body: impl FnOnce() -> bool) {
        self.count += 1;
        match catch_unwind(AssertUnwindSafe(body)) {
            Ok(evaluated) => self.evaluated += usize::from(evaluated),
            Err(cause) => {
                let text = cause.downcast_ref::<String>().cloned();
                let text = text.or_else(|| cause.downcast_ref::<&str>().map(|s| (*s).to_owned())).unwrap_or_default();
                self.panics.push(format!("{}: {text}", name()));
            }
        }
    }

    pub fn verdict(self, at_least: usize) {
        let shown: Vec<&str> = self.panics.iter().take(12).map(String::as_str).collect();
        assert!(self.panics.is_empty(), "{} of {} panicked:\n{}", self.panics.len(), self.count, shown.join("\n"));
        assert!(self.evaluated >= at_least, "only {} of {} cases gave a value", self.evaluated, self.count);
    }
}

pub fn same_bits(a: &ArrayD<f64>, b: &ArrayD<f64>) -> bool {
    a.shape() == b.shape() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()))
}

/// Everything that can be asked of a result; whether it has a value.
pub fn exercise<'t>(
    tape: &'t Tape<f64>,
    inputs: &[Input<f64>],
    xs: &[Var<'t, f64>],
    y: Var<'t, f64>,
    registry: &Registry<f32>,
) -> bool {
    let _ = (y.item(), y.error().map(|error| error.to_string()), y.origin().to_string(), format!("{y:?}"));
    let Ok(shape) = y.shape() else {
        // An error: every query answers with it.
        let error = y.error().unwrap();
        assert_eq!(y.value().unwrap_err(), error);
        assert_eq!(y.backward().unwrap_err(), error);
        assert_eq!(y.gradient(xs).unwrap_err(), error);
        assert_eq!(y.pushforward(&[]).unwrap_err(), error);
        assert_eq!(tape.program(&[y]).unwrap_err(), error);
        assert_eq!((y + 1.0).tanh().error().unwrap(), error);
        return false;
    };
    let Ok(value) = y.value() else { return false };
    assert_eq!(value.shape(), &*shape);
    let seed = special(&shape, 1);
    let mut eager = vec![y];
    if let Ok(mut gradients) = y.backward_from(&seed) {
        for x in xs {
            let _ = (gradients.get(*x).is_ok(), gradients.why_no_gradient(*x).map(|error| error.to_string()));
            let _ = (gradients.item(*x).is_ok(), gradients.take(*x).is_ok(), gradients.get(*x).is_ok());
        }
        let _ = format!("{gradients:?}");
    }
    let _ = y.backward().is_ok();
    let zeta = tape.data(&seed);
    if let Ok(gradients) = y.pullback(zeta, xs) {
        let direct = y.backward_from(&seed).unwrap();
        for (x, gradient) in xs.iter().zip(gradients) {
            let (direct, recorded) = (direct.get(*x).unwrap().to_owned(), gradient.value().unwrap());
            assert!(same_bits(&direct, &recorded), "backward {direct} is not gradient {recorded}");
            eager.push(gradient);
            if let Ok(seconds) = gradient.sum(..).gradient(xs) {
                eager.extend(seconds);
            }
        }
    }
    let directions: Vec<_> = xs.iter().map(|x| (*x, tape.data(special(&x.shape().unwrap(), 3)))).collect();
    if let Ok(tangent) = y.pushforward(&directions) {
        assert_eq!(tangent.shape().unwrap(), shape);
        eager.push(tangent);
    }
    replay(tape, inputs, &seed, &directions, &eager, registry);
    true
}

/// The program of `eager` has the same bits when it runs, and its cast and its derivatives do not panic.
pub fn replay<'t>(
    tape: &'t Tape<f64>,
    inputs: &[Input<f64>],
    seed: &ArrayD<f64>,
    directions: &[(Var<'t, f64>, Var<'t, f64>)],
    eager: &[Var<'t, f64>],
    registry: &Registry<f32>,
) {
    let mut all = inputs.to_vec();
    all.push(Input::real(seed));
    all.extend(directions.iter().map(|(_, dx)| Input::Real(dx.value().unwrap())));
    let program = tape.program(eager).unwrap();
    let results = program.run(&all).unwrap();
    for (eager, result) in eager.iter().zip(&results) {
        let value = eager.value().unwrap();
        assert!(same_bits(&value, result), "eager {value} is not program {result}");
    }
    let single: Vec<Input<f32>> = all
        .iter()
        .map(|input| match input {
            Input::Real(x) => Input::Real(x.mapv(f32::of)),
            Input::Index(i) => Input::Index(i.clone()),
            Input::Key(key) => Input::Key(*key),
        })
        .collect();
    program.cast::<f32>(registry).unwrap().run(&single).unwrap();
    let first: Program<f64> = tape.program(&eager[..1]).unwrap();
    let _ = (first.grad(&[0]), first.value_and_grad(&[0, 0]), first.vjp(&[0]), first.jvp(&[0]), first.grad(&[9]));
}
