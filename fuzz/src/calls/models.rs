//! Calls on models: layers of odd sizes on odd inputs, optimizers with odd settings, data with odd numbers, metrics,
//! schedules.

use super::Record;
use super::draw::Draw;
use autodiff::{Index, Tape, Var};
use nn::{
    Accumulate, Activation, Adadelta, Adagrad, Adam, AdamW, AmsGrad, AveragePool1d, BatchNorm, ClipGlobalNorm,
    ClipValue, Column, Context, Conv1d, Conv2d, ConvTranspose1d, Dataset, Dense, Dropout, Embedding, Flatten,
    GlobalPool, GroupNorm, Gru, HeavyBall, Init, Lamb, Layer, LayerNorm, Lbfgs, Lion, Lstm, MaxPool1d, MaxPool2d,
    Momentum, MultiHeadAttention, Muon, NAdam, Nesterov, NewtonCg, Optimizer, Position, PositionalEmbedding,
    PositionalEncoding, Prelu, Random, Residual, RmsNorm, RmsProp, Rnn, ScheduleFree, Scheduled, Sequential, Sgd, Step,
    Target, Trainer, TransformerBlock, Update, WeightAverage, loss, metric, schedule,
};

/// A model, and calls on it.
pub fn calls(draw: &mut Draw, record: &Record) {
    let mut model = model(draw);
    record.call(format!("{model:?}"));
    for _ in 0..4 {
        // Recurrent layers make a step for each position of the second axis.
        let mut shape = draw.small_shape();
        shape.iter_mut().skip(1).take(1).for_each(|steps| *steps = (*steps).min(1000));
        let x = draw.array(&shape);
        record.call(format!("on {shape:?}"));
        record.answer(nn::predict(&model, &x));
        record.answer(nn::predict_in_batches(&model, &x, draw.count()));
        let asked = draw.shape();
        record.call(format!("summary of {asked:?}"));
        record.answer(nn::summary(&model, asked).map(|summary| summary.to_string()));
        let tape = Tape::new();
        let cx = Context::training(&tape, &model, 1);
        let y = model.forward(tape.input(&x), &cx);
        record.answer(y.error().map_or(Ok(()), Err));
        record.answer(cx.gradients(y.sum(..)));
    }
    train(draw, record, &mut model);
    measure(draw, record);
    schedules(draw, record);
    embedding(draw, record);
}

fn length(draw: &mut Draw) -> usize {
    if draw.once_in(8) { draw.count() } else { 1 + draw.few() }
}

fn layer(draw: &mut Draw) -> Box<dyn Layer<f64>> {
    let seed = draw.count() as u64;
    let random = &mut Random::new(seed);
    let init = [Init::Zeros, Init::SmallNormal, Init::He, Init::Xavier, Init::LeCun][draw.below(5)];
    let (n, m, k, s) = (length(draw), length(draw), length(draw), length(draw));
    let p = draw.number();
    match draw.below(32) {
        0 | 1 => Box::new(Dense::new(n, m, init, random)),
        2 => Box::new(Conv1d::new(n, m, k, init, random).stride(s).padding(draw.count())),
        3 => Box::new(Conv2d::grouped(n, m, [k, s], draw.few(), init, random).dilation(draw.count())),
        4 => Box::new(ConvTranspose1d::new(n, m, k, init, random).stride(s).output_padding(draw.count())),
        5 => Box::new(MaxPool1d::new(k).stride(s).padding(draw.count()).ceil(p > 0.0)),
        6 => Box::new(MaxPool2d::new(k).dilation(s)),
        7 => Box::new(AveragePool1d::new(k).padding(draw.count())),
        8 => Box::new(GlobalPool::Average),
        9 => Box::new(Flatten),
        10 => Box::new(BatchNorm::new(n)),
        11 => Box::new(LayerNorm::new(draw.shape()).epsilon(p)),
        12 => Box::new(RmsNorm::new([n])),
        13 => Box::new(GroupNorm::new(n, m)),
        14 => Box::new(Residual::new(Dense::new(n, n, init, random))),
        15 => Box::new(Rnn::new(n, m, random)),
        16 => Box::new(Gru::new(n, m, random).only_last()),
        17 => Box::new(Lstm::new(n, m, random)),
        18 => Box::new(MultiHeadAttention::new(n, m, random).causal()),
        19 => Box::new(TransformerBlock::new(n, m, k, random).dropout(p)),
        20 => Box::new(PositionalEncoding),
        21 => Box::new(PositionalEmbedding::new(n, m, init, random)),
        22 => Box::new(Dropout { keep_prob: p }),
        23 => Box::new(Prelu::per_channel(n)),
        24 => Box::new(Activation::LeakyRelu(p)),
        25 => Box::new(Activation::Elu(p)),
        26 => Box::new(Activation::Softmax),
        27 => Box::new(Activation::Mish),
        28 => Box::new(Activation::Sign),
        _ => Box::new(Activation::Tanh),
    }
}

fn model(draw: &mut Draw) -> Sequential<f64> {
    (0..1 + draw.below(3)).fold(Sequential::new(), |model, _| model.then(layer(draw)))
}

/// An optimizer of any kind.
struct Any(Box<dyn Optimizer<f64>>);

impl Optimizer<f64> for Any {
    fn rate(&self, at: Position) -> f64 {
        self.0.rate(at)
    }

    fn update<'t>(&self, update: &mut Update<'t, f64>) -> Vec<Var<'t, f64>> {
        self.0.update(update)
    }

    fn largest_gradient(&self) -> Option<f64> {
        self.0.largest_gradient()
    }
}

fn optimizer(draw: &mut Draw) -> (usize, f64, Any) {
    let rate = if draw.once_in(3) { draw.number() } else { 0.05 };
    let (p, n) = (draw.number(), draw.count() as u64);
    let which = draw.below(24);
    let any: Box<dyn Optimizer<f64>> = match which {
        0 => Box::new(Adadelta::new()),
        1 => Box::new(Adagrad::new(rate)),
        2 => Box::new(AdamW::new(rate)),
        3 => Box::new(AmsGrad::new(rate)),
        4 => Box::new(HeavyBall::new(rate)),
        5 => Box::new(Lamb::new(rate)),
        6 => Box::new(Lion::new(rate)),
        7 => Box::new(Momentum::new(rate)),
        8 => Box::new(Muon::new(rate)),
        9 => Box::new(NAdam::new(rate)),
        10 => Box::new(Nesterov::new(rate)),
        11 => Box::new(RmsProp::new(rate)),
        12 => Box::new(ScheduleFree::new(Sgd::new(rate))),
        13 => Box::new(ClipGlobalNorm::new(p, Sgd::new(rate))),
        14 => Box::new(ClipValue::new(p, Adam::new(rate))),
        15 => Box::new(WeightAverage::new(p, Sgd::new(rate))),
        16 => Box::new(Accumulate::new(n, Sgd::new(rate))),
        17 => Box::new(Scheduled::new(move |_: Position| p, Sgd::new(rate))),
        18 => Box::new(Adam { beta1: p, ..Adam::new(rate) }),
        _ => Box::new(Adam::new(rate)),
    };
    (which, rate, Any(any))
}

fn loss_of<'t>(which: usize, a: Var<'t, f64>, y: Target<'t, f64>) -> Var<'t, f64> {
    match which {
        0 => loss::mean_absolute(a, y),
        1 => loss::binary_cross_entropy(a, y),
        2 => loss::binary_cross_entropy_with_logits(a, y),
        3 => loss::softmax_cross_entropy(a, y),
        4 => loss::negative_log_likelihood(a, y),
        5 => loss::kl_divergence(a, y),
        6 => loss::hinge(a, y),
        7 => loss::multi_class_hinge(a, y),
        8 => loss::cosine(a, y),
        9 => loss::log_cosh(a, y),
        _ => loss::mean_squared(a, y),
    }
}

fn data(draw: &mut Draw, record: &Record) -> Option<Dataset<f64>> {
    let examples = draw.few() + draw.few();
    let mut shape: Vec<usize> = draw.small_shape().into_iter().map(|length| length.min(1000)).collect();
    shape.insert(0, examples);
    let x = draw.array(&shape);
    let others = if draw.once_in(10) { draw.few() } else { examples };
    let classes = draw.few();
    record.call(format!("a data set of {shape:?}, {others} targets of {classes}"));
    let made = match draw.below(3) {
        0 => Dataset::labelled(x, draw.indices(&[others])),
        1 => Dataset::valued(x, draw.array(&[others, classes])),
        _ => Dataset::valued(x, draw.array(&[others])),
    };
    let data = record.answer(made)?;
    record.answer(data.split(draw.number(), 1));
    record.answer(data.select(&[draw.few(), draw.count()]).map(|data| data.len()));
    record.answer(data.batches(draw.count(), &mut Random::new(2)).map(|batches| batches.count()));
    Some(data)
}

fn train(draw: &mut Draw, record: &Record, model: &mut Sequential<f64>) {
    let Some(data) = data(draw, record) else { return };
    let loss = draw.below(16);
    let objective = loss::from_fn(move |a, y| loss_of(loss, a, y));
    let (which, rate, optimizer) = optimizer(draw);
    let planned = draw.once_in(2);
    record.call(format!("loss {loss}, optimizer {which} of rate {rate}, planned: {planned}"));
    if draw.once_in(2) {
        let step = Step::new(optimizer, objective);
        let mut step = if planned { step } else { step.eagerly() };
        for key in 0..3 {
            record.answer(step.run(model, &data, key).map(|result| result.loss));
        }
        return;
    }
    let validation = self::data(draw, record);
    let (epochs, batch, threads, share) = (draw.below(3), draw.count(), draw.below(3), draw.number());
    record.call(format!("{epochs} epochs of batches of {batch}, {threads} threads, a share of {share}"));
    let trainer = Trainer::new(optimizer).epochs(epochs).batch_size(batch).threads(threads);
    let trainer = trainer.metric("accuracy", metric::accuracy).metric("top", metric::top_k(draw.count()));
    let trainer = match &validation {
        Some(data) => trainer.validation(data),
        None => trainer.validation_split(share),
    };
    record.answer(trainer.fit(model, objective, &data).map(|history| format!("{history:?}")));
    record.answer(nn::evaluate(model, loss::mean_squared, &data).map(|evaluation| evaluation.loss));
    match draw.below(4) {
        0 => {
            let lbfgs = Lbfgs { memory: draw.few(), steps: draw.few(), tolerance: draw.number() };
            record.answer(lbfgs.minimize(model, loss::mean_squared, &data).map(|end| format!("{end:?}")));
        }
        1 => {
            let newton = NewtonCg { steps: draw.few(), products: draw.few(), tolerance: draw.number() };
            record.answer(newton.minimize(model, loss::mean_squared, &data).map(|end| format!("{end:?}")));
        }
        _ => {}
    }
}

fn measure(draw: &mut Draw, record: &Record) {
    for _ in 0..4 {
        let shape = draw.small_shape();
        let scores = draw.array(&shape);
        let rows = shape.first().copied().unwrap_or(1).min(1000);
        let targets = match draw.below(3) {
            0 => Column::index(draw.indices(&[rows])),
            1 => Column::real(draw.array(&shape)),
            _ => {
                let other = draw.small_shape();
                Column::index(draw.indices(&other))
            }
        };
        record.call(format!("metrics of {shape:?} and {targets:?}"));
        record.answer(metric::accuracy(&scores, &targets));
        record.answer(metric::log_loss(&scores, &targets));
        record.answer(metric::mean_squared_error(&scores, &targets));
        record.answer(metric::mean_absolute_error(&scores, &targets));
        record.answer(metric::r_squared(&scores, &targets));
        record.answer(metric::roc_auc(&scores, &targets));
        record.answer(metric::perplexity(&scores, &targets));
        record.answer(metric::predictions(&scores));
        record.answer(metric::top_k(draw.count())(&scores, &targets));
        record.answer(metric::threshold(draw.number())(&scores, &targets));
        record.answer(metric::Confusion::of(&scores, &targets).map(|confusion| confusion.accuracy()));
        record.answer(
            metric::Confusion::new(&[draw.count(), 0], &[draw.few(), 1]).map(|confusion| confusion.to_string()),
        );
    }
}

fn schedules(draw: &mut Draw, record: &Record) {
    let (n, m, p, q) = (draw.count() as u64, draw.count() as u64, draw.number(), draw.number());
    record.call(format!("schedules of {n}, {m}, {p}, {q}"));
    let factors = [
        schedule::cosine(n)(m),
        schedule::cosine_restarts(n, m)(n / 2),
        schedule::exponential(p)(n),
        schedule::inverse_root(p)(n),
        schedule::inverse_time(p)(n),
        schedule::linear(n, p)(m),
        schedule::polynomial(n, p, q)(m),
        schedule::one_cycle(n)(m),
        schedule::step(n, p)(m),
        schedule::warm_up(n)(m),
        schedule::manual([(n, p), (m, q)])(n),
    ];
    record.answer(Ok(factors));
}

fn embedding(draw: &mut Draw, record: &Record) {
    let table = Embedding::new(length(draw), length(draw), Init::LeCun, &mut Random::new(3));
    let tape = Tape::new();
    let cx = Context::evaluation(&tape, &table);
    let shape = draw.small_shape();
    let indices: Index<'_, f64> = tape.index(draw.indices(&shape));
    record.call(format!("{table:?} of {shape:?}"));
    record.answer(table.forward(indices, &cx).error().map_or(Ok(()), Err));
}
