//! The systems of the lecture notes against their own formulas: "Better Backpropagation", the 3-2-3-4 arctan network, and
//! the numerical gradient check.

use autodiff::{Index, Tape, Var, grad, value_and_grad};
use ndarray::{Array1, Array2, ArrayD, Axis, array};
use proptest::prelude::*;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

fn vector(random: &mut ChaCha8Rng, n: usize) -> Array1<f64> {
    Array1::from_shape_fn(n, |_| random.random_range(-1.5..1.5))
}

fn matrix(random: &mut ChaCha8Rng, m: usize, n: usize) -> Array2<f64> {
    Array2::from_shape_fn((m, n), |_| random.random_range(-1.5..1.5))
}

#[track_caller]
fn close<D: ndarray::Dimension, E: ndarray::Dimension>(a: &ndarray::Array<f64, D>, b: &ndarray::Array<f64, E>) {
    assert_eq!(a.shape(), b.shape());
    let scale = b.iter().fold(1.0, |scale: f64, x| scale.max(x.abs()));
    let worst = a.iter().zip(b).fold(0.0, |worst: f64, (a, b)| worst.max((a - b).abs()));
    assert!(worst <= 1e-12 * scale, "they differ by {worst}:\n{a}\n{b}");
}

/// ζxᵀ.
fn outer(zeta: &Array1<f64>, x: &Array1<f64>) -> Array2<f64> {
    zeta.view().insert_axis(Axis(1)).dot(&x.view().insert_axis(Axis(0)))
}

// ---- Better Backpropagation: Matt R, Neural Networks (June 2022), §3.4 ------------------------------------------------

/// 1. rG_x(ζ) = G′(x) ⊙ ζ and dG_x(ξ) = G′(x) ⊙ ξ for the broadcasting G of g: ℝ → ℝ.
#[test]
fn the_reverse_derivative_of_an_activation() {
    type Unit = (for<'t> fn(Var<'t, f64>) -> Var<'t, f64>, fn(f64) -> f64);
    let units: [Unit; 5] = [
        (|x| x.sigmoid(), |x| (-x).exp() / (1.0 + (-x).exp()).powi(2)),
        (|x| x.tanh(), |x| 1.0 - x.tanh().powi(2)),
        (|x| x.relu(), |x| f64::from(u8::from(x >= 0.0))),
        (|x| x.leaky_relu(0.1), |x| if x >= 0.0 { 1.0 } else { 0.1 }),
        (|x| x.arctan_sigmoid(), |x| 1.0 / (std::f64::consts::PI * (1.0 + x * x))),
    ];
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for (g, slope) in units {
        let (at, zeta, xi) = (vector(&mut random, 6), vector(&mut random, 6), vector(&mut random, 6));
        let tape = Tape::new();
        let x = tape.input(&at);
        let y = g(x);
        close(&y.backward_from(&zeta).unwrap().take(x).unwrap(), &(at.mapv(slope) * &zeta));
        let tangent = y.pushforward(&[(x, tape.constant(&xi))]).unwrap().value().unwrap();
        close(&tangent, &(at.mapv(slope) * &xi));
    }
}

/// 2. φ(A, x) = Ax: dφ(ξ) = Aξ, rφ(ζ) = Aᵀζ, d₁φ(Z) = Zx, r₁φ(ζ) = ζxᵀ.
#[test]
fn the_reverse_derivatives_of_a_linear_map() {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let (a, x) = (matrix(&mut random, 4, 3), vector(&mut random, 3));
    let (zeta, xi, z) = (vector(&mut random, 4), vector(&mut random, 3), matrix(&mut random, 4, 3));
    let tape = Tape::new();
    let (w, v) = (tape.input(&a), tape.input(&x));
    let y = w.matmul(v);
    let mut gradients = y.backward_from(&zeta).unwrap();
    close(&gradients.take(v).unwrap(), &a.t().dot(&zeta));
    close(&gradients.take(w).unwrap(), &outer(&zeta, &x));
    close(&y.pushforward(&[(v, tape.constant(&xi))]).unwrap().value().unwrap(), &a.dot(&xi));
    close(&y.pushforward(&[(w, tape.constant(&z))]).unwrap().value().unwrap(), &z.dot(&x));
}

/// 3. ψ(b, x) = x + b: dψ(ξ) = ξ, rψ(ζ) = ζ, d₁ψ(η) = η, r̄₁ψ(ζ) = ζ.
#[test]
fn the_reverse_derivatives_of_a_bias() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let [b, x, zeta, xi] = [(); 4].map(|()| vector(&mut random, 5));
    let tape = Tape::new();
    let (bias, v) = (tape.input(&b), tape.input(&x));
    for y in [v + bias, v.add_bias(bias)] {
        let mut gradients = y.backward_from(&zeta).unwrap();
        close(&gradients.take(v).unwrap(), &zeta);
        close(&gradients.take(bias).unwrap(), &zeta);
        for var in [v, bias] {
            close(&y.pushforward(&[(var, tape.constant(&xi))]).unwrap().value().unwrap(), &xi);
        }
    }
}

/// A map between arrays, for compositions.
type Map = for<'t> fn(Var<'t, f64>) -> Var<'t, f64>;

const MAPS: [(&str, Map); 8] = [
    ("tanh", |x| x.tanh()),
    ("softmax", |x| x.softmax(0)),
    ("x ⊙ x rotated", |x| {
        let n = x.shape().map_or(1, |shape| shape.first().copied().unwrap_or(1));
        x * x.tape().concat(&[x.slice(0, 1..n), x.slice(0, 0..1)], 0)
    }),
    ("a centred sine", |x| x.sin() - x.mean(..)),
    ("x xᵀ x", |x| {
        let n = x.shape().map_or(1, |shape| shape.first().copied().unwrap_or(1));
        x.reshape([n, 1]).matmul(x.reshape([1, n])).matmul(x)
    }),
    ("sigmoid", |x| x.sigmoid() * 2.0),
    ("scaled by the norm", |x| x / (x.square().sum(..) + 1.0).sqrt()),
    ("reversed pairs", |x| x.tape().stack(&[x, x.cos()], 0).sum(0)),
];

/// rf_x(ζ) of one map alone, on a tape of its own: the value and the reverse derivative.
fn alone(f: Map, x: &ArrayD<f64>, zeta: Option<&ArrayD<f64>>) -> (ArrayD<f64>, Option<ArrayD<f64>>) {
    let tape = Tape::new();
    let v = tape.input(x);
    let y = f(v);
    (y.value().unwrap(), zeta.map(|zeta| y.backward_from(zeta).unwrap().take(v).unwrap()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Proposition 3.1: for F = h∘g∘f, rF_x = rf_x ∘ rg_f(x) ∘ rh_g(f(x)), each piece differentiated on its own; and the
    /// identity ⟨rF(ζ), ξ⟩ = ⟨ζ, dF(ξ)⟩ from which it follows.
    #[test]
    fn composition_of_reverse_derivatives(chosen in prop::collection::vec(0..MAPS.len(), 3..6), seed: u64, n in 2..6usize) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let [x, zeta, xi] = [(); 3].map(|()| vector(&mut random, n).into_dyn());
        let maps: Vec<Map> = chosen.iter().map(|i| MAPS[*i].1).collect();

        let mut points = vec![x.clone()];
        for f in &maps {
            points.push(alone(*f, &points[points.len() - 1], None).0);
        }
        let composed = maps.iter().zip(&points).rev().fold(zeta.clone(), |zeta, (f, x)| alone(*f, x, Some(&zeta)).1.unwrap());

        let tape = Tape::new();
        let v = tape.input(&x);
        let y = maps.iter().fold(v, |v, f| f(v));
        let whole = y.backward_from(&zeta).unwrap().take(v).unwrap();
        // The same rules on the same numbers in the same order: not close, equal.
        prop_assert_eq!(&composed, &whole);

        let tangent = y.pushforward(&[(v, tape.constant(&xi))]).unwrap().value().unwrap();
        let (left, right) = ((&whole * &xi).sum(), (&zeta * &tangent).sum());
        let scale = (&whole * &xi).mapv(f64::abs).sum() + (&zeta * &tangent).mapv(f64::abs).sum();
        // Between the maps numbers are of order one, so what cancels to less is rounding.
        prop_assert!((left - right).abs() <= 1e-12 * scale.max(1.0), "{} is not {}", left, right);
    }
}

/// Lemma 3.2: the components of R = rf_P for f: ℝⁿˣᵐ → ℝᵏ are R(e_i)[μ, ν] = ∂fⁱ/∂X[μ, ν].
#[test]
fn coordinates_of_a_reverse_derivative() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let (p, c) = (matrix(&mut random, 2, 3), vector(&mut random, 3));
    // f(X) = (Xc) ⊙ (Xc), so ∂fⁱ/∂X[μ, ν] = 2 (Xc)ᵢ c_ν δ_iμ.
    let tape = Tape::new();
    let x = tape.input(&p);
    let y = x.matmul(tape.constant(&c)).square();
    let product = p.dot(&c);
    for i in 0..2 {
        let basis = Array1::from_shape_fn(2, |j| f64::from(u8::from(i == j)));
        let component = y.backward_from(&basis).unwrap().take(x).unwrap();
        let expected = Array2::from_shape_fn((2, 3), |(mu, nu)| if mu == i { 2.0 * product[i] * c[nu] } else { 0.0 });
        close(&component, &expected);
        // And in coordinates, by forward mode in the direction of each basis matrix.
        for ((mu, nu), expected) in expected.indexed_iter() {
            let mut direction = Array2::zeros((2, 3));
            direction[(mu, nu)] = 1.0;
            let tangent = y.pushforward(&[(x, tape.constant(direction))]).unwrap().value().unwrap();
            assert!((tangent[[i]] - expected).abs() < 1e-12);
        }
    }
}

/// The two-layer network F = 𝕃 ∘ G² ∘ ψ² ∘ φ² ∘ G¹ ∘ ψ¹ ∘ φ¹ with N examples, G¹ = tanh, G² the logistic function and
/// 𝕃(a, y) = ½‖a − y‖².
struct Network {
    w1: Array2<f64>,
    b1: Array1<f64>,
    w2: Array2<f64>,
    b2: Array1<f64>,
    examples: Vec<(Array1<f64>, Array1<f64>)>,
}

impl Network {
    fn random() -> Self {
        let random = &mut ChaCha8Rng::seed_from_u64(6);
        let examples = (0..7).map(|_| (vector(random, 3), vector(random, 2))).collect();
        let (w1, b1, w2, b2) = (matrix(random, 4, 3), vector(random, 4), matrix(random, 2, 4), vector(random, 2));
        Network { w1, b1, w2, b2, examples }
    }

    /// The cost 𝕁 = (1/N) Σ Fⱼ, recorded one example at a time, and the parameters.
    fn cost<'t>(&self, tape: &'t Tape<f64>) -> (Var<'t, f64>, [Var<'t, f64>; 4]) {
        let parameters @ [w1, b1, w2, b2] =
            [tape.input(&self.w1), tape.input(&self.b1), tape.input(&self.w2), tape.input(&self.b2)];
        let mut cost = tape.constant(0.0);
        for (x, y) in &self.examples {
            let a1 = (w1.matmul(tape.data(x)) + b1).tanh();
            let a2 = (w2.matmul(a1) + b2).sigmoid();
            cost += 0.5 * (a2 - tape.data(y)).square().sum(..);
        }
        (cost / self.examples.len() as f64, parameters)
    }

    /// The four formulas: r₁𝕁, r̄₁𝕁, r₂𝕁, r̄₂𝕁 at the cotangent `alpha`.
    fn formulas(&self, alpha: f64) -> (Array2<f64>, Array1<f64>, Array2<f64>, Array1<f64>) {
        let n = self.examples.len() as f64;
        let mut sums = (Array2::zeros((4, 3)), Array1::zeros(4), Array2::zeros((2, 4)), Array1::zeros(2));
        for (x, y) in &self.examples {
            let a1 = (self.w1.dot(x) + &self.b1).mapv(f64::tanh);
            let a2 = (self.w2.dot(&a1) + &self.b2).mapv(|v| 1.0 / (1.0 + (-v).exp()));
            let r_loss = (&a2 - y) * (alpha / n); // r𝕃(α) = (a − y)·α
            let r_g2 = &a2 * &(1.0 - &a2) * &r_loss; // rG²(ζ) = G²′(v²) ⊙ ζ
            let r_g1 = (1.0 - &a1 * &a1) * self.w2.t().dot(&r_g2); // rG¹ ∘ L_{W²ᵀ}
            sums.3 += &r_g2;
            sums.2 += &outer(&r_g2, &a1);
            sums.1 += &r_g1;
            sums.0 += &outer(&r_g1, x);
        }
        sums
    }
}

#[test]
fn the_four_formulas_of_a_two_layer_network() {
    let network = Network::random();
    let tape = Tape::new();
    let (cost, [w1, b1, w2, b2]) = network.cost(&tape);
    for alpha in [1.0, 0.05, -3.0] {
        let (r1, r1_bar, r2, r2_bar) = network.formulas(alpha);
        let mut gradients = cost.backward_from(alpha).unwrap();
        close(&gradients.take(w1).unwrap(), &r1);
        close(&gradients.take(b1).unwrap(), &r1_bar);
        close(&gradients.take(w2).unwrap(), &r2);
        close(&gradients.take(b2).unwrap(), &r2_bar);
    }
}

/// W := W − r𝕁(α): the learning rate is the cotangent, and the cost falls.
#[test]
fn updates_with_the_learning_rate_as_the_cotangent() {
    let mut network = Network::random();
    let mut costs = Vec::new();
    for _ in 0..400 {
        let (r1, r1_bar, r2, r2_bar) = network.formulas(0.5);
        let tape = Tape::new();
        let (cost, [w1, b1, w2, b2]) = network.cost(&tape);
        costs.push(cost.item().unwrap());
        let gradients = cost.backward_from(0.5).unwrap();
        let updated = [(w1, &network.w1.view().into_dyn()), (b1, &network.b1.view().into_dyn())];
        let [w1, b1] = updated.map(|(var, old)| old.to_owned() - gradients.get(var).unwrap());
        let updated = [(w2, &network.w2.view().into_dyn()), (b2, &network.b2.view().into_dyn())];
        let [w2, b2] = updated.map(|(var, old)| old.to_owned() - gradients.get(var).unwrap());
        close(&w1, &(&network.w1 - &r1));
        close(&b1, &(&network.b1 - &r1_bar));
        close(&w2, &(&network.w2 - &r2));
        close(&b2, &(&network.b2 - &r2_bar));
        network.w1 = w1.into_dimensionality().unwrap();
        network.b1 = b1.into_dimensionality().unwrap();
        network.w2 = w2.into_dimensionality().unwrap();
        network.b2 = b2.into_dimensionality().unwrap();
    }
    assert!(costs.windows(2).all(|pair| pair[1] <= pair[0]), "the cost falls at every step");
    assert!(costs[399] < 0.9 * costs[0]);
}

// ---- The 3-2-3-4 network: jkmiller, Neural Networks (November 2022) ----------------------------------------------------

const SIZES: [usize; 4] = [3, 2, 3, 4];
const GAMMA: f64 = 0.001;

/// Weights and biases of the three layers.
#[derive(Clone)]
struct Arctan(Vec<(Array2<f64>, Array1<f64>)>);

/// What equations (10) to (19) give at one layer: ∇_W and ∇_B.
type Layer = (Array2<f64>, Array1<f64>);

/// The same as the tape gives it.
type Pair = (ArrayD<f64>, ArrayD<f64>);

fn sigma(x: f64) -> f64 {
    x.atan() / std::f64::consts::PI + 0.5
}

fn sigma_slope(x: f64) -> f64 {
    std::f64::consts::FRAC_1_PI / (1.0 + x * x)
}

impl Arctan {
    fn zeros() -> Self {
        Arctan(SIZES.windows(2).map(|n| (Array2::zeros((n[1], n[0])), Array1::zeros(n[1]))).collect())
    }

    fn random(seed: u64) -> Self {
        let random = &mut ChaCha8Rng::seed_from_u64(seed);
        Arctan(SIZES.windows(2).map(|n| (matrix(random, n[1], n[0]), vector(random, n[1]))).collect())
    }

    /// The document's algorithm, with its own indices put right: equations (10), (15), (19) and (25).
    fn by_hand(&self, input: &Array1<f64>, target: &Array1<f64>) -> Vec<Layer> {
        let (mut activations, mut zs) = (vec![input.clone()], Vec::new());
        for (w, b) in &self.0 {
            let z = w.dot(&activations[activations.len() - 1]) + b;
            activations.push(z.mapv(sigma));
            zs.push(z);
        }
        let mut gradient_activation = &activations[3] - target; // (25)
        let mut gradients = Vec::new();
        for n in (0..3).rev() {
            let gradient_bias = zs[n].mapv(sigma_slope) * &gradient_activation; // (10)
            gradients.push((outer(&gradient_bias, &activations[n]), gradient_bias.clone())); // (15)
            gradient_activation = gradient_bias.dot(&self.0[n].0); // (19)
        }
        gradients.reverse();
        gradients
    }

    /// The same by the tape; and the gradients with respect to the activations A¹, A².
    fn by_tape(&self, input: &Array1<f64>, target: &Array1<f64>) -> (Vec<Pair>, Vec<ArrayD<f64>>) {
        let tape = Tape::new();
        let parameters: Vec<_> = self.0.iter().map(|(w, b)| (tape.input(w), tape.input(b))).collect();
        let mut activations = vec![tape.data(input)];
        for (w, b) in &parameters {
            activations.push((w.matmul(activations[activations.len() - 1]) + *b).arctan_sigmoid());
        }
        let loss = 0.5 * (activations[3] - tape.data(target)).square().sum(..);
        let mut gradients = loss.backward().unwrap();
        let inner = loss.gradient(&activations[1..3]).unwrap().iter().map(|g| g.value().unwrap()).collect();
        let taken = parameters.iter().map(|(w, b)| (gradients.take(*w).unwrap(), gradients.take(*b).unwrap()));
        (taken.collect(), inner)
    }

    /// (26) and (27).
    fn step(&mut self, gradients: &[Pair]) {
        for ((w, b), (dw, db)) in self.0.iter_mut().zip(gradients) {
            *w -= &(GAMMA * dw).into_dimensionality::<ndarray::Ix2>().unwrap();
            *b -= &(GAMMA * db).into_dimensionality::<ndarray::Ix1>().unwrap();
        }
    }
}

fn sample() -> (Array1<f64>, Array1<f64>) {
    (array![1.0, 1.0, 1.0], array![2.0, 2.0, 2.0, 2.0])
}

#[test]
fn the_arctan_network_follows_equations_10_to_19() {
    for seed in 0..10 {
        let network = Arctan::random(seed);
        let (input, target) = (vector(&mut ChaCha8Rng::seed_from_u64(seed + 100), 3), array![0.1, 0.9, 0.5, 0.3]);
        let by_hand = network.by_hand(&input, &target);
        let (by_tape, inner) = network.by_tape(&input, &target);
        for ((dw, db), (tape_dw, tape_db)) in by_hand.iter().zip(&by_tape) {
            close(tape_dw, dw);
            close(tape_db, db);
        }
        // (19): ∂L/∂aˡ⁻¹ⱼ = Σₖ ∂L/∂bˡₖ wˡₖⱼ.
        close(&inner[0], &by_hand[1].1.dot(&network.0[1].0));
        close(&inner[1], &by_hand[2].1.dot(&network.0[2].0));
    }
}

/// Equation (22) as printed, ∇_B = Aˡ⁻¹ ⊙ ∇_A, is not what (10) derives, nor what the tape finds: for layer 2 the shapes do
/// not even agree (2 and 3), and where they would, the numbers do not.
#[test]
fn the_printed_equation_22_is_wrong() {
    let random = &mut ChaCha8Rng::seed_from_u64(9);
    let (w, b, x, target) = (matrix(random, 3, 3), vector(random, 3), vector(random, 3), vector(random, 3));
    let tape = Tape::new();
    let (bias, input) = (tape.input(&b), tape.data(&x));
    let a = (tape.data(&w).matmul(input) + bias).arctan_sigmoid();
    let loss = 0.5 * (a - tape.data(&target)).square().sum(..);
    let found = loss.backward().unwrap().take(bias).unwrap();
    let nabla_a = a.value().unwrap() - &target;
    let z = w.dot(&x) + &b;
    close(&found, &(z.mapv(sigma_slope) * &nabla_a)); // (10)
    let printed = &x * &nabla_a; // (22)
    assert!((&printed - &found).iter().any(|difference| difference.abs() > 0.1));
}

/// The document's run: weights and biases zero, input (1, 1, 1), output (2, 2, 2, 2), γ = 0.001.
#[test]
fn the_documents_algorithm_from_zeros() {
    let (input, target) = sample();
    let (mut by_hand, mut by_tape) = (Arctan::zeros(), Arctan::zeros());
    for step in 1..=200 {
        let (gradients, _) = by_tape.by_tape(&input, &target);
        // Layer ℓ of L = 3 first gets a gradient of its weights at step L − ℓ + 1.
        for (layer, (dw, _)) in gradients.iter().enumerate() {
            let first = 3 - layer;
            assert_eq!(dw.iter().any(|x| *x != 0.0), step >= first, "layer {} at step {step}", layer + 1);
        }
        by_tape.step(&gradients);
        let gradients: Vec<_> =
            by_hand.by_hand(&input, &target).into_iter().map(|(dw, db)| (dw.into_dyn(), db.into_dyn())).collect();
        by_hand.step(&gradients);
        for ((w, b), (tape_w, tape_b)) in by_hand.0.iter().zip(&by_tape.0) {
            close(tape_w, w);
            close(tape_b, b);
        }
        // All units of a layer stay the same for ever.
        for (w, b) in &by_tape.0 {
            assert!(w.rows().into_iter().all(|row| row == w.row(0)) && b.iter().all(|x| *x == b[0]), "step {step}");
        }
    }
    // The first step by hand: a = ½, so ∇_B of the last layer is (1/π)(½ − 2), and W³ gets half of it.
    let mut first = Arctan::zeros();
    first.step(&first.clone().by_tape(&input, &target).0);
    let bias = 1.5 * std::f64::consts::FRAC_1_PI * GAMMA;
    close(&first.0[2].1, &Array1::from_elem(4, bias));
    close(&first.0[2].0, &Array2::from_elem((4, 3), 0.5 * bias));
}

/// With ReLU or tanh, all-zero weights never get a gradient; only the output bias learns (Matt R, March 2022, §2.3.1).
#[test]
fn zero_weights_never_learn_with_relu_or_tanh() {
    let units: [Map; 2] = [|x| x.relu(), |x| x.tanh()];
    for unit in units {
        let mut output_bias = Array1::<f64>::zeros(2);
        for _ in 0..5 {
            let tape = Tape::new();
            let zeros = |m, n| tape.input(Array2::zeros((m, n)));
            let (w1, b1, w2, b2) = (zeros(4, 3), tape.input(vec![0.0; 4]), zeros(2, 4), tape.input(&output_bias));
            let hidden = unit(w1.matmul(tape.data([1.0, -2.0, 3.0])) + b1);
            let loss = (w2.matmul(hidden) + b2 - tape.data([1.0, -1.0])).square().sum(..);
            let gradients = loss.backward().unwrap();
            for parameter in [w1, b1, w2] {
                assert!(gradients.get(parameter).unwrap().iter().all(|x| *x == 0.0));
            }
            output_bias -= &(0.1 * &gradients.get(b2).unwrap()).into_dimensionality::<ndarray::Ix1>().unwrap();
        }
        assert!(output_bias[0] > 0.5 && output_bias[1] < -0.5);
    }
}

// ---- Numerical gradient checking: Matt R, Neural Networks (March 2022), §6.1 --------------------------------------------

/// ‖F(x, ε) − ∇f(x)‖ / (‖F(x, ε)‖ + ‖∇f(x)‖) with the notes' central differences F.
fn gradient_check(f: Map, x: &Array1<f64>, epsilon: f64, gradient: &ArrayD<f64>) -> f64 {
    let value = |x: Array1<f64>| value_and_grad(f, x).unwrap().0;
    let differences = Array1::from_shape_fn(x.len(), |i| {
        let (mut plus, mut minus) = (x.clone(), x.clone());
        plus[i] += epsilon;
        minus[i] -= epsilon;
        (value(plus) - value(minus)) / (2.0 * epsilon)
    });
    let norm = |x: &ArrayD<f64>| x.iter().map(|x| x * x).sum::<f64>().sqrt();
    let differences = differences.into_dyn();
    norm(&(&differences - gradient)) / (norm(&differences) + norm(gradient))
}

/// The document's example f(x) = x₁x₂⋯xₙ, at ε = 1e-3: multilinear, so central differences are exact but for rounding.
#[test]
fn the_product_passes_the_documents_gradient_check() {
    let product: Map = |x| x.prod(..);
    for x in
        [array![1.0, 2.0, 3.0], array![0.5, -1.5, 2.0, 4.0, 1.25], array![2.0, 0.0, 5.0], array![0.0, 0.0, 5.0, 1.0]]
    {
        let gradient = grad(product, &x).unwrap();
        let omit =
            Array1::from_shape_fn(x.len(), |i| x.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, x)| x).product());
        close(&gradient, &omit);
        if gradient.iter().any(|x| *x != 0.0) {
            let error = gradient_check(product, &x, 1e-3, &gradient);
            assert!(error < 1e-11, "{error}");
            // And it tells: a factor of 1.001 is 5e-4 of relative error.
            let wrong = gradient_check(product, &x, 1e-3, &(&gradient * 1.001));
            assert!((wrong - 4.997_5e-4).abs() < 1e-6, "{wrong}");
        }
    }
}

/// Labels as indices give the same gradient as the notes' one-hot rows.
#[test]
fn labels_and_one_hot_rows_agree() {
    let tape = Tape::new();
    let x = tape.input(matrix(&mut ChaCha8Rng::seed_from_u64(12), 4, 3));
    let labels: Index<'_, f64> = tape.index(array![2, 0, 1, 1]);
    let by_label = -x.log_softmax(1).pick(labels).mean(..);
    let by_row = -(x.log_softmax(1) * labels.one_hot(3)).sum(1).mean(..);
    let both = [by_label, by_row].map(|loss| loss.backward().unwrap().take(x).unwrap());
    close(&both[0], &both[1]);
}
