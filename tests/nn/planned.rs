//! A training step that is replayed from its plan is the step that is recorded anew, bit for bit; and so is what the
//! stepper shows.

use crate::support::bits;
use autodiff::inspect::Stepper;
use autodiff::{Input, Real, Var};
use ndarray::{Array1, Array2};
use nn::{
    Activation, Adam, Context, Dataset, Dense, Dropout, Init, Layer, Module, Objective, Random, Sequential, Step, loss,
    parameters,
};

fn network<F: Real>(sizes: [usize; 3], seed: u64) -> Sequential<F> {
    let mut random = Random::new(seed);
    Sequential::new()
        .then(Dense::new(sizes[0], sizes[1], Init::He, &mut random))
        .then(Activation::Relu)
        .then(Dropout { keep_prob: 0.8 })
        .then(Dense::new(sizes[1], sizes[2], Init::Xavier, &mut random))
}

fn data<F: Real>(examples: usize, features: usize, classes: usize) -> Dataset<F> {
    let mut random = Random::new(99);
    let features = Array2::from_shape_simple_fn((examples, features), || F::of(random.normal()));
    let labels = Array1::from_iter(features.rows().into_iter().map(|x| {
        let x: f64 = x.iter().take(2).map(|x| x.double()).sum();
        (x.abs() * 2.0) as usize % classes
    }));
    Dataset::labelled(features, labels).unwrap()
}

/// What a run of training leaves behind: after some of the steps, everything.
#[derive(PartialEq, Debug)]
struct Footprint {
    step: u64,
    loss: u64,
    output: Vec<u64>,
    parameters: Vec<Vec<u64>>,
    state: Vec<Vec<u64>>,
}

fn train<F: Real, K>(
    mut step: Step<F, Adam, impl Objective<F, Sequential<F>, K>>,
    mut model: Sequential<F>,
    batches: &[Dataset<F>],
    steps: u64,
    every: u64,
) -> (Vec<Footprint>, Vec<Option<String>>) {
    let mut footprints = Vec::new();
    for (key, batch) in (0..steps).zip(batches.iter().cycle()) {
        let result = step.run(&mut model, batch, key).unwrap();
        let (loss, output) = (result.loss.double().to_bits(), bits(result.output(0).unwrap().iter()));
        if key % every == 0 || key + 1 == steps {
            let parameters = parameters(&model).into_iter().map(|(_, param)| bits(param.array())).collect();
            let state = step.state().arrays().map(|(.., array)| bits(array)).collect();
            footprints.push(Footprint { step: key, loss, output, parameters, state });
        }
    }
    let explained = batches.iter().map(|batch| step.explain(&model, batch)).collect();
    (footprints, explained)
}

/// Planned with 1, 2, 4 and 8 threads = recorded anew in every step; `threads` says whether the plans make use of them.
fn planned_is_eager<F: Real>(
    sizes: [usize; 3],
    data: &Dataset<F>,
    batch: usize,
    steps: u64,
    every: u64,
    threads: bool,
) {
    let batches: Vec<Dataset<F>> = data.batches(batch, &mut Random::new(5)).unwrap().collect();
    assert_eq!(batches.iter().filter(|last| last.len() < batch).count(), 1, "two shapes");
    let new = || Step::new(Adam::new(0.01), loss::softmax_cross_entropy);
    let (eager, never) = train(new().eagerly(), network(sizes, 1), &batches, steps, every);
    assert!(never.iter().all(Option::is_none), "an eager step has no plan");
    assert_ne!(eager[0].loss, eager[eager.len() - 1].loss, "something was learned");
    for count in [1, 2, 4, 8] {
        let (planned, explained) = train(new().threads(count), network(sizes, 1), &batches, steps, every);
        for (planned, eager) in planned.iter().zip(&eager) {
            assert!(planned == eager, "{count} threads, step {}", eager.step);
        }
        let used = if threads { count } else { 1 };
        let said = explained[0].as_deref().expect("planned");
        assert!(said.contains(&format!(" {used} threads")) && explained.iter().all(Option::is_some), "{said}");
    }
}

#[test]
fn a_thousand_planned_steps_are_a_thousand_recorded_steps() {
    planned_is_eager::<f64>([6, 12, 3], &data(55, 6, 3), 20, 1000, 25, false);
}

#[test]
fn in_single_precision() {
    planned_is_eager::<f32>([20, 70, 10], &data(150, 20, 10), 40, 120, 1, false);
}

#[test]
fn threads_that_share_the_work_change_no_bit() {
    planned_is_eager::<f32>([128, 512, 64], &data(288, 128, 64), 192, 30, 1, true);
}

/// The step as a program, walked through event by event: its values are those of the planned step.
#[test]
fn the_step_through_sees_the_numbers_of_the_plan() {
    let (mut model, batch) = (network::<f64>([6, 12, 3], 1), data(20, 6, 3));
    let mut step = Step::new(Adam::new(0.01), loss::softmax_cross_entropy);
    for key in 0..5 {
        step.run(&mut model, &batch, key).unwrap();
    }
    let program = step.program(&model, &batch, 5).unwrap();
    let mut inputs = vec![Input::Key(5)];
    inputs.extend(parameters(&model).into_iter().map(|(_, param)| Input::Real(param.array().clone())));
    inputs.push(Input::Real(batch.features().unwrap().clone()));
    inputs.push(Input::index(batch.labels().unwrap().clone()));
    inputs.extend([Input::real(0.01), Input::real(6.0), Input::real(20.0)]);
    inputs.extend(step.state().arrays().map(|(.., array)| Input::Real(array.clone())));

    let trace = autodiff::inspect::Trace::forward(&program, &inputs).unwrap();
    let mut stepper = Stepper::new(&trace);
    while stepper.step().is_some() {}
    let seen: Vec<Vec<u64>> =
        program.output_ids().iter().map(|id| bits(stepper.state().value(*id).unwrap().iter())).collect();
    let run: Vec<Vec<u64>> = program.run(&inputs).unwrap().iter().map(bits).collect();

    assert!(step.explain(&model, &batch).is_some(), "the next step is planned");
    let result = step.run(&mut model, &batch, 5).unwrap();
    let mut planned = vec![vec![result.loss.to_bits()], bits(result.output(0).unwrap().iter())];
    let gradients: Vec<Vec<u64>> = result.gradients().map(|(_, gradient)| bits(gradient.iter())).collect();
    planned.extend(parameters(&model).into_iter().map(|(_, param)| bits(param.array())));
    planned.extend(step.state().arrays().map(|(.., array)| bits(array)));
    planned.extend(gradients);
    assert_eq!(seen, planned);
    assert_eq!(run, planned);
}

/// Goes on with tanh where the sum of what it got is positive, with half of it otherwise: it reads what it computes.
#[derive(Clone, Debug)]
struct Decides {
    inner: Dense<f64>,
}

impl Module<f64> for Decides {
    nn::visit!(f64; inner);
}

impl Layer<f64> for Decides {
    fn forward<'t>(&self, x: Var<'t, f64>, cx: &Context<'t, f64>) -> Var<'t, f64> {
        let y = self.inner.call(x, cx);
        if y.sum(..).item().is_ok_and(|sum| sum > 0.0) { y.tanh() } else { y * 0.5 }
    }
}

/// Two batches, each minus the other, so that without a bias their decisions differ: a plan of one would be wrong for the
/// other.
#[test]
fn a_model_that_reads_values_is_never_planned() {
    let features = |sign: f64| Array2::from_shape_fn((4, 2), |(i, j)| sign * (1.0 + (i * 2 + j) as f64));
    let values = Array2::from_elem((4, 1), 0.25);
    let batches = [1.0, -1.0].map(|sign| Dataset::valued(features(sign), values.clone()).unwrap());
    let run = |eagerly: bool| {
        let mut model = Decides { inner: Dense::new(2, 1, Init::Xavier, &mut Random::new(3)).without_bias() };
        let step = Step::new(Adam::new(0.01), loss::mean_squared);
        let mut step = if eagerly { step.eagerly() } else { step };
        let mut losses = Vec::new();
        for (key, batch) in (0..40).zip(batches.iter().cycle()) {
            losses.push(step.run(&mut model, batch, key).unwrap().loss.to_bits());
            assert_eq!(step.explain(&model, batch), None, "a decision was planned");
        }
        let weights: Vec<Vec<u64>> = parameters(&model).into_iter().map(|(_, param)| bits(param.array())).collect();
        (losses, weights)
    };
    assert_eq!(run(false), run(true));
}

/// A model of other sizes under the same names is not trained with the plan of the one before.
#[test]
fn another_model_is_prepared_anew() {
    let batch = data::<f64>(12, 6, 3);
    let mut step = Step::new(nn::Sgd::new(0.1), loss::softmax_cross_entropy);
    step.run(&mut network([6, 8, 3], 1), &batch, 0).unwrap();
    for seed in 2..4 {
        let mut model = network([6, 9, 3], seed);
        let mut fresh = model.clone();
        let mut other = Step::new(nn::Sgd::new(0.1), loss::softmax_cross_entropy).eagerly();
        for key in 0..3 {
            let loss = step.run(&mut model, &batch, key).unwrap().loss;
            assert_eq!(loss, other.run(&mut fresh, &batch, key).unwrap().loss);
        }
        let arrays = |model| parameters(model).into_iter().map(|(_, param)| param.array().clone()).collect::<Vec<_>>();
        assert_eq!(arrays(&model), arrays(&fresh));
        assert!(step.explain(&model, &batch).is_some(), "it is prepared again");
    }
}

/// A first step that is refused leaves no trace: not in the state, nor for another model.
#[test]
fn a_refused_first_step_leaves_no_state() {
    let good = data::<f64>(12, 6, 3);
    let bad = Dataset::labelled(
        Array2::from_elem((12, 6), f64::NAN),
        good.labels().unwrap().iter().copied().collect::<Vec<_>>(),
    )
    .unwrap();
    let mut step = Step::new(Adam::new(0.01), loss::softmax_cross_entropy);
    assert!(step.run(&mut network([6, 8, 3], 1), &bad, 0).is_err());
    assert_eq!(step.state().arrays().count(), 0);
    step.run(&mut network([6, 9, 3], 1), &good, 0).unwrap();
    assert_eq!(step.state().step(), 1);
}

#[test]
fn arrays_that_an_objective_puts_on_the_tape_are_planned_as_constants_alone() {
    let batch = Dataset::<f64>::valued([[2.0]], [[6.0]]).unwrap();
    let given = std::cell::Cell::new(0.0);
    let trained = |planned: bool| {
        let mut model = Dense::new(1, 1, Init::Zeros, &mut Random::new(0)).without_bias();
        let objective = nn::objective(|model: &Dense<f64>, batch, cx| {
            let target = if planned { cx.tape().constant([[6.0]]) } else { cx.tape().data([[given.get()]]) };
            Ok((model.forward(batch.real("x")?, cx) - target).square().sum(..).into())
        });
        let mut step = Step::new(nn::Sgd::new(0.125), objective);
        let mut weights = Vec::new();
        for i in 0..3 {
            given.set(f64::from(i));
            step.run(&mut model, &batch, 0).unwrap();
            weights.push(model.weight().array().sum());
        }
        assert_eq!(step.explain(&model, &batch).is_some(), planned);
        weights
    };
    // The derivative of (2w − t)² is 4(2w − t); an eighth of it subtracted leaves t/2.
    assert_eq!(trained(true), [3.0, 3.0, 3.0]);
    assert_eq!(trained(false), [0.0, 0.5, 1.0]);
}
