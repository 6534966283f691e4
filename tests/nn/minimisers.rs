//! Minimisers over a whole data set: they converge, to what is known or to where no gradient is left.

use crate::support::normal;
use ndarray::array;
use nn::{
    Activation, Dataset, Dense, Dropout, End, Init, Lbfgs, Minimum, NewtonCg, Objective, Param, Random, Sequential,
    evaluate, loss,
};

/// Σ (1 − wᵢ)² + 100·(wᵢ₊₁ − wᵢ²)², with its one minimum near the start at (1, …, 1).
fn rosenbrock() -> impl Objective<f64, Param<f64>> {
    nn::objective(|model: &Param<f64>, _, cx| {
        let w = cx.param(model);
        let n = model.array().len();
        let (x, next) = (w.slice(0, 0..n - 1), w.slice(0, 1..n));
        Ok(((1.0 - x).square() + (next - x.square()).square() * 100.0).sum(..).into())
    })
}

fn nothing() -> Dataset<f64> {
    Dataset::new().real("one", [1.0]).unwrap()
}

fn descends(minimum: &Minimum) {
    assert!(minimum.losses.windows(2).all(|pair| pair[1] <= pair[0]), "{:?}", minimum.losses);
}

#[test]
fn rosenbrocks_valley() {
    for n in [2, 10] {
        let start: Vec<f64> = (0..n).map(|i| if i % 2 == 0 { -1.2 } else { 1.0 }).collect();
        let mut a = Param::new(start);
        let mut b = a.clone();
        let first = Lbfgs { tolerance: 1e-9, ..Lbfgs::new() }.minimize(&mut a, rosenbrock(), &nothing()).unwrap();
        let second = NewtonCg::new().minimize(&mut b, rosenbrock(), &nothing()).unwrap();
        for (minimum, model) in [(&first, &a), (&second, &b)] {
            descends(minimum);
            assert_eq!(minimum.end, End::Converged, "{minimum:?}");
            // From this start, ten dimensions have a second minimum with a loss of about 4.
            let near = model.array().iter().all(|w| (w - 1.0).abs() < 1e-7);
            assert!(near || (n == 10 && minimum.loss() > 3.0), "{minimum:?}, {model:?}");
        }
        assert_eq!(first.products, 0);
        assert!(
            first.evaluations < 300 && second.losses.len() < 40 * n,
            "{} and {}",
            first.evaluations,
            second.losses.len()
        );
        // Where the loss is 0 at the minimum, the last step of Newton's method leaves next to nothing of it.
        if n == 2 {
            let before = second.losses[second.losses.len() - 2];
            assert!(second.loss() <= 1e-3 * before, "{before} and {}", second.loss());
        }
    }
}

/// Two overlapping clouds, with a penalty so that there is a minimum.
fn clouds() -> Dataset<f64> {
    let points = normal([80, 3], 4);
    let noise = normal([80], 5);
    let labels: Vec<f64> =
        points.rows().into_iter().zip(&noise).map(|(x, e)| f64::from(x[0] - 0.5 * x[1] + e > 0.2)).collect();
    Dataset::valued(points, ndarray::Array1::from(labels).insert_axis(ndarray::Axis(1))).unwrap()
}

fn logistic() -> impl Objective<f64, Dense<f64>> {
    nn::objective(|model: &Dense<f64>, batch, cx| {
        let z = nn::Layer::forward(model, batch.real("x")?, cx);
        let error = loss::binary_cross_entropy_with_logits(z, batch.target("targets")?);
        Ok((error + 0.05 * loss::l2(cx)).into())
    })
}

#[test]
fn logistic_regression() {
    let data = clouds();
    let mut start = Dense::new(3, 1, Init::Zeros, &mut Random::new(0));
    // A plain loop of Newton's iteration, with the Hessian Xᵀ·diag(p(1 − p))·X/n + 0.1·I written out.
    let features = data.features().unwrap().clone();
    let targets = match data.targets().unwrap() {
        nn::Column::Real(y) => y.clone(),
        nn::Column::Index(_) => panic!("numbers"),
    };
    let rows: Vec<[f64; 4]> = features.rows().into_iter().map(|x| [x[0], x[1], x[2], 1.0]).collect();
    let mut w = [0.0; 4];
    for _ in 0..30 {
        let (mut gradient, mut hessian) = ([0.0; 4], [[0.0; 4]; 4]);
        for (x, y) in rows.iter().zip(&targets) {
            let p = 1.0 / (1.0 + (-x.iter().zip(&w).map(|(x, w)| x * w).sum::<f64>()).exp());
            for i in 0..4 {
                gradient[i] += (p - y) * x[i] / 80.0;
                (0..4).for_each(|j| hessian[i][j] += p * (1.0 - p) * x[i] * x[j] / 80.0);
            }
        }
        for i in 0..3 {
            gradient[i] += 0.1 * w[i];
            hessian[i][i] += 0.1;
        }
        let step = solve(hessian, gradient);
        w.iter_mut().zip(step).for_each(|(w, step)| *w -= step);
    }
    for newton in [false, true] {
        let mut model = start.clone();
        let minimum = match newton {
            false => Lbfgs { tolerance: 1e-9, ..Lbfgs::new() }.minimize(&mut model, logistic(), &data).unwrap(),
            true => NewtonCg::new().minimize(&mut model, logistic(), &data).unwrap(),
        };
        descends(&minimum);
        assert_eq!(minimum.end, End::Converged);
        let found = model.weight().array().iter().chain(model.bias().unwrap().array());
        found.zip(&w).for_each(|(a, b)| assert!((a - b).abs() < 1e-7, "{a} is not {b}"));
        assert!(minimum.losses.len() < if newton { 12 } else { 40 }, "{}", minimum.losses.len());
        let evaluated = evaluate(&model, logistic(), &data).unwrap().loss;
        assert!((evaluated - minimum.loss()).abs() < 1e-14);
    }
    // What is frozen stays.
    nn::parameters_mut(&mut start).into_iter().for_each(|(path, param)| param.set_frozen(path == "bias"));
    Lbfgs::new().minimize(&mut start, logistic(), &data).unwrap();
    assert_eq!(start.bias().unwrap().array(), &array![0.0].into_dyn());
}

/// Gauss's elimination.
fn solve(mut a: [[f64; 4]; 4], mut b: [f64; 4]) -> [f64; 4] {
    for i in 0..4 {
        for k in i + 1..4 {
            let factor = a[k][i] / a[i][i];
            let pivot = a[i];
            a[k].iter_mut().zip(pivot).for_each(|(a, pivot)| *a -= factor * pivot);
            b[k] -= factor * b[i];
        }
    }
    for i in (0..4).rev() {
        b[i] = (b[i] - (i + 1..4).map(|j| a[i][j] * b[j]).sum::<f64>()) / a[i][i];
    }
    b
}

/// A network, in both precisions: the loss is that of evaluation, so dropout is off and the same start ends the same.
#[test]
fn a_network_is_fitted_without_noise() {
    let network = || {
        let mut random = Random::new(1);
        Sequential::<f64>::new()
            .then(Dense::new(1, 8, Init::Xavier, &mut random))
            .then(Activation::Tanh)
            .then(Dropout { keep_prob: 0.5 })
            .then(Dense::new(8, 1, Init::Xavier, &mut random))
    };
    let x = ndarray::Array2::from_shape_fn((30, 1), |(i, _)| i as f64 / 10.0 - 1.5);
    let data = Dataset::valued(x.clone(), x.mapv(|x| (2.0 * x).sin())).unwrap();
    let run = || {
        let mut model = network();
        let minimum = Lbfgs::new().minimize(&mut model, loss::mean_squared, &data).unwrap();
        let arrays: Vec<_> = nn::parameters(&model).into_iter().map(|(_, param)| param.array().clone()).collect();
        (arrays, minimum)
    };
    let (arrays, minimum) = run();
    assert_eq!((arrays, minimum.clone()), run());
    descends(&minimum);
    assert!(minimum.loss() < 1e-4, "{}", minimum.loss());
    let mut model = network();
    let newton = NewtonCg { steps: 60, ..NewtonCg::new() }.minimize(&mut model, loss::mean_squared, &data).unwrap();
    descends(&newton);
    assert!(newton.loss() < 1e-3, "{}", newton.loss());
}

#[test]
fn what_cannot_be_minimised_is_refused() {
    let mut model = Param::new([0.5, 2.0]);
    let message = |result: autodiff::Result<Minimum>| result.unwrap_err().message().to_owned();
    let none = Lbfgs { memory: 0, ..Lbfgs::new() };
    assert_eq!(message(none.minimize(&mut model, rosenbrock(), &nothing())), "`memory` is 0 and `tolerance` 0.000001");
    let reads = nn::objective(|model: &Param<f64>, _, cx| {
        let w = cx.param(model).square().sum(..);
        Ok(if w.item().is_ok_and(|w| w > 1.0) { w } else { w * 2.0 }.into())
    });
    let refused = Lbfgs::new().minimize(&mut model, reads, &nothing());
    assert_eq!(message(refused), "the model reads numbers while it is recorded");
    let nan = nn::objective(|model: &Param<f64>, _, cx| Ok((cx.param(model) - 1.0).log().sum(..).into()));
    assert_eq!(message(NewtonCg::new().minimize(&mut model, nan, &nothing())), "the loss is NaN");
    assert_eq!(model.array(), &array![0.5, 2.0].into_dyn());
}

#[test]
fn arrays_that_an_objective_puts_on_the_tape_are_constants_or_named() {
    let data = Dataset::<f64>::new().real("x", array![[1.0], [2.0]]).unwrap();
    let minimized = |constant: bool| {
        let mut model = Dense::new(1, 1, Init::Zeros, &mut Random::new(0)).without_bias();
        let objective = nn::objective(|model: &Dense<f64>, batch, cx| {
            let target = array![[3.0], [6.0]];
            let target = if constant { cx.tape().constant(target) } else { cx.tape().data(target) };
            Ok((nn::Layer::forward(model, batch.real("x")?, cx) - target).square().sum(..).into())
        });
        Lbfgs::new().minimize(&mut model, objective, &data).map(|_| model.weight().array().sum())
    };
    assert!((minimized(true).unwrap() - 3.0).abs() < 1e-6);
    let message = minimized(false).unwrap_err().to_string();
    assert!(message.contains("by `data`") && message.contains("`tape.constant`"), "{message}");
}
