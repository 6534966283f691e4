//! Data sets, metrics.

use autodiff::ErrorKind;
use ndarray::{Array2, array};
use nn::metric::{Confusion, accuracy, predictions};
use nn::{Column, Dataset, Random};

/// Examples whose feature and label are their number.
fn numbered(n: usize) -> Dataset<f64> {
    Dataset::labelled(Array2::from_shape_fn((n, 1), |(i, _)| i as f64), (0..n).collect::<Vec<_>>()).unwrap()
}

fn numbers(data: &Dataset<f64>) -> Vec<usize> {
    let labels: Vec<usize> = data.labels().unwrap().iter().copied().collect();
    let features: Vec<usize> = data.features().unwrap().iter().map(|x| *x as usize).collect();
    assert_eq!(labels, features, "features and labels stay together");
    labels
}

fn sorted(mut list: Vec<usize>) -> Vec<usize> {
    list.sort();
    list
}

#[test]
fn shuffling_is_reproducible_and_loses_nothing() {
    let shuffled = |seed| numbers(&numbered(100).shuffled(&mut Random::new(seed)));
    assert_eq!(shuffled(1), shuffled(1));
    assert_ne!(shuffled(1), shuffled(2));
    assert_ne!(shuffled(1), (0..100).collect::<Vec<_>>());
    assert_eq!(sorted(shuffled(1)), (0..100).collect::<Vec<_>>());
}

#[test]
fn batches_cover_every_example_once_and_keep_the_last_smaller_one() {
    let data = numbered(10);
    let mut random = Random::new(1);
    let mut epoch = || data.batches(4, &mut random).unwrap().map(|batch| numbers(&batch)).collect::<Vec<_>>();
    let (first, second) = (epoch(), epoch());
    assert_eq!(first.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 2]);
    assert_eq!(sorted(first.concat()), (0..10).collect::<Vec<_>>());
    assert_ne!(first, second, "every epoch has its own order");
    let Err(error) = data.batches(0, &mut Random::new(1)) else { panic!("batches of 0") };
    assert!(error.to_string().contains("a batch has at least 1 example") && error.to_string().contains("data.rs"));
    assert_eq!(data.batches(99, &mut Random::new(1)).unwrap().count(), 1);
}

/// The order is drawn at once, so the source is free while the batches are used.
#[test]
fn one_source_serves_orders_and_keys() {
    let (data, mut random) = (numbered(6), Random::new(1));
    let mut keys = Vec::new();
    for batch in data.batches(2, &mut random).unwrap() {
        keys.push((batch.len(), random.key()));
    }
    assert_eq!(keys.len(), 3);
    assert_ne!(keys[0].1, keys[1].1);
}

#[test]
fn a_data_set_is_made_of_columns() {
    let data = Dataset::<f64>::new().index("words", array![[4, 1], [3, 0], [2, 2]]).unwrap();
    let data = data.real("score", [0.5, -1.0, 0.0]).unwrap();
    let part = data.select(&[2, 0]).unwrap();
    assert_eq!(*part.column("words").unwrap(), Column::index(array![[2, 2], [4, 1]]));
    assert_eq!(*part.column("score").unwrap(), Column::real([0.0, 0.5]));
    let error = data.clone().real("score", [1.0, 2.0, 3.0]).unwrap_err();
    assert_eq!(error.message(), "there are two columns `score`");
    let error = data.clone().real("more", [1.0]).unwrap_err();
    assert_eq!(error.message(), "`words` is index [3, 2] and `more` is real [1]: the first axis runs over examples");
    assert_eq!(data.features().unwrap_err().operands(), ["words : index [3, 2]", "score : real [3]"]);
}

#[test]
fn a_column_is_changed_in_its_place() {
    let data = numbered(4).real("weight", [1.0, 2.0, 3.0, 4.0]).unwrap();
    let doubled = data.map("weight", |w| w * 2.0).unwrap();
    assert_eq!(doubled.column("weight").unwrap(), &Column::real([2.0, 4.0, 6.0, 8.0]));
    assert_eq!(numbers(&doubled), [0, 1, 2, 3]);
    // Another shape of the examples, but no other number of them.
    let squares = data.map("x", |x| ndarray::concatenate![ndarray::Axis(1), *x, x * x]).unwrap();
    assert_eq!(squares.features().unwrap().shape(), [4, 2]);
    let fewer = data.map("x", |x| x.sum_axis(ndarray::Axis(0))).unwrap_err();
    assert_eq!(fewer.message(), "the column `x` would be [1], with 4 examples in the others");
    assert_eq!(data.map("targets", |x| x.clone()).unwrap_err().message(), "the column `targets` holds indices");
    assert_eq!(data.map("y", |x| x.clone()).unwrap_err().message(), "there is no column `y`");
}

#[test]
fn a_label_without_a_score_is_refused() {
    let error = accuracy(&array![[0.3], [0.9]].into_dyn(), &Column::index(array![0, 2])).unwrap_err();
    assert_eq!(error.message(), "there is a label 2, and scores for 2 classes, from 0");
}

#[test]
fn a_split_is_a_partition() {
    let parts = |fraction, seed| {
        let (a, b) = numbered(50).split(fraction, seed).unwrap();
        (numbers(&a), numbers(&b))
    };
    let (train, test) = parts(0.8, 3);
    assert_eq!((train.len(), test.len()), (40, 10));
    assert_eq!(sorted([train.clone(), test.clone()].concat()), (0..50).collect::<Vec<_>>());
    assert_eq!(parts(0.8, 3), (train.clone(), test));
    // All of the seed counts.
    for seed in [1, 2, 4, 5, 3 + (1 << 63)] {
        assert_ne!(parts(0.8, seed).0, train, "{seed}");
    }
    // A percentage for a fraction would leave nothing to test on.
    for fraction in [0.0, 1.0, 80.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = numbered(50).split(fraction, 0).unwrap_err();
        let message = match (0.0..=1.0).contains(&fraction) {
            true => format!("a split of 50 examples at {fraction} leaves a part without examples"),
            false => format!("the fraction is {fraction}; it should be between 0 and 1"),
        };
        assert_eq!((error.kind(), error.message()), (ErrorKind::Mismatch, message.as_str()));
    }
    assert!(numbered(1).split(0.8, 0).is_err());
}

#[test]
fn what_does_not_fit_is_an_error() {
    assert!(Dataset::labelled(array![[1.0], [2.0]], vec![1]).is_err());
    assert!(Dataset::<f64>::valued(1.0, 1.0).is_err());
    let error = numbered(3).select(&[0, 3]).unwrap_err();
    assert_eq!(error.message(), "there is no row 3: there are 3 examples, from 0");
}

#[test]
fn predictions_take_the_largest() {
    let scores = array![[0.1, 0.9, 0.9], [-1.0, -3.0, -2.0]].into_dyn();
    assert_eq!(predictions(&scores).unwrap(), [1, 0]);
    assert_eq!(predictions(&array![[0.4], [0.5], [0.9]].into_dyn()).unwrap(), [0, 1, 1]);
    assert!(predictions(&array![0.4, 0.5].into_dyn()).is_err());
    assert!(predictions(&ndarray::ArrayD::<f64>::zeros(vec![2, 0])).is_err());
}

#[test]
fn accuracy_counts_labels_rows_and_probabilities() {
    let scores = array![[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]].into_dyn();
    assert_eq!(accuracy(&scores, &Column::index(array![1, 0, 0])).unwrap(), 2.0 / 3.0);
    let rows = array![[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]].into_dyn();
    assert_eq!(accuracy(&scores, &Column::Real(rows)).unwrap(), 1.0);
    let column = array![[0.9], [0.1]].into_dyn();
    assert_eq!(accuracy(&column, &Column::real(array![[1.0], [1.0]])).unwrap(), 0.5);
    assert!(accuracy(&scores, &Column::index(array![1, 0])).is_err());
}

#[test]
fn the_confusion_matrix_has_a_row_per_actual_class() {
    let confusion = Confusion::new(&[0, 2, 2, 1], &[0, 1, 2, 1]).unwrap();
    assert_eq!(confusion.counts(), array![[1, 0, 0], [0, 1, 1], [0, 0, 1]]);
    assert_eq!(confusion.accuracy(), 0.75);
    assert!(Confusion::new(&[0], &[0, 1]).is_err());
    assert!(Confusion::new(&[], &[]).unwrap().accuracy().is_nan());
    let expected = "\
actual \\ predicted
          0    1    2
     0    1    ·    ·
     1    ·    1    1
     2    ·    ·    1
";
    assert_eq!(confusion.to_string(), expected);
}

#[test]
fn predictions_refuse_what_they_would_have_to_guess() {
    let logits = ndarray::array![[2.0], [-1.0]].into_dyn();
    let error = predictions(&logits).unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::Mismatch, "a single column of scores should hold probabilities in [0, 1]; there is 2")
    );
    let lost = ndarray::array![[0.1, 0.9], [f64::NAN, 0.0]].into_dyn();
    let error = predictions(&lost).unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::NotFinite, "the scores of example 1 are not numbers"));
}
