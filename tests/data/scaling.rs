//! Features brought to one scale by the numbers of the training part.

use ndarray::{Array2, ArrayD, Axis, array};
use nn::{Dataset, Dense, Init, Random, Scaling, Sequential, Sgd, Trainer, buffers, loss, predict};
use proptest::prelude::*;

proptest! {
    #[test]
    fn the_training_part_gets_mean_0_and_deviation_1_or_the_range_0_to_1(
        numbers in prop::collection::vec(-1e3..1e3f64, 12), scale in 1e-3..1e3f64
    ) {
        let x = Array2::from_shape_vec((6, 2), numbers).unwrap() * scale;
        let y = predict(&Scaling::standardise(x.clone()).unwrap(), x.clone()).unwrap();
        prop_assert!(y.mean_axis(Axis(0)).unwrap().iter().all(|mean| mean.abs() < 1e-9));
        prop_assert!(y.std_axis(Axis(0), 0.0).iter().all(|deviation| (deviation - 1.0).abs() < 1e-9));
        let scaling = Scaling::min_max(x.clone()).unwrap();
        let y = predict(&scaling, x.clone()).unwrap();
        for column in y.columns() {
            prop_assert_eq!(column.iter().copied().fold(f64::MAX, f64::min), 0.0);
            prop_assert!((column.iter().copied().fold(f64::MIN, f64::max) - 1.0).abs() < 1e-12);
        }
        let back = scaling.inverse(y).unwrap();
        prop_assert!(back.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-9 * scale * 1e3));
    }
}

#[test]
fn a_constant_feature_is_shifted_only() {
    let x: Array2<f64> = array![[0.1, 1.0], [0.1, 2.0], [0.1, 3.0]];
    for scaling in [Scaling::standardise(x.clone()).unwrap(), Scaling::min_max(x.clone()).unwrap()] {
        let y = predict(&scaling, array![[0.1, 2.0], [0.6, 2.0]]).unwrap();
        assert!((y[[0, 0]]).abs() < 1e-15 && (y[[1, 0]] - 0.5).abs() < 1e-15, "{y}");
    }
}

#[test]
fn missing_numbers_become_the_mean_of_the_others() {
    let scaling = Scaling::standardise(array![[1.0, 5.0], [f64::NAN, 6.0], [3.0, 7.0]]).unwrap();
    let y = predict(&scaling, array![[f64::NAN, 6.0], [3.0, f64::NAN]]).unwrap();
    assert_eq!(y, array![[0.0, 0.0], [1.0, 0.0]].into_dyn());
    let scaling = Scaling::min_max(array![[1.0], [f64::NAN], [5.0], [3.0]]).unwrap();
    assert_eq!(predict(&scaling, array![[f64::NAN], [2.0]]).unwrap(), array![[0.5], [0.25]].into_dyn());
    // Where none is missing, one that is missing later is an error.
    let scaling = Scaling::standardise(array![[1.0], [3.0]]).unwrap();
    assert!(predict(&scaling, array![[f64::NAN]]).is_err());
}

#[test]
fn what_has_no_scale_is_refused() {
    let message = |x: ArrayD<f64>| Scaling::standardise(x).unwrap_err().message().to_owned();
    assert_eq!(message(array![[1.0, f64::NAN]].into_dyn()), "feature 1 is missing in every example");
    assert_eq!(message(array![[1.0], [f64::INFINITY]].into_dyn()), "feature 0 has a number that is infinite");
    assert_eq!(message(ArrayD::zeros(vec![0, 2])), "the features have shape [0, 2]; it should be [examples, …]");
    assert_eq!(message(ArrayD::zeros(vec![])), "the features have shape []; it should be [examples, …]");
    let scaling = Scaling::standardise(array![[1.0, 2.0], [2.0, 4.0]]).unwrap();
    let error = predict(&scaling, array![[1.0, 2.0, 3.0]]).unwrap_err();
    assert_eq!(error.message(), "x has shape [1, 3]; it should be [examples, 2]");
    assert!(scaling.inverse(array![[1.0, 2.0, 3.0]]).is_err());
}

/// It travels with the model and is left alone by the training.
#[test]
fn it_is_part_of_the_model() {
    let x = array![[100.0, 1.0], [300.0, 2.0], [200.0, 6.0]];
    let scaling = Scaling::standardise(x.clone()).unwrap();
    let mut model = Sequential::new().then_named("scaling", scaling.clone()).then(Dense::new(
        2,
        1,
        Init::Xavier,
        &mut Random::new(0),
    ));
    let data = Dataset::valued(x, array![[1.0], [2.0], [3.0]]).unwrap();
    let checkpoint = Trainer::new(Sgd::new(0.1)).epochs(3).fit(&mut model, loss::mean_squared, &data).unwrap();
    let paths: Vec<String> = buffers(&model).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["scaling.offset", "scaling.scale", "scaling.fill"]);
    assert_eq!(buffers(&model)[0].1.array(), scaling.offset().array());
    let mut other = Sequential::new().then_named("scaling", Scaling::identity([2])).then(Dense::new(
        2,
        1,
        Init::Zeros,
        &mut Random::new(0),
    ));
    checkpoint.restore(&mut other).unwrap();
    let x = array![[150.0, 3.0]];
    assert_eq!(predict(&other, x.clone()).unwrap(), predict(&model, x).unwrap());
}
