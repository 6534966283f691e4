//! The small real data sets of the folder `data`.

use flate2::read::GzDecoder;
use nn::{Csv, Dataset};
use std::fs::File;
use std::path::PathBuf;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

/// 569 masses: 0 is benign, 1 malignant.
pub fn breast_cancer() -> Dataset<f64> {
    let table = Csv::new().read(path("breast_cancer.csv")).unwrap();
    let classes = table.classes("diagnosis").unwrap();
    assert_eq!(classes, ["benign", "malignant"]);
    table.labelled("diagnosis", &classes).unwrap()
}

/// 442 patients.
pub fn diabetes() -> Dataset<f64> {
    Csv::new().read(path("diabetes.csv")).unwrap().valued("progression").unwrap()
}

/// 1,797 digits.
pub fn digits() -> Dataset<f64> {
    let file = GzDecoder::new(File::open(path("digits.csv.gz")).unwrap());
    let table = Csv::new().without_header().from_reader(file).unwrap();
    let data = table.labelled::<f64>("0", &table.classes("0").unwrap()).unwrap();
    let features = data.features().unwrap().mapv(|ink| ink / 16.0);
    data.replaced("x", nn::Column::Real(features)).unwrap()
}

#[test]
fn they_have_the_sizes_that_their_sources_state() {
    let data = breast_cancer();
    assert_eq!(data.features().unwrap().shape(), [569, 30]);
    assert_eq!(data.labels().unwrap().iter().sum::<usize>(), 212);
    assert_eq!(diabetes().features().unwrap().shape(), [442, 10]);
    let data = digits();
    assert_eq!(data.features().unwrap().shape(), [1797, 64]);
    assert_eq!(data.labels().unwrap().iter().max(), Some(&9));
}
