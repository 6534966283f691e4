//! The checker on networks of ReLUs, where a step along a direction crosses kinks: a right gradient does not fail, and a
//! wrong one, whatever its fault, does.

use autodiff::Shape;
use autodiff::check::{Check, Method, Report, Verdict};
use autodiff::primitive::{Cotangents, Kernel, Primitive, RuleContext, Tangents};
use autodiff::{Input, Program, Real, Tape, Var};
use ndarray::{Array1, Array2};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// What is wrong with the slope of [`Bent`].
#[derive(Clone, Copy, PartialEq, Debug)]
enum Fault {
    None,
    /// Multiplied by 1 + this.
    Factor(f64),
    /// The term of x²/8 is missing.
    Dropped,
    Sign,
}

/// y = max(x, 0) + x²/8. The reverse rule and the tangent rule have the same fault, so that they agree with each other and
/// only a comparison with differences can tell.
#[derive(Debug)]
struct Bent(Fault);

impl Bent {
    fn slope<'t, F: Real>(&self, x: Var<'t, F>) -> Var<'t, F> {
        let step = x.gt(0.0).select(1.0, 0.0);
        match self.0 {
            Fault::None => step + x * 0.25,
            Fault::Factor(by) => (step + x * 0.25) * (1.0 + by),
            Fault::Dropped => step,
            Fault::Sign => step - x * 0.25,
        }
    }
}

impl<F: Real> Primitive<F> for Bent {
    fn name(&self) -> &'static str {
        "test::bent"
    }
    fn formula(&self) -> &'static str {
        "y = max(x, 0) + x²/8"
    }
    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        let eighth = F::from(0.125).unwrap();
        Kernel::<F>::elementwise(move |[x]| x.max(F::zero()) + x * x * eighth)
    }
    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.one(|| at.dy() * self.slope(at.x(0)))
    }
    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| dx * self.slope(at.x(0)))
    }
}

fn matrix(random: &mut ChaCha8Rng, rows: usize, columns: usize, size: f64) -> Array2<f64> {
    Array2::from_shape_simple_fn((rows, columns), || random.random_range(-size..size))
}

/// A network that has not been trained, with its loss on a batch: the squared distance from what it should answer.
fn network(seed: u64, sizes: &[usize], activation: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>) -> Checked {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let batch = 8;
    let tape = Tape::new();
    let first = matrix(&mut random, batch, sizes[0], 1.0);
    let mut x = tape.data(&first);
    let mut inputs = vec![Input::real(first)];
    for (layer, pair) in sizes.windows(2).enumerate() {
        let (weight, bias) = (
            matrix(&mut random, pair[0], pair[1], (6.0 / pair[0] as f64).sqrt()),
            Array1::from_shape_simple_fn(pair[1], || random.random_range(-0.1..0.1)),
        );
        let (w, b) = (tape.input(&weight), tape.input(&bias));
        inputs.extend([Input::real(weight), Input::real(bias)]);
        x = x.matmul(w) + b;
        if layer + 2 < sizes.len() {
            x = activation(x);
        }
    }
    let wanted = tape.constant(matrix(&mut random, batch, sizes[sizes.len() - 1], 1.0));
    Checked { program: tape.program(&[(x - wanted).square().mean(..)]).unwrap(), inputs }
}

struct Checked {
    program: Program<f64>,
    inputs: Vec<Input<f64>>,
}

impl Checked {
    fn by(&self, check: &Check) -> Report {
        check.program(&self.program, &self.inputs).unwrap()
    }
}

/// The seeds that are tried: a few, and more with `LONG` in the environment.
fn seeds(few: u64, more: u64) -> std::ops::Range<u64> {
    0..if is_long() { more } else { few }
}

fn is_long() -> bool {
    std::env::var_os("LONG").is_some()
}

const LARGE: [usize; 4] = [32, 128, 64, 10];
const SMALL: [usize; 4] = [4, 16, 8, 3];

type Activation = for<'t> fn(Var<'t, f64>) -> Var<'t, f64>;

/// All elements of the small networks are compared and few of the large ones; small ones are differentiated twice, too.
fn checked(seed: u64, activation: Activation) -> [(&'static str, Report); 3] {
    let (small, large) = (network(seed, &SMALL, activation), network(seed, &LARGE, activation));
    let first = Check::new().order(1).directions(4);
    [
        ("small, all elements", small.by(&first.clone().elements(1000))),
        ("small, order 2", small.by(&Check::new().elements(4))),
        ("large", large.by(&first.elements(2))),
    ]
}

#[test]
fn a_right_gradient_does_not_fail() {
    let activations: [Activation; 3] = [|x| x.relu(), |x| x.leaky_relu(0.1), |x| x.apply(&Bent(Fault::None))];
    for seed in seeds(2, 8) {
        for activation in activations {
            for (what, report) in checked(seed, activation) {
                assert_eq!(report.verdict(), Verdict::Pass, "seed {seed}, {what}: {report}");
                assert!(report.unchecked_share() < 0.05, "seed {seed}, {what}: {report}");
            }
        }
    }
}

const FAULTY: [(Fault, Activation); 4] = [
    (Fault::Factor(1e-6), |x| x.apply(&Bent(Fault::Factor(1e-6)))),
    (Fault::Factor(-1e-6), |x| x.apply(&Bent(Fault::Factor(-1e-6)))),
    (Fault::Dropped, |x| x.apply(&Bent(Fault::Dropped))),
    (Fault::Sign, |x| x.apply(&Bent(Fault::Sign))),
];

/// A factor and a term that is left out; with `LONG` in the environment all faults.
#[test]
fn a_wrong_rule_fails() {
    for seed in seeds(1, 3) {
        for (fault, activation) in FAULTY.into_iter().step_by(if is_long() { 1 } else { 2 }) {
            for (what, report) in checked(seed, activation) {
                let elements = report.failures().iter().filter(|failure| failure.spot.method == Method::Reverse);
                assert!(elements.count() > 0, "{fault:?}, seed {seed}, {what}: {report}");
            }
        }
    }
}

/// Where no element is compared, the directions tell: a right gradient agrees along them, and a wrong one does not.
#[test]
fn directions_alone_tell() {
    let check = Check::new().order(1).elements(0).directions(4);
    for seed in seeds(2, 6) {
        let right = network(seed, &LARGE, |x| x.relu()).by(&check);
        assert!(right.failures().is_empty() && right.unchecked_share() < 0.5, "seed {seed}: {right}");
        for (fault, activation) in FAULTY {
            let wrong = network(seed, &LARGE, activation).by(&check);
            let mut failures = wrong.failures().iter().map(|failure| failure.spot.method);
            assert!(failures.any(|method| method == Method::Directional), "{fault:?}, seed {seed}: {wrong}");
        }
    }
}

/// Far from the origin, where the first steps span many turns and differences agree with one another on a wrong number.
#[test]
fn what_turns_within_the_steps_does_not_fail() {
    let functions: [(Activation, f64); 5] = [
        (|x| x.sin(), 1e5),
        (|x| x.sin(), 1e6),
        (|x| x.cos(), 1e10),
        (|x| (x * 1e4).sin(), 3.0),
        (|x| (x * 1e6).sin(), 3.0),
    ];
    for (function, at) in functions {
        let report = autodiff::check::function(function, at).unwrap();
        assert!(report.failures().is_empty(), "at {at}: {report}");
    }
}
