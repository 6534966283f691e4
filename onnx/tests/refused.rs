//! What ONNX lacks is refused, with the line; what it has is written.

use autodiff::{ErrorKind, Tape};
use nn::{Activation, Dense, Init, Random, Sequential};

#[test]
fn what_onnx_lacks_is_refused_with_its_line() {
    let tape = Tape::<f32>::new();
    let x = tape.input([1.0, 2.0]).named("x");
    let drawn = x + tape.key(1).uniform([2], 0); // the line that the error names
    let line = line!() - 1;
    let error = autodiff_onnx::program(&tape.program(&[drawn]).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Registry);
    assert_eq!(error.message(), "ONNX has no operation for the primitive `uniform`");
    assert!(error.place().is_some_and(|place| place.to_string().contains(&format!("refused.rs:{line}:"))), "{error}");

    let gradient = tape.program(&[x.tanh().sum(..)]).unwrap().grad(&[0]).unwrap();
    let error = autodiff_onnx::program(&gradient).unwrap_err();
    assert!(error.message().contains("primitive `strong_mul`") || error.message().contains("`tanh_slope`"), "{error}");

    let (_, places) = x.reshape([1, 1, 2]).max_pool_with_indices(&autodiff::Pooling::new([2]));
    let error = autodiff_onnx::program(&tape.program(&[places.to_real()]).unwrap()).unwrap_err();
    assert!(error.message().contains("places that `max_pool` finds"), "{error}");

    let ([last], _) = tape.while_loop(9, [x], |_, [x]| ([x * 0.5], x.sum(..).gt(0.1)));
    let error = autodiff_onnx::program(&tape.program(&[last]).unwrap()).unwrap_err();
    assert_eq!(error.message(), "a loop whose number of steps depends on values is not written");
}

/// The arrays of a model stand in the file under their paths, with their bits, and the free axis has a name.
#[test]
fn a_model_has_its_arrays_and_a_free_axis() {
    let random = &mut Random::new(0);
    let model = Sequential::<f32>::new()
        .then(Dense::new(4, 8, Init::He, random))
        .then(Activation::Relu)
        .then(Dense::new(8, 3, Init::He, random));
    let bytes = autodiff_onnx::model(&nn::export(&model, [4]).unwrap()).unwrap();
    let has = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    for (path, parameter) in nn::parameters(&model) {
        let numbers: Vec<u8> = parameter.array().iter().flat_map(|x| x.to_le_bytes()).collect();
        assert!(has(path.as_bytes()) && has(&numbers), "{path}");
    }
    assert!(has(b"Relu") && has(b"MatMul"));
    // `dim_param` of a dimension: field 2, one letter.
    assert!(has(&[0x0a, 0x03, 0x12, 0x01, b'n']));
}
