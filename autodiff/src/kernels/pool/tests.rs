//! Tests: the largest elements and the averages of windows against loops over the formula.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::kernels::laid::{Laid, assert_same, edges, laid, place, positions};
use crate::kernels::{gather_along, scatter_add_along};
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Case {
    x: Laid<f64>,
    dy: Laid<f64>,
    lengths: Vec<usize>,
    windows: Vec<Window>,
    ceil: bool,
}

impl Case {
    fn pool(&self) -> Pool<'_> {
        Pool { lengths: &self.lengths, windows: &self.windows, ceil: self.ceil }
    }

    /// The spatial positions of the elements that the window at `y` has, in row-major order, and how many there are
    /// with those of the padding.
    fn window(&self, y: &[usize]) -> (Vec<Vec<usize>>, usize) {
        let lead = y.len() - self.windows.len();
        let (mut elements, mut padded) = (vec![], 0);
        for i in positions(&self.lengths) {
            let at = |axis: usize| {
                let window = &self.windows[axis];
                (y[lead + axis] * window.stride + i[axis] * window.dilation) as isize - window.padding.0 as isize
            };
            let size = |axis: usize| self.x.shape[lead + axis] as isize;
            let after = |axis: usize| self.windows[axis].padding.1 as isize;
            let axes = 0..self.windows.len();
            padded += usize::from(axes.clone().all(|axis| at(axis) < size(axis) + after(axis)));
            if axes.clone().all(|axis| (0..size(axis)).contains(&at(axis))) {
                elements.push(axes.map(|axis| at(axis) as usize).collect());
            }
        }
        (elements, padded)
    }
}

fn case(elements: impl Strategy<Value = f64> + Clone + 'static) -> impl Strategy<Value = Case> {
    let window = (1..4usize, 1..3usize, 0..3usize, 0..3usize);
    let axis = (window, 1..4usize, 1..9usize);
    let lead = prop::collection::vec(prop_oneof![1 => Just(0), 9 => 1..3usize], 0..3);
    let cases = (prop::collection::vec(axis, 1..=2), lead, any::<bool>());
    let fitting = cases.prop_filter_map("the windows fit", |(axes, lead, ceil)| {
        let windows = axes.iter().map(|((stride, dilation, before, after), ..)| Window {
            stride: *stride,
            dilation: *dilation,
            padding: (*before, *after),
        });
        let (windows, lengths) = (windows.collect::<Vec<_>>(), axes.iter().map(|axis| axis.1).collect::<Vec<_>>());
        let x = [lead, axes.iter().map(|axis| axis.2).collect()].concat();
        let y = Pool { lengths: &lengths, windows: &windows, ceil }.shape(&x.as_slice().into()).ok()?;
        Some((x, y, lengths, windows, ceil))
    });
    fitting.prop_flat_map(move |(x, y, lengths, windows, ceil)| {
        let arrays = (laid(x, elements.clone()), laid(y.to_vec(), -1.0..1.0f64));
        arrays.prop_map(move |(x, dy)| Case { x, dy, lengths: lengths.clone(), windows: windows.clone(), ceil })
    })
}

proptest! {
    fn the_largest_is_the_first_that_none_surpasses(case in case(edges())) {
        let shape = &case.dy.shape;
        let (mut values, mut indices) = (vec![7.0; shape.size()], vec![7; shape.size()]);
        let outputs = (ViewMut::new(&mut values, shape).unwrap(), ViewMut::new(&mut indices, shape).unwrap());
        max_pool(case.x.view(), case.pool(), outputs.0, outputs.1).unwrap();
        let lead = shape.rank() - case.windows.len();
        for (at, y) in positions(shape).iter().enumerate() {
            let (elements, _) = case.window(y);
            let x = |element: &Vec<usize>| case.x.at(&[&y[..lead], element].concat());
            let nan = elements.iter().position(|e| x(e).is_nan());
            let best = nan.or(elements.iter().position(|e| elements.iter().all(|other| x(other) <= x(e)))).unwrap();
            prop_assert_eq!(indices[at], place(&case.x.shape[lead..], &elements[best]));
            assert_same(&values[at..=at], &[x(&elements[best])]);
        }
    }

    fn the_largest_are_gathered_and_their_cotangents_scattered(case in case(-1.0..1.0f64)) {
        let shape = &case.dy.shape;
        let (mut values, mut indices) = (vec![7.0; shape.size()], vec![7; shape.size()]);
        let outputs = (ViewMut::new(&mut values, shape).unwrap(), ViewMut::new(&mut indices, shape).unwrap());
        max_pool(case.x.view(), case.pool(), outputs.0, outputs.1).unwrap();
        let lead = shape.rank() - case.windows.len();
        let planes = |shape: &Shape| -> Shape { shape[..lead].iter().copied().chain([shape[lead..].iter().product()]).collect() };
        let (x, y) = (planes(&case.x.shape), planes(shape));
        let (elements, cotangents) = (case.x.values(), case.dy.values());
        let indices = View::contiguous(&indices, &y).unwrap();
        let (mut gathered, mut dx) = (vec![7.0; y.size()], vec![7.0; x.size()]);
        gather_along(View::contiguous(&elements, &x).unwrap(), indices, lead, ViewMut::new(&mut gathered, &y).unwrap()).unwrap();
        assert_same(&gathered, &values);
        let dy = View::contiguous(&cotangents, &y).unwrap();
        scatter_add_along(dy, indices, lead, ViewMut::new(&mut dx, &x).unwrap()).unwrap();
        let total = |x: &[f64]| x.iter().sum::<f64>();
        prop_assert!((total(&dx) - total(&cotangents)).abs() < 1e-12);
    }

    fn an_average_is_the_sum_divided(case in case(-1.0..1.0f64), include_padding: bool) {
        let shape = &case.dy.shape;
        let (mut y, mut dx) = (vec![7.0; shape.size()], vec![7.0; case.x.shape.size()]);
        average_pool(case.x.view(), case.pool(), include_padding, ViewMut::new(&mut y, shape).unwrap()).unwrap();
        let output = ViewMut::new(&mut dx, &case.x.shape).unwrap();
        average_pool_adjoint(case.dy.view(), case.pool(), include_padding, output).unwrap();
        let lead = shape.rank() - case.windows.len();
        let (mut averages, mut cotangents) = (vec![], vec![0.0; case.x.shape.size()]);
        for at in positions(shape) {
            let (elements, padded) = case.window(&at);
            let count = if include_padding { padded } else { elements.len() } as f64;
            let index = |element: &Vec<usize>| [&at[..lead], element].concat();
            averages.push(elements.iter().fold(0.0, |sum, e| sum + case.x.at(&index(e))) / count);
            for element in &elements {
                cotangents[place(&case.x.shape, &index(element))] += case.dy.at(&at) / count;
            }
        }
        assert_same(&y, &averages);
        assert_same(&dx, &cotangents);
    }
}

fn what_does_not_fit_is_named() {
    let message = |x: &[usize], lengths: &[usize], windows: &[Window]| {
        Pool { lengths, windows, ceil: false }.shape(&x.into()).unwrap_err().message
    };
    let (plain, padded) = (Window::default(), Window { padding: (2, 0), ..Window::default() });
    assert_eq!(
        message(&[2, 5, 2], &[2, 3], &[plain; 2]),
        "axis 2 of x [2, 5, 2]: the window spans 3 elements, the axis has 2 (no padding)"
    );
    assert_eq!(message(&[5], &[2], &[padded]), "axis 0 of x [5]: the window at position 0 has no elements but padding");
    assert_eq!(message(&[5], &[2, 2], &[plain; 2]), "x [5] has fewer axes than there are windows, 2");
    assert_eq!(
        message(&[5], &[2, 2], &[plain]),
        "1 or 2 windows are needed, with a length for each; there are 1 and 2 lengths"
    );
    let (x, y) = (Shape::from([5]), Shape::from([5]));
    let pool = Pool { lengths: &[2], windows: &[plain], ceil: false };
    let mut out = [0.0; 5];
    let average = average_pool(View::splat(&1.0, &x), pool, true, ViewMut::new(&mut out, &y).unwrap()).unwrap_err();
    assert_eq!(average.message, "the output has the shape [5], not [4]");
}

self_tests!(
    the_largest_is_the_first_that_none_surpasses,
    the_largest_are_gathered_and_their_cotangents_scattered,
    an_average_is_the_sum_divided,
    what_does_not_fit_is_named,
);
