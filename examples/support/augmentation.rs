//! What augmentation gains on the digits.

use nn::{Activation, Adam, Augment, Dense, Init, Random, Scheduled, Sequential, Trainer, loss, metric, schedule};
use std::error::Error;

/// How images are changed. This, the width of the network, the rate and the number of epochs were chosen among some fifty
/// combinations, on the splits and starts of the seeds 100 to 109. With fewer epochs, or in a narrower network, augmentation
/// gains nothing; and neither does a shift by a pixel, which cuts off digits that fill their image.
pub const AUGMENT: Augment = Augment::new(8, 8).rotate(5.0).noise(0.2);

/// How many digits are trained on.
const EXAMPLES: f64 = 300.0;

/// Accuracy on the digits that are not trained on, without and with augmentation: one split and one start for both.
pub fn accuracies(seed: u64, quick: bool) -> Result<(f64, f64), Box<dyn Error>> {
    let data = super::digits()?;
    let share = EXAMPLES / data.len() as f64;
    let [train, test] = data.stratified([share, 1.0 - share], seed)?;
    let epochs = if quick { 10 } else { 80 };
    let accuracy = |augment: Augment| -> Result<f64, Box<dyn Error>> {
        let random = &mut Random::new(seed);
        let mut model = Sequential::new()
            .then(Dense::new(64, 128, Init::He, random))
            .then(Activation::Relu)
            .then(Dense::new(128, 10, Init::He, random));
        let rate = schedule::by_epoch(schedule::cosine(epochs));
        let trainer = Trainer::new(Scheduled::new(rate, Adam::new(0.01))).epochs(epochs as usize).seed(seed);
        let trainer = trainer.augment(|batch, random| augment.apply(batch, random));
        trainer.fit(&mut model, loss::softmax_cross_entropy, &train)?;
        Ok(metric::accuracy(&nn::predict(&model, test.features()?)?, test.targets()?)?)
    };
    Ok((accuracy(Augment::new(8, 8))?, accuracy(AUGMENT)?))
}

/// The mean of the gains and its standard error.
pub fn mean_gain(pairs: &[(f64, f64)]) -> (f64, f64) {
    let n = pairs.len() as f64;
    let gains: Vec<f64> = pairs.iter().map(|(before, after)| after - before).collect();
    let mean = gains.iter().sum::<f64>() / n;
    let variance = gains.iter().map(|gain| (gain - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}
