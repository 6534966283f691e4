//! Every optimizer over a thousand prescribed gradients, against PyTorch or, where its definition differs, against the
//! recurrence of the paper in NumPy: `tests/nn/pytorch/optimizers.py` makes the numbers. And every optimizer planned as
//! recorded, stopped as never stopped.

use crate::support::{bits, lines, normal, numbers};
use ndarray::{ArrayD, array};
use nn::{
    Accumulate, Activation, Adadelta, Adagrad, Adam, AdamW, AmsGrad, Checkpoint, ClipGlobalNorm, ClipValue, Dataset,
    Dense, Group, Groups, HeavyBall, Init, Lamb, Lion, Momentum, Muon, NAdam, Nesterov, Observer, Optimizer,
    OptimizerState, Param, Random, RmsProp, ScheduleFree, Scheduled, Sequential, Sgd, Step, StepResult, Trainer,
    Training, WeightAverage, loss, parameters,
};
use std::ops::ControlFlow;

const SHAPES: [&[usize]; 2] = [&[3, 4], &[4]];

fn gradients(t: i64) -> Vec<(String, ArrayD<f64>)> {
    let gradient = |k: usize| numbers(t * 104_729 + 31 * k as i64, 2003, SHAPES[k], 512.0);
    (0..2).map(|k| (k.to_string(), gradient(k))).collect()
}

/// What a test does with each optimizer.
trait Each {
    fn with<O: Optimizer<f64> + Clone + 'static>(&mut self, name: &str, optimizer: O);
}

/// Every optimizer with the settings of the script, by the script's name for it.
fn every_optimizer(each: &mut impl Each) {
    let heavy = |_: &str| Group { penalty: 0.1, ..Group::default() };
    each.with("sgd", Sgd::new(0.01));
    each.with("momentum", Momentum::new(0.01));
    each.with("heavy_ball", HeavyBall::new(0.01));
    each.with("nesterov", Nesterov::new(0.01));
    each.with("adagrad", Adagrad { decay: 0.02, ..Adagrad::new(0.01) });
    each.with("adadelta", Adadelta::new());
    each.with("rms_prop", RmsProp::new(0.01));
    each.with("rms_prop_centred", RmsProp { centred: true, beta: 0.9, ..RmsProp::new(0.01) });
    each.with("adam", Adam::new(0.01));
    each.with("adam_inside", Adam { epsilon: 0.0, epsilon_root: 1e-3, ..Adam::new(0.01) });
    each.with("adam_coupled", Groups::new(heavy, Adam::new(0.01)));
    each.with("ams_grad", AmsGrad::new(0.01));
    each.with("adam_w", AdamW { decay: 0.1, ..AdamW::new(0.01) });
    each.with("nadam", NAdam::new(0.01));
    each.with("lamb", Lamb::new(0.01));
    each.with("lion", Lion { decay: 0.1, ..Lion::new(0.01) });
    each.with("muon", Muon { decay: 0.1, ..Muon::new(0.02) });
    each.with("schedule_free_sgd", ScheduleFree::new(Sgd::new(0.01)));
    let inner = AdamW { beta1: 0.0, decay: 0.1, ..AdamW::new(0.01) };
    each.with("schedule_free_adam_w", ScheduleFree::new(inner));
    each.with("clip_value", ClipValue::new(0.5, Sgd::new(0.01)));
}

struct Compare {
    seen: usize,
    wrong: Vec<String>,
}

impl Each for Compare {
    fn with<O: Optimizer<f64> + Clone>(&mut self, name: &str, optimizer: O) {
        // A line has the step, and the numbers after it.
        let lines = lines(include_str!("pytorch/optimizers.txt")).into_iter().filter(|(known, _)| *known == name);
        let expected: Vec<(i64, Vec<f64>)> = lines.map(|(_, x)| (x[0] as i64, x[1..].to_vec())).collect();
        assert_eq!(expected.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [1, 2, 10, 100, 1000], "{name}");
        let mut model: Vec<Param<f64>> =
            (0..2).map(|k| Param::new(numbers(5 + 100 * k as i64, 97, SHAPES[k], 64.0))).collect();
        let mut state = OptimizerState::new();
        for t in 1..=1000 {
            state.apply(&optimizer, &mut model, &gradients(t)).unwrap();
            let Some((_, expected)) = expected.iter().find(|(step, _)| *step == t) else { continue };
            let found: Vec<f64> = model.iter().flat_map(|param| param.array().iter().copied()).collect();
            // Relative to the largest number: one that has just crossed 0 has lost its digits on both sides.
            let size = expected.iter().fold(0.0f64, |size, x| size.max(x.abs()));
            let is_right = |a: f64, b: f64| (a - b).abs() <= 1e-12 * size;
            let wrong = found.iter().zip(expected).find(|(a, b)| !is_right(**a, **b));
            self.wrong.extend(wrong.map(|(a, b)| format!("{name}, step {t}: {a} is not {b}")));
        }
        self.seen += 1;
    }
}

#[test]
fn every_optimizer_is_its_reference_over_a_thousand_gradients() {
    let mut compare = Compare { seen: 0, wrong: Vec::new() };
    every_optimizer(&mut compare);
    assert!(compare.wrong.is_empty(), "{}", compare.wrong.join("\n"));
    assert_eq!(compare.seen * 5, include_str!("pytorch/optimizers.txt").lines().count(), "all that the script makes");
}

/// The losses of whole trainings of a small network, forward pass and gradients included, recorded once and replayed.
#[test]
fn trajectories_of_a_network_are_pytorchs() {
    let expected = lines(include_str!("pytorch/trajectories.txt"));
    let mut wrong = Vec::new();
    let mut compare = |name: &str, optimizer: &dyn Optimizer<f64>| {
        let array = |k: i64, shape: &[usize]| numbers(11 * (k + 1), 101, shape, 64.0);
        let matrix = |k, shape: &[usize]| array(k, shape).into_dimensionality::<ndarray::Ix2>().unwrap();
        let vector = |k, n| array(k, &[n]).into_dimensionality::<ndarray::Ix1>().unwrap();
        let mut model = Sequential::new()
            .then(Dense::from_arrays(matrix(0, &[3, 5]), Some(vector(1, 5))))
            .then(Activation::Tanh)
            .then(Dense::from_arrays(matrix(2, &[5, 2]), Some(vector(3, 2))));
        let data = Dataset::valued(numbers(7, 89, &[6, 3], 32.0), numbers(40, 83, &[6, 2], 64.0)).unwrap();
        let mut step = Step::new(Borrowed(optimizer), loss::mean_squared);
        let (_, expected) = expected.iter().find(|(known, _)| *known == name).unwrap();
        assert_eq!(expected.len(), 100);
        for (t, expected) in expected.iter().enumerate() {
            let found = step.run(&mut model, &data, 0).unwrap().loss;
            if (found / expected - 1.0).abs() > 1e-11 || found.is_nan() {
                wrong.push(format!("{name}, step {}: {found} is not {expected}", t + 1));
            }
        }
    };
    compare("sgd", &Sgd::new(0.1));
    compare("heavy_ball", &HeavyBall::new(0.02));
    compare("nesterov", &Nesterov::new(0.02));
    compare("adagrad", &Adagrad::new(0.1));
    compare("adadelta", &Adadelta::new());
    compare("rms_prop", &RmsProp::new(0.01));
    compare("adam", &Adam::new(0.02));
    compare("ams_grad", &AmsGrad::new(0.02));
    compare("adam_w", &AdamW { decay: 0.05, ..AdamW::new(0.02) });
    compare("nadam", &NAdam::new(0.005));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(expected.len(), 10);
}

/// An optimizer that is chosen while the test runs.
struct Borrowed<'a>(&'a dyn Optimizer<f64>);

impl Optimizer<f64> for Borrowed<'_> {
    fn rate(&self, at: nn::Position) -> f64 {
        self.0.rate(at)
    }

    fn update<'t>(&self, update: &mut nn::Update<'t, f64>) -> Vec<autodiff::Var<'t, f64>> {
        self.0.update(update)
    }

    fn largest_gradient(&self) -> Option<f64> {
        self.0.largest_gradient()
    }
}

/// A network with a matrix wider than high, one higher than wide, and biases.
fn network() -> Sequential<f64> {
    let mut random = Random::new(1);
    Sequential::new().then(Dense::new(3, 7, Init::He, &mut random)).then(Activation::Tanh).then(Dense::new(
        7,
        2,
        Init::Xavier,
        &mut random,
    ))
}

fn data() -> Dataset<f64> {
    let features = normal([22, 3], 8);
    let labels: Vec<usize> = features.rows().into_iter().map(|x| usize::from(x[0] < x[1])).collect();
    Dataset::labelled(features, labels).unwrap()
}

fn footprint(model: &Sequential<f64>, state: &OptimizerState<f64>) -> Vec<Vec<u64>> {
    let arrays = parameters(model).into_iter().map(|(_, param)| bits(param.array()));
    arrays.chain(state.arrays().map(|(.., array)| bits(array))).collect()
}

/// Every optimizer, and each around it that sees more than one parameter.
fn every_optimizer_and_wrapper(each: &mut impl Each) {
    every_optimizer(each);
    each.with("accumulated", Accumulate::new(3, ScheduleFree::new(NAdam::new(0.01))));
    each.with("clipped", ClipGlobalNorm::new(0.1, WeightAverage::new(0.9, RmsProp::new(0.01))));
    each.with("scheduled", Scheduled::new(|at: nn::Position| 1.0 / at.step as f64, Muon::new(0.01)));
}

struct Planned;

impl Each for Planned {
    fn with<O: Optimizer<f64> + Clone>(&mut self, name: &str, optimizer: O) {
        let batches = [data(), data().select(&[3, 4, 5]).unwrap()];
        let run = |step: Step<f64, O, _>| {
            let (mut step, mut model) = (step, network());
            let mut seen = Vec::new();
            for key in 0..30 {
                step.run(&mut model, &batches[key as usize % 2], key).unwrap();
                seen.push(footprint(&model, step.state()));
            }
            let planned = batches.iter().filter(|batch| step.explain(&model, *batch).is_some()).count();
            (seen, planned)
        };
        let objective = loss::from_fn(|z, y| loss::softmax_cross_entropy(z, y));
        let (eager, none) = run(Step::new(optimizer.clone(), objective).eagerly());
        let (planned, both) = run(Step::new(optimizer, objective));
        assert_eq!((none, both), (0, 2), "{name}");
        for (step, (planned, eager)) in planned.iter().zip(&eager).enumerate() {
            assert!(planned == eager, "{name}, step {}", step + 1);
        }
        assert_ne!(eager[0], eager[29], "{name}");
    }
}

#[test]
fn every_optimizer_planned_is_recorded() {
    every_optimizer_and_wrapper(&mut Planned);
}

/// Stops after a step.
struct StopAt(u64);

impl Observer<f64> for StopAt {
    fn on_step(&mut self, _: &StepResult<'_, f64>, training: &Training<'_, f64>) -> ControlFlow<()> {
        if training.position().step == self.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

struct Resumed;

impl Each for Resumed {
    fn with<O: Optimizer<f64> + Clone>(&mut self, name: &str, optimizer: O) {
        let data = data();
        let run = |from: Option<&Checkpoint<f64>>, stop: u64| {
            let (mut model, mut stop) = (network(), StopAt(stop));
            let mut trainer = Trainer::new(optimizer.clone()).epochs(3).batch_size(5).seed(3);
            if let Some(checkpoint) = from {
                trainer = trainer.resume(checkpoint);
            }
            let fit = trainer.observe(&mut stop).fit(&mut model, loss::softmax_cross_entropy, &data);
            (fit.unwrap(), model)
        };
        let (end, whole) = run(None, 0);
        for step in [1, 2, 4, 5, 11] {
            let (checkpoint, _) = run(None, step);
            // What is kept passes through plain arrays, as a file would.
            let arrays = checkpoint.optimizer().arrays();
            let arrays = arrays.map(|(path, name, array)| (path.to_owned(), name.to_owned(), array.clone()));
            let read = OptimizerState::from_arrays(checkpoint.optimizer().step(), arrays).unwrap();
            assert_eq!(&read, checkpoint.optimizer());
            let (resumed, model) = run(Some(&checkpoint), 0);
            assert_eq!(footprint(&model, resumed.optimizer()), footprint(&whole, end.optimizer()), "{name}, {step}");
        }
    }
}

#[test]
fn every_optimizer_stopped_and_resumed_never_stopped() {
    every_optimizer_and_wrapper(&mut Resumed);
}

#[test]
fn the_average_of_schedule_free_is_the_trained_model() {
    // Without noise all three sequences end at the minimum; the average of a gradient of 1 is (1 + 2 + … + t)/t steps away.
    let (mut model, mut state) = (Param::<f64>::new([0.0]), OptimizerState::new());
    let gradient = [("".to_owned(), array![1.0].into_dyn())];
    for t in 1..=8 {
        state.apply(&ScheduleFree::new(Sgd::new(1.0)), &mut model, &gradient).unwrap();
        let mean = f64::from(t + 1) / 2.0;
        assert!((state.get("", "average").unwrap()[0] + mean).abs() < 1e-14);
        assert!((model.array()[0] + 0.1 * f64::from(t) + 0.9 * mean).abs() < 1e-14);
    }
    state.copy_to("average", &mut model).unwrap();
    assert!((model.array()[0] + 4.5).abs() < 1e-14);
}
