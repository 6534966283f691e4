//! Partitions, folds, synthetic sets, the diagnosis of two errors.

use nn::{Column, Dataset, Diagnosis, diagnose, synthetic};
use proptest::prelude::*;

/// Examples whose feature is their number, of the classes given.
fn numbered(classes: Vec<usize>) -> Dataset<f64> {
    let features: Vec<f64> = (0..classes.len()).map(|i| i as f64).collect();
    Dataset::labelled(ndarray::Array1::from(features).insert_axis(ndarray::Axis(1)), classes).unwrap()
}

fn numbers(data: &Dataset<f64>) -> Vec<usize> {
    data.features().unwrap().iter().map(|x| *x as usize).collect()
}

fn count(data: &Dataset<f64>, class: usize) -> f64 {
    data.labels().unwrap().iter().filter(|label| **label == class).count() as f64
}

proptest! {
    #[test]
    fn parts_are_disjoint_and_have_their_fractions(n in 10usize..200, seed: u64, weights in [1u32..10, 1u32..10, 1u32..10]) {
        let classes: Vec<usize> = (0..n).map(|i| i * i % 3 % 2).collect();
        let data = numbered(classes);
        let total = f64::from(weights.iter().sum::<u32>());
        let fractions = weights.map(|weight| f64::from(weight) / total);
        for stratified in [false, true] {
            let parts = if stratified { data.stratified(fractions, seed) } else { data.partition(fractions, seed) };
            // A part may be too small to have an example.
            prop_assume!(fractions.iter().all(|f| f * n as f64 >= 1.0));
            let parts = parts.unwrap();
            let mut all: Vec<usize> = parts.iter().flat_map(numbers).collect();
            all.sort();
            prop_assert_eq!(all, (0..n).collect::<Vec<_>>());
            for (part, fraction) in parts.iter().zip(fractions) {
                prop_assert!((part.len() as f64 - fraction * n as f64).abs() < 1.0);
                for class in 0..2 {
                    let expected = fraction * count(&data, class);
                    prop_assert!(!stratified || (count(part, class) - expected).abs() < 2.0);
                }
            }
        }
    }

    #[test]
    fn every_example_is_left_out_once(n in 2usize..60, k in 2usize..10, seed: u64) {
        prop_assume!(k <= n);
        let data = numbered((0..n).map(|i| usize::from(i % 5 == 0)).collect());
        for stratified in [false, true] {
            let folds: Vec<_> = match stratified {
                false => data.folds(k, seed).unwrap().collect(),
                true => data.stratified_folds(k, seed).unwrap().collect(),
            };
            prop_assert_eq!(folds.len(), k);
            let mut left_out: Vec<usize> = folds.iter().flat_map(|(_, out)| numbers(out)).collect();
            left_out.sort();
            prop_assert_eq!(left_out, (0..n).collect::<Vec<_>>());
            for (train, out) in &folds {
                let mut both = [numbers(train), numbers(out)].concat();
                both.sort();
                prop_assert_eq!(both, (0..n).collect::<Vec<_>>());
                prop_assert!((out.len() as f64 - n as f64 / k as f64).abs() < 1.0);
                let expected = count(&data, 1) / k as f64;
                prop_assert!(!stratified || (count(out, 1) - expected).abs() < 2.0);
            }
        }
    }
}

#[test]
fn parts_are_drawn_by_the_seed() {
    let data = numbered(vec![0; 40]);
    let first = |seed| numbers(&data.partition([0.5, 0.5], seed).unwrap()[0]);
    assert_eq!(first(1), first(1));
    assert_ne!(first(1), first(2));
    assert_ne!(first(1), (0..40).step_by(2).collect::<Vec<_>>());
}

#[test]
fn parts_that_cannot_be_are_refused() {
    let data = numbered(vec![0; 4]);
    let message = |fractions: [f64; 2]| data.partition(fractions, 0).unwrap_err().message().to_owned();
    assert_eq!(message([0.5, 0.6]), "the fractions are [0.5, 0.6]");
    assert_eq!(message([1.5, -0.5]), "the fractions are [1.5, -0.5]");
    assert_eq!(message([f64::NAN, 0.5]), "the fractions are [NaN, 0.5]");
    assert_eq!(message([0.95, 0.05]), "4 examples divided by [0.95, 0.05] leave a part without examples");
    for k in [0, 1, 5] {
        assert!(data.folds(k, 0).is_err(), "{k}");
    }
    let numbers = Dataset::<f64>::valued([[1.0], [2.0]], [[1.0], [2.0]]).unwrap();
    let error = numbers.stratified([0.5, 0.5], 0).unwrap_err();
    assert!(error.to_string().contains("parts.rs"), "{error}");
}

#[test]
fn one_hot_rows_are_made_of_labels() {
    let rows = Column::<f64>::index([2, 0]).one_hot(3).unwrap();
    assert_eq!(rows, Column::real([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]));
    let error = Column::<f64>::index([0, 3]).one_hot(3).unwrap_err();
    assert_eq!(error.message(), "the label in row 1 (counted from 0) is 3; there are 3 classes, from 0");
    assert!(Column::<f64>::real([1.0]).one_hot(3).is_err());
}

/// Without noise, the points lie where the formulas say.
#[test]
fn synthetic_points_lie_on_their_curves() {
    let data = synthetic::moons::<f64>(60, 0.0, 3).unwrap();
    for (point, class) in data.features().unwrap().rows().into_iter().zip(data.labels().unwrap()) {
        let (x, y) = if *class == 0 { (point[0], point[1]) } else { (1.0 - point[0], 0.5 - point[1]) };
        assert!((x.hypot(y) - 1.0).abs() < 1e-12 && y >= -1e-12);
    }
    let data = synthetic::spirals::<f64>(60, 3, 0.0, 3).unwrap();
    for (point, class) in data.features().unwrap().rows().into_iter().zip(data.labels().unwrap()) {
        let turn = std::f64::consts::TAU;
        let share = (point[0].hypot(point[1]) - 0.1) / 0.9;
        let angle = turn * (share + *class as f64 / 3.0);
        assert!((angle.cos() - point[0] / point[0].hypot(point[1])).abs() < 1e-9);
    }
    let data = synthetic::noisy_sine::<f64>(50, 0.0, 3).unwrap();
    let Column::Real(y) = data.targets().unwrap() else { panic!() };
    assert!(data.features().unwrap().iter().zip(y).all(|(x, y)| x.sin() == *y && x.abs() <= 3.15));
}

#[test]
fn noise_has_the_deviation_that_is_asked_for() {
    let data = synthetic::blobs::<f64>(4000, 4, 0.1, 3).unwrap();
    for class in 0..4 {
        let rows: Vec<usize> = (0..4000).filter(|i| data.labels().unwrap()[*i] == class).collect();
        assert_eq!(rows.len(), 1000);
        let x = data.select(&rows).unwrap().features().unwrap().clone();
        let deviation = x.std_axis(ndarray::Axis(0), 0.0);
        // The deviation of 1,000 numbers is known to 1/√2000.
        assert!(deviation.iter().all(|d| (d - 0.1).abs() < 0.01), "{deviation}");
    }
    let same = synthetic::blobs::<f64>(8, 2, 0.1, 3).unwrap();
    assert_eq!(same, synthetic::blobs(8, 2, 0.1, 3).unwrap());
    assert_ne!(same, synthetic::blobs(8, 2, 0.1, 4).unwrap());
    assert!(synthetic::blobs::<f64>(8, 0, 0.1, 3).is_err());
    assert!(synthetic::moons::<f64>(8, -0.1, 3).is_err());
}

/// The four verdicts of Matt R, *Neural Networks* (March 2022), §4, and what lies between them.
#[test]
fn two_errors_are_diagnosed() {
    let verdict = |e, d| diagnose(e, d, 0.01).unwrap();
    assert_eq!(verdict(0.005, 0.009), Diagnosis::Good);
    assert_eq!(verdict(0.005, 0.05), Diagnosis::HighVariance);
    assert_eq!(verdict(0.0, 0.4), Diagnosis::HighVariance);
    assert_eq!(verdict(0.15, 0.155), Diagnosis::HighBias);
    assert_eq!(verdict(0.155, 0.15), Diagnosis::HighBias);
    assert_eq!(verdict(0.15, 0.3), Diagnosis::HighBiasAndVariance);
    assert_eq!(verdict(0.05, 0.05), Diagnosis::Undetermined);
    assert_eq!(verdict(0.15, 0.18), Diagnosis::Undetermined);
    assert_eq!(verdict(0.05, 0.5), Diagnosis::Undetermined);
    for (e, d, epsilon) in [(1.5, 0.1, 0.01), (0.1, -0.1, 0.01), (0.1, f64::NAN, 0.01), (0.1, 0.1, 0.0)] {
        assert!(diagnose(e, d, epsilon).is_err());
    }
}
