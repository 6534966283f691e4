//! The elementary functions against the standard library's, which are within 1 unit in the last place: single precision
//! against double, double against itself.

use autodiff::Elementary;

/// Units in the last place between a computed number and the truth, given in double precision.
fn ulps_single(got: f32, truth: f64) -> f64 {
    let near = truth as f32;
    if got == near || (got.is_nan() && truth.is_nan()) {
        return ((f64::from(got) - truth) / ulp(near)).abs().min(0.5);
    }
    ((f64::from(got) - truth) / ulp(near)).abs()
}

fn ulp(x: f32) -> f64 {
    let x = x.abs().max(f32::MIN_POSITIVE);
    f64::from(f32::from_bits(x.to_bits() + 1)) - f64::from(x)
}

fn ulps_double(got: f64, truth: f64) -> f64 {
    if got == truth || (got.is_nan() && truth.is_nan()) {
        return 0.0;
    }
    (got.to_bits() as i64 - truth.to_bits() as i64).abs() as f64
}

/// Every 997th single-precision number from `low` to `high`, both signs; with `LONG` in the environment every 97th.
fn singles(low: f32, high: f32) -> impl Iterator<Item = f32> {
    let step = if std::env::var_os("LONG").is_some() { 97 } else { 997 };
    (low.to_bits()..=high.to_bits()).step_by(step).map(f32::from_bits).flat_map(|x| [x, -x])
}

/// A million double-precision numbers, evenly over the magnitudes from `low` to `high`, both signs.
fn doubles(low: f64, high: f64) -> impl Iterator<Item = f64> {
    let (a, b) = (low.to_bits(), high.to_bits());
    (0..500_000u64).map(move |i| f64::from_bits(a + (b - a) / 500_000 * i)).flat_map(|x| [x, -x])
}

fn worst<T: Copy + std::fmt::Debug>(numbers: impl Iterator<Item = T>, error: impl Fn(T) -> f64) -> (f64, Option<T>) {
    numbers.fold((0.0, None), |worst, x| if error(x) > worst.0 { (error(x), Some(x)) } else { worst })
}

#[test]
fn single_precision() {
    let exp = worst(singles(1e-30, 104.0), |x| ulps_single(x.exponential(), f64::from(x).exp()));
    let log = worst(singles(1e-45, f32::MAX).filter(|x| *x > 0.0), |x| ulps_single(x.logarithm(), f64::from(x).ln()));
    let tanh = worst(singles(1e-38, 20.0), |x| ulps_single(x.hyperbolic_tangent(), f64::from(x).tanh()));
    println!("worst errors in f32, units in the last place: exp {exp:?}, log {log:?}, tanh {tanh:?}");
    assert!(exp.0 <= 1.1 && log.0 <= 1.0 && tanh.0 <= 2.5, "{exp:?} {log:?} {tanh:?}");
}

#[test]
fn double_precision() {
    let exp = worst(doubles(1e-300, 745.0), |x| ulps_double(x.exponential(), x.exp()));
    let log = worst(doubles(5e-324, f64::MAX).filter(|x| *x > 0.0), |x| ulps_double(x.logarithm(), x.ln()));
    let near_one = worst(doubles(1e-16, 0.4), |x| ulps_double((1.0 + x).logarithm(), (1.0 + x).ln()));
    let tanh = worst(doubles(1e-300, 20.0), |x| ulps_double(x.hyperbolic_tangent(), x.tanh()));
    println!("worst in f64: exp {exp:?}, log {log:?}, near one {near_one:?}, tanh {tanh:?}");
    assert!(
        exp.0 <= 2.0 && log.0 <= 2.0 && near_one.0 <= 2.0 && tanh.0 <= 3.0,
        "{exp:?} {log:?} {near_one:?} {tanh:?}"
    );
}

/// Against those in double precision, which come from the crate `libm` and are within 1 unit there.
#[test]
fn error_functions_in_single_precision() {
    let erf = worst(singles(1e-37, 11.0), |x| ulps_single(x.error_function(), f64::from(x).error_function()));
    let complement = |x: f32| ulps_single(x.error_function_complement(), f64::from(x).error_function_complement());
    let erfc = worst(singles(1e-38, 11.0), complement);
    println!("worst errors in f32, units in the last place: erf {erf:?}, erfc {erfc:?}");
    assert!(erf.0 <= 1.5 && erfc.0 <= 7.5, "{erf:?} {erfc:?}");
    let [erf, erfc] = [f32::error_function, f32::error_function_complement];
    assert_eq!([0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY].map(erfc), [1.0, 1.0, 0.0, 2.0]);
    assert_eq!(
        [0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY].map(|x| erf(x).to_bits()),
        [0.0, -0.0, 1.0, -1.0f32].map(f32::to_bits)
    );
    assert!(erf(f32::NAN).is_nan() && erfc(f32::NAN).is_nan());
}

/// Where they may stand in for the functions, those for common numbers give the same bits.
#[test]
fn common_numbers() {
    fn check<F: autodiff::Real>(numbers: impl Iterator<Item = F>) {
        let mut moderate = 0;
        for x in numbers {
            if x.exp_is_normal() {
                moderate += 1;
                assert_eq!(x.exponential_if_normal(), x.exponential(), "exp {x}");
            }
            assert_eq!(x.is_positive_normal(), x > F::zero() && x.is_normal(), "{x}");
            if x.is_positive_normal() {
                assert_eq!(x.logarithm_of_normal(), x.logarithm(), "log {x}");
            }
        }
        assert!(moderate > 1000);
    }
    check(singles(80.0, 90.0));
    check(doubles(5e-324, f64::INFINITY));
    check(doubles(700.0, 710.0));
    check(singles(1e-45, f32::INFINITY).chain([0.0, -0.0, f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY]));
    check(doubles(1.0, 2.0).chain([0.0, -0.0, f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY]));
}

#[test]
fn special_numbers() {
    fn check<F: autodiff::Real>() {
        let (inf, zero, one) = (F::infinity(), F::zero(), F::one());
        assert_eq!(inf.exponential(), inf);
        assert_eq!((-inf).exponential(), zero);
        assert!(
            F::nan().exponential().is_nan() && F::nan().logarithm().is_nan() && F::nan().hyperbolic_tangent().is_nan()
        );
        assert_eq!(zero.exponential(), one);
        assert_eq!(inf.logarithm(), inf);
        assert_eq!(zero.logarithm(), -inf);
        assert_eq!((-zero).logarithm(), -inf);
        assert!((-one).logarithm().is_nan() && (-inf).logarithm().is_nan());
        assert_eq!(one.logarithm(), zero);
        assert_eq!((inf.hyperbolic_tangent(), (-inf).hyperbolic_tangent()), (one, -one));
        assert!((-zero).hyperbolic_tangent().is_sign_negative());
        assert_eq!((F::of(1e4)).exponential(), inf);
        assert_eq!((F::of(-1e4)).exponential(), zero);
    }
    check::<f32>();
    check::<f64>();
}
