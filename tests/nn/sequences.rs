//! Sequences: what lies behind an end or under a mask is not seen, and errors of lengths, states and masks.

use crate::support::{bits, normal};
use autodiff::{Index, Tape, Var};
use ndarray::{Array3, ArrayD, array, s};
use nn::{
    Batch, Column, Context, Gru, Lstm, Module, MultiHeadAttention, PositionalEncoding, Random, Rnn, Sequence, Sgd,
    Step, TransformerBlock, parameters,
};

/// Two sequences of 5 steps, of which the second has 3 and then `rest`.
fn sequences(rest: f64) -> Array3<f64> {
    let mut x = normal([2, 5, 2], 4).into_dimensionality().unwrap();
    x.slice_mut(s![1, 3.., ..]).fill(rest);
    x
}

/// Compares the outputs of `run` on all steps with those of each sequence by itself, cut at its end.
fn assert_lengths<M: Module<f64>>(
    model: &M,
    run: impl for<'t> Fn(Sequence<'t, f64>, &Context<'t, f64>) -> (Var<'t, f64>, Var<'t, f64>),
) {
    let tape = Tape::new();
    let cx = Context::evaluation(&tape, model);
    let together = |rest: f64| {
        let lengths = tape.index(array![5, 3]);
        let (all, last) = run(Sequence::of_lengths(tape.data(sequences(rest)), lengths), &cx);
        (all.value().unwrap(), last.value().unwrap())
    };
    let (all, last) = together(0.0);
    assert_eq!((bits(&all), bits(&last)), (bits(&together(1e6).0), bits(&together(1e6).1)));
    for (example, length) in [(0, 5), (1, 3)] {
        let alone = sequences(0.0).slice_move(s![example..=example, ..length, ..]);
        let (own, own_last) = run(tape.data(alone.as_standard_layout().to_owned()).into(), &cx);
        let near = |a: f64, b: f64| (a - b).abs() < 1e-14;
        let own = own.value().unwrap();
        for ((_, step, unit), y) in own.into_dimensionality::<ndarray::Ix3>().unwrap().indexed_iter() {
            assert!(near(*y, all[[example, step, unit]]), "step {step} of sequence {example}");
        }
        for (a, b) in own_last.value().unwrap().iter().zip(last.index_axis(ndarray::Axis(0), example)) {
            assert!(near(*a, *b), "the last state of sequence {example}");
        }
    }
    assert!(all.slice(s![1, 3.., ..]).iter().all(|y| *y == 0.0), "outputs behind the end");
}

#[test]
fn a_sequence_ends_where_its_length_says() {
    let random = &mut Random::new(1);
    let (rnn, gru, lstm) = (Rnn::new(2, 3, random), Gru::new(2, 3, random), Lstm::new(2, 3, random));
    assert_lengths(&rnn, |x, cx| rnn.states(x, None, cx));
    assert_lengths(&gru, |x, cx| gru.states(x, None, cx));
    assert_lengths(&lstm, |x, cx| {
        let (all, (h, _)) = lstm.states(x, None, cx);
        (all, h)
    });
    assert_lengths(&lstm, |x, cx| {
        let (all, (_, c)) = lstm.states(x, None, cx);
        (all, c)
    });
}

#[test]
fn what_lies_behind_an_end_has_no_gradient_and_an_empty_sequence_keeps_its_state() {
    let gru = Gru::new(2, 3, &mut Random::new(1));
    let tape = Tape::new();
    let cx = Context::evaluation(&tape, &gru);
    let (x, start) = (tape.input(sequences(7.0)), tape.input(normal([2, 3], 8)));
    let (_, last) = gru.states(Sequence::of_lengths(x, tape.index(array![0, 3])), Some(start), &cx);
    assert_eq!(last.value().unwrap().row(0), start.value().unwrap().row(0));
    let slope = last.square().sum(..).backward().unwrap().take(x).unwrap();
    assert!(slope.slice(s![0, .., ..]).iter().chain(slope.slice(s![1, 3.., ..])).all(|slope| *slope == 0.0));
    assert!(slope.slice(s![1, ..3, ..]).iter().all(|slope| *slope != 0.0));
}

trait Rows {
    fn row(&self, i: usize) -> Vec<f64>;
}

impl Rows for ArrayD<f64> {
    fn row(&self, i: usize) -> Vec<f64> {
        self.index_axis(ndarray::Axis(0), i).iter().copied().collect()
    }
}

struct Read {
    x: Column<f64>,
    lengths: Column<f64>,
}

impl Batch<f64> for Read {
    fn examples(&self) -> usize {
        self.x.examples()
    }

    fn columns<'a>(&'a self, list: &mut dyn FnMut(&'a str, &'a Column<f64>)) {
        list("x", &self.x);
        list("lengths", &self.lengths);
    }
}

/// Lengths are data of the batch: one plan for all, and a length that is too large is refused in it, too.
#[test]
fn lengths_are_given_anew_in_every_planned_step() {
    let objective = nn::objective(|gru: &Gru<f64>, batch, cx| {
        let x = Sequence::of_lengths(batch.real("x")?, batch.index("lengths")?);
        Ok(gru.states(x, None, cx).1.square().mean(..).into())
    });
    let batch = |lengths: [usize; 2]| Read {
        x: Column::real(sequences(0.5)),
        lengths: Column::index(ndarray::Array1::from(lengths.to_vec())),
    };
    let train = |eagerly: bool| {
        let mut gru = Gru::new(2, 3, &mut Random::new(1));
        let step = Step::new(Sgd::new(0.1), &objective);
        let mut step = if eagerly { step.eagerly() } else { step };
        for (key, lengths) in [[5, 3], [1, 4], [2, 0]].into_iter().enumerate() {
            step.run(&mut gru, &batch(lengths), key as u64).unwrap();
        }
        let error = step.run(&mut gru, &batch([2, 6]), 9).unwrap_err().to_string();
        assert!(error.contains("the length of sequence 1 is 6; the array has 5 steps"), "{error}");
        parameters(&gru).iter().flat_map(|(_, param)| bits(param.array())).collect::<Vec<_>>()
    };
    assert_eq!(train(false), train(true));
}

#[test]
fn lengths_and_states_that_do_not_fit_are_errors() {
    let random = &mut Random::new(1);
    let (gru, lstm) = (Gru::new(2, 3, random), Lstm::<f64>::new(2, 3, random));
    let tape = Tape::new();
    let cx = Context::evaluation(&tape, &gru);
    let x = tape.data(sequences(0.0));
    let said = |lengths: Index<'_, f64>, start: Option<Var<'_, f64>>, part: &str| {
        let (all, last) = gru.states(Sequence::of_lengths(x, lengths), start, &cx);
        for y in [all, last] {
            let error = y.value().unwrap_err().to_string();
            assert!(error.contains(part), "`{part}` is not in\n{error}");
        }
    };
    said(tape.index(array![1]), None, "the lengths have shape [1]; it should be [2], one for each sequence");
    said(tape.index(array![9, 1]), None, "the length of sequence 0 is 9; the array has 5 steps");
    let (fits, start) = (tape.index(array![1, 1]), tape.data(normal([3, 3], 1)));
    said(fits, Some(start), "the first state has shape [3, 3]; it should be [2, 3], a state for each sequence");
    let cx = Context::evaluation(&tape, &lstm);
    let (_, (_, c)) = lstm.states(x, Some((tape.data(normal([2, 3], 1)), start)), &cx);
    assert!(c.value().unwrap_err().to_string().contains("the first state has shape [3, 3]"));
}

fn attending(mask: Option<ArrayD<f64>>, causal: bool) -> (ArrayD<f64>, ArrayD<f64>) {
    let attention = MultiHeadAttention::new(4, 2, &mut Random::new(1));
    let mut attention = if causal { attention.causal() } else { attention };
    for (_, param) in nn::parameters_mut(&mut attention).into_iter().filter(|(path, _)| path.ends_with("bias")) {
        param.array_mut().fill(0.25);
    }
    let tape = Tape::new();
    let cx = Context::evaluation(&tape, &attention);
    let x = tape.input(normal([2, 3, 4], 5));
    let y = attention.attend([x; 3], mask.map(|mask| tape.data(mask)), &cx);
    // The slope of the first position.
    let slope = y.slice(1, ..1).sum(..).backward().unwrap().take(x).unwrap();
    (y.value().unwrap(), slope)
}

#[test]
fn a_position_sees_neither_later_ones_nor_those_under_the_mask() {
    let (_, slope) = attending(None, true);
    assert!(slope.slice(s![.., 1.., ..]).iter().all(|slope| *slope == 0.0), "later positions");
    let mask = array![[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]].into_dyn();
    let (y, slope) = attending(Some(mask), false);
    assert!(slope.slice(s![0, 1, ..]).iter().all(|slope| *slope == 0.0), "under the mask");
    assert!(slope.slice(s![0, 2, ..]).iter().all(|slope| *slope != 0.0), "beside it");
    // Who sees nothing gives the bias of the last layer.
    assert!(y.slice(s![1, .., ..]).iter().all(|y| *y == 0.25), "{y}");
    assert!(attending(None, false).1.iter().all(|slope| *slope != 0.0));
}

#[test]
fn masks_and_operands_that_do_not_fit_are_errors() {
    let attention = MultiHeadAttention::new(4, 2, &mut Random::new(1));
    let block = TransformerBlock::new(4, 2, 8, &mut Random::new(1));
    let tape = Tape::<f64>::new();
    let x = |shape: [usize; 3]| tape.data(normal(shape, 1));
    let cx = Context::evaluation(&tape, &attention);
    let mask = tape.data(normal([2, 4], 1));
    let error = attention.attend([x([2, 3, 4]); 3], Some(mask), &cx).value().unwrap_err().to_string();
    assert!(error.contains("the mask has shape [2, 4]; it should be [2, 3], one number per key"), "{error}");
    let operands = [x([2, 3, 4]), x([2, 5, 4]), x([2, 6, 4])];
    let error = attention.attend(operands, None, &cx).value().unwrap_err().to_string();
    assert!(error.contains("2 sequences that look, 2 of 5 keys, and 2 of 6 values"), "{error}");
    let cx = Context::evaluation(&tape, &block);
    let error = block.masked(x([2, 3, 4]), mask, &cx).value().unwrap_err();
    assert!(error.to_string().contains("the mask has shape [2, 4]"), "{error}");
    assert_eq!(error.place().unwrap().scope, "attention");
}

/// sin² + cos² = 1 in each pair of columns, and a shift is a turn of each pair by one angle.
#[test]
fn a_shift_turns_the_positional_encoding() {
    let (steps, width) = (9, 6);
    let table = nn::predict(&PositionalEncoding, ArrayD::<f64>::zeros(vec![1, steps, width])).unwrap();
    for pair in 0..width / 2 {
        let at = |t: usize| -> (f64, f64) { (table[[0, t, 2 * pair]], table[[0, t, 2 * pair + 1]]) };
        let (sin, cos) = at(1);
        assert!((sin.asin() - 10_000f64.powf(-(2.0 * pair as f64) / width as f64)).abs() < 1e-12);
        for t in 0..steps - 1 {
            let ((s, c), (next_s, next_c)) = (at(t), at(t + 1));
            assert!((s * cos + c * sin - next_s).abs() < 1e-14 && (c * cos - s * sin - next_c).abs() < 1e-14);
        }
    }
}
