//! Softmax, its logarithm and log_sum_exp against numbers of many digits: values, Jacobians by both modes, and the Jacobians
//! of gradients, of rows in which one element dominates by any amount, and at large arguments.

use super::big::Big;
use autodiff::primitive::Generator;
use autodiff::{Real, Tape, Var};
use ndarray::ArrayD;

const LENGTH: usize = 4;

fn weights(x: &[f64]) -> Vec<Big> {
    let powers: Vec<Big> = x.iter().map(|x| Big::of(*x).exp()).collect();
    let total = powers.iter().fold(Big::of(0.0), |sum, power| &sum + power);
    powers.iter().map(|power| power / &total).collect()
}

fn delta(i: usize, j: usize) -> Big {
    Big::of(f64::from(u8::from(i == j)))
}

/// δᵢⱼ − wⱼ.
fn apart(w: &[Big], i: usize, j: usize) -> Big {
    &delta(i, j) - &w[j]
}

/// ∂wᵢ/∂xⱼ = wᵢ(δᵢⱼ − wⱼ).
fn first(w: &[Big], i: usize, j: usize) -> Big {
    &w[i] * &apart(w, i, j)
}

/// ∂²wᵢ/∂xⱼ∂xₖ = wᵢ((δᵢⱼ − wⱼ)(δᵢₖ − wₖ) − wⱼ(δⱼₖ − wₖ)).
fn second(w: &[Big], i: usize, j: usize, k: usize) -> Big {
    &w[i] * &(&(&apart(w, i, j) * &apart(w, i, k)) - &(&w[j] * &apart(w, j, k)))
}

/// The worst relative error of numbers whose truth is a normal number of single precision, and which are not a sum of larger
/// terms that cancel: `size` is that of the terms.
fn error(found: f64, right: &Big, size: &Big) -> f64 {
    match right.exponent() {
        Some(e) if e > -125 => (&Big::of(found) - right).ratio(size),
        _ => 0.0,
    }
}

fn unit<'t, F: Real>(x: Var<'t, F>, i: usize) -> Var<'t, F> {
    let numbers: Vec<F> = (0..LENGTH).map(|k| if i == k { F::one() } else { F::zero() }).collect();
    x.tape().constant(ArrayD::from_shape_vec(vec![LENGTH], numbers).unwrap())
}

fn flat<F: Real>(y: Var<'_, F>) -> Vec<f64> {
    y.value().unwrap().iter().map(|y| y.double()).collect()
}

/// Element i of y, its gradient by reverse mode and by forward mode, and the derivatives of that gradient by both.
type Derivatives = (f64, [Vec<f64>; 2], [Vec<Vec<f64>>; 2]);

fn derivatives<F: Real>(y: Var<'_, F>, x: Var<'_, F>) -> Derivatives {
    let gradient = y.gradient(&[x]).unwrap()[0];
    let forward = (0..LENGTH).map(|j| y.pushforward(&[(x, unit(x, j))]).unwrap().item().unwrap().double());
    let rows = (0..LENGTH).map(|j| flat(gradient.pullback(unit(x, j), &[x]).unwrap()[0]));
    let columns = (0..LENGTH).map(|k| flat(gradient.pushforward(&[(x, unit(x, k))]).unwrap()));
    (y.item().unwrap().double(), [flat(gradient), forward.collect()], [rows.collect(), columns.collect()])
}

fn compare<F: Real>(count: usize, tolerance: f64) {
    let mut generator = Generator::new(5);
    let mut worst = [0.0f64; 3];
    for _ in 0..count {
        let shift = [0.0, 0.0, 1e4, -1e6][generator.integer(0, 3)];
        let spread = 2f64.powf(generator.uniform(-20.0, 6.0));
        let numbers: Vec<f64> =
            (0..LENGTH).map(|_| F::of(shift + spread * generator.uniform(-1.0, 1.0)).double()).collect();
        let w = weights(&numbers);
        let tape = Tape::<F>::new();
        let x = tape.input(ArrayD::from_shape_vec(vec![LENGTH], numbers.iter().map(|x| F::of(*x)).collect()).unwrap());
        let mut see = |order: usize, what: &str, found: f64, right: Big, size: Big| {
            let error = error(found, &right, &size);
            worst[order] = worst[order].max(error);
            assert!(error <= tolerance, "{what}, {}, order {order}, at {numbers:?}: {error:e}", F::NAME);
        };
        // log_sum_exp, whose gradient is w.
        let (_, first_found, second_found) = derivatives(x.log_sum_exp(..), x);
        for j in 0..LENGTH {
            first_found.iter().for_each(|found| see(1, "log_sum_exp", found[j], w[j].clone(), w[j].clone()));
            for k in 0..LENGTH {
                let right = first(&w, j, k);
                second_found.iter().for_each(|found| see(2, "log_sum_exp", found[j][k], right.clone(), right.clone()));
            }
        }
        for i in 0..LENGTH {
            let (value, first_found, second_found) = derivatives(x.softmax(0).slice(0, i..i + 1).sum(..), x);
            see(0, "softmax", value, w[i].clone(), w[i].clone());
            let (_, log_first, log_second) = derivatives(x.log_softmax(0).slice(0, i..i + 1).sum(..), x);
            for j in 0..LENGTH {
                let right = first(&w, i, j);
                first_found.iter().for_each(|found| see(1, "softmax", found[j], right.clone(), right.clone()));
                let right = apart(&w, i, j);
                log_first.iter().for_each(|found| see(1, "log_softmax", found[j], right.clone(), right.clone()));
                for k in 0..LENGTH {
                    // A sum of two terms, each of which has all its digits.
                    let terms = [&apart(&w, i, j) * &apart(&w, i, k), &w[j] * &apart(&w, j, k)];
                    let size = &w[i] * &(&terms[0].abs() + &terms[1].abs());
                    let right = second(&w, i, j, k);
                    second_found.iter().for_each(|found| see(2, "softmax", found[j][k], right.clone(), size.clone()));
                    let right = -first(&w, j, k);
                    log_second
                        .iter()
                        .for_each(|found| see(2, "log_softmax", found[j][k], right.clone(), right.clone()));
                }
            }
        }
    }
    println!("softmax and its relatives, {}: {worst:?}", F::NAME);
}

#[test]
fn softmaxes_keep_their_digits() {
    let count = super::count() / 4;
    compare::<f64>(count, 1e-13);
    compare::<f32>(count, 1e-5);
}
