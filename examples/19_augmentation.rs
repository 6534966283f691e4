//! Data augmentation: Matt R, *Neural Networks* (March 2022), §5.2. With few examples, a network reads more digits if it
//! sees each image rotated a little, and with noise, in every epoch anew.
//!
//! ```text
//! cargo run --release --example 19_augmentation                # one split, and a picture
//! cargo run --release --example 19_augmentation -- --seeds 10  # ten splits, paired
//! ```

use nn::picture::HeatMap;
use nn::{Augment, Random};
use std::error::Error;
use std::process::ExitCode;

mod support;
use support::augmentation::{AUGMENT, accuracies, mean_gain};
use support::options::{self, Options};

fn main() -> ExitCode {
    options::run_seeds("19_augmentation", |options| match options.seeds {
        None => show(options),
        Some(seeds) => {
            println!("accuracy on the digits that are not trained on\n  seed    plain   augmented     gain");
            let mut found = Vec::new();
            for seed in 0..seeds {
                let (plain, augmented) = accuracies(seed, options.quick)?;
                println!("  {seed:>4}   {plain:.4}      {augmented:.4}  {:>+.4}", augmented - plain);
                found.push((plain, augmented));
            }
            let (gain, error) = mean_gain(&found);
            println!("mean gain {gain:.4}, standard error {error:.4}: {:.1} standard errors", gain / error);
            Ok(())
        }
    })
}

fn show(options: &Options) -> Result<(), Box<dyn Error>> {
    let digits = support::digits()?.select(&[0, 1, 2, 3, 4])?;
    let mut rows = vec![digits.clone()];
    let random = &mut Random::new(options.seed);
    for augment in [AUGMENT, Augment::new(8, 8).shift(1), Augment::new(8, 8).crop(0.7)] {
        rows.push(augment.apply(&digits, random)?);
    }
    let images: Vec<ndarray::Array2<f32>> = rows
        .iter()
        .flat_map(|row| row.features().into_iter().flat_map(|images| images.outer_iter().map(|image| image.to_owned())))
        .map(|image| image.into_shape_with_order((8, 8)))
        .collect::<Result<_, _>>()?;
    let title = "Digits; rotated and noisy; shifted; cropped";
    options.draw("augmentation", &HeatMap::filters(title, images.iter().map(|i| i.view()))?.to_svg())?;

    let (plain, augmented) = accuracies(options.seed, options.quick)?;
    println!("accuracy on the digits that are not trained on (seed {})", options.seed);
    println!("  plain      {plain:.4}\n  augmented  {augmented:.4}");
    Ok(())
}
