//! Axes counted from the last, and ranges of axes: every operation that takes axes, with each way to name the same ones.

use autodiff::{Axes, Axis, Shape, Tape, Var};
use ndarray::{ArrayD, IxDyn};
use proptest::prelude::*;

type Along = for<'t> fn(Var<'t, f64>, Axis) -> Var<'t, f64>;
type Over = for<'t> fn(Var<'t, f64>, Axes) -> Var<'t, f64>;

/// Operations of one axis that each of the operand's axes may be.
const ALONG: [(&str, Along); 14] = [
    ("softmax", |x, axis| x.softmax(axis)),
    ("log_softmax", |x, axis| x.log_softmax(axis)),
    ("slice", |x, axis| x.slice(axis, 1..)),
    ("slice_step", |x, axis| x.slice_step(axis, .., 2)),
    ("pad", |x, axis| x.pad(axis, 1, 2)),
    ("unslice", |x, axis| x.unslice(axis, 1, 2, 9)),
    ("concat", |x, axis| x.tape().concat(&[x, x.sin()], axis)),
    ("cumsum", |x, axis| x.cumsum(axis)),
    ("cumsum_reversed", |x, axis| x.cumsum_reversed(axis)),
    ("cumprod", |x, axis| x.cumprod(axis)),
    ("cumprod_reversed", |x, axis| x.cumprod_reversed(axis)),
    ("roll", |x, axis| x.roll(axis, 1)),
    ("sum", |x, axis| x.sum(axis)),
    ("flip", |x, axis| x.flip(axis)),
];

const OVER: [(&str, Over); 17] = [
    ("sum", |x, axes| x.sum(axes)),
    ("sum_keep", |x, axes| x.sum_keep(axes)),
    ("max", |x, axes| x.max(axes)),
    ("max_keep", |x, axes| x.max_keep(axes)),
    ("min", |x, axes| x.min(axes)),
    ("min_keep", |x, axes| x.min_keep(axes)),
    ("mean", |x, axes| x.mean(axes)),
    ("mean_keep", |x, axes| x.mean_keep(axes)),
    ("variance", |x, axes| x.variance(axes)),
    ("variance_keep", |x, axes| x.variance_keep(axes)),
    ("std_keep", |x, axes| x.std_keep(axes)),
    ("prod", |x, axes| x.prod(axes)),
    ("prod_keep", |x, axes| x.prod_keep(axes)),
    ("norm_keep", |x, axes| x.norm_keep(axes)),
    ("log_sum_exp", |x, axes| x.log_sum_exp(axes)),
    ("log_sum_exp_keep", |x, axes| x.log_sum_exp_keep(axes)),
    ("flip", |x, axes| x.flip(axes)),
];

fn array(shape: &[usize]) -> ArrayD<f64> {
    let mut n = 0.0;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        n += 1.0;
        f64::sin(n * n)
    })
}

/// The program that an operation records: attributes, shapes, and nothing about lines.
fn program(x: Var<'_, f64>, y: Var<'_, f64>) -> String {
    assert_eq!(y.error(), None);
    x.tape().program(&[y]).unwrap().to_text()
}

#[test]
fn an_axis_from_the_last_records_what_the_axis_from_the_first_does() {
    for rank in 1..=4isize {
        let shape: Vec<usize> = (0..rank as usize).map(|i| 3 + i % 2).collect();
        for axis in 0..rank {
            for (name, along) in ALONG {
                let texts = [axis, axis - rank].map(|axis| {
                    let tape = Tape::new();
                    let x = tape.input(array(&shape));
                    program(x, along(x, axis.into()))
                });
                assert_eq!(texts[0], texts[1], "{name} along {axis} of {rank}");
                assert!(!texts[1].contains("axis=-"), "{name}: {}", texts[1]);
            }
        }
    }
}

proptest! {
    #[test]
    fn axes_from_the_last_are_axes_from_the_first(chosen: [bool; 3], negative: [bool; 3], turned: bool) {
        let mut axes: Vec<isize> = (0..3).filter(|axis| chosen[*axis as usize]).collect();
        if turned {
            axes.reverse();
        }
        let mixed: Vec<isize> = axes.iter().map(|axis| if negative[*axis as usize] { axis - 3 } else { *axis }).collect();
        for (name, over) in OVER {
            let texts = [axes.clone(), mixed.clone()].map(|axes| {
                let tape = Tape::new();
                let x = tape.input(array(&[2, 3, 4]));
                program(x, over(x, axes.into()))
            });
            prop_assert_eq!(&texts[0], &texts[1], "{}", name);
        }
    }

    /// Python's rule: a negative bound counts from the end, a bound left out is an end.
    #[test]
    fn ranges_of_axes(start in -5..6isize, stop in -5..6isize, rank in 0..4usize) {
        let shape = Shape::from(vec![2; rank]);
        let resolved = |bound: isize| if bound < 0 { bound + rank as isize } else { bound };
        let expected = |start: isize, stop: isize| {
            let inside = |bound: isize| (0..=rank as isize).contains(&bound);
            (inside(start) && inside(stop) && start <= stop).then(|| (start..stop).map(|axis| axis as usize).collect::<Vec<_>>())
        };
        let of = |axes: Axes| axes.of("x", &shape).ok();
        prop_assert_eq!(of((start..stop).into()), expected(resolved(start), resolved(stop)));
        prop_assert_eq!(of((start..).into()), expected(resolved(start), rank as isize));
        prop_assert_eq!(of((..stop).into()), expected(0, resolved(stop)));
        prop_assert_eq!(of((..).into()), expected(0, rank as isize));
        let one = |axis: isize| (0..rank as isize).contains(&resolved(axis)).then(|| vec![resolved(axis) as usize]);
        prop_assert_eq!(of(start.into()), one(start));
        prop_assert_eq!(of(vec![start].into()), one(start));
    }
}

/// Integers that fit `usize` but no axis, and the least of all.
#[test]
fn axes_beyond_every_array() {
    let tape = Tape::<f64>::new();
    let x = tape.input(array(&[2, 3]));
    for y in
        [x.sum(usize::MAX), x.sum(isize::MIN), x.softmax(i32::MIN), x.sum([0, usize::MAX]), x.unsqueeze(isize::MIN)]
    {
        assert!(y.error().is_some());
    }
}

/// Where a new axis goes is counted in the result.
#[test]
fn new_axes() {
    let tape = Tape::<f64>::new();
    let x = tape.input(array(&[2, 3]));
    let shapes: [(isize, [usize; 3]); 6] =
        [(0, [1, 2, 3]), (1, [2, 1, 3]), (2, [2, 3, 1]), (-1, [2, 3, 1]), (-2, [2, 1, 3]), (-3, [1, 2, 3])];
    for (axis, shape) in shapes {
        let y = x.unsqueeze(axis);
        assert_eq!(y.shape().unwrap(), shape.into(), "{axis}");
        assert_eq!(y.squeeze(axis).value().unwrap(), x.value().unwrap());
        assert_eq!(y.squeeze(..).value().unwrap(), x.value().unwrap());
        let pair = tape.stack(&[x, -x], axis);
        assert_eq!(pair.shape().unwrap().iter().filter(|length| **length == 2).count(), 2);
        assert_eq!(pair.sum(axis).value().unwrap(), ArrayD::<f64>::zeros(IxDyn(&[2, 3])));
        assert_eq!(pair.slice(axis, 0..1).squeeze(axis).value().unwrap(), x.value().unwrap());
    }
    let number = tape.input(2.0);
    assert_eq!(number.unsqueeze(-1).shape().unwrap(), [1].into());
    assert_eq!(tape.stack(&[number, number], 0).value().unwrap(), ndarray::array![2.0, 2.0].into_dyn());
}

#[test]
fn axes_made_one() {
    let tape = Tape::<f64>::new();
    let x = tape.input(array(&[2, 3, 4]));
    assert_eq!(x.flatten(..).shape().unwrap(), [24].into());
    assert_eq!(x.flatten(1..).shape().unwrap(), [2, 12].into());
    assert_eq!(x.flatten(..-1).shape().unwrap(), [6, 4].into());
    assert_eq!(x.flatten([0, -2]).shape().unwrap(), [6, 4].into());
    assert_eq!(x.flatten(1).shape().unwrap(), [2, 3, 4].into());
    assert_eq!(x.flatten(1..1).shape().unwrap(), [2, 1, 3, 4].into());
    assert_eq!(x.flatten(3..).shape().unwrap(), [2, 3, 4, 1].into());
    assert_eq!(tape.input(1.0).flatten(..).shape().unwrap(), [1].into());
    assert_eq!(tape.input(array(&[0, 3])).flatten(..).shape().unwrap(), [0].into());
}
