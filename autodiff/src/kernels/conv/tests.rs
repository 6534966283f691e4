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
    // Long enough for whole vectors; under Miri just so.
    let (short, long) = if cfg!(miri) { (0..5usize, 16..18usize) } else { (0..9, 20..30) };
    let axis = (window, 1..4usize, prop_oneof![short, long]).prop_filter_map(
        "the window fits",
        |((stride, dilation, before, after), length, size)| {
            let window = Window { stride, dilation, padding: (before, after) };
            window.positions(size, length, false).ok().map(|_| (window, length, size))
        },
    );
    let batch = prop_oneof![1 => Just(0), 9 => 1..3usize];
    let outputs = if cfg!(miri) { 1..3usize } else { 1..4 };
    (prop::collection::vec(axis, 1..=2), batch, 1..3usize, outputs, 1..3usize).prop_flat_map(
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

/// Small integers, of which all sums are exact in any order.
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

    /// What lies in it does not matter.
    fn workspace(&self) -> Vec<F> {
        vec![F::nan(); conv_workspace(&self.x.shape, &self.w.shape, &self.windows, self.groups).unwrap()]
    }

    fn conv(&self) -> Vec<F> {
        let mut y = vec![F::of(7.0); self.dy.shape.size()];
        let output = ViewMut::new(&mut y, &self.dy.shape).unwrap();
        conv(self.x.view(), self.w.view(), &self.windows, self.groups, output, &mut self.workspace()).unwrap();
        y
    }

    fn input_adjoint(&self) -> Vec<F> {
        let mut dx = vec![F::of(7.0); self.x.shape.size()];
        let output = ViewMut::new(&mut dx, &self.x.shape).unwrap();
        conv_transpose(self.dy.view(), self.w.view(), &self.windows, self.groups, output, &mut self.workspace())
            .unwrap();
        dx
    }

    fn weight_adjoint(&self) -> Vec<F> {
        let mut dw = vec![F::of(7.0); self.w.shape.size()];
        let output = ViewMut::new(&mut dw, &self.w.shape).unwrap();
        conv_weight_adjoint(self.x.view(), self.dy.view(), &self.windows, self.groups, output, &mut self.workspace())
            .unwrap();
        dw
    }
}

proptest! {
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

    fn the_adjoints_are_adjoints(case in case(whole())) {
        let inner = |a: Vec<f64>, b: Vec<f64>| a.iter().zip(&b).map(|(a, b)| a * b).sum::<f64>();
        let form = inner(case.conv(), case.dy.values());
        prop_assert_eq!(form, inner(case.input_adjoint(), case.x.values()));
        prop_assert_eq!(form, inner(case.weight_adjoint(), case.w.values()));
    }

    fn sums_are_those_of_the_products(case in case(-1.0..1.0f32)) {
        let [batch, channels] = [case.x.shape[0], case.w.shape[1]];
        let outputs = case.w.shape[0] / case.groups;
        let size = |shape: &[usize]| shape.iter().product::<usize>();
        let (taps, places) = (size(&case.w.shape[2..]), size(&case.dy.shape[2..]));
        let depth = channels * taps;
        let row_major = |rows: usize, columns: usize| ([rows, columns], [columns, 1]);
        let column_major = |rows: usize, columns: usize| ([rows, columns], [1, rows]);
        let product = |a: &[f32], (shape_a, steps_a), b: &[f32], (shape_b, steps_b): ([usize; 2], [usize; 2])| {
            let ([rows, _], [_, columns]): ([usize; 2], [usize; 2]) = (shape_a, shape_b);
            let mut result = vec![7.0; rows * columns];
            let a = Strided { data: a, shape: shape_a, steps: steps_a };
            multiply(a, Strided { data: b, shape: shape_b, steps: steps_b }, &mut result).unwrap();
            result
        };
        let (mut y, mut dx, mut dw) = (vec![], vec![0.0; case.x.shape.size()], vec![0.0; case.w.shape.size()]);
        let terms = case.terms();
        let (w, dy) = (case.w.values(), case.dy.values());
        for (image, group) in (0..batch).flat_map(|image| (0..case.groups).map(move |group| (image, group))) {
            let mut columns = vec![0.0; depth * places];
            // Where the element of x is, that stands in a column.
            let mut origin = vec![None; depth * places];
            for [at_x, at_w, at_y] in &terms {
                if at_y[0] == image && at_w[0] == group * outputs {
                    let k = place(&case.w.shape[1..], &at_w[1..]);
                    let at = k * places + place(&case.dy.shape[2..], &at_y[2..]);
                    (columns[at], origin[at]) = (case.x.at(at_x), Some(place(&case.x.shape, at_x)));
                }
            }
            let w = &w[group * outputs * depth..][..outputs * depth];
            let dy = &dy[(image * case.groups + group) * outputs * places..][..outputs * places];
            y.extend(product(w, row_major(outputs, depth), &columns, row_major(depth, places)));
            let back = product(w, column_major(depth, outputs), dy, row_major(outputs, places));
            for (origin, back) in origin.iter().zip(back) {
                if let Some(at) = origin {
                    dx[*at] += back;
                }
            }
            let weights = product(dy, row_major(outputs, places), &columns, column_major(places, depth));
            dw[group * outputs * depth..].iter_mut().zip(weights).for_each(|(dw, product)| *dw += product);
        }
        let geometry = Geometry::new(&case.x.shape, &case.w.shape, &case.windows, case.groups).unwrap();
        assert_same(&case.conv(), &y);
        let dx = if direct::is_transpose_direct(&geometry) { case.chains() } else { dx };
        assert_same(&case.input_adjoint(), &dx);
        let dw = if direct::is_weight_adjoint_direct(&geometry) { case.partial_sums() } else { dw };
        assert_same(&case.weight_adjoint(), &dw);
    }
}

/// The sums of the adjoints in the orders they have without a matrix product.
impl Case<f32> {
    /// dx with stride 1: one chain over o, i and j, with i and j from the last to the first, and zeros beyond dy.
    fn chains(&self) -> Vec<f32> {
        let [channels, outputs] = [self.w.shape[1], self.w.shape[0] / self.groups];
        let depth = outputs * self.w.shape[2..].iter().product::<usize>();
        let chain = |at_x: &Vec<usize>| {
            let group = at_x[1] / channels;
            let mut sums = vec![];
            for (k, (o, reversed)) in (0..outputs)
                .flat_map(|o| positions(&self.w.shape[2..]).into_iter().rev().map(move |i| (o, i)))
                .enumerate()
            {
                let at_y = reversed.iter().enumerate().map(|(axis, i)| {
                    let window = self.windows[axis];
                    let p = (at_x[axis + 2] + window.padding.0).checked_sub(i * window.dilation)?;
                    (p < self.dy.shape[axis + 2]).then_some(p)
                });
                let at_y: Option<Vec<usize>> = at_y.collect();
                let spatial = |at: Vec<usize>| [vec![at_x[0], group * outputs + o], at].concat();
                let dy = at_y.map_or(0.0, |at| self.dy.at(&spatial(at)));
                let w = self.w.at(&[vec![group * outputs + o, at_x[1] % channels], reversed].concat());
                if k % depth.div_ceil(depth.div_ceil(256)) == 0 {
                    sums.push(0.0);
                }
                let last = sums.last_mut().unwrap();
                *last = f32::mul_add(w, dy, *last);
            }
            sums.into_iter().reduce(|sum, chain| sum + chain).unwrap_or(0.0)
        };
        positions(&self.x.shape).iter().map(chain).collect()
    }

    /// dw: sixteen chains over the images and rows, of the columns whose number is the same modulo 16.
    fn partial_sums(&self) -> Vec<f32> {
        let mut partial = vec![[0.0f32; 16]; self.w.shape.size()];
        // Zeros of the padding, and behind the last column, change no sum.
        for [at_x, at_w, at_y] in self.terms() {
            let sum = &mut partial[place(&self.w.shape, &at_w)][at_y.last().unwrap() % 16];
            *sum = f32::mul_add(self.dy.at(&at_y), self.x.at(&at_x), *sum);
        }
        partial.iter().map(super::super::matmul::sum_of_partial).collect()
    }
}

fn prop_assert_eq_vec(got: &[f64], expected: &[f64]) -> Result<(), TestCaseError> {
    prop_assert_eq!(got, expected);
    Ok(())
}

fn the_shapes_decide_how_it_is_computed() {
    let geometry = |x: [usize; 4], w: [usize; 4], window: Window| Geometry::new(&x, &w, &[window; 2], 1).unwrap();
    let ways = |geometry: &Geometry| {
        [direct::is_direct, direct::is_transpose_direct, direct::is_weight_adjoint_direct].map(|is| is(geometry))
    };
    let plain = Window::default();
    assert_eq!(ways(&geometry([2, 3, 20, 20], [5, 3, 3, 3], plain)), [true; 3]);
    // More weights than partial sums are kept of, rows that fill less than half of a vector, strides, windows that are long.
    assert_eq!(ways(&geometry([2, 32, 20, 20], [32, 32, 3, 3], plain)), [true, true, false]);
    assert_eq!(ways(&geometry([2, 3, 20, 9], [5, 3, 3, 3], plain)), [true, true, false]);
    let strided = Window { stride: 2, ..plain };
    assert_eq!(ways(&geometry([2, 3, 40, 40], [5, 3, 3, 3], strided)), [true, false, true]);
    assert_eq!(ways(&geometry([2, 3, 60, 60], [5, 3, 17, 3], plain)), [false; 3]);
    // An image without padding is read where it lies, and one with padding is not.
    let is_written = |window: Window| {
        planes::Planes::of_input(&geometry([2, 3, 20, 30], [5, 3, 4, 5], window)).is_written([600, 30, 1])
    };
    assert!(is_written(plain) && is_written(Window { dilation: 2, ..plain }));
    assert!(!is_written(Window { padding: (1, 1), ..plain }) && !is_written(strided));
}

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
    let vast = conv_workspace(&[1, 1, usize::MAX / 2].into(), &[1, 1, usize::MAX / 4].into(), &one, 1).unwrap_err();
    assert_eq!(vast.message, "the workspace would be larger than any array");
    assert_eq!(message(&[1, 4, 5], &[3, 4, 3], &one, 0), "there are 0 groups of channels; the least is 1");
}

fn an_output_or_cotangent_of_another_shape_is_refused() {
    let (x, w, y) = (Shape::from([1, 1, 4]), Shape::from([1, 1, 2]), Shape::from([1, 1, 4]));
    let [vx, vw, vy] = [&x, &w, &y].map(|shape| View::splat(&1.0, shape));
    let windows = [Window::default()];
    let (mut out, mut room) = ([0.0; 4], [0.0; 11]);
    let forward = conv(vx, vw, &windows, 1, ViewMut::new(&mut out, &y).unwrap(), &mut room).unwrap_err();
    assert_eq!(forward.message, "the output has the shape [1, 1, 4], not [1, 1, 3]");
    let dx = conv_transpose(vy, vw, &windows, 1, ViewMut::new(&mut out, &x).unwrap(), &mut room).unwrap_err();
    let dw = conv_weight_adjoint(vx, vy, &windows, 1, ViewMut::new(&mut out[..2], &w).unwrap(), &mut room).unwrap_err();
    assert_eq!(dx.message, "dy has the shape [1, 1, 4], not [1, 1, 3]");
    assert_eq!(dw, dx);
    let (three, result) = (Shape::from([1, 1, 3]), &mut out[..3]);
    let small = conv(vx, vw, &windows, 1, ViewMut::new(result, &three).unwrap(), &mut room[..10]).unwrap_err();
    assert_eq!(small.message, "the workspace has room for 10 elements; 11 are needed");
}

self_tests!(
    each_function_is_the_sum_of_its_terms,
    the_adjoints_are_adjoints,
    sums_are_those_of_the_products,
    the_shapes_decide_how_it_is_computed,
    what_does_not_fit_is_named,
    an_output_or_cotangent_of_another_shape_is_refused,
);
