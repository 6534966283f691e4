//! The matrix product against its definition, bit for bit and through the public interface: the order of summation of an
//! element depends on the shapes alone, however the operands lie in memory.

use autodiff::{Input, Real, Tape, Var};
use ndarray::{Array2, ArrayD, Ix2};
use proptest::prelude::*;

/// A multiply-add is rounded once where hardware fuses it, twice elsewhere.
fn multiply_add<F: Real>(a: F, b: F, sum: F) -> F {
    if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) { a.mul_add(b, sum) } else { a * b + sum }
}

/// One chain over k; sixteen of them, added in pairs, where b is one column.
fn defined<F: Real>(a: &Array2<F>, b: &Array2<F>) -> Array2<F> {
    let count = if b.ncols() == 1 { 16 } else { 1 };
    Array2::from_shape_fn((a.nrows(), b.ncols()), |(i, j)| {
        let mut sums = vec![F::zero(); count];
        for (k, (a, b)) in a.row(i).iter().zip(b.column(j)).enumerate() {
            sums[k % count] = multiply_add(*a, *b, sums[k % count]);
        }
        while sums.len() > 1 {
            let upper = sums.split_off(sums.len() / 2);
            sums.iter_mut().zip(upper).for_each(|(x, y)| *x = *x + y);
        }
        sums[0]
    })
}

/// How an operand comes to its shape: as it is, transposed, cut out of a larger one, or repeated.
#[derive(Clone, Copy, Debug)]
enum Lies {
    Plain,
    Transposed,
    Cut,
    CutTransposed,
    RepeatedRow,
    RepeatedColumn,
}

fn lies() -> impl Strategy<Value = Lies> {
    use Lies::*;
    prop::sample::select(vec![Plain, Transposed, Cut, CutTransposed, RepeatedRow, RepeatedColumn])
}

/// An operand of the shape, of numbers drawn from `seed`.
fn operand<F: Real>(tape: &Tape<F>, [rows, columns]: [usize; 2], lies: Lies, seed: u64) -> Var<'_, F> {
    let mut state = seed;
    let mut number = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        F::of((state >> 40) as f64 / f64::from(1 << 23) - 1.0)
    };
    let mut input =
        |rows: usize, columns: usize| tape.input(ArrayD::from_shape_simple_fn(vec![rows, columns], &mut number));
    match lies {
        Lies::Plain => input(rows, columns),
        Lies::Transposed => input(columns, rows).transpose(),
        Lies::Cut => input(rows + 2, columns + 3).slice(0, 1..rows + 1).slice(1, 2..columns + 2),
        Lies::CutTransposed => input(columns + 1, rows + 5).slice(0, 1..columns + 1).slice(1, 2..rows + 2).transpose(),
        Lies::RepeatedRow => input(1, columns).broadcast_to([rows, columns]),
        Lies::RepeatedColumn => input(rows, 1).broadcast_to([rows, columns]),
    }
}

fn bits<F: Real>(x: &ArrayD<F>) -> Vec<u64> {
    x.iter().map(|x| x.double().to_bits()).collect()
}

fn check<F: Real>([m, k, n]: [usize; 3], [a, b]: [Lies; 2], seed: u64) -> Result<(), TestCaseError> {
    let tape = Tape::<F>::new();
    let (a, b) = (operand(&tape, [m, k], a, seed), operand(&tape, [k, n], b, seed ^ 1));
    let array = |x: Var<'_, F>| x.value().unwrap().into_dimensionality::<Ix2>().unwrap();
    let expected = defined(&array(a), &array(b)).into_dyn();
    let product = a.matmul(b).value().unwrap();
    prop_assert_eq!(product.shape(), &[m, n]);
    prop_assert_eq!(bits(&product), bits(&expected));
    if n == 1 {
        let vector = a.matmul(b.reshape([k])).value().unwrap();
        prop_assert_eq!(bits(&vector), bits(&expected));
    }
    // Rows are computed alike whatever other rows there are.
    if m > 1 {
        let lower = a.slice(0, m / 2..m).matmul(b).value().unwrap();
        prop_assert_eq!(bits(&lower), bits(&expected)[m / 2 * n..].to_vec());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn small_products(shape in [0..40usize, 0..40, 0..40], lie in [lies(), lies()], seed: u64) {
        check::<f32>(shape, lie, seed)?;
        check::<f64>(shape, lie, seed)?;
    }

    #[test]
    fn times_a_vector([m, k] in [0..40usize, 0..100], lie in [lies(), lies()], seed: u64) {
        check::<f32>([m, k, 1], lie, seed)?;
        check::<f64>([m, k, 1], lie, seed)?;
    }

    #[test]
    fn of_one_row([k, n] in [0..70usize, 0..400], lie in [lies(), lies()], seed: u64) {
        check::<f32>([1, k, n], lie, seed)?;
        check::<f64>([1, k, n], lie, seed)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn of_several_blocks(shape in [1..160usize, 200..800, 2..160], lie in [lies(), lies()], seed: u64) {
        check::<f32>(shape, lie, seed)?;
        check::<f64>(shape, lie, seed)?;
    }
}

#[test]
fn nothing_is_skipped() {
    let tape = Tape::<f64>::new();
    let zeros = tape.input(ArrayD::zeros(vec![3, 40]));
    for bad in [f64::INFINITY, f64::NAN] {
        for n in [1, 2, 40] {
            let b = tape.input(ArrayD::from_elem(vec![40, n], bad));
            assert!(zeros.matmul(b).value().unwrap().iter().all(|y| y.is_nan()), "0 · {bad} in {n} columns");
        }
    }
}

#[test]
fn no_k_is_zero() {
    let tape = Tape::<f32>::new();
    let (a, b) = (tape.input(ArrayD::zeros(vec![3, 0])), tape.input(ArrayD::zeros(vec![0, 4])));
    assert_eq!(bits(&a.matmul(b).value().unwrap()), vec![0; 12]);
    assert_eq!(bits(&a.matmul(b.slice(1, 0..1)).value().unwrap()), vec![0; 3]);
}

#[test]
fn threads_agree() {
    let tape = Tape::<f32>::new();
    let (a, b) = (operand(&tape, [70, 300], Lies::Plain, 1), operand(&tape, [300, 90], Lies::Transposed, 2));
    let program = tape.program(&[a.matmul(b)]).unwrap();
    let inputs = [70 * 300, 300 * 90].map(|size| (0..size).map(|i| (i as f32).sin()).collect::<Vec<_>>());
    let inputs = || {
        [([70, 300], &inputs[0]), ([90, 300], &inputs[1])]
            .map(|(shape, x)| Input::real(ArrayD::from_shape_vec(shape.to_vec(), x.clone()).unwrap()))
    };
    let here = program.run(&inputs()).unwrap();
    let there = std::thread::scope(|scope| {
        let two = [0; 2].map(|_| scope.spawn(|| program.run(&inputs()).unwrap()));
        two.map(|thread| thread.join().unwrap())
    });
    assert!(there.iter().all(|outputs| bits(&outputs[0]) == bits(&here[0])));
}
