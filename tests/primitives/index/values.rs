//! Indices as values: arithmetic, comparison, rearranging, constants, keys.

use super::support::{cases, everywhere, of};
use autodiff::primitive::Kind;
use autodiff::{Attribute, Attributes, ErrorKind, Index, Input, Program, Registry, Tape};
use ndarray::{ArrayD, IxDyn, array};
use proptest::prelude::*;

/// Shapes that broadcast: the axes of one, and those of the other, each whole or of length 1.
fn pair() -> impl Strategy<Value = (ArrayD<usize>, ArrayD<usize>)> {
    let axes = prop::collection::vec((1usize..4, any::<bool>(), any::<bool>()), 0..3);
    axes.prop_flat_map(|axes| {
        let shape = |whole: fn(&(usize, bool, bool)) -> bool| -> Vec<usize> {
            axes.iter().map(|axis| if whole(axis) { axis.0 } else { 1 }).collect()
        };
        let (a, b) = (shape(|axis| axis.1), shape(|axis| axis.2));
        let numbers = |shape: &[usize]| prop::collection::vec(0usize..9, shape.iter().product::<usize>());
        (numbers(&a), numbers(&b)).prop_map(move |(x, y)| {
            (ArrayD::from_shape_vec(IxDyn(&a), x).unwrap(), ArrayD::from_shape_vec(IxDyn(&b), y).unwrap())
        })
    })
}

type Operator = for<'t> fn(Index<'t, f64>, Index<'t, f64>) -> Index<'t, f64>;
type Comparison = for<'t> fn(Index<'t, f64>, Index<'t, f64>) -> autodiff::Var<'t, f64>;

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn arithmetic_is_that_of_integers((a, b) in pair()) {
        let shape = ndarray::IxDyn(&a.shape().iter().zip(b.shape()).map(|(m, n)| *m.max(n)).collect::<Vec<_>>());
        let (wide_a, wide_b) = (a.broadcast(shape.clone()).unwrap(), b.broadcast(shape).unwrap());
        let given = [Input::Index(a.clone()), Input::Index(b.clone())];
        let operators: [(Operator, fn(usize, usize) -> Option<usize>); 5] = [
            (|a, b| a + b, |a, b| Some(a + b)),
            (|a, b| a - b, usize::checked_sub),
            (|a, b| a * b, |a, b| Some(a * b)),
            (|a, b| a / b, usize::checked_div),
            (|a, b| a % b, usize::checked_rem),
        ];
        for (operator, defined) in operators {
            let tape = Tape::new();
            let y = operator(tape.index(a.clone()), tape.index(b.clone()));
            let expected: Option<Vec<usize>> = wide_a.iter().zip(&wide_b).map(|(a, b)| defined(*a, *b)).collect();
            match expected {
                Some(expected) => {
                    let expected = ArrayD::from_shape_vec(wide_a.raw_dim(), expected).unwrap();
                    prop_assert_eq!(of(&tape, y, &given), Input::Index(expected));
                }
                None => {
                    let error = y.error().unwrap();
                    prop_assert_eq!(error.kind(), ErrorKind::Refused);
                    prop_assert!(error.message().starts_with("element ["), "{error}");
                }
            }
        }
        let comparisons: [(Comparison, fn(usize, usize) -> bool); 5] = [
            (|a, b| a.eq(b), |a, b| a == b),
            (|a, b| a.lt(b), |a, b| a < b),
            (|a, b| a.le(b), |a, b| a <= b),
            (|a, b| a.gt(b), |a, b| a > b),
            (|a, b| a.ge(b), |a, b| a >= b),
        ];
        for (comparison, holds) in comparisons {
            let tape = Tape::new();
            let y = comparison(tape.index(a.clone()), tape.index(b.clone()));
            let mask = wide_a.iter().zip(&wide_b).map(|(a, b)| f64::from(u8::from(holds(*a, *b)))).collect();
            prop_assert_eq!(of(&tape, y, &given), Input::Real(ArrayD::from_shape_vec(wide_a.raw_dim(), mask).unwrap()));
        }
        let tape = Tape::new();
        prop_assert_eq!(of(&tape, tape.index(a.clone()).to_real(), &given[..1]), Input::Real(a.mapv(|i| i as f64)));
    }
}

#[test]
fn a_number_stands_on_either_side() {
    let tape = Tape::<f64>::new();
    let i = tape.index(array![1, 2, 5]);
    let values = |i: Index<'_, f64>| i.value().unwrap().into_iter().collect::<Vec<_>>();
    assert_eq!((values(i + 1), values(1 + i)), (vec![2, 3, 6], vec![2, 3, 6]));
    assert_eq!((values(i - 1), values(7 - i)), (vec![0, 1, 4], vec![6, 5, 2]));
    assert_eq!((values(i * 2), values(2 * i)), (vec![2, 4, 10], vec![2, 4, 10]));
    assert_eq!((values(i / 2), values(10 / i)), (vec![0, 1, 2], vec![10, 5, 2]));
    assert_eq!((values(i % 2), values(7 % i)), (vec![1, 0, 1], vec![0, 1, 2]));
    assert_eq!(i.ge(2).value().unwrap(), array![0.0, 1.0, 1.0].into_dyn());
}

#[test]
fn refusals_name_the_element_the_operands_and_the_line() {
    let tape = Tape::<f64>::new();
    let i = tape.index(array![[3, 1], [2, 5]]).named("i");
    let error = (i - 2).error().unwrap().to_string();
    for part in ["index_arithmetic", "element [0, 1]: 1 − 2 is negative", "a: i : index[2, 2]", "values.rs:"] {
        assert!(error.contains(part), "{part} is missing: {error}");
    }
    let error = (i / tape.index(array![1, 0])).error().unwrap().to_string();
    assert!(error.contains("element [0, 1]: 1 / 0 divides by zero"), "{error}");
    let error = (i + tape.index(array![1, 2, 3])).error().unwrap().to_string();
    assert!(error.contains("[2, 2] and [3] do not broadcast"), "{error}");
    let other = Tape::<f64>::new();
    assert_eq!((i + other.index(array![1])).error().unwrap().kind(), ErrorKind::TapesMixed);
}

/// In a program, too: what is refused depends on the inputs.
#[test]
fn a_run_and_a_plan_refuse_with_the_same_words() {
    let tape = Tape::<f64>::new();
    let program = tape.program(&[tape.index(array![[3, 1], [2, 5]]).named("i") - 1]).unwrap();
    let given = [Input::index(array![[3, 1], [2, 0]])];
    let error = program.run_all(&given).unwrap_err();
    assert!(error.message().starts_with("element [1, 1]: 0 − 1 is negative"), "{error}");
    assert_eq!(program.plan().unwrap().run_all(&given).unwrap_err().message(), error.message());
}

/// Rearranging indices is rearranging: the same operations on arrays of the same numbers.
#[test]
fn indices_are_rearranged_as_reals_are() {
    let tape = Tape::<f64>::new();
    let numbers = array![[4, 1, 3], [0, 2, 5]];
    let i = tape.index(numbers.clone());
    let x = i.to_real();
    let given = [Input::index(numbers)];
    let rows = tape.index_constant(array![1, 0, 1]);
    let pairs = [
        (i.reshape([3, 2]), x.reshape([3, 2])),
        (i.transpose(), x.transpose()),
        (i.permute([-1, 0]), x.permute([-1, 0])),
        (i.slice(1, 1..), x.slice(1, 1..)),
        (i.slice(-1, ..1).broadcast_to([2, 2, 3]), x.slice(-1, ..1).broadcast_to([2, 2, 3])),
        (i.gather(rows), x.gather(rows)),
        (tape.concat_indices(&[i, i.slice(1, ..2)], 1), tape.concat(&[x, x.slice(1, ..2)], 1)),
        (tape.stack_indices(&[i, i], -1), tape.stack(&[x, x], -1)),
        (
            i.transpose().slice(0, 1..2).reshape([2]).gather(rows),
            x.transpose().slice(0, 1..2).reshape([2]).gather(rows),
        ),
    ];
    for (k, (index, real)) in pairs.into_iter().enumerate() {
        let (Input::Index(index), Input::Real(real)) = (of(&tape, index, &given), of(&tape, real, &given)) else {
            panic!("pair {k} is of other kinds")
        };
        assert_eq!(index.mapv(|i| i as f64), real, "pair {k}");
    }
    // What they do not fit is refused, and the error names the operation.
    for (error, name) in [
        (i.reshape([5]).error(), "reshape"),
        (i.slice(2, ..).error(), "slice"),
        (i.permute([0, 2]).error(), "transpose"),
        (i.gather(tape.index_constant(array![2])).error(), "gather"),
        (tape.concat_indices(&[i, i.reshape([6])], 0).error(), "concat"),
        (tape.stack_indices(&[i, i.reshape([6])], 0).error(), "stack"),
        (tape.stack_indices(&[], 0).error(), "stack"),
        (tape.concat_indices(&[], 0).error(), "concat"),
        (i.broadcast_to([2]).error(), "broadcast_to"),
    ] {
        assert_eq!(error.unwrap().operation(), name);
    }
    let mixed = tape.record_list(
        Registry::standard().make("concat", &Attributes::new().with("axis", 0usize.into()), &[]).unwrap(),
        &[i.into(), x.into()],
        &[Kind::Index],
    );
    let autodiff::Arg::Index(mixed) = mixed[0] else { panic!("an index was asked for") };
    assert!(mixed.error().unwrap().message().contains("do not join"), "{mixed:?}");
}

#[test]
fn constants_are_part_of_the_program() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0, 3.0, 4.0]).named("x");
    let even = tape.index_range(0..2) * 2;
    let program = tape.program(&[x.gather(even + tape.index_constant(array![[0], [1]]))]).unwrap();
    let found = everywhere(&program, &[Input::real([5.0, 6.0, 7.0, 8.0])]);
    assert_eq!(found, [Input::real(array![[5.0, 7.0], [6.0, 8.0]])]);
    assert_eq!(tape.index_range(3..3).shape().unwrap(), [0].into());
    let error = tape.index_range(0..usize::MAX).error().unwrap();
    assert!(error.message().contains("no memory"), "{error}");
    // A program in single precision counts the same.
    let single = program.cast::<f32>(&Registry::standard()).unwrap();
    let found = single.run(&[Input::real([5.0f32, 6.0, 7.0, 8.0])]).unwrap();
    assert_eq!(found[0], array![[5.0f32, 7.0], [6.0, 8.0]].into_dyn());
}

#[test]
fn words_are_written_and_read() {
    let tape = Tape::<f64>::new();
    let (i, j) = (tape.index(array![7, 8]).named("i"), tape.index(array![8, 8]).named("j"));
    let text = tape.program(&[i.le(j)]).unwrap().to_text();
    assert!(text.contains("comparison=less_equal)"), "{text}");
    let registry = Registry::<f64>::standard();
    let error = Program::parse(&text.replace("less_equal", "most"), &registry).unwrap_err().to_string();
    assert!(error.contains("one of `equal`, `less`, `less_equal`; got (comparison=most)"), "{error}");
    let error = Program::parse(&text.replace("less_equal", "[1]"), &registry).unwrap_err().to_string();
    assert!(error.contains("`comparison` should be a word, not `[1]`"), "{error}");
    let number = Attributes::new().with("operation", 1usize.into());
    assert!(registry.make("index_arithmetic", &number, &[]).is_err());
    let (a, b) = (Attribute::Word("add".into()), Attribute::Word("addition".into()));
    assert!(a != b && a == a.clone());
    // The word is part of what an operation is: a comparison is not shared with another.
    let both = tape.program(&[i.le(j), i.lt(j), i.eq(j)]).unwrap();
    let found = everywhere(&both, &[Input::index(array![7, 8]), Input::index(array![8, 8])]);
    assert_eq!(found, [Input::real([1.0, 1.0]), Input::real([1.0, 0.0]), Input::real([0.0, 1.0])]);
}

#[test]
fn keys_are_derived_in_the_program() {
    let tape = Tape::<f64>::new();
    let (key, step) = (tape.key(7).named("key"), tape.index(ndarray::arr0(3)).named("step"));
    let derived = key.fold_in(step);
    assert_eq!(derived.value().unwrap(), autodiff::kernels::fold_in(7, 3));
    let draws = [derived.uniform([50], 0), derived.normal([50], 1), derived.uniform_open([50], 2)];
    draws.iter().for_each(|draw| assert_eq!(draw.shape().unwrap(), [50].into()));
    let [first, second] = key.split();
    assert_eq!(first.value().unwrap(), key.fold_in(0).value().unwrap());
    assert_eq!(second.value().unwrap(), key.fold_in(1).value().unwrap());
    let mut outputs: Vec<autodiff::Arg<'_, f64>> = vec![derived.into(), second.into()];
    outputs.extend(draws.map(autodiff::Arg::from));
    let program = tape.program(&outputs).unwrap();
    let run = |key, step| everywhere(&program, &[Input::Key(key), Input::index(ndarray::arr0(step))]);
    assert_eq!(run(7, 3)[0], Input::Key(autodiff::kernels::fold_in(7, 3)));
    for (other, what) in [(run(7, 4), "another step"), (run(8, 3), "another key")] {
        for (a, b) in run(7, 3).iter().zip(&other).skip(2) {
            assert_ne!(a, b, "{what} draws other numbers");
        }
    }
    let mut plan = program.plan().unwrap();
    assert_eq!(plan.key_output(0), None);
    plan.run_all(&[Input::Key(9), Input::index(ndarray::arr0(0))]).unwrap();
    assert_eq!(plan.key_output(0), Some(autodiff::kernels::fold_in(9, 0)));
    let error = key.fold_in(tape.index(array![1, 2])).error().unwrap().to_string();
    assert!(error.contains("i should be one index, not an array [2]") && error.contains("reshape([])"), "{error}");
}

#[test]
fn draws_in_single_precision_are_those_of_double_precision() {
    let tape = Tape::<f64>::new();
    let key = tape.key(7).fold_in(1);
    let outputs =
        [key.uniform([2000], 0), key.normal([2000], 1), key.uniform_open([2000], 2), key.uniform([2000], 0).ge(0.25)];
    let program = tape.program(&outputs).unwrap();
    let double = program.run(&[Input::Key(7)]).unwrap();
    let single = program.cast::<f32>(&Registry::standard()).unwrap().run(&[Input::Key(7)]).unwrap();
    for (x, y) in double[0].iter().zip(&single[0]) {
        assert_eq!(f64::from(*y), (x * f64::from(1 << 24)).floor() / f64::from(1 << 24), "rounded down");
    }
    for k in [1, 2] {
        for (x, y) in double[k].iter().zip(&single[k]) {
            assert!((x - f64::from(*y)).abs() <= 6e-8 * x.abs(), "{x} and {y}");
        }
    }
    assert_eq!(double[3], single[3].mapv(f64::from), "a mask at a multiple of 2⁻²⁴ is the same");
}
