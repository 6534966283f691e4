//! Tests: the three functions against loops over the formula, and against each other.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::kernels::laid::{Laid, assert_same, laid, place, positions};
use proptest::prelude::*;

/// A convolution: x, w, dy, which lie anyhow, and what else says how they meet.
#[derive(Clone, Debug)]
struct Case<F> {
    x: Laid<F>,
    w: Laid<F>,
    dy: Laid<F>,
    windows: Vec<Window>,
    groups: usize,
}

fn case<F: Real>(elements: impl Strategy<Value = F> + Clone + 'static) -> impl Strategy<Value = Case<F>> {
    let window = (1..4usize, 1..3usize, 0..3usize, 0..3usize);
    let axis = (window, 1..4usize, prop_oneof![1..9usize, 20..30usize]).prop_filter_map(
        "the window fits",
        |((stride, dilation, before, after), length, size)| {
            let window = Window { stride, dilation, padding: (before, after) };
            window.positions(size, length, false).ok().map(|_| (window, length, size))
        },
    );
    let batch = prop_oneof![1 => Just(0), 9 => 1..3usize];
    (prop::collection::vec(axis, 1..=2), batch, 1..3usize, 1..4usize, 1..3usize).prop_flat_map(
        move |(axes, batch, channels, outputs, groups)| {
            let windows: Vec<Window> = axes.iter().map(|axis| axis.0).collect();
            let spatial = |f: fn(&(Window, usize, usize)) -> usize| axes.iter().map(f).collect::<Vec<_>>();
            let x = [vec![batch, groups * channels], spatial(|axis| axis.2)].concat();
            let w = [vec![groups * outputs, channels], spatial(|axis| axis.1)].concat();
            let y = conv_shape(&x.as_slice().into(), &w.as_slice().into(), &windows, groups).unwrap();
            let arrays = (laid(x, elements.clone()), laid(w, elements.clone()), laid(y.to_vec(), elements.clone()));
            arrays.prop_map(move |(x, w, dy)| Case { x, w, dy, windows: windows.clone(), groups })
        },
    )
}

/// Small whole numbers, of which all sums are exact in any order.
fn whole() -> impl Strategy<Value = f64> + Clone {
    (-4..5i32).prop_map(f64::from)
}

impl<F: Real> Case<F> {
    /// The terms of the form, by the formula: positions in x, w and y, in the order of y and then of w.
    fn terms(&self) -> Vec<[Vec<usize>; 3]> {
        let mut terms = vec![];
        let channels = self.w.shape[1];
        for y in positions(&self.dy.shape) {
            let group = y[1] / (self.w.shape[0] / self.groups);
            for rest in positions(&self.w.shape[1..]) {
                let element = |(axis, window): (usize, &Window)| {
                    let at = (y[axis + 2] * window.stride + rest[axis + 1] * window.dilation) as isize;
                    let at = at - window.padding.0 as isize;
                    usize::try_from(at).ok().filter(|at| *at < self.x.shape[axis + 2])
                };
                let spatial: Option<Vec<usize>> = self.windows.iter().enumerate().map(element).collect();
                if let Some(spatial) = spatial {
                    let x = [vec![y[0], group * channels + rest[0]], spatial].concat();
                    terms.push([x, [vec![y[1]], rest].concat(), y.clone()]);
                }
            }
        }
        terms
    }

    fn conv(&self) -> Vec<F> {
        let mut y = vec![F::of(7.0); self.dy.shape.size()];
        let output = ViewMut::new(&mut y, &self.dy.shape).unwrap();
        conv(self.x.view(), self.w.view(), &self.windows, self.groups, output).unwrap();
        y
    }

    fn input_adjoint(&self) -> Vec<F> {
        let mut dx = vec![F::of(7.0); self.x.shape.size()];
        let output = ViewMut::new(&mut dx, &self.x.shape).unwrap();
        conv_input_adjoint(self.dy.view(), self.w.view(), &self.windows, self.groups, output).unwrap();
        dx
    }

    fn weight_adjoint(&self) -> Vec<F> {
        let mut dw = vec![F::of(7.0); self.w.shape.size()];
        let output = ViewMut::new(&mut dw, &self.w.shape).unwrap();
        conv_weight_adjoint(self.x.view(), self.dy.view(), &self.windows, self.groups, output).unwrap();
        dw
    }
}

proptest! {
    #[test]
    fn each_function_is_the_sum_of_its_terms(case in case(whole())) {
        let [mut x, mut w, mut y] = [&case.x, &case.w, &case.dy].map(|array| vec![0.0; array.shape.size()]);
        for [at_x, at_w, at_y] in case.terms() {
            y[place(&case.dy.shape, &at_y)] += case.w.at(&at_w) * case.x.at(&at_x);
            x[place(&case.x.shape, &at_x)] += case.w.at(&at_w) * case.dy.at(&at_y);
            w[place(&case.w.shape, &at_w)] += case.dy.at(&at_y) * case.x.at(&at_x);
        }
        // −0 and 0 are the same sum.
        let same = |got: Vec<f64>, expected: Vec<f64>| prop_assert_eq_vec(&got, &expected);
        same(case.conv(), y)?;
        same(case.input_adjoint(), x)?;
        same(case.weight_adjoint(), w)?;
    }

    #[test]
    fn the_adjoints_are_adjoints(case in case(whole())) {
        let inner = |a: Vec<f64>, b: Vec<f64>| a.iter().zip(&b).map(|(a, b)| a * b).sum::<f64>();
        let form = inner(case.conv(), case.dy.values());
        prop_assert_eq!(form, inner(case.input_adjoint(), case.x.values()));
        prop_assert_eq!(form, inner(case.weight_adjoint(), case.w.values()));
    }

    #[test]
    fn the_order_of_summation_is_the_documented_one(case in case(-1.0..1.0f32)) {
        let mut y = vec![0.0; case.dy.shape.size()];
        for [at_x, at_w, at_y] in case.terms() {
            let sum = &mut y[place(&case.dy.shape, &at_y)];
            *sum = multiply_add(case.w.at(&at_w), case.x.at(&at_x), *sum);
        }
        assert_same(&case.conv(), &y);
        let mut terms = case.terms();
        terms.sort_by_key(|[_, w, y]| (y[0], w.clone()));
        let mut dx = vec![0.0; case.x.shape.size()];
        for [at_x, at_w, at_y] in &terms {
            let sum = &mut dx[place(&case.x.shape, at_x)];
            *sum = multiply_add(case.w.at(at_w), case.dy.at(at_y), *sum);
        }
        assert_same(&case.input_adjoint(), &dx);
        // The terms of one weight, one image and one row of y are one product.
        let mut dw = vec![0.0; case.w.shape.size()];
        terms.sort_by_key(|[_, w, y]| (w.clone(), y.clone()));
        let row = |term: &[Vec<usize>; 3]| (term[1].clone(), term[2][..term[2].len() - 1].to_vec());
        for row in terms.chunk_by(|a, b| row(a) == row(b)) {
            let mut sums = [0.0; 8];
            for (i, [at_x, _, at_y]) in row.iter().enumerate() {
                sums[i % 8] = multiply_add(case.dy.at(at_y), case.x.at(at_x), sums[i % 8]);
            }
            let [a, b, c, d, e, f, g, h] = sums;
            dw[place(&case.w.shape, &row[0][1])] += ((a + e) + (c + g)) + ((b + f) + (d + h));
        }
        assert_same(&case.weight_adjoint(), &dw);
    }
}

fn prop_assert_eq_vec(got: &[f64], expected: &[f64]) -> Result<(), TestCaseError> {
    prop_assert_eq!(got, expected);
    Ok(())
}

#[test]
fn what_is_padding_has_no_part_even_in_infinity() {
    let (x, w, y) = (Shape::from([1, 1, 1]), Shape::from([1, 1, 2]), Shape::from([1, 1, 2]));
    let window = [Window { padding: (1, 1), ..Window::default() }];
    let mut result = [0.0; 2];
    let infinite = [f64::INFINITY, 1.0];
    conv(
        View::splat(&2.0, &x),
        View::contiguous(&infinite, &w).unwrap(),
        &window,
        1,
        ViewMut::new(&mut result, &y).unwrap(),
    )
    .unwrap();
    assert_eq!(result, [2.0, f64::INFINITY]);
}

#[test]
fn what_does_not_fit_is_named() {
    let message = |x: &[usize], w: &[usize], windows: &[Window], groups: usize| {
        conv_shape(&x.into(), &w.into(), windows, groups).unwrap_err().message
    };
    let (one, two) = ([Window::default()], [Window::default(); 2]);
    assert_eq!(
        message(&[1, 4, 5], &[2, 3, 3], &one, 1),
        "axis 1 of x [1, 4, 5] has 4 channels, but axis 1 of w [2, 3, 3] has 3"
    );
    assert_eq!(
        message(&[1, 4, 5], &[2, 4, 3], &one, 2),
        "axis 1 of x [1, 4, 5] has 4 channels, but axis 1 of w [2, 4, 3] has 4 for each of 2 groups"
    );
    assert_eq!(
        message(&[1, 4, 5], &[3, 2, 3], &one, 2),
        "axis 0 of w [3, 2, 3] has 3 channels, which 2 groups cannot share"
    );
    assert_eq!(
        message(&[1, 4, 5], &[3, 4, 3, 3], &two, 1),
        "x [1, 4, 5] should have 4 axes: batch, channels and 2 spatial axes"
    );
    assert_eq!(
        message(&[1, 4, 9, 2], &[3, 4, 3, 3], &two, 1),
        "axis 3 of x [1, 4, 9, 2] and of w [3, 4, 3, 3]: the window spans 3 elements, the axis has 2 (no padding)"
    );
    assert_eq!(message(&[1, 4], &[3, 4], &[], 1), "a convolution has 1 or 2 spatial axes, not 0");
    assert_eq!(message(&[1, 4, 5], &[3, 4, 3], &one, 0), "there are 0 groups of channels; the least is 1");
}

#[test]
fn an_output_or_cotangent_of_another_shape_is_refused() {
    let (x, w, y) = (Shape::from([1, 1, 4]), Shape::from([1, 1, 2]), Shape::from([1, 1, 4]));
    let [vx, vw, vy] = [&x, &w, &y].map(|shape| View::splat(&1.0, shape));
    let windows = [Window::default()];
    let mut out = [0.0; 4];
    let forward = conv(vx, vw, &windows, 1, ViewMut::new(&mut out, &y).unwrap()).unwrap_err();
    assert_eq!(forward.message, "the output has the shape [1, 1, 4], not [1, 1, 3]");
    let dx = conv_input_adjoint(vy, vw, &windows, 1, ViewMut::new(&mut out, &x).unwrap()).unwrap_err();
    let dw = conv_weight_adjoint(vx, vy, &windows, 1, ViewMut::new(&mut out[..2], &w).unwrap()).unwrap_err();
    assert_eq!(dx.message, "dy has the shape [1, 1, 4], not [1, 1, 3]");
    assert_eq!(dw, dx);
}
