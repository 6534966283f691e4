//! Layers: values, gradients, parameters, summaries.

use crate::support::{assert_layer, normal};
use autodiff::{Input, Tape, Var};
use ndarray::ArrayD;
use nn::{
    Activation, BatchNorm, Context, Dense, Dropout, Init, Layer, Module, Random, Sequential, parameters, predict,
    summary,
};

const ACTIVATIONS: [Activation; 7] = [
    Activation::Relu,
    Activation::LeakyRelu(0.1),
    Activation::Elu(0.7),
    Activation::Tanh,
    Activation::Sigmoid,
    Activation::Softmax,
    Activation::ArctanSigmoid,
];

fn network(init: Init, activation: Activation) -> Sequential<f64> {
    let mut random = Random::new(5);
    Sequential::new()
        .then(Dense::new(3, 4, init, &mut random))
        .then(activation)
        .then_named("out", Dense::new(4, 2, init, &mut random))
}

#[test]
fn every_layer_has_the_gradient_of_its_values() {
    let x = normal([5, 3], 1);
    for activation in ACTIVATIONS {
        assert_layer(&activation, x.clone(), None, &format!("{activation:?}"));
        assert_layer(&network(Init::LeCun, activation), x.clone(), None, &format!("a network with {activation:?}"));
    }
    let dense = || Dense::new(3, 2, Init::He, &mut Random::new(2));
    assert_layer(&dense(), x.clone(), None, "dense");
    assert_layer(&dense().without_bias(), x.clone(), None, "dense without bias");
    assert_layer(&BatchNorm::new(3), x.clone(), Some(1), "batch normalisation while training");
    assert_layer(&BatchNorm::new(3), x.clone(), None, "batch normalisation at evaluation");
    assert_layer(&Dropout { keep_prob: 0.6 }, x.clone(), Some(3), "dropout while training");
    assert_layer(&Dropout { keep_prob: 0.6 }, x.clone(), None, "dropout at evaluation");
    let nested = Sequential::new().then(Dropout { keep_prob: 0.7 }).then(network(Init::Xavier, Activation::Tanh));
    assert_layer(&nested, x, Some(4), "a nested network with dropout");
}

#[test]
fn activations_are_the_functions_of_their_names() {
    let x = normal([4, 3], 7);
    let formulas: [fn(f64) -> f64; 7] = [
        |x| x.max(0.0),
        |x| if x >= 0.0 { x } else { 0.1 * x },
        |x| if x >= 0.0 { x } else { 0.7 * (x.exp() - 1.0) },
        f64::tanh,
        |x| 1.0 / (1.0 + (-x).exp()),
        f64::exp,
        |x| x.atan() / std::f64::consts::PI + 0.5,
    ];
    for (activation, formula) in ACTIVATIONS.iter().zip(formulas) {
        let mut expected = x.mapv(formula);
        if *activation == Activation::Softmax {
            expected.rows_mut().into_iter().for_each(|mut row| row /= row.sum());
        }
        let y = predict(activation, &x).unwrap();
        assert!(y.iter().zip(&expected).all(|(y, e)| (y - e).abs() < 1e-15), "{activation:?}: {y} is not {expected}");
    }
}

#[test]
fn softmax_refuses_a_scalar() {
    assert!(predict(&Activation::Softmax, 1.0).is_err());
}

#[test]
fn dense_is_x_times_w_plus_b() {
    let (w, b) = (ndarray::array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], ndarray::array![0.5, -0.5]);
    let x = ndarray::array![[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]];
    let dense = Dense::from_arrays(w.clone(), Some(b.clone()));
    assert_eq!(predict(&dense, &x).unwrap(), (x.dot(&w) + b).into_dyn());
    assert_eq!(predict(&dense.without_bias(), &x).unwrap(), x.dot(&w).into_dyn());
}

#[test]
fn parameters_bind_once_in_visit_order_with_their_paths() {
    let model = Sequential::new().then_named("encoder", network(Init::He, Activation::Relu)).then(Activation::Tanh);
    let paths: Vec<String> = parameters(&model).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["encoder.0.weight", "encoder.0.bias", "encoder.out.weight", "encoder.out.bias"]);

    let tape = Tape::<f64>::new();
    let cx = Context::evaluation(&tape, &model);
    assert_eq!(tape.len(), 4);
    let x = tape.data(normal([2, 3], 1));
    let (first, second) = (model.forward(x, &cx), model.forward(x, &cx));
    assert_eq!(first.value().unwrap(), second.value().unwrap());
    let program = tape.program(&[first, second]).unwrap();
    let names: Vec<Option<&str>> = (0..5).map(|i| program.input_name(i)).collect();
    assert_eq!(names[..4], paths.iter().map(|path| Some(path.as_str())).collect::<Vec<_>>());
    assert_eq!(program.inputs().count(), 5, "a second use binds nothing new");
}

/// One layer used twice: the weights are tied because there is one of them.
#[derive(Clone, Debug)]
struct Twice {
    inner: Dense<f64>,
}

impl Module<f64> for Twice {
    nn::visit!(f64; inner);
}

impl Layer<f64> for Twice {
    fn forward<'t>(&self, x: Var<'t, f64>, cx: &Context<'t, f64>) -> Var<'t, f64> {
        self.inner.call(self.inner.call(x, cx).tanh(), cx)
    }
}

#[test]
fn a_layer_used_twice_is_tied_and_counted_once() {
    let model = Twice { inner: Dense::new(3, 3, Init::LeCun, &mut Random::new(1)) };
    assert_layer(&model, normal([2, 3], 2), None, "a tied layer");
    assert_eq!(summary(&model, [3]).unwrap().total(), 12);
    assert_eq!(summary(&model, [3]).unwrap().rows().iter().map(|row| row.parameters).sum::<usize>(), 12);
}

#[test]
fn models_are_plain_data() {
    fn plain<T: Send + Sync + Clone + 'static>(_: &T) {}
    let model = network(Init::He, Activation::Relu);
    plain(&model);
    let mut copy = model.clone();
    nn::parameters_mut(&mut copy)[0].1.array_mut().fill(7.0);
    assert!(parameters(&model)[0].1.array().iter().all(|w| *w != 7.0), "a clone copies");
    let output = predict(&model, normal([1, 3], 0)).unwrap();
    let elsewhere = std::thread::spawn(move || predict(&model, normal([1, 3], 0)).unwrap()).join().unwrap();
    assert_eq!(output, elsewhere);
}

#[test]
fn the_summary_counts_the_thirty_parameters_of_the_notes() {
    let mut random = Random::new(0);
    let model = Sequential::<f64>::new()
        .then(Dense::new(2, 3, Init::He, &mut random))
        .then(Activation::Relu)
        .then(Dense::new(3, 4, Init::He, &mut random))
        .then(Activation::Relu)
        .then(Dense::new(4, 1, Init::He, &mut random));
    let summary = summary(&model, [2]).unwrap();
    let counts: Vec<usize> = summary.rows().iter().map(|row| row.parameters).collect();
    assert_eq!((counts.as_slice(), summary.total()), ([9, 0, 16, 0, 5].as_slice(), 30));
    let expected = "\
layer  kind         output  parameters
0      dense 2 → 3  [n, 3]           9
1      relu         [n, 3]           0
2      dense 3 → 4  [n, 4]          16
3      relu         [n, 4]           0
4      dense 4 → 1  [n, 1]           5
total                               30
";
    assert_eq!(summary.to_string(), expected);
}

#[test]
fn the_summary_knows_single_layers_and_nested_ones() {
    let dense = Dense::<f32>::new(4, 2, Init::He, &mut Random::new(0));
    assert_eq!(summary(&dense, [4]).unwrap().rows().len(), 1);
    assert_eq!(summary(&dense, [4]).unwrap().total(), 10);
    let nested = Sequential::new().then_named("encoder", network(Init::He, Activation::Relu));
    let paths: Vec<String> = summary(&nested, [3]).unwrap().rows().iter().map(|row| row.path.clone()).collect();
    assert_eq!(paths, ["encoder.0", "encoder.1", "encoder.out"]);
}

fn dropped(keep_prob: f64, x: ArrayD<f64>, key: Option<u64>) -> ArrayD<f64> {
    let layer = Dropout { keep_prob };
    let tape = Tape::new();
    let cx = match key {
        Some(key) => Context::training(&tape, &layer, key),
        None => Context::evaluation(&tape, &layer),
    };
    layer.forward(tape.data(x), &cx).value().unwrap()
}

#[test]
fn dropout_keeps_the_expectation() {
    let n = 100_000;
    for keep in [0.3, 0.5, 0.9] {
        let y = dropped(keep, ArrayD::ones(vec![n]), Some(1));
        assert!(y.iter().all(|y| *y == 0.0 || *y == 1.0 / keep));
        // The standard deviation of an element is √((1 − p)/p).
        let limit = 5.0 * ((1.0 - keep) / keep / n as f64).sqrt();
        assert!((y.mean().unwrap() - 1.0).abs() < limit, "keep {keep}: mean {}", y.mean().unwrap());
    }
}

#[test]
fn dropout_is_off_at_evaluation_and_where_all_is_kept() {
    let x = normal([20, 3], 1);
    assert_eq!(dropped(0.5, x.clone(), None), x);
    assert_eq!(dropped(1.0, x.clone(), Some(1)), x);
}

#[test]
fn the_key_decides_the_mask() {
    let x = normal([50], 1);
    let mask = |key| dropped(0.5, x.clone(), Some(key));
    assert_eq!(mask(1), mask(1));
    assert_ne!(mask(1), mask(2));
}

#[test]
fn every_use_of_dropout_draws_its_own_mask() {
    let model = Sequential::<f64>::new().then(Dropout { keep_prob: 0.5 }).then(Dropout { keep_prob: 0.5 });
    let tape = Tape::new();
    let y = model.forward(tape.data(ArrayD::ones(vec![10_000])), &Context::training(&tape, &model, 1));
    let kept = y.value().unwrap().iter().filter(|y| **y != 0.0).count();
    // One mask twice would keep a half.
    assert!((2_300..2_700).contains(&kept), "{kept} of 10,000 kept by two masks");
}

#[test]
fn a_replay_with_another_key_draws_another_mask() {
    let layer = Dropout { keep_prob: 0.5 };
    let tape = Tape::<f64>::new();
    let cx = Context::training(&tape, &layer, 1);
    let y = layer.forward(tape.data(normal([50], 1)), &cx);
    let program = tape.program(&[y]).unwrap();
    let replay = |key| program.run(&[Input::Key(key), Input::Real(normal([50], 1))]).unwrap().remove(0);
    assert_eq!(replay(1), y.value().unwrap());
    assert_eq!(replay(2), dropped(0.5, normal([50], 1), Some(2)));
    assert_ne!(replay(1), replay(2));
}
