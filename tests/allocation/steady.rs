//! Steady state: after the first run a plan, and a training step, ask for no memory; and a plan takes what it says.

use crate::catalogue::every;
use crate::{LIVE, largest, requests};
use autodiff::{Feed, Tape};
use ndarray::{Array1, Array2, ArrayD};
use nn::{
    Accumulate, Activation, Adam, BatchNorm, ClipGlobalNorm, Dataset, Dense, Dropout, Init, Layer, Optimizer, Outcome,
    Random, Sequential, Sgd, Step, WeightAverage, loss,
};

fn network(random: &mut Random) -> Sequential<f32> {
    Sequential::new()
        .then(Dense::new(20, 70, Init::He, random))
        .then(Activation::Relu)
        .then(Dropout { keep_prob: 0.5 })
        .then(Dense::new(70, 40, Init::Xavier, random))
        .then(Activation::Tanh)
        .then(Dense::new(40, 10, Init::Xavier, random))
}

fn data(random: &mut Random, examples: usize) -> Dataset<f32> {
    let features = Array2::from_shape_simple_fn((examples, 20), || random.normal() as f32);
    let labels = Array1::from_iter((0..examples).map(|i| i % 10));
    Dataset::labelled(features, labels).unwrap()
}

fn steps_ask_for_nothing(optimizer: impl Optimizer<f32>) {
    let mut random = Random::new(3);
    let mut model = network(&mut random);
    let mut step = Step::new(optimizer, loss::softmax_cross_entropy).threads(1);
    let (full, last) = (data(&mut random, 64), data(&mut random, 17));
    for batch in [&full, &last, &full, &last] {
        step.run(&mut model, batch, 1).unwrap();
    }
    let count = requests(|| {
        for key in 0..50 {
            for batch in [&full, &last] {
                step.run(&mut model, batch, key).unwrap();
            }
        }
    });
    assert_eq!(count, 0, "{}", step.explain(&model, &full).unwrap());
}

#[test]
fn training_steps_ask_for_no_memory() {
    steps_ask_for_nothing(Sgd::new(0.1));
    steps_ask_for_nothing(Adam::new(0.01));
}

/// Buffers, frozen parameters, hyperparameters and transformed gradients cost no memory either.
#[test]
fn a_step_of_everything_asks_for_no_memory() {
    let mut random = Random::new(3);
    let mut model = Sequential::new()
        .then(Dense::new(20, 30, Init::He, &mut random))
        .then(BatchNorm::new(30))
        .then(Activation::LeakyRelu(0.1))
        .then(Dense::new(30, 10, Init::Xavier, &mut random));
    nn::parameters_mut(&mut model)[0].1.set_frozen(true);
    let objective = nn::objective(|model: &Sequential<f32>, batch, cx| {
        let output = model.forward(batch.real("x")?, cx);
        let loss = loss::softmax_cross_entropy(output, batch.target("targets")?);
        Ok(Outcome::from(loss * cx.hyperparameter("weight")).output(output))
    })
    .with("weight", |at| 1.0 / at.step as f64);
    let optimizer = WeightAverage::new(0.9, ClipGlobalNorm::new(1.0, Accumulate::new(2, Adam::new(0.01))));
    let mut step = Step::new(optimizer, objective).threads(1);
    let batch = data(&mut random, 32);
    step.run(&mut model, &batch, 0).unwrap();
    step.run(&mut model, &batch, 0).unwrap();
    let count = requests(|| (0..20).for_each(|key| assert!(step.run(&mut model, &batch, key).unwrap().loss > 0.0)));
    assert_eq!(count, 0);
}

/// Of every layer: planned steps ask for nothing after the first ones, and memory after 2,000 steps is that after 100; with
/// `LONG` in the environment after 10,000.
#[test]
fn thousands_of_steps_of_every_layer_leave_memory_as_a_hundred_do() {
    let steps = if std::env::var_os("LONG").is_some() { 10_000 } else { 2_000 };
    let mut asked: Vec<String> = Vec::new();
    for row in every::<f32>() {
        let (what, mut random) = (format!("{:?}", row.layer), Random::new(5));
        let mut normal = |shape: &[usize]| ArrayD::from_shape_simple_fn(shape, || random.normal() as f32);
        let d = row.fits[row.fits.len() - 1];
        let first = Dense::new(d, d, Init::LeCun, &mut Random::new(8));
        let mut model = Sequential::new().then(first).then(row.layer);
        let y = nn::predict(&model, normal(row.fits)).unwrap();
        let data = Dataset::valued(normal(row.fits), normal(y.shape())).unwrap();
        let mut step = Step::new(Adam::new(1e-4), loss::mean_squared).threads(1);
        (0..100).for_each(|key| assert!(step.run(&mut model, &data, key).is_ok(), "{what}"));
        let after_100 = LIVE.get();
        let count =
            requests(|| (100..steps).for_each(|key| assert!(step.run(&mut model, &data, key).is_ok(), "{what}")));
        assert_eq!(LIVE.get(), after_100, "{what}\n{}", step.explain(&model, &data).unwrap());
        if count > 0 {
            asked.push(format!("{count} times: {what}"));
        }

        // Recorded anew in each step, what is taken is given back.
        let mut step = Step::new(Adam::new(1e-4), loss::mean_squared).eagerly();
        (0..10).for_each(|key| assert!(step.run(&mut model, &data, key).is_ok(), "{what}"));
        let after_10 = LIVE.get();
        (10..100).for_each(|key| assert!(step.run(&mut model, &data, key).is_ok(), "{what}"));
        assert_eq!(LIVE.get(), after_10, "{what}");
    }
    assert!(asked.is_empty(), "asked for memory in {} steps:\n{}", steps - 100, asked.join("\n"));
}

/// Plans of one step share their threads.
#[cfg(target_os = "linux")]
#[test]
fn a_step_starts_threads_once() {
    let threads = || {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        let names = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok());
        names.filter(|name| name.starts_with("autodiff ")).count()
    };
    let mut random = Random::new(3);
    let mut model = Sequential::new()
        .then(Dense::new(20, 600, Init::He, &mut random))
        .then(Dense::new(600, 400, Init::He, &mut random))
        .then(Dense::new(400, 10, Init::He, &mut random));
    let mut step = Step::new(Sgd::new(0.1), loss::softmax_cross_entropy).threads(3);
    for examples in [200, 210, 220] {
        let batch = data(&mut random, examples);
        step.run(&mut model, &batch, 0).unwrap();
        assert!(step.explain(&model, &batch).unwrap().contains(" 3 threads"));
        // The third is that of this test.
        assert_eq!(threads(), 2, "{examples} examples");
    }
}

#[test]
fn a_plan_asks_for_no_memory_and_takes_what_it_says() {
    let tape = Tape::<f64>::new();
    let x = tape.input(vec![0.5; 30_000]);
    let w = tape.input(ndarray::Array2::from_elem((300, 20), 0.1));
    let h = x.reshape([100, 300]).matmul(w).tanh();
    let y = (h.exp() + 1.0).log().sum(..) + x.square().mean(..);
    let gradients = y.gradient(&[x, w]).unwrap();
    let program = tape.program(&[y, gradients[0], gradients[1]]).unwrap();
    let (plan, largest) = largest(|| program.plan());
    let mut plan = plan.unwrap();
    assert_eq!(largest, plan.bytes(), "{}", plan.explain());
    assert!(plan.explain().contains(&format!("memory: {} bytes", plan.bytes())));

    let (x, w) = (vec![0.25; 30_000], vec![0.1; 6000]);
    let mut run = || {
        plan.execute(&mut [Feed::Real(&x), Feed::Real(&w)]).unwrap();
        assert!(plan.number(0).unwrap() > 0.0 && plan.output(1).unwrap().len() == 30_000);
    };
    run();
    assert_eq!(requests(|| (0..20).for_each(|_| run())), 0);
}
