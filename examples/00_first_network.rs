//! The shortest network: it learns the exclusive or of two bits.

use nn::{Activation, Adam, Dataset, Dense, Init, Random, Sequential, Trainer, loss, metric};

fn main() -> autodiff::Result<()> {
    let data = Dataset::labelled([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0])?;
    let mut random = Random::new(1);
    let mut model = Sequential::new()
        .then(Dense::new(2, 8, Init::Xavier, &mut random))
        .then(Activation::Tanh)
        .then(Dense::new(8, 2, Init::Xavier, &mut random));
    Trainer::new(Adam::new(0.05)).epochs(200).fit(&mut model, loss::softmax_cross_entropy, &data)?;
    let scores = nn::predict(&model, data.features()?)?;
    println!("{:?}, {}", metric::predictions(&scores)?, metric::accuracy(&scores, data.targets()?)?);
    Ok(())
}
