//! The main job, in small: the data are what they should be, and the network learns to read them.

#[path = "../../examples/digits.rs"]
#[allow(dead_code)]
mod example;

use example::support::options::Options;
use example::{support, train};

#[test]
fn the_data_are_the_digits() {
    let digits = support::digits().unwrap();
    assert_eq!((digits.len(), digits.features().unwrap().shape()), (1797, [1797, 64].as_slice()));
    assert!(digits.features().unwrap().iter().all(|ink| (0.0..=1.0).contains(ink)));
    let mut counts = [0; 10];
    digits.labels().unwrap().iter().for_each(|label| counts[*label] += 1);
    // The counts that the source gives for this part of its data.
    assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
}

#[test]
fn an_image_is_drawn_in_eight_lines() {
    let digits = support::digits().unwrap();
    let image = digits.features().unwrap().index_axis(ndarray::Axis(0), 0).into_dimensionality().unwrap();
    let drawing = support::drawing(image);
    assert_eq!(drawing.len(), 8);
    // 0, 0, 5, 13, 9, 1, 0, 0 of 16.
    assert_eq!(drawing[0], "····░░▓▓▒▒······");
}

/// A short training; with `LONG` in the environment the whole one.
#[test]
fn the_network_reads_digits_it_has_never_seen_and_the_seed_decides_all() {
    let long = std::env::var_os("LONG").is_some();
    let trained = train(&Options { seed: 3, quick: !long, ..Options::default() }, &mut []).unwrap();
    let least = if long { 0.96 } else { 0.85 };
    assert!(trained.accuracy > least, "{}", trained.accuracy);
    assert_eq!(trained.test.len(), 359);
    example::check(&trained).unwrap();
    // That the same training gives the same bits is seen on a short one, too.
    let scores = |seed| train(&Options { seed, quick: true, ..Options::default() }, &mut []).unwrap().scores;
    let short = if long { scores(3) } else { trained.scores };
    assert_eq!(short, scores(3));
    assert_ne!(short, scores(4));
}

/// Paired over six splits, each with one start for both; with `LONG` in the environment over ten.
#[test]
fn augmentation_gains_more_than_two_standard_errors() {
    use support::augmentation::{accuracies, mean_gain};
    let splits = if std::env::var_os("LONG").is_some() { 10 } else { 6 };
    let found: Vec<(f64, f64)> = (0..splits).map(|seed| accuracies(seed, false).unwrap()).collect();
    let (gain, error) = mean_gain(&found);
    assert!(gain > 2.0 * error, "a gain of {gain} with a standard error of {error}: {found:?}");
}

#[test]
fn bad_flags_are_explained() {
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let parsed = |line: &str| Options::parse(&words(line));
    let usual = Options::default();
    assert_eq!(parsed(""), Ok(usual.clone()));
    assert_eq!(parsed("--seed 7"), Ok(Options { seed: 7, ..usual.clone() }));
    assert_eq!(parsed("--quick --seeds 10"), Ok(Options { seeds: Some(10), quick: true, ..usual.clone() }));
    assert_eq!(parsed("--help"), Ok(Options { help: true, ..usual.clone() }));
    assert_eq!(parsed("--to there"), Ok(Options { to: "there".into(), ..usual }));
    let cases = [
        ("--seed", "--seed takes a number"),
        ("--seeds", "--seeds takes a number"),
        ("--to", "--to takes a folder"),
        ("--seed x", "--seed takes a non-negative integer, not `x`"),
        ("--seed -1", "--seed takes a non-negative integer, not `-1`"),
        ("--seeds 0", "--seeds takes at least 1"),
        ("--seed 1 2", "`2` is not an option"),
        ("--seed 1 --seeds 2", "`--seeds` is one option too many"),
        ("--sed 1", "`--sed` is not an option"),
    ];
    for (line, complaint) in cases {
        assert_eq!(parsed(line).err().as_deref(), Some(complaint), "{line}");
    }
}
