//! From a CSV file to a trained, saved, loaded and evaluated model: Matt R, *Neural Networks* (June 2022), §1.4, but with
//! the mean and the deviation of the training part only.
//!
//! `cargo run --release --example 08_table_to_model -- table.csv label`; without arguments, the breast cancer data.

use nn::{Csv, Missing, Network, NetworkConfig, weights};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (path, label) = match words.as_slice() {
        [path, label] if !path.starts_with("--") => (path.as_str(), label.as_str()),
        _ => ("data/breast_cancer.csv", "diagnosis"),
    };
    let table = Csv::new().read(path)?.missing(Missing::Drop);
    let classes = table.classes(label)?;
    let data = table.labelled::<f64>(label, &classes)?;
    let [train, test] = data.stratified([0.8, 0.2], 1)?;

    let config = NetworkConfig::softmax(train.features()?.shape()[1], classes.len()).lp_reg(2, 1.0);
    let mut model = Network::new(config.clone())?;
    model.fit(&train)?;
    let saved = std::env::temp_dir().join("table_to_model.safetensors");
    weights::save(model.model(), &saved)?;

    let mut loaded = Network::new(config)?;
    weights::load(loaded.model_mut(), &saved)?;
    println!("classes: {}", classes.join(", "));
    println!("training accuracy {:.4}, test accuracy {:.4}", loaded.score(&train)?, loaded.score(&test)?);
    assert_eq!(loaded.score(&test)?, model.score(&test)?);
    Ok(())
}
