//! burn with its flex backend. Usage: burn THREADS (the environment sets them).

use bench::Result;
use bench::data::{X, labels};
use bench::numbers::Numbers;
use bench::workload::{Entry, Workload};
use burn::module::{Module, Param};
use burn::nn::loss::CrossEntropyLoss;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams, SgdConfig};
use burn::tensor::{Device, Int, Tensor, TensorData, activation};
use rust_peers::{array, job, losses, serve, weights};

fn main() -> Result<()> {
    let entry = |workload, make| Entry { workload, framework: "burn", make };
    serve(&[entry("W1", w1), entry("W2", w2), entry("W5", w5), entry("W6", w6)])
}

fn device() -> Device {
    Device::default().autodiff()
}

fn tensor<const D: usize>(numbers: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(numbers, shape), &device())
}

fn scalar(x: Tensor<1>) -> f64 {
    x.into_scalar::<f32>().into()
}

fn compare<const D: usize>(numbers: &mut Numbers, name: &str, gradient: Option<Tensor<D>>) -> Result<()> {
    let values =
        gradient.ok_or("no gradient")?.into_data().try_to_vec::<f32>().map_err(|error| format!("{error:?}"))?;
    numbers.values(name, values.into_iter().map(f64::from));
    Ok(())
}

#[derive(Module, Debug)]
struct Mlp {
    layers: Vec<Linear>,
    relu: bool,
}

impl Mlp {
    fn new(sizes: &[usize], relu: bool) -> Result<Self> {
        let mut layers = Vec::new();
        for (i, pair) in sizes.windows(2).enumerate() {
            let (m, n) = (pair[0], pair[1]);
            let mut layer = LinearConfig::new(m, n).init(&device());
            layer.weight = Param::from_tensor(tensor(weights(i, m, n)?, [m, n]));
            layer.bias = Some(Param::from_tensor(tensor(vec![0.0; n], [n])));
            layers.push(layer);
        }
        Ok(Mlp { layers, relu })
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let mut h = x;
        for (i, layer) in self.layers.iter().enumerate() {
            h = match (i, self.relu) {
                (0, _) => h,
                (_, true) => activation::relu(h),
                (_, false) => activation::tanh(h),
            };
            h = layer.forward(h);
        }
        h
    }
}

/// The step of a model that has learnt nothing yet, with an optimizer whose type only a macro can leave out.
macro_rules! training {
    ($sizes:expr, $examples:expr, $relu:expr, $rate:expr, $optimizer:expr) => {{
        let (sizes, examples) = ($sizes, $examples);
        let x = tensor(array(X, &[examples, sizes[0]], 3f64.sqrt())?, [examples, sizes[0]]);
        let y: Vec<i64> = labels(examples).iter().map(|label| *label as i64).collect();
        let y = Tensor::<1, Int>::from_data(TensorData::new(y, [examples]), &device());
        let entropy = CrossEntropyLoss::new(None, &device());
        let loss = move |model: &Mlp| entropy.forward(model.forward(x.clone()), y.clone());
        let start = |loss: &dyn Fn(&Mlp) -> Tensor<1>,
                     model: &mut Option<Mlp>,
                     step: &mut dyn FnMut(Mlp, GradientsParams) -> Mlp| {
            let before = model.take().ok_or("no model")?;
            let loss = loss(&before);
            let gradients = GradientsParams::from_grads(loss.backward(), &before);
            *model = Some(step(before, gradients));
            Result::Ok(scalar(loss))
        };
        let (mut model, mut optimizer) = (Some(Mlp::new(&sizes, $relu)?), $optimizer);
        let own = loss.clone();
        let step = move || start(&own, &mut model, &mut |model, gradients| optimizer.step($rate, model, gradients));
        job(step, move || {
            let mut numbers = Numbers::default();
            let (first, mut optimizer) = (Mlp::new(&sizes, $relu)?, $optimizer);
            let gradients = loss(&first).backward();
            for (i, layer) in first.layers.iter().enumerate() {
                compare(&mut numbers, &format!("g{}", 2 * i), layer.weight.val().grad(&gradients))?;
                let bias = layer.bias.as_ref().ok_or("no bias")?;
                compare(&mut numbers, &format!("g{}", 2 * i + 1), bias.val().grad(&gradients))?;
            }
            let mut model = Some(first);
            losses(&mut numbers, || {
                start(&loss, &mut model, &mut |model, gradients| optimizer.step($rate, model, gradients))
            })?;
            Ok(numbers)
        })
    }};
}

fn w1(_threads: usize) -> Result<Box<dyn Workload>> {
    training!([784, 1024, 1024, 10], 256, true, 1e-3, AdamConfig::new().with_epsilon(1e-8).init())
}

fn w2(_threads: usize) -> Result<Box<dyn Workload>> {
    training!([64, 32, 10], 32, false, 1e-2, SgdConfig::new().init())
}

fn w5(_threads: usize) -> Result<Box<dyn Workload>> {
    let x: Tensor<2> = tensor(array(X, &[32, 32], 1.0)?, [32, 32]);
    let (mut ws, mut bs) = (Vec::new(), Vec::new());
    for i in 0..1000 {
        ws.push(tensor::<2>(weights(i, 32, 32)?, [32, 32]).require_grad());
        bs.push(tensor::<1>(vec![0.0; 32], [32]).require_grad());
    }
    let loss = move |ws: &[Tensor<2>], bs: &[Tensor<1>]| {
        let deeper = |h: Tensor<2>, (w, b): (&Tensor<2>, &Tensor<1>)| {
            activation::tanh(h.matmul(w.clone()) + b.clone().unsqueeze())
        };
        ws.iter().zip(bs).fold(x.clone(), deeper).sum()
    };
    let (own, own_ws, own_bs) = (loss.clone(), ws.clone(), bs.clone());
    let step = move || {
        let loss = own(&own_ws, &own_bs);
        let gradients = loss.backward();
        std::hint::black_box(own_ws[0].grad(&gradients).is_some());
        Ok(scalar(loss))
    };
    job(step, move || {
        let loss = loss(&ws, &bs);
        let gradients = loss.backward();
        let mut numbers = Numbers::default();
        numbers.number("loss", scalar(loss));
        for layer in [0, 500, 999] {
            compare(&mut numbers, &format!("w{layer}"), ws[layer].grad(&gradients))?;
            compare(&mut numbers, &format!("b{layer}"), bs[layer].grad(&gradients))?;
        }
        Ok(numbers)
    })
}

fn w6(_threads: usize) -> Result<Box<dyn Workload>> {
    let x: Tensor<1> = tensor(array(X, &[1_000_000], 3.0)?, [1_000_000]).require_grad();
    let compute = move || {
        let loss = (((x.clone() * 0.7).exp() + 1.0).log() * x.clone().tanh() + x.clone() * x.clone()).sum();
        let gradient = x.grad(&loss.backward());
        (scalar(loss), gradient)
    };
    let again = compute.clone();
    job(
        move || Ok(compute().0),
        move || {
            let (loss, gradient) = again();
            let mut numbers = Numbers::default();
            numbers.number("loss", loss);
            compare(&mut numbers, "x", gradient)?;
            Ok(numbers)
        },
    )
}
