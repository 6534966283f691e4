//! Optimizers: each is its recurrence, compared with loops of plain floats.

use crate::support::normal;
use autodiff::{Real, Tape, Var};
use ndarray::{Array1, Array2, array};
use nn::{
    Accumulate, Adam, ClipGlobalNorm, Columns, Context, Dataset, Dense, Group, Groups, Init, Layer, Momentum,
    Objective, Optimizer, OptimizerState, Param, ParameterState, Position, Random, Recurrence, Schedule, Scheduled,
    Sgd, Step, WeightAverage, loss,
};

const STEPS: i32 = 20;

/// The problem: ½ Σ (x w − y)² in two weights, whose gradient is xᵀ(x w − y).
fn problem() -> (Array2<f64>, Array1<f64>, Array1<f64>) {
    (array![[1.0, 0.5], [-0.3, 2.0], [0.7, -1.1]], array![1.0, -2.0, 0.5], array![0.9, -0.4])
}

fn by_the_tape(optimizer: impl Optimizer<f64>) -> Array1<f64> {
    let (x, y, w) = problem();
    let data = Dataset::valued(x, y.insert_axis(ndarray::Axis(1))).unwrap();
    let mut model = Dense::from_arrays(w.insert_axis(ndarray::Axis(1)), None);
    let mut step = Step::new(optimizer, loss::half_squared);
    for _ in 0..STEPS {
        step.run(&mut model, &data, 0).unwrap();
    }
    assert_eq!(step.state().step(), STEPS as u64);
    model.weight().array().iter().copied().collect()
}

fn by_hand(mut update: impl FnMut(i32, usize, f64, f64) -> f64) -> Array1<f64> {
    let (x, y, mut w) = problem();
    for t in 1..=STEPS {
        let gradient = x.t().dot(&(x.dot(&w) - &y));
        for (i, (w, g)) in w.iter_mut().zip(&gradient).enumerate() {
            *w = update(t, i, *w, *g);
        }
    }
    w
}

fn assert_same(tape: Array1<f64>, hand: Array1<f64>) {
    assert!(tape.iter().zip(&hand).all(|(a, b)| (a - b).abs() <= 1e-12 * b.abs()), "{tape} is not {hand}");
    assert_ne!(hand, problem().2);
}

#[test]
fn sgd() {
    assert_same(by_the_tape(Sgd::new(0.05)), by_hand(|_, _, w, g| w - 0.05 * g));
}

#[test]
fn momentum() {
    let mut v = [0.0; 2];
    let hand = by_hand(|_, i, w, g| {
        v[i] = 0.8 * v[i] + (1.0 - 0.8) * g;
        w - 0.1 * v[i]
    });
    assert_same(by_the_tape(Momentum { rate: 0.1, beta: 0.8 }), hand);
}

fn adam_by_hand(beta1: f64, beta2: f64, epsilon: f64) -> Array1<f64> {
    let (mut m, mut v) = ([0.0; 2], [0.0; 2]);
    by_hand(|t, i, w, g| {
        m[i] = beta1 * m[i] + (1.0 - beta1) * g;
        v[i] = beta2 * v[i] + (1.0 - beta2) * g * g;
        let (m_hat, v_hat) = (m[i] / (1.0 - beta1.powi(t)), v[i] / (1.0 - beta2.powi(t)));
        w - 0.1 * m_hat / (v_hat.sqrt() + epsilon)
    })
}

#[test]
fn adam() {
    assert_same(by_the_tape(Adam::new(0.1)), adam_by_hand(0.9, 0.999, 1e-8));
    // An ε that is large shows where it stands: beside the root, not under it.
    assert_same(by_the_tape(Adam { epsilon: 0.5, ..Adam::new(0.1) }), adam_by_hand(0.9, 0.999, 0.5));
    assert_same(by_the_tape(Adam { beta1: 0.0, ..Adam::new(0.1) }), adam_by_hand(0.0, 0.999, 1e-8));
}

/// In f32, 1 − 0.999 has four digits; the first step of Adam is α·sign(g) to nearly all.
#[test]
fn the_bias_correction_keeps_its_digits_in_single_precision() {
    let data = Dataset::<f32>::valued(array![[1.0f32]], array![[10.0f32]]).unwrap();
    let mut model = Dense::from_arrays(array![[0.0f32]], None);
    Step::new(Adam::new(1.0), loss::half_squared).run(&mut model, &data, 0).unwrap();
    let moved = model.weight().array()[[0, 0]];
    assert!((moved - 1.0).abs() < 1e-6, "{moved}");
}

#[test]
fn state_is_named_arrays() {
    let (x, y, w) = problem();
    let data = Dataset::valued(x, y.insert_axis(ndarray::Axis(1))).unwrap();
    let mut model = Dense::from_arrays(w.insert_axis(ndarray::Axis(1)), None);
    let mut step = Step::new(Adam::new(0.1), loss::half_squared);
    assert_eq!(step.state().arrays().count(), 0);
    step.run(&mut model, &data, 0).unwrap();
    let names: Vec<_> = step.state().arrays().map(|(path, name, array)| (path, name, array.len())).collect();
    assert_eq!(names, [("weight", "m", 2), ("weight", "v", 2)]);
    assert!(step.state().get("weight", "m").is_some());
    assert!(step.state().get("weight", "momentum").is_none());
}

/// One number for each parameter, in a model that is a list of them.
fn numbers(values: &[f64]) -> Vec<Param<f64>> {
    values.iter().map(|value| Param::new([*value])).collect()
}

fn apply(optimizer: impl Optimizer<f64>, gradients: &[f64], steps: usize) -> (Vec<f64>, OptimizerState<f64>) {
    let mut model = numbers(&vec![0.0; gradients.len()]);
    let mut state = OptimizerState::new();
    let gradients: Vec<_> = gradients.iter().enumerate().map(|(i, g)| (i.to_string(), array![*g].into_dyn())).collect();
    for _ in 0..steps {
        state.apply(&optimizer, &mut model, &gradients).unwrap();
    }
    (model.iter().map(|param| param.array()[0]).collect(), state)
}

#[test]
fn gradients_are_clipped_together() {
    let clipped = |gradients: &[f64]| apply(ClipGlobalNorm::new(1.0, Sgd::new(1.0)), gradients, 1).0;
    let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-15 * b.abs());
    assert!(near(&clipped(&[3.0, 4.0]), &[-0.6, -0.8]));
    assert_eq!(clipped(&[0.3, 0.4]), [-0.3, -0.4], "a norm below the limit changes no bit");
    assert_eq!(clipped(&[0.0, 0.0]), [0.0, 0.0]);
    assert!(near(&clipped(&[3e200, 4e200]), &[-0.6, -0.8]), "the squares overflow");
    assert!(near(&clipped(&[f64::MAX, f64::MAX]), &[-0.5f64.sqrt(), -0.5f64.sqrt()]), "the norm overflows");
    let limited = apply(ClipGlobalNorm::new(1e-250, Sgd::new(1.0)), &[3e-200, 4e-200], 1).0;
    assert!(near(&limited, &[-0.6e-250, -0.8e-250]), "the squares underflow");
}

#[test]
fn groups_have_rates_and_decay_of_their_own() {
    let group = |path: &str| match path {
        "weight" => Group { rate: 0.5, decay: 0.1, ..Group::default() },
        _ => Group::default(),
    };
    let model = Dense::from_arrays(array![[2.0]], Some(array![2.0]));
    let data = Dataset::valued(array![[1.0]], array![[3.0]]).unwrap();
    let (mut plain, mut grouped) = (model.clone(), model.clone());
    Step::new(Sgd::new(0.2), loss::half_squared).run(&mut plain, &data, 0).unwrap();
    Step::new(Groups::new(group, Sgd::new(0.2)), loss::half_squared).run(&mut grouped, &data, 0).unwrap();
    // g = 2 + 2 − 3 = 1 for both.
    let number = |param: &Param<f64>| param.array().sum();
    assert!((number(plain.weight()) - 1.8).abs() < 1e-15);
    assert!((number(grouped.weight()) - (2.0 - 0.1 - 0.2 * 0.5 * 0.1 * 2.0)).abs() < 1e-15);
    assert_eq!(grouped.bias(), plain.bias());
}

/// Micro-batches of different sizes make the step that they would make as one batch; between, nothing changes.
#[test]
fn accumulated_batches_are_one_batch() {
    let all = Dataset::valued(normal([10, 3], 1), normal([10, 2], 2)).unwrap();
    let parts: Vec<Dataset<f64>> =
        [0..5, 5..6, 6..10].map(|rows| all.select(&rows.collect::<Vec<_>>()).unwrap()).into();
    fn run<J: Objective<f64, Dense<f64>, K> + Copy, K>(objective: J, all: &Dataset<f64>, parts: &[Dataset<f64>]) {
        let start = Dense::new(3, 2, Init::Xavier, &mut Random::new(3));
        let (mut whole, mut pieces) = (start.clone(), start);
        let mut one = Step::new(Adam::new(0.1), objective);
        let mut many = Step::new(Accumulate::new(3, Adam::new(0.1)), objective);
        for round in 0..4 {
            one.run(&mut whole, all, 0).unwrap();
            for (i, part) in parts.iter().enumerate() {
                let before = pieces.clone();
                many.run(&mut pieces, part, 0).unwrap();
                assert_eq!(before == pieces, i < 2, "round {round}, part {i}");
            }
            let pairs = whole.weight().array().iter().zip(pieces.weight().array());
            pairs.for_each(|(a, b)| assert!((a - b).abs() < 1e-12, "round {round}: {a} and {b}"));
        }
        assert_eq!((one.state().step(), many.state().step()), (4, 12));
    }
    run(loss::mean_squared, &all, &parts);
    run(loss::half_squared, &all, &parts);
}

#[test]
fn the_average_of_the_weights_is_their_average() {
    let (beta, steps) = (0.7, 6);
    let (_, state) = apply(WeightAverage::new(beta, Momentum::new(0.3)), &[1.0], steps);
    let along: Vec<f64> = (1..=steps).map(|n| apply(Momentum::new(0.3), &[1.0], n).0[0]).collect();
    let weights: Vec<f64> = (0..steps).map(|i| beta.powi((steps - 1 - i) as i32)).collect();
    let expected = along.iter().zip(&weights).map(|(w, b)| w * b).sum::<f64>() / weights.iter().sum::<f64>();
    let average = state.get("0", "average").unwrap()[0];
    assert!((average - expected).abs() < 1e-14, "{average} is not {expected}");
    let mut model = numbers(&[0.0]);
    state.copy_to("average", &mut model).unwrap();
    assert_eq!(model[0].array()[0], average);
    assert!(state.copy_to("mean", &mut model).is_err());
}

/// Asks for an array of one name twice.
#[derive(Debug)]
struct Twice;

impl Recurrence for Twice {
    fn rate(&self, _: Position) -> f64 {
        0.1
    }

    fn update<'t, F: Real>(
        &self,
        w: Var<'t, F>,
        g: Var<'t, F>,
        state: &mut ParameterState<'t, '_, F>,
        now: Schedule<'t, F>,
    ) -> Var<'t, F> {
        state.update("v", |v| v + g);
        state.update("v", |v| v - g);
        w - now.rate * g
    }
}

#[test]
fn an_array_of_the_state_is_updated_once() {
    let mut model = Dense::from_arrays(array![[1.0]], None);
    let data = Dataset::valued(array![[1.0]], array![[0.0]]).unwrap();
    let error = Step::new(Twice, loss::half_squared).run(&mut model, &data, 0).unwrap_err();
    assert_eq!(error.message(), "the array `weight.v` of the optimizer's state is updated twice in one step");
}

#[test]
fn an_optimizer_outside_a_step_is_that_of_a_step() {
    let (x, y, w) = problem();
    let optimizer = ClipGlobalNorm::new(0.5, Adam::new(0.1));
    let data = Dataset::valued(x.clone(), y.clone().insert_axis(ndarray::Axis(1))).unwrap();
    let start = Dense::from_arrays(w.insert_axis(ndarray::Axis(1)), None);
    let (mut a, mut b) = (start.clone(), start);
    let (mut step, mut state) = (Step::new(optimizer, loss::half_squared), OptimizerState::new());
    for _ in 0..5 {
        step.run(&mut a, &data, 0).unwrap();
        let tape = Tape::new();
        let cx = Context::training(&tape, &b, 0);
        let batch = Columns::on(&tape, &data);
        let output = b.forward(batch.real("x").unwrap(), &cx);
        let loss = loss::half_squared(output, batch.target("targets").unwrap());
        let gradients = cx.gradients(*loss).unwrap();
        state.apply(&optimizer, &mut b, &gradients).unwrap();
    }
    assert_eq!(a, b);
    assert_eq!(*step.state(), state);
    let error = state.apply(&optimizer, &mut b, &[("bias".into(), array![1.0].into_dyn())]).unwrap_err();
    assert_eq!(error.message(), "the model trains no parameter `bias`");
}

/// A rate that halves with every epoch moves by 1, 1, ½, ½, ¼, …; one plan serves all.
#[test]
fn a_scheduled_rate_is_an_input() {
    let mut model = Dense::from_arrays(array![[0.0]], None);
    let data = Dataset::valued(array![[1.0]], array![[0.0]]).unwrap();
    // The gradient of the output itself is 1.
    let slope = nn::objective(|model: &Dense<f64>, batch, cx| Ok(model.forward(batch.real("x")?, cx).sum(..).into()));
    let mut step = Step::new(Scheduled::new(|at| 0.5f64.powf(at.epoch as f64 - 1.0), Sgd::new(1.0)), slope);
    let mut before = 0.0;
    for epoch in 1..4 {
        step.set_epoch(epoch);
        for _ in 0..2 {
            step.run(&mut model, &data, 0).unwrap();
            let after = model.weight().array().sum();
            assert_eq!(before - after, 0.5f64.powi(epoch as i32 - 1));
            before = after;
        }
    }
    assert!(step.explain(&model, &data).is_some());
}

/// A rate that follows the steps: the first is that of step 1, recorded and planned alike.
#[test]
fn a_rate_sees_the_number_of_the_step() {
    let data = Dataset::valued(array![[1.0]], array![[0.0]]).unwrap();
    for eagerly in [false, true] {
        let mut model = Dense::from_arrays(array![[0.0]], None);
        let slope =
            nn::objective(|model: &Dense<f64>, batch, cx| Ok(model.forward(batch.real("x")?, cx).sum(..).into()));
        let step = Step::new(Scheduled::new(|at| 0.5f64.powf(at.step as f64), Sgd::new(1.0)), slope);
        let mut step = if eagerly { step.eagerly() } else { step };
        for number in 1..6 {
            step.run(&mut model, &data, 0).unwrap();
            assert_eq!(model.weight().array().sum(), 0.5f64.powi(number) - 1.0, "step {number}");
        }
    }
}

#[test]
fn groups_print_their_optimizer() {
    let groups = nn::Groups::new(|_: &str| nn::Group::default(), Momentum::new(0.25));
    assert!(format!("{groups:?}").contains(&format!("{:?}", Momentum::new(0.25))), "{groups:?}");
}
