//! The convolutional network that the lecture slides *Neural Networks* train with PyTorch, here with `nn`: the same
//! steps in the same order.
//!
//! ```text
//! cargo run --release --example 24_pytorch_page
//! ```
//!
//! The network takes images of 32×32 pixels, as that of LeCun, Bottou, Bengio & Haffner, "Gradient-Based Learning
//! Applied to Document Recognition" (1998). The digits are images of 8×8; each pixel is made four times as wide and
//! high.

use autodiff::{Pooling, Tape, Var};
use nn::picture::HeatMap;
use nn::{
    Context, Conv2d, Dense, Flatten, Init, Layer, Module, OptimizerState, Random, Sgd, loss, metric, predict_in_batches,
};
use std::error::Error;
use std::process::ExitCode;

mod support;
use support::options::{self, Options};

#[derive(Clone, Debug)]
struct Net {
    conv1: Conv2d<f32>,
    conv2: Conv2d<f32>,
    fc1: Dense<f32>,
    fc2: Dense<f32>,
    fc3: Dense<f32>,
}

impl Net {
    fn new(random: &mut Random) -> Self {
        Net {
            // 1 input image channel, 6 output channels, 3x3 square convolution
            // kernel
            conv1: Conv2d::new(1, 6, 3, Init::He, random),
            conv2: Conv2d::new(6, 16, 3, Init::He, random),
            // an affine operation: y = xW + b
            fc1: Dense::new(16 * 6 * 6, 120, Init::He, random), // 6*6 from image dimension
            fc2: Dense::new(120, 84, Init::He, random),
            fc3: Dense::new(84, 10, Init::He, random),
        }
    }
}

impl Module<f32> for Net {
    nn::visit!(f32; conv1, conv2, fc1, fc2, fc3);
}

impl Layer<f32> for Net {
    fn forward<'t>(&self, x: Var<'t, f32>, cx: &Context<'t, f32>) -> Var<'t, f32> {
        // Max pooling over a (2, 2) window
        let x = self.conv1.call(x, cx).relu().max_pool(&Pooling::new([2, 2]));
        // If the size is a square you can only specify a single number
        let x = self.conv2.call(x, cx).relu().max_pool(&Pooling::new(2));
        let x = Flatten.call(x, cx);
        let x = self.fc1.call(x, cx).relu();
        let x = self.fc2.call(x, cx).relu();
        self.fc3.call(x, cx)
    }
}

fn main() -> ExitCode {
    options::run("24_pytorch_page", train)
}

fn train(options: &Options) -> Result<(), Box<dyn Error>> {
    let Options { seed, quick, .. } = *options;
    let (train, test) = support::enlarged_digits()?.split(0.8, seed)?;
    let mut random = Random::new(seed);
    let mut net = Net::new(&mut random);
    println!("{}", nn::summary(&net, [1, 32, 32])?);

    // create your optimizer
    let (optimizer, mut state) = (Sgd::new(0.01), OptimizerState::new());
    let criterion = loss::softmax_cross_entropy;

    // in your training loop:
    for epoch in 1..=if quick { 1 } else { 15 } {
        let (mut sum, mut batches) = (0.0, 0.0);
        for batch in train.batches(8, &mut random)? {
            let tape = Tape::new(); // every tape has its own gradients: there are no buffers to zero
            let cx = Context::training(&tape, &net, random.key());
            let (input, target) = (tape.data(batch.features()?), tape.index(batch.labels()?.clone()));
            let output = net.forward(input, &cx);
            let loss = criterion(output, target.into());
            (sum, batches) = (sum + loss.item()?, batches + 1.0);
            let gradients = cx.gradients(loss)?;
            state.apply(&optimizer, &mut net, &gradients)?; // Does the update
        }
        println!("epoch {epoch:>2}  loss {:.4}", sum / batches);
    }

    let output = predict_in_batches(&net, test.features()?, 64)?;
    println!("test accuracy {}", options::percent(metric::accuracy(&output, test.targets()?)?));

    // What the network has learnt: its first filters, and what they make of a test image.
    let filters = net.conv1.weight().array().clone().into_shape_with_order((6, 3, 3))?;
    let filters = HeatMap::filters("The six filters of conv1", filters.outer_iter())?;
    options.draw("filters", &filters.to_svg())?;
    let tape = Tape::new();
    let image = tape.data(test.select(&[0])?.features()?);
    let maps = net.conv1.call(image, &Context::evaluation(&tape, &net)).relu().max_pool(&Pooling::new(2)).value()?;
    let maps = maps.into_shape_with_order((6, 15, 15))?;
    options.draw(
        "feature_maps",
        &HeatMap::filters("A test image behind conv1, ReLU and pooling", maps.outer_iter())?.to_svg(),
    )
}
