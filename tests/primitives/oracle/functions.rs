//! The functions that the oracle knows, with their first and second derivatives in closed form.

use super::big::Big;
use autodiff::{Real, Var};

pub type Function<F> = for<'t> fn(Var<'t, F>) -> Var<'t, F>;

pub struct Case<F: Real> {
    pub name: &'static str,
    pub function: Function<F>,
    /// Value, slope, slope of the slope.
    pub truth: fn(Big) -> [Big; 3],
    /// Where there is something to see besides the ends of the numbers.
    pub special: &'static [f64],
}

fn one() -> Big {
    Big::of(1.0)
}

/// y = a/(a² + x²)-like slopes are written with h² = 1 − x² and so on.
fn power(x: Big, p: f64) -> [Big; 3] {
    let y = (x.ln() * p).exp();
    let first = y.clone() * p / x.clone();
    [y, first.clone(), first * (p - 1.0) / x]
}

fn exponential(base: f64, e: Big) -> [Big; 3] {
    let log = Big::of(base).ln();
    let y = (e * log.clone()).exp();
    [y.clone(), y.clone() * log.clone(), y * log.square()]
}

fn whole(x: Big, n: i32) -> [Big; 3] {
    let times = |k: i32| Big::of(f64::from(k));
    [x.whole_power(n), x.whole_power(n - 1) * times(n), x.whole_power(n - 2) * times(n) * times(n - 1)]
}

fn bell(x: &Big) -> Big {
    (-x.square()).exp() * 2.0 / Big::pi().sqrt()
}

fn hypot(x: Big, b: f64) -> [Big; 3] {
    let y = (x.square() + b * Big::of(b)).sqrt();
    [y.clone(), x / y.clone(), Big::of(b).square() / y.whole_power(3)]
}

/// The angle of (b, x) for b > 0, by its ordinate.
fn angle(x: Big, b: f64) -> [Big; 3] {
    let square = x.square() + Big::of(b).square();
    [(x.clone() / Big::of(b)).atan(), Big::of(b) / square.clone(), x * Big::of(b) * -2.0 / square.square()]
}

fn logistic(x: Big) -> [Big; 3] {
    let a = (-&x).exp();
    let u = one() + a.clone();
    let slope = a.clone() / u.square();
    [u.recip(), slope.clone(), slope * (a - 1.0) / u]
}

macro_rules! cases {
    ($($name:literal $function:expr, $special:expr, $truth:expr;)*) => {
        vec![$(Case { name: $name, function: $function, special: $special, truth: $truth }),*]
    };
}

fn cross_entropy<F: Real>(z: Var<'_, F>, y: f64) -> Var<'_, F> {
    let y = z.tape().constant(F::of(y));
    nn::loss::binary_cross_entropy_with_logits(z, y.into())
}

pub fn cases<F: Real>() -> Vec<Case<F>> {
    cases! {
        "exp" |x| x.exp(), &[20.0, 80.0, 700.0], |x| { let y = x.exp(); [y.clone(), y.clone(), y] };
        "expm1" |x| x.expm1(), &[20.0, 80.0, 700.0], |x| { let y = x.exp(); [y.clone() - 1.0, y.clone(), y] };
        "exp2" |x| x.exp2(), &[20.0, 100.0, 1000.0], |x| exponential(2.0, x);
        "log" |x| x.log(), &[1.0], |x| [x.ln(), x.recip(), -x.square().recip()];
        "log1p" |x| x.log1p(), &[-1.0], |x| { let u = x + 1.0; [u.ln(), u.recip(), -u.square().recip()] };
        "log2" |x| x.log2(), &[1.0], |x| { let l = Big::of(2.0).ln(); [x.ln() / l.clone(), (x.clone() * l.clone()).recip(), -(x.square() * l).recip()] };
        "log10" |x| x.log10(), &[1.0], |x| { let l = Big::of(10.0).ln(); [x.ln() / l.clone(), (x.clone() * l.clone()).recip(), -(x.square() * l).recip()] };
        "sqrt" |x| x.sqrt(), &[1.0], |x| { let y = x.sqrt(); [y.clone(), (y.clone() * 2.0).recip(), -(y.whole_power(3) * 4.0).recip()] };
        "cbrt" |x| x.cbrt(), &[1.0], |x| { let y = x.cbrt(); [y.clone(), (y.square() * 3.0).recip(), -(y.whole_power(5) * 9.0).recip() * 2.0] };
        "sin" |x| x.sin(), &[1.0, 3.0], |x| { let y = x.sin(); [y.clone(), x.cos(), -y] };
        "cos" |x| x.cos(), &[1.0, 3.0], |x| { let y = x.cos(); [y.clone(), -x.sin(), -y] };
        "tan" |x| x.tan(), &[1.0, 1.5], |x| { let y = x.tan(); let s = y.square() + 1.0; [y.clone(), s.clone(), s * y * 2.0] };
        "asin" |x| x.asin(), &[1.0, -1.0, 0.5], |x| { let s = (one() - x.square()).sqrt(); [x.asin(), s.recip(), x / s.whole_power(3)] };
        "acos" |x| x.acos(), &[1.0, -1.0, 0.5], |x| { let s = (one() - x.square()).sqrt(); [x.acos(), -s.recip(), -(x / s.whole_power(3))] };
        "atan" |x| x.atan(), &[1.0], |x| { let s = x.square() + 1.0; [x.atan(), s.recip(), x * -2.0 / s.square()] };
        "sinh" |x| x.sinh(), &[1.0, 80.0, 700.0], |x| { let y = x.sinh(); [y.clone(), x.cosh(), y] };
        "cosh" |x| x.cosh(), &[1.0, 80.0, 700.0], |x| { let y = x.cosh(); [y.clone(), x.sinh(), y] };
        "tanh" |x| x.tanh(), &[1.0, 20.0, 40.0, 300.0], |x| { let s = x.cosh().square().recip(); let y = x.sinh() / x.cosh(); [y.clone(), s.clone(), s * y * -2.0] };
        "asinh" |x| x.asinh(), &[1.0], |x| { let s = (x.square() + 1.0).sqrt(); [x.asinh(), s.recip(), -(x / s.whole_power(3))] };
        "acosh" |x| x.acosh(), &[1.0], |x| { let s = (x.square() - 1.0).sqrt(); [x.acosh(), s.recip(), -(x / s.whole_power(3))] };
        "atanh" |x| x.atanh(), &[1.0, -1.0, 0.5], |x| { let s = one() - x.square(); [x.atanh(), s.recip(), x * 2.0 / s.square()] };
        "erf" |x| x.erf(), &[1.0, 5.0, 20.0], |x| [x.erf(), bell(&x), bell(&x) * x * -2.0];
        "erfc" |x| x.erfc(), &[1.0, 5.0, 20.0], |x| [x.erfc(), -bell(&x), bell(&x) * x * 2.0];
        "sigmoid" |x| x.sigmoid(), &[1.0, 20.0, 80.0, 600.0], logistic;
        "softplus" |x| x.softplus(), &[1.0, 20.0, 80.0, 600.0], |x| { let [s, t, _] = logistic(x.clone()); [(x.exp() + 1.0).ln(), s, t] };
        "elu" |x| x.elu(1.0), &[1.0, -20.0, -80.0, -600.0], |x| if x.is_negative() { let y = x.exp(); [y.clone() - 1.0, y.clone(), y] } else { [x, one(), Big::of(0.0)] };
        "arctan_sigmoid" |x| x.arctan_sigmoid(), &[1.0], |x| { let p = Big::pi(); let s = x.square() + 1.0; [x.atan() / p.clone() + 0.5, (s.clone() * p.clone()).recip(), x * -2.0 / (s.square() * p)] };
        "powf(x, 2.5)" |x| x.powf(2.5), &[1.0], |x| power(x, 2.5);
        "powf(x, -0.25)" |x| x.powf(-0.25), &[1.0], |x| power(x, -0.25);
        "pow(x, 1.75)" |x| x.pow(1.75), &[1.0], |x| power(x, 1.75);
        "pow(x, -3.5)" |x| x.pow(-3.5), &[1.0], |x| power(x, -3.5);
        "pow(3, e)" |e| e.tape().constant(F::of(3.0)).pow(e), &[1.0, 10.0, 60.0, 600.0], |e| exponential(3.0, e);
        "pow(0.125, e)" |e| e.tape().constant(F::of(0.125)).pow(e), &[1.0, 10.0, 40.0, 300.0], |e| exponential(0.125, e);
        "powi(x, -7)" |x| x.powi(-7), &[1.0], |x| whole(x, -7);
        "powi(x, -2)" |x| x.powi(-2), &[1.0], |x| whole(x, -2);
        "powi(x, 3)" |x| x.powi(3), &[1.0], |x| whole(x, 3);
        "powi(x, 4)" |x| x.powi(4), &[1.0], |x| whole(x, 4);
        "powi(x, 7)" |x| x.powi(7), &[1.0], |x| whole(x, 7);
        "powi(x, 20)" |x| x.powi(20), &[1.0], |x| whole(x, 20);
        "powi(x, 100)" |x| x.powi(100), &[1.0], |x| whole(x, 100);
        "square" |x| x.square(), &[1.0], |x| [x.square(), x * 2.0, Big::of(2.0)];
        "1/x" |x| 1.0 / x, &[1.0], |x| [x.recip(), -x.square().recip(), x.whole_power(3).recip() * 2.0];
        "x/3" |x| x / 3.0, &[1.0], |x| [x / Big::of(3.0), Big::of(3.0).recip(), Big::of(0.0)];
        "abs" |x| x.abs(), &[1.0], |x| if x.is_negative() { [-x, -one(), Big::of(0.0)] } else { [x, one(), Big::of(0.0)] };
        "relu" |x| x.relu(), &[1.0], |x| if x.is_negative() { [0.0; 3].map(Big::of) } else { [x, one(), Big::of(0.0)] };
        "leaky_relu" |x| x.leaky_relu(0.125), &[1.0], |x| if x.is_negative() { [x * 0.125, Big::of(0.125), Big::of(0.0)] } else { [x, one(), Big::of(0.0)] };
        "norm of (x, 2)" |x| x.tape().stack(&[x, x.tape().constant(F::of(2.0))], 0).norm(..), &[2.0, 1e5], |x| hypot(x, 2.0);
        "cross-entropy of logit x, y = 1" |x| cross_entropy(x, 1.0), &[1.0, 20.0, 80.0, 600.0], |x| { let [s, t, _] = logistic(-&x); [((-&x).exp() + 1.0).ln(), -s, t] };
        "cross-entropy of logit x, y = 0" |x| cross_entropy(x, 0.0), &[1.0, 20.0, 80.0, 600.0], |x| { let [s, t, _] = logistic(x.clone()); [(x.exp() + 1.0).ln(), s, t] };
        "hypot(x, 1)" |x| x.hypot(1.0), &[1.0], |x| hypot(x, 1.0);
        "hypot(x, 2⁶⁰)" |x| x.hypot(2f64.powi(60)), &[1e18], |x| hypot(x, 2f64.powi(60));
        "atan2(x, 1)" |x| x.atan2(1.0), &[1.0], |x| angle(x, 1.0);
        "atan2(x, 2⁻⁴⁰)" |x| x.atan2(2f64.powi(-40)), &[1e-12], |x| angle(x, 2f64.powi(-40));
    }
}
