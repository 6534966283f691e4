//! A model with a loop inside: a gated recurrent unit over 20 steps.

use crate::support::{assert_layer, bits, normal};
use autodiff::{Tape, Var};
use nn::{Adam, Context, Dataset, Dense, Gru, History, Init, Layer, Module, Random, Trainer, loss, parameters};

/// What the sequence was about, from the last state.
#[derive(Clone, Debug)]
struct Reader {
    gru: Gru<f64>,
    head: Dense<f64>,
}

impl Reader {
    fn new(inputs: usize, width: usize) -> Self {
        let mut random = Random::new(5);
        let gru = Gru::new(inputs, width, &mut random);
        Reader { gru, head: Dense::new(width, 1, Init::Xavier, &mut random) }
    }
}

impl Module<f64> for Reader {
    nn::visit!(f64; gru, head);
}

impl Layer<f64> for Reader {
    fn forward<'t>(&self, x: Var<'t, f64>, cx: &Context<'t, f64>) -> Var<'t, f64> {
        let (_, last) = self.gru.states(x, None, cx);
        self.head.call(last, cx)
    }
}

/// The formulas of the unit, a step after the other, without a loop on the tape.
fn unrolled<'t>(model: &Reader, x: Var<'t, f64>, cx: &Context<'t, f64>) -> Var<'t, f64> {
    let arrays: Vec<Var<'t, f64>> = cx.vars();
    let [w, b, u, c] = [0, 1, 2, 3].map(|i| arrays[i]);
    let (examples, steps) = (x.shape().unwrap()[0], x.shape().unwrap()[1]);
    let width = c.shape().unwrap()[0] / 3;
    let gate = |y: Var<'t, f64>, k: usize| y.slice(1, k * width..(k + 1) * width);
    let mut h = cx.tape().constant(ndarray::Array2::zeros((examples, width)));
    for t in 0..steps {
        let x = x.slice(1, t..=t).reshape([examples, x.shape().unwrap()[2]]).matmul(w) + b;
        let y = h.matmul(u) + c;
        let (r, z) = ((gate(x, 0) + gate(y, 0)).sigmoid(), (gate(x, 1) + gate(y, 1)).sigmoid());
        let n = (gate(x, 2) + r * gate(y, 2)).tanh();
        h = (1.0 - z) * n + z * h;
    }
    model.head.call(h, cx)
}

#[test]
fn a_gated_recurrent_unit_is_its_formulas_unrolled() {
    let model = Reader::new(2, 3);
    let tape = Tape::new();
    let cx = Context::evaluation(&tape, &model);
    let x = tape.input(normal([4, 20, 2], 1));
    let (y, by_hand) = (model.forward(x, &cx), unrolled(&model, x, &cx));
    assert_eq!(bits(&y.value().unwrap()), bits(&by_hand.value().unwrap()));
    let mut wanted = cx.vars();
    wanted.push(x);
    let slopes = |y: Var<'_, f64>| -> Vec<_> {
        let mut gradients = y.square().mean(..).backward().unwrap();
        wanted.iter().map(|x| gradients.take(*x).unwrap()).collect()
    };
    for (found, expected) in slopes(y).iter().zip(slopes(by_hand)) {
        let scale = expected.iter().fold(0.0f64, |most, x| most.max(x.abs()));
        assert!((found - &expected).iter().all(|difference| difference.abs() <= 1e-14 * scale), "{found} {expected}");
    }
}

#[test]
fn the_gradients_of_a_gated_recurrent_unit() {
    assert_layer(&Gru::new(2, 3, &mut Random::new(2)), normal([2, 5, 2], 3), None, "GRU");
    assert_layer(&Reader::new(2, 2), normal([2, 20, 2], 3), Some(1), "GRU over 20 steps");
}

/// Says the number that stands where the mark is, up to 19 steps before.
#[test]
fn a_gated_recurrent_unit_learns_what_to_keep() {
    let (examples, steps) = (96, 20);
    let mut random = Random::new(7);
    let mut features = ndarray::Array3::zeros((examples, steps, 2));
    let mut targets = ndarray::Array2::zeros((examples, 1));
    for example in 0..examples {
        let marked = (random.uniform() * steps as f64) as usize;
        for step in 0..steps {
            features[[example, step, 0]] = random.normal();
        }
        features[[example, marked, 1]] = 1.0;
        targets[[example, 0]] = features[[example, marked, 0]];
    }
    let spread = targets.iter().map(|y| y * y).sum::<f64>() / examples as f64;
    let data = Dataset::valued(features, targets).unwrap();
    let train = |epochs: usize, eagerly: bool| {
        let mut model = Reader::new(2, 8);
        let trainer = Trainer::new(Adam::new(0.02)).epochs(epochs).batch_size(32).seed(1);
        let trainer = if eagerly { trainer.eagerly() } else { trainer };
        let mut history = History::new();
        trainer.observe(&mut history).fit(&mut model, loss::mean_squared, &data).unwrap();
        (model, *history.curve("loss").unwrap().last().unwrap())
    };
    let arrays = |model: &Reader| parameters(model).iter().flat_map(|(_, p)| bits(p.array())).collect::<Vec<_>>();
    assert_eq!(arrays(&train(2, false).0), arrays(&train(2, true).0), "planned and recorded steps");
    let (_, error) = train(60, false);
    assert!(error < 0.05 * spread, "{error} of {spread}");
}
