//! A network that has learnt to read handwritten digits, on one picture that it has not seen.

use super::learning::steps;
use autodiff::inspect::Trace;
use autodiff::{Error, ErrorKind, Result};
use flate2::read::GzDecoder;
use ndarray::{Array1, Array2};
use nn::{Activation, Adam, Dataset, Dense, Init, Random, Sequential, Sgd, Trainer, loss};
use std::io::Read;

/// Epochs: enough to read most pictures, and short enough to wait for.
const EPOCHS: usize = 4;
const PIXELS: usize = 64;

/// Trains on 600 pictures, and shows a step on the one after them.
pub(super) fn one_picture() -> Result<Trace<f64>> {
    let data = pictures()?;
    let (seen, one): (Vec<usize>, [usize; 1]) = ((0..600).collect(), [600]);
    let mut random = Random::new(5);
    let mut model = Sequential::new()
        .then(Dense::new(PIXELS, 16, Init::He, &mut random))
        .then(Activation::Relu)
        .then(Dense::new(16, 10, Init::Xavier, &mut random));
    let trainer = Trainer::new(Adam::new(0.01)).epochs(EPOCHS).batch_size(16).threads(1);
    trainer.fit(&mut model, loss::softmax_cross_entropy, &data.select(&seen)?)?;
    steps(&mut model, loss::softmax_cross_entropy, &data.select(&one)?, Sgd::new(0.1), 1)
}

/// The pictures: 64 pixels from 0 (paper) to 1 (ink), and the digits as labels. `data/README.md` has their source.
fn pictures() -> Result<Dataset<f64>> {
    let wrong = |reason: String| Error::new(ErrorKind::File, "digits", reason);
    let mut text = String::new();
    let packed = include_bytes!("../../../data/digits.csv.gz").as_slice();
    GzDecoder::new(packed).read_to_string(&mut text).map_err(|error| wrong(error.to_string()))?;
    let (mut labels, mut pixels) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let row: Vec<u8> = line.split(',').filter_map(|number| number.parse().ok()).collect();
        if let Some((label, ink)) = row.split_first().filter(|(_, ink)| ink.len() == PIXELS) {
            labels.push(usize::from(*label));
            pixels.extend(ink.iter().map(|ink| f64::from(*ink) / 16.0));
        }
    }
    let pixels = Array2::from_shape_vec((labels.len(), PIXELS), pixels).map_err(|error| wrong(error.to_string()))?;
    Dataset::labelled(pixels, Array1::from_vec(labels))
}
