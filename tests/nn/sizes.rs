//! Sizes and shares that nothing can have are refused where they are used, and end no process.

use autodiff::{Error, ErrorKind, Tape, Var};
use nn::{
    BatchNorm, Context, Conv1d, Conv2d, ConvTranspose1d, Dataset, Dense, Embedding, GroupNorm, Gru, Init, Layer,
    LayerNorm, Lstm, Module, MultiHeadAttention, PositionalEmbedding, PositionalEncoding, Prelu, Random, RmsNorm,
    Sequential, Sgd, Step, TransformerBlock, loss, metric,
};

/// More elements than any machine has memory for, and more than can be counted.
const HUGE: [usize; 3] = [1 << 42, 1 << 61, usize::MAX];

fn forward<M: Module<f64>>(
    model: &M,
    call: impl for<'t> Fn(&M, &'t Tape<f64>, &Context<'t, f64>) -> Var<'t, f64>,
) -> Option<Error> {
    let tape = Tape::new();
    let cx = Context::evaluation(&tape, model);
    call(model, &tape, &cx).error()
}

#[test]
fn a_layer_that_is_too_large_says_so_when_it_is_called() {
    for n in HUGE {
        let random = &mut Random::new(0);
        let errors = [
            forward(&Dense::new(2, n, Init::He, random), |m, t, cx| m.forward(t.input([[1.0, 2.0]]), cx)),
            forward(&Dense::new(n, n, Init::Zeros, random), |m, t, cx| m.forward(t.input([[1.0, 2.0]]), cx)),
            forward(&Embedding::new(n, 4, Init::LeCun, random), |m, t, cx| m.forward(t.index([1]), cx)),
            forward(&BatchNorm::new(n), |m, t, cx| m.forward(t.input([[1.0, 2.0]]), cx)),
            forward(&Gru::new(2, n, random), |m, t, cx| m.forward(t.input([[[1.0, 2.0]]]), cx)),
            forward(&Lstm::new(n, n, random), |m, t, cx| m.forward(t.input([[[1.0, 2.0]]]), cx)),
            forward(&Conv1d::new(2, n, 3, Init::He, random), |m, t, cx| m.forward(t.input([[[1.0, 2.0]]]), cx)),
            forward(&Conv2d::new(1, 1, n, Init::Xavier, random), |m, t, cx| m.forward(t.input([[[[1.0]]]]), cx)),
            forward(&ConvTranspose1d::new(n, n, n, Init::He, random), |m, t, cx| m.forward(t.input([[[1.0]]]), cx)),
            forward(&LayerNorm::new([n, 2]), |m, t, cx| m.forward(t.input([[1.0, 2.0]]), cx)),
            forward(&RmsNorm::new([n]), |m, t, cx| m.forward(t.input([[1.0, 2.0]]), cx)),
            forward(&GroupNorm::new(2, n), |m, t, cx| m.forward(t.input([[1.0, 2.0]]), cx)),
            forward(&Prelu::per_channel(n), |m, t, cx| m.forward(t.input([[1.0, 2.0]]), cx)),
            forward(&MultiHeadAttention::new(n, 0, random), |m, t, cx| m.forward(t.input([[[1.0]]]), cx)),
            forward(&TransformerBlock::new(2, 1, n, random), |m, t, cx| m.forward(t.input([[[1.0, 2.0]]]), cx)),
            forward(&PositionalEmbedding::new(n, 2, Init::He, random), |m, t, cx| m.forward(t.input([[[1.0]]]), cx)),
        ];
        for (i, error) in errors.into_iter().enumerate() {
            let error = error.unwrap_or_else(|| panic!("layer {i} of {n}"));
            assert!(error.message().starts_with("the parameter was not made: no memory for an array"), "{i}: {error}");
            assert!(error.place().unwrap().to_string().contains("sizes.rs"), "{i}: {error}");
        }
        let mut model = Sequential::new().then(Dense::new(2, n, Init::Xavier, &mut Random::new(1)));
        let data = Dataset::valued([[1.0, 2.0]], [[1.0]]).unwrap();
        let error = Step::new(Sgd::new(0.1), loss::mean_squared).run(&mut model, &data, 0).unwrap_err();
        assert!(error.message().contains("no memory for an array"), "{error}");
        let drawn = Init::He.draw::<f32>([n, 2], n, 2, &mut Random::new(1)).unwrap_err();
        assert_eq!(drawn.kind(), ErrorKind::Resources);
    }
}

/// A sequence of a shape that no machine has memory for, on a tape without values, as of a summary.
#[test]
fn positions_that_are_too_many_say_so() {
    let error = nn::summary::<f64>(&PositionalEncoding, [1 << 24, 1 << 24]).unwrap_err();
    assert!(error.to_string().contains("no memory for an array"), "{error}");
}

#[test]
fn rates_of_batch_normalisation_that_make_no_sense() {
    for (rate, epsilon) in [(-0.1, 1e-5), (1.1, 1e-5), (f64::NAN, 1e-5), (0.1, -1.0), (0.1, f64::INFINITY)] {
        let layer = BatchNorm::<f64>::new(2).rate(rate).epsilon(epsilon);
        let error = forward(&layer, |m, t, cx| m.forward(t.input([[1.0, 2.0]]), cx)).unwrap();
        assert!(error.message().contains("should lie in [0, 1] and be finite"), "{error}");
    }
    assert!(
        forward(&BatchNorm::<f64>::new(2).rate(1.0).epsilon(0.0), |m, t, cx| m.forward(t.input([[1.0, 2.0]]), cx))
            .is_none()
    );
}

#[test]
fn what_is_no_label_makes_no_table() {
    for class in [8192, 1 << 33, usize::MAX] {
        for (predicted, actual) in [([0, class], [0, 1]), ([0, 1], [class, 1])] {
            let error = metric::Confusion::new(&predicted, &actual).unwrap_err();
            assert!(error.message().contains(&format!("there is a class {class}")), "{error}");
        }
    }
    assert_eq!(metric::Confusion::new(&[8191], &[0]).unwrap().counts().dim(), (8192, 8192));
}
