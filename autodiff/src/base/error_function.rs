//! The error function and its complement. In double precision they are those of the crate `libm`; in single precision they are
//! computed in double, without a branch, so that loops over them become vector code.

pub(super) mod f64 {
    #[inline(always)]
    pub(in crate::base) fn erf(x: f64) -> f64 {
        libm::erf(x)
    }

    #[inline(always)]
    pub(in crate::base) fn erfc(x: f64) -> f64 {
        libm::erfc(x)
    }
}

pub(super) mod f32 {
    use crate::base::elementary::Elementary;

    /// log(erfc(x)·exp(x²)/t) for x ≥ 0 as a polynomial in 2t − 1, t = 2/(2 + x): interpolated at Chebyshev points for x up to
    /// 10.5, where erfc is below the subnormal numbers of single precision. Its relative error there is 3·10⁻⁹.
    const LOG_RATIO: [f64; 12] = [
        -6.7179408218262e-01,
        6.7264319210629e-01,
        4.7343109175255e-02,
        -4.6894422056923e-02,
        -9.8695737881046e-03,
        8.8117452021700e-03,
        1.7433885659098e-03,
        -2.2823794079966e-03,
        -1.2389755725519e-04,
        5.3088532657354e-04,
        -6.9344694882266e-05,
        -3.8623249659294e-05,
    ];

    /// erf x = x·(c₀ + c₁x² + …): 2/√π·(−1)ⁿ/(n!·(2n + 1)), of which the tenth is below 10⁻¹³ for |x| ≤ ½.
    const SERIES: [f64; 9] = [
        std::f64::consts::FRAC_2_SQRT_PI,
        -0.37612638903183754,
        0.11283791670955126,
        -0.026866170645131252,
        0.005223977625442188,
        -0.0008548327023450852,
        0.00012055332981789664,
        -1.492565035840625e-05,
        1.6462114365889246e-06,
    ];

    /// Without fused multiply-adds, unlike the polynomials of `elementary.rs`: here a rounding of double precision is of no
    /// account, and every machine has the same bits without them.
    #[inline(always)]
    fn polynomial<const N: usize>(x: f64, c: [f64; N]) -> f64 {
        let mut y = 0.0;
        for c in c.into_iter().rev() {
            y = y * x + c;
        }
        y
    }

    /// erfc x for x ≥ 0, or what is 0 in single precision as it is; a NaN passes the comparison.
    #[inline(always)]
    fn complement(x: f64) -> f64 {
        let x = if x > 11.0 { 11.0 } else { x };
        let t = 2.0 / (2.0 + x);
        t * (polynomial(2.0 * t - 1.0, LOG_RATIO) - x * x).exponential_if_normal()
    }

    #[inline(always)]
    pub(in crate::base) fn erf(x: f32) -> f32 {
        let x = f64::from(x);
        let rest = 1.0 - complement(x.abs());
        let far = if x < 0.0 { -rest } else { rest };
        let near = x * polynomial(x * x, SERIES);
        (if x.abs() < 0.5 { near } else { far }) as f32
    }

    #[inline(always)]
    pub(in crate::base) fn erfc(x: f32) -> f32 {
        let x = f64::from(x);
        let y = complement(x.abs());
        (if x < 0.0 { 2.0 - y } else { y }) as f32
    }
}
