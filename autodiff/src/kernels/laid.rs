//! For the tests of kernels: arrays that lie in memory in any order of their axes, with gaps, or repeated.

use super::view::View;
use crate::base::shape::Shape;
use proptest::prelude::*;

/// An array and the buffer it lies in.
#[derive(Clone, Debug)]
pub(crate) struct Laid<F> {
    buffer: Vec<F>,
    pub(crate) shape: Shape,
    strides: Vec<usize>,
}

impl<F: Copy> Laid<F> {
    pub(crate) fn view(&self) -> View<'_, F> {
        View::strided(&self.buffer, &self.shape, &self.strides).unwrap()
    }

    pub(crate) fn at(&self, index: &[usize]) -> F {
        self.buffer[index.iter().zip(&self.strides).map(|(i, stride)| i * stride).sum::<usize>()]
    }

    /// The elements in logical order.
    pub(crate) fn values(&self) -> Vec<F> {
        positions(&self.shape).iter().map(|index| self.at(index)).collect()
    }
}

/// All positions of an array of the shape, in row-major order.
pub(crate) fn positions(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![vec![]], |found, length| {
        found.iter().flat_map(|index| (0..*length).map(|i| [index.as_slice(), &[i]].concat())).collect()
    })
}

/// The place of `index` in row-major order.
pub(crate) fn place(shape: &[usize], index: &[usize]) -> usize {
    shape.iter().zip(index).fold(0, |place, (length, i)| place * length + i)
}

/// `index` with its position on `axis` set to `i`.
pub(crate) fn with(index: &[usize], axis: usize, i: usize) -> Vec<usize> {
    index.iter().enumerate().map(|(a, at)| if a == axis { i } else { *at }).collect()
}

/// Shapes of `low` to `high` axes, none long, some empty.
pub(crate) fn shapes(low: usize, high: usize) -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![1 => Just(0), 4 => Just(1), 20 => 2..6usize], low..=high)
}

/// Arrays of the shape, of `elements`.
pub(crate) fn laid<F: Copy + std::fmt::Debug>(
    shape: Vec<usize>,
    elements: impl Strategy<Value = F>,
) -> impl Strategy<Value = Laid<F>> {
    let size = shape.iter().product::<usize>();
    let order = Just((0..shape.len()).collect::<Vec<_>>()).prop_shuffle();
    let in_order = Just((0..shape.len()).collect::<Vec<_>>());
    let repeated = prop::option::weighted(0.1, 0..shape.len().max(1));
    let ways = (prop_oneof![order, in_order], prop_oneof![Just(1usize), 1..4usize], repeated);
    (prop::collection::vec(elements, size), ways).prop_map(move |(values, (order, gap, repeated))| {
        let mut strides = vec![0; shape.len()];
        let mut step = gap;
        for axis in order.iter().rev().filter(|axis| Some(**axis) != repeated) {
            strides[*axis] = step;
            step *= shape[*axis].max(1);
        }
        let mut laid = Laid { buffer: vec![], shape: shape.as_slice().into(), strides };
        if let Some(first) = values.first() {
            laid.buffer = vec![*first; step.max(1)];
            for (index, value) in positions(&shape).iter().zip(&values) {
                let at = index.iter().zip(&laid.strides).map(|(i, stride)| i * stride).sum::<usize>();
                laid.buffer[at] = *value;
            }
        }
        laid
    })
}

/// The same bits; any NaN equals any NaN.
#[track_caller]
pub(crate) fn assert_same<F: crate::base::real::Real>(got: &[F], expected: &[F]) {
    let bits = |x: &F| if x.is_nan() { f64::NAN.to_bits() } else { x.double().to_bits() };
    let (got_bits, expected_bits): (Vec<_>, Vec<_>) =
        (got.iter().map(bits).collect(), expected.iter().map(bits).collect());
    assert!(got_bits == expected_bits, "got {got:?}, expected {expected:?}");
}

/// Numbers with ties, zeros of both signs, infinities and NaN.
pub(crate) fn edges() -> impl Strategy<Value = f64> + Clone {
    prop_oneof![
        6 => (-3..4i32).prop_map(f64::from),
        2 => -1e3..1e3f64,
        1 => prop::sample::select(vec![0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]),
    ]
}
