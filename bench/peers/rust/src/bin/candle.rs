//! candle on the processor. Usage: candle THREADS (the environment sets them).

use bench::Result;
use bench::data::{X, labels};
use bench::numbers::Numbers;
use bench::workload::{Entry, Workload};
use candle_core::{Device, Tensor, Var};
use candle_nn::loss::cross_entropy;
use candle_nn::optim::{AdamW, Optimizer, ParamsAdamW, SGD};
use rust_peers::{array, job, losses, serve, weights};

type Candle<T> = candle_core::Result<T>;

fn main() -> Result<()> {
    let entry = |workload, make| Entry { workload, framework: "candle", make };
    serve(&[entry("W1", w1), entry("W2", w2), entry("W5", w5), entry("W6", w6)])
}

/// Weights and biases, one after the other.
fn variables(sizes: &[usize]) -> Result<Vec<Var>> {
    let mut variables = Vec::new();
    for (i, pair) in sizes.windows(2).enumerate() {
        let (m, n) = (pair[0], pair[1]);
        variables.push(Var::from_tensor(&Tensor::from_vec(weights(i, m, n)?, (m, n), &Device::Cpu)?)?);
        variables.push(Var::from_tensor(&Tensor::zeros(n, candle_core::DType::F32, &Device::Cpu)?)?);
    }
    Ok(variables)
}

fn mlp(variables: &[Var], x: &Tensor, activation: fn(&Tensor) -> Candle<Tensor>) -> Candle<Tensor> {
    let mut h = x.clone();
    for (i, layer) in variables.chunks(2).enumerate() {
        h = if i > 0 { activation(&h)? } else { h };
        h = h.matmul(layer[0].as_tensor())?.broadcast_add(layer[1].as_tensor())?;
    }
    Ok(h)
}

fn scalar(x: &Tensor) -> Result<f64> {
    Ok(f64::from(x.to_scalar::<f32>()?))
}

fn compare(numbers: &mut Numbers, name: &str, x: Option<&Tensor>) -> Result<()> {
    let values: Vec<f32> = x.ok_or("no gradient")?.flatten_all()?.to_vec1()?;
    numbers.values(name, values.into_iter().map(f64::from));
    Ok(())
}

fn training<O: Optimizer + 'static>(
    sizes: &'static [usize],
    examples: usize,
    activation: fn(&Tensor) -> Candle<Tensor>,
    optimizer: fn(Vec<Var>) -> Candle<O>,
) -> Result<Box<dyn Workload>> {
    let shape = [examples, sizes[0]];
    let x = Tensor::from_vec(array(X, &shape, 3f64.sqrt())?, &shape, &Device::Cpu)?;
    let y: Vec<u32> = labels(examples).iter().map(|label| *label as u32).collect();
    let y = Tensor::from_vec(y, examples, &Device::Cpu)?;
    let loss = move |variables: &[Var]| cross_entropy(&mlp(variables, &x, activation)?, &y);
    let step = start(sizes, optimizer, loss.clone())?;
    job(step, move || {
        let mut numbers = Numbers::default();
        let variables = variables(sizes)?;
        let gradients = loss(&variables)?.backward()?;
        for (i, variable) in variables.iter().enumerate() {
            compare(&mut numbers, &format!("g{i}"), gradients.get(variable.as_tensor()))?;
        }
        losses(&mut numbers, start(sizes, optimizer, loss.clone())?)?;
        Ok(numbers)
    })
}

/// The step of a model that has learnt nothing yet.
fn start<O: Optimizer, L: Fn(&[Var]) -> Candle<Tensor>>(
    sizes: &'static [usize],
    optimizer: fn(Vec<Var>) -> Candle<O>,
    loss: L,
) -> Result<impl FnMut() -> Result<f64>> {
    let variables = variables(sizes)?;
    let mut optimizer = optimizer(variables.clone())?;
    Ok(move || {
        let loss = loss(&variables)?;
        optimizer.backward_step(&loss)?;
        scalar(&loss)
    })
}

fn w1(_threads: usize) -> Result<Box<dyn Workload>> {
    let adam = |v| AdamW::new(v, ParamsAdamW { lr: 1e-3, weight_decay: 0.0, ..ParamsAdamW::default() });
    training(&[784, 1024, 1024, 10], 256, Tensor::relu, adam)
}

fn w2(_threads: usize) -> Result<Box<dyn Workload>> {
    training(&[64, 32, 10], 32, Tensor::tanh, |v| SGD::new(v, 0.01))
}

fn w5(_threads: usize) -> Result<Box<dyn Workload>> {
    let x = Tensor::from_vec(array(X, &[32, 32], 1.0)?, (32, 32), &Device::Cpu)?;
    let variables = variables(&[32; 1001])?;
    let loss = |variables: &[Var], x: &Tensor| mlp(variables, x, Tensor::tanh)?.tanh()?.sum_all();
    let (again, same) = (variables.clone(), x.clone());
    let step = move || {
        let loss = loss(&variables, &x)?;
        std::hint::black_box(loss.backward()?);
        scalar(&loss)
    };
    job(step, move || {
        let loss = loss(&again, &same)?;
        let gradients = loss.backward()?;
        let mut numbers = Numbers::default();
        numbers.number("loss", scalar(&loss)?);
        for layer in [0, 500, 999] {
            for (name, i) in [("w", 2 * layer), ("b", 2 * layer + 1)] {
                compare(&mut numbers, &format!("{name}{layer}"), gradients.get(again[i].as_tensor()))?;
            }
        }
        Ok(numbers)
    })
}

fn w6(_threads: usize) -> Result<Box<dyn Workload>> {
    let x = Var::from_tensor(&Tensor::from_vec(array(X, &[1_000_000], 3.0)?, 1_000_000, &Device::Cpu)?)?;
    let loss = |x: &Tensor| ((((x * 0.7)?.exp()? + 1.0)?.log()? * x.tanh()?)? + (x * x)?)?.sum_all();
    let same = x.clone();
    let step = move || {
        let loss = loss(x.as_tensor())?;
        std::hint::black_box(loss.backward()?);
        scalar(&loss)
    };
    job(step, move || {
        let loss = loss(same.as_tensor())?;
        let mut numbers = Numbers::default();
        numbers.number("loss", scalar(&loss)?);
        compare(&mut numbers, "x", loss.backward()?.get(same.as_tensor()))?;
        Ok(numbers)
    })
}
