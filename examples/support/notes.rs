//! Errata of the lecture notes that are no derivatives: what an algorithm does as published, and as it is meant.

use autodiff::{Result, Tape};
use nn::Random;

/// A number as the published algorithm gives it, and as its text means it.
pub struct Compared {
    pub number: usize,
    pub says: &'static str,
    pub published: f64,
    pub meant: f64,
}

/// Every erratum of which both versions can be run.
pub fn compared() -> Result<Vec<Compared>> {
    let mut found = Vec::new();

    // A momentum over the constant gradient 1 should be 1 once it is corrected for its start.
    let beta = 0.9f64;
    let (mut average, mut compounded) = (0.0, 0.0);
    for t in 1..=10 {
        average = beta * average + (1.0 - beta);
        compounded = (beta * compounded + (1.0 - beta)) / (1.0 - beta.powi(t));
    }
    found.push(Compared {
        number: 7,
        says: "Matt R §7 `corrected_momentum` puts the corrected value back into the average: after 10 gradients of 1",
        published: compounded,
        meant: average / (1.0 - beta.powi(10)),
    });

    // 100 batches in each of 3 epochs are 300 updates, and the correction counts updates.
    found.push(Compared {
        number: 7,
        says: "the same, `update_iter = epoch + batch_iter`: the update after 3 epochs of 100 batches",
        published: 2.0 + 100.0,
        meant: 300.0,
    });

    // The first step of Adam is α·ĝ/(√ŝ + ε), with ŝ = g².
    let (gradient, epsilon) = (1e-6f64, 1e-8);
    found.push(Compared {
        number: 8,
        says: "Matt R §7: the text has √(Ŝ + ε), its code √Ŝ + ε. Adam's first step for g = 1e-6, as a multiple of α",
        published: gradient / (gradient * gradient + epsilon).sqrt(),
        meant: gradient / (gradient + epsilon),
    });

    // Through 20 layers of ReLU, the mean square of a unit should stay as it is.
    let through = |second_moment: f64| -> Result<f64> {
        let (width, mut random) = (400, Random::new(1));
        let tape = Tape::<f64>::new();
        let mut draw = |n: usize, scale: f64| (0..n).map(|_| scale * random.normal()).collect::<Vec<_>>();
        let x = tape.data(draw(width, 1.0));
        let last = (0..20).fold(x, |x, _| {
            let w = tape.data(draw(width * width, (second_moment / width as f64).sqrt())).reshape([width, width]);
            w.matmul(x).relu()
        });
        last.square().mean(..).item()
    };
    found.push(Compared {
        number: 11,
        says: "Matt R §6: E[W²] = 1/m for ReLU, where He et al. (2015) derive 2/m. The mean square after 20 layers, of 1",
        published: through(1.0)?,
        meant: through(2.0)?,
    });

    // Three of four right: the error should be a quarter.
    found.push(Compared {
        number: 13,
        says: "Matt R §4: ε(x, y) = 1 if y = ŷ(x). The \"error\" of three right answers among four",
        published: 0.75,
        meant: 0.25,
    });
    Ok(found)
}

/// What there is to read and not to compute.
pub const OTHERS: &str = "\
 9. Matt R §9: Lemmas 9.1 and 9.4 leave the differential of the normalisation blank; their proofs have it, and
    `23_batch_normalisation` prints it.
10. Miller's code uses `sample_data`, which is not defined, never creates `gradient_activation`, and calls zeros a
    random initialisation. Its targets of 2 are beyond the range (0, 1) of its output: see `11_arctan_network`.
12. Matt R (June) §1.4 standardises with the mean and the variance of all data, the test part included. Here,
    `Scaling::standardise` takes the training part, and is part of the model: see `08_table_to_model`.
13. Matt R §5.1 reseeds inside the function that draws the mask of dropout: the same units are dropped in every step.
    Here, each step has a key of its own: see `18_dropout_and_early_stopping`.";
