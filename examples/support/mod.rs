//! What the examples share: the data, and what they take from the command line. Each uses some of it.
//!
//! Here are the digits: 1,797 images of 8×8 pixels, see `data/README.md`.

#![allow(dead_code)]

pub mod augmentation;
pub mod notes;
pub mod options;
pub mod text;

use flate2::read::GzDecoder;
use ndarray::{Array1, Array2, Array4, ArrayView1};
use nn::{Csv, Dataset};
use std::error::Error;
use std::io::Read;

/// The number of pixels along each side.
const SIDE: usize = 8;

/// The data set, part of this program: features [1797, 64] from 0 (paper) to 1 (ink), and the digits as labels.
pub fn digits() -> Result<Dataset<f32>, Box<dyn Error>> {
    let mut text = String::new();
    GzDecoder::new(include_bytes!("../../data/digits.csv.gz").as_slice()).read_to_string(&mut text)?;
    let mut labels = Vec::new();
    let mut pixels = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let wrong = |why: String| format!("data/digits.csv.gz, line {}: {why}", number + 1);
        let row: Vec<u8> =
            line.split(',').map(|n| n.parse()).collect::<Result<_, _>>().map_err(|error| wrong(format!("{error}")))?;
        match row.split_first() {
            Some((label, ink)) if ink.len() == SIDE * SIDE => {
                labels.push(usize::from(*label));
                pixels.extend(ink.iter().map(|ink| f32::from(*ink) / 16.0));
            }
            _ => return Err(wrong(format!("{} numbers, expected {}", row.len(), SIDE * SIDE + 1)).into()),
        }
    }
    let features = Array2::from_shape_vec((labels.len(), SIDE * SIDE), pixels)?;
    Ok(Dataset::labelled(features, Array1::from_vec(labels))?)
}

/// An image as eight lines of text, two characters per pixel, the more ink the darker.
pub fn drawing(image: ArrayView1<'_, f32>) -> Vec<String> {
    let shades = ['·', '░', '▒', '▓', '█'];
    let shade = |ink: &f32| shades[((ink * 4.0).round() as usize).min(4)];
    let line = |row: &[f32]| row.iter().map(shade).flat_map(|shade| [shade, shade]).collect();
    image.to_vec().chunks(SIDE).map(line).collect()
}

/// The digits as images \[1797, 1, 32, 32\]: every pixel four times as wide and high.
pub fn enlarged_digits() -> Result<Dataset<f32>, Box<dyn Error>> {
    let digits = digits()?;
    let (features, labels) = (digits.features()?, digits.labels()?.clone());
    let pixel = |(i, _, row, column)| features[[i, row / 4 * SIDE + column / 4]];
    Ok(Dataset::labelled(Array4::from_shape_fn((labels.len(), 1, 4 * SIDE, 4 * SIDE), pixel), labels)?)
}

/// The Wisconsin breast cancer data, see `data/README.md`.
pub const BREAST_CANCER: &str = include_str!("../../data/breast_cancer.csv");

/// The table as 569 examples of 30 measures, with the labels 0 (benign) and 1 (malignant).
pub fn breast_cancer() -> Result<Dataset<f64>, Box<dyn Error>> {
    let table = Csv::new().parse(BREAST_CANCER)?;
    Ok(table.labelled("diagnosis", &table.classes("diagnosis")?)?)
}

/// The diabetes data of Efron et al. (2004): 442 patients with ten measures, and how far the disease had progressed.
pub fn diabetes() -> Result<Dataset<f64>, Box<dyn Error>> {
    Ok(Csv::new().parse(include_str!("../../data/diabetes.csv"))?.valued("progression")?)
}

/// Of each tumour in such a file: the ten mean values, and 1 if it was benign.
pub fn ten_means(csv: &str) -> Result<Array2<f64>, Box<dyn Error>> {
    let mut numbers = Vec::new();
    for line in csv.lines().skip(1) {
        let (diagnosis, measures) = line.split_once(',').ok_or("a line without measures")?;
        for measure in measures.split(',').take(10) {
            numbers.push(measure.parse()?);
        }
        numbers.push(f64::from(u8::from(diagnosis == "benign")));
    }
    Ok(Array2::from_shape_vec((numbers.len() / 11, 11), numbers)?)
}
