//! Models that need more than a map from one array to one: indices, buffers, frozen parts, masks.

use crate::support::{assert_gradients, bits, normal};
use autodiff::{ErrorKind, Index, Input, Tape, Var};
use ndarray::{Array2, array};
use nn::{
    Activation, Adam, BatchNorm, Buffer, Context, Dataset, Dense, Embedding, Init, Layer, Module, Outcome, Param,
    Random, Sequential, Sgd, Step, buffers, loss, parameters, predict,
};

// ---- a sentence: embedding and one head of masked attention ----------------------------------------------------------

/// softmax(q·kᵀ/√d + mask)·v, where no word sees those after it.
///
/// Source: Vaswani et al., "Attention Is All You Need" (2017), §3.2.1.
#[derive(Clone, Debug)]
struct Attention {
    query: Dense<f64>,
    key: Dense<f64>,
    value: Dense<f64>,
    width: usize,
}

impl Module<f64> for Attention {
    nn::visit!(f64; query, key, value; attributes width);
}

impl Attention {
    fn forward<'t>(&self, x: Var<'t, f64>, mask: Var<'t, f64>, cx: &Context<'t, f64>) -> Var<'t, f64> {
        cx.scoped(self, || {
            let (q, k, v) = (self.query.call(x, cx), self.key.call(x, cx), self.value.call(x, cx));
            let scores = q.matmul(k.transpose()) / (self.width as f64).sqrt();
            mask.select(scores, -1e9).softmax(1).matmul(v)
        })
    }
}

#[derive(Clone, Debug)]
struct Language {
    words: Embedding<f64>,
    places: Param<f64>,
    attention: Attention,
    scores: Dense<f64>,
    /// 1 where a word may look, 0 elsewhere.
    mask: Buffer<f64>,
}

impl Module<f64> for Language {
    nn::visit!(f64; words, places, attention, scores, mask);
}

impl Language {
    fn new(words: usize, length: usize, width: usize) -> Self {
        let random = &mut Random::new(4);
        let mut dense = |outputs| Dense::new(width, outputs, Init::Xavier, random);
        let attention = Attention { query: dense(width), key: dense(width), value: dense(width), width };
        let scores = dense(words);
        let mask = Array2::from_shape_fn((length, length), |(i, k)| if k <= i { 1.0 } else { 0.0 });
        let words = Embedding::new(words, width, Init::LeCun, random);
        let places = Param::from_result(Init::LeCun.draw([length, width], width, width, random));
        Language { words, places, attention, scores, mask: Buffer::new(mask) }
    }

    fn forward<'t>(&self, words: Index<'t, f64>, cx: &Context<'t, f64>) -> Var<'t, f64> {
        let x = self.words.forward(words, cx) + cx.param(&self.places);
        self.scores.call(x + self.attention.forward(x, cx.buffer(&self.mask), cx), cx)
    }
}

/// The word two places before: what no model without attention could tell.
#[test]
fn a_head_of_attention_learns_to_look_back() {
    let sentence = [0, 3, 1, 2, 3, 0, 1, 1, 2, 0];
    let targets: Vec<usize> = (0..10usize).map(|i| sentence[i.saturating_sub(2)]).collect();
    let data = Dataset::new().index("words", ndarray::Array1::from(sentence.to_vec())).unwrap();
    let data = data.index("targets", ndarray::Array1::from(targets.clone())).unwrap();
    let objective = nn::objective(|model: &Language, batch, cx| {
        let logits = model.forward(batch.index("words")?, cx);
        Ok(Outcome::from(loss::softmax_cross_entropy(logits, batch.target("targets")?)).output(logits))
    });
    let run = |eagerly: bool, steps: u64| {
        let mut model = Language::new(4, 10, 8);
        let step = Step::new(Adam::new(0.02), &objective);
        let mut step = if eagerly { step.eagerly() } else { step };
        for key in 0..steps {
            step.run(&mut model, &data, key).unwrap();
        }
        (model.clone(), step.result().unwrap().output(0).unwrap().to_owned())
    };
    let arrays = |model: &Language| parameters(model).iter().map(|(_, param)| bits(param.array())).collect::<Vec<_>>();
    assert_eq!(arrays(&run(false, 5).0), arrays(&run(true, 5).0));
    let (model, logits) = run(false, 300);
    assert_eq!(nn::metric::predictions(&logits).unwrap(), targets);
    assert_eq!(buffers(&model)[0].1, &Language::new(4, 10, 8).mask, "what is not updated stays");
    let paths: Vec<String> = parameters(&model).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths[..4], ["words.table", "places", "attention.query.weight", "attention.query.bias"]);

    // A word does not see those after it: its scores stay when they change.
    let scores = |words: Vec<usize>| {
        let tape = Tape::new();
        let cx = Context::evaluation(&tape, &model);
        model.forward(tape.index(ndarray::Array1::from(words)), &cx).value().unwrap()
    };
    let mut changed = sentence.to_vec();
    changed[9] = 3;
    let (before, after) = (scores(sentence.to_vec()), scores(changed));
    let rows = |scores: &ndarray::ArrayD<f64>, rows: std::ops::Range<usize>| {
        scores.slice_axis(ndarray::Axis(0), rows.into()).to_owned()
    };
    assert_eq!(rows(&before, 0..9), rows(&after, 0..9));
    assert_ne!(rows(&before, 9..10), rows(&after, 9..10));
}

#[test]
fn a_module_that_is_no_layer_names_its_place_and_line() {
    let mut model = Language::new(4, 3, 8);
    model.attention.key = Dense::new(5, 8, Init::Zeros, &mut Random::new(0));
    let tape = Tape::new();
    let cx = Context::evaluation(&tape, &model);
    let error = model.forward(tape.index(array![0, 1, 2]), &cx).error().unwrap();
    assert_eq!(error.place().unwrap().scope, "attention.key");
    // The line in `Language::forward`, which is the outermost that was not called by another module.
    assert!(error.place().unwrap().location.unwrap().file().ends_with("tests/nn/users.rs"));
    let error = model.words.forward(tape.index(array![9]), &cx).error().unwrap();
    assert_eq!((error.kind(), error.place().unwrap().scope.as_str()), (ErrorKind::Refused, "words"));
}

#[test]
fn an_embedding_has_the_gradient_of_its_values() {
    let embedding = Embedding::from_array(normal([4, 3], 1).into_dimensionality().unwrap());
    let tape = Tape::new();
    let cx = Context::evaluation(&tape, &embedding);
    let y = embedding.forward(tape.index(array![[2, 0], [2, 1]]), &cx);
    assert_eq!(y.shape().unwrap(), [2, 2, 3].into());
    let program = tape.program(&[(y * tape.constant(normal([2, 2, 3], 2))).sum(..)]).unwrap();
    let point = [Input::Real(normal([4, 3], 1)), Input::index(array![[2, 0], [2, 1]])];
    assert_gradients(&program, &point, "embedding");
}

// ---- batch normalisation ----------------------------------------------------------------------------------------------

/// Planned and recorded steps keep the same running averages, which are those of the formula; evaluation uses them.
#[test]
fn batch_normalisation_keeps_running_averages() {
    let batches: Vec<Dataset<f64>> =
        (0..4).map(|seed| Dataset::valued(normal([6, 2], seed), normal([6, 2], 9)).unwrap()).collect();
    let run = |eagerly: bool| {
        let mut model = Sequential::new().then_named("norm", BatchNorm::new(2));
        let step = Step::new(Sgd::new(0.1), loss::mean_squared);
        let mut step = if eagerly { step.eagerly() } else { step };
        for (key, batch) in (0..).zip(&batches) {
            step.run(&mut model, batch, key).unwrap();
        }
        assert_eq!(step.explain(&model, &batches[0]).is_some(), !eagerly);
        model
    };
    let (planned, eager) = (run(false), run(true));
    let kept = |model| buffers(model).into_iter().map(|(path, b)| (path, bits(b.array()))).collect::<Vec<_>>();
    assert_eq!(kept(&planned), kept(&eager));

    let (mut mean, mut variance) = ([0.0; 2], [1.0; 2]);
    for batch in &batches {
        let x = batch.features().unwrap();
        for (feature, column) in x.columns().into_iter().enumerate() {
            let mu = column.mean().unwrap();
            let unbiased = column.mapv(|x| (x - mu).powi(2)).sum() / 5.0;
            mean[feature] = 0.9 * mean[feature] + 0.1 * mu;
            variance[feature] = 0.9 * variance[feature] + 0.1 * unbiased;
        }
    }
    let found = buffers(&planned);
    assert_eq!((found[0].0.as_str(), found[1].0.as_str()), ("norm.mean", "norm.variance"));
    for feature in 0..2 {
        assert!((found[0].1.array()[feature] - mean[feature]).abs() < 1e-14);
        assert!((found[1].1.array()[feature] - variance[feature]).abs() < 1e-14);
    }

    // One example, which has no variance of its own.
    let x = array![[0.3, -0.2]];
    let y = predict(&planned, &x).unwrap();
    let arrays: Vec<_> = parameters(&planned).into_iter().map(|(_, param)| param.array().clone()).collect();
    for feature in 0..2 {
        let normal = (x[[0, feature]] - mean[feature]) / (variance[feature] + 1e-5).sqrt();
        assert!((y[[0, feature]] - (normal * arrays[0][feature] + arrays[1][feature])).abs() < 1e-12);
    }
    let one = Dataset::valued(x, array![[0.0, 0.0]]).unwrap();
    let error = Step::new(Sgd::new(0.1), loss::mean_squared).run(&mut planned.clone(), &one, 0).unwrap_err();
    assert!(error.message().starts_with("x has shape [1, 2]; it should be"), "{error}");
}

/// A layer that updates a buffer as told.
#[derive(Clone, Debug)]
struct Counts {
    count: Buffer<f64>,
    times: usize,
    always: bool,
}

impl Module<f64> for Counts {
    nn::visit!(f64; count; attributes times, always);
}

impl Layer<f64> for Counts {
    fn forward<'t>(&self, x: Var<'t, f64>, cx: &Context<'t, f64>) -> Var<'t, f64> {
        for _ in 0..self.times {
            if cx.is_training() || self.always {
                cx.update(&self.count, cx.buffer(&self.count) + 1.0);
            }
        }
        x
    }
}

#[test]
fn a_buffer_is_updated_once_and_only_while_training() {
    let data = Dataset::valued(array![[1.0]], array![[0.0]]).unwrap();
    let model = |times, always| {
        let counts = Counts { count: Buffer::new(0.0), times, always };
        Sequential::new().then_named("counts", counts).then(Dense::new(1, 1, Init::Xavier, &mut Random::new(0)))
    };
    let mut counted = model(1, false);
    let mut step = Step::new(Sgd::new(0.1), loss::mean_squared);
    for key in 0..3 {
        step.run(&mut counted, &data, key).unwrap();
    }
    assert_eq!(buffers(&counted)[0].1.array().sum(), 3.0);
    predict(&counted, array![[1.0]]).unwrap();
    assert_eq!(buffers(&counted)[0].1.array().sum(), 3.0);

    let mut twice = model(2, false);
    let error = step.run(&mut twice, &data, 0).unwrap_err();
    assert_eq!(error.message(), "the buffer `counts.count` is updated twice in one pass");
    assert_eq!(buffers(&twice)[0].1.array().sum(), 0.0);
    let error = predict(&model(1, true), array![[1.0]]).unwrap_err();
    assert_eq!(error.message(), "the buffer `counts.count` is updated in an evaluation pass");
}

// ---- frozen parts -----------------------------------------------------------------------------------------------------

#[test]
fn a_frozen_layer_takes_part_and_stays() {
    let mut random = Random::new(6);
    let mut model = Sequential::new()
        .then_named("first", Dense::new(2, 3, Init::He, &mut random))
        .then(Activation::Tanh)
        .then_named("head", Dense::new(3, 1, Init::He, &mut random));
    let data = Dataset::valued(normal([8, 2], 1), normal([8, 1], 2)).unwrap();
    for (path, param) in nn::parameters_mut(&mut model) {
        param.set_frozen(path.starts_with("first."));
    }
    let start = model.clone();
    let mut step = Step::new(Adam::new(0.1), loss::mean_squared);
    let losses: Vec<f64> = (0..50).map(|key| step.run(&mut model, &data, key).unwrap().loss).collect();
    assert!(losses[49] < 0.9 * losses[0], "{losses:?}");
    let same: Vec<bool> = parameters(&model).iter().zip(parameters(&start)).map(|(a, b)| a.1 == b.1).collect();
    assert_eq!(same, [true, true, false, false]);
    let kept: Vec<&str> = step.state().arrays().map(|(path, ..)| path).collect();
    assert_eq!(kept, ["head.weight", "head.weight", "head.bias", "head.bias"]);
    assert_eq!(nn::summary(&model, [2]).unwrap().total(), 13, "frozen parameters are counted");

    nn::parameters_mut(&mut model).into_iter().for_each(|(_, param)| param.set_frozen(true));
    let error = Step::new(Sgd::new(0.1), loss::mean_squared).run(&mut model, &data, 0).unwrap_err();
    assert_eq!(error.message(), "there is no parameter to train");
    assert!(error.to_string().contains("set_frozen(false)"), "{error}");
    let same_shape = Dataset::valued(normal([8, 2], 1), normal([8, 2], 2)).unwrap();
    let mut counts = Counts { count: Buffer::new(0.0), times: 1, always: false };
    let error = Step::new(Sgd::new(0.1), loss::mean_squared).run(&mut counts, &same_shape, 0).unwrap_err();
    assert!(error.to_string().contains("the model has no `Param`"), "{error}");
}
