//! The matrix product against its definition, bit for bit and through the public interface: the order of summation of an
//! element depends on the shapes alone, however the operands lie in memory.

use autodiff::{Input, Real, Tape, Var};
use ndarray::{Array2, ArrayD, Ix2};
use proptest::prelude::*;

/// A multiply-add is rounded once where hardware fuses it, twice elsewhere.
fn multiply_add<F: Real>(a: F, b: F, sum: F) -> F {
    if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) { a.mul_add(b, sum) } else { a * b + sum }
}

/// A chain over the k of each block, and the blocks added in order: the fewest equal blocks of at most 256. Where b is one
/// column, sixteen chains over blocks of 4,096, added in pairs.
fn defined<F: Real>(a: &Array2<F>, b: &Array2<F>) -> Array2<F> {
    let (k, count) = (a.ncols(), if b.ncols() == 1 { 16 } else { 1 });
    let block = if count == 16 { 4096 } else { k.div_ceil(k.div_ceil(256).max(1)).max(1) };
    Array2::from_shape_fn((a.nrows(), b.ncols()), |(i, j)| {
        let pairs: Vec<(F, F)> = a.row(i).iter().copied().zip(b.column(j).iter().copied()).collect();
        let sum = |block: &[(F, F)]| {
            let mut sums = vec![F::zero(); count];
            for (at, (a, b)) in block.iter().enumerate() {
                sums[at % count] = multiply_add(*a, *b, sums[at % count]);
            }
            while sums.len() > 1 {
                let upper = sums.split_off(sums.len() / 2);
                sums.iter_mut().zip(upper).for_each(|(x, y)| *x = *x + y);
            }
            sums[0]
        };
        pairs.chunks(block).map(sum).reduce(|total, sum| total + sum).unwrap_or(F::zero())
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

/// Operands whose leading axes broadcast, or that are vectors.
fn batched() -> impl Strategy<Value = [Vec<usize>; 2]> {
    let lead = prop::collection::vec(prop_oneof![1 => Just(0), 9 => 1..4usize], 0..=2);
    let ones = prop::collection::vec([prop::bool::weighted(0.2), prop::bool::weighted(0.3)], 2);
    let vectors = [prop::bool::weighted(0.15), prop::bool::weighted(0.15)];
    (lead, ones, [1..5usize, 0..20, 1..5], vectors, [0..=2usize, 0..=2]).prop_map(
        |(lead, ones, [m, k, n], vectors, skip)| {
            let of = |i: usize, matrix: [usize; 2]| {
                let axes = lead.iter().zip(&ones).map(|(length, one)| if one[i] { 1 } else { *length }).skip(skip[i]);
                if vectors[i] { vec![k] } else { axes.chain(matrix).collect() }
            };
            [of(0, [m, k]), of(1, [k, n])]
        },
    )
}

fn filled<F: Real>(shape: &[usize], seed: u64) -> ArrayD<F> {
    let mut state = seed;
    ArrayD::from_shape_simple_fn(shape.to_vec(), || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        F::of((state >> 40) as f64 / f64::from(1 << 23) - 1.0)
    })
}

/// The matrices of an operand as one array \[count, rows, columns\] after broadcasting its leading axes.
fn matrices<F: Real>(x: &ArrayD<F>, lead: &[usize], vector: [usize; 2]) -> Vec<Array2<F>> {
    let shape = if x.ndim() == 1 { vector.to_vec() } else { x.shape().to_vec() };
    let x = x.to_shape(shape.clone()).unwrap();
    let full = [lead, &shape[shape.len() - 2..]].concat();
    let count = lead.iter().product::<usize>();
    let wide = x.broadcast(full).unwrap().to_owned();
    let wide = wide.into_shape_with_order((count, shape[shape.len() - 2], shape[shape.len() - 1])).unwrap();
    wide.outer_iter().map(|matrix| matrix.to_owned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Each matrix of a product is the product of two matrices, bit for bit; the derivative is that of a sum of products.
    #[test]
    fn products_of_many_matrices([shape_a, shape_b] in batched(), seed: u64) {
        let (a, b) = (filled::<f64>(&shape_a, seed), filled::<f64>(&shape_b, seed ^ 1));
        let tape = Tape::new();
        let (va, vb) = (tape.input(&a), tape.input(&b));
        let product = va.matmul(vb);
        let y = product.value().unwrap();
        let vectors = usize::from(a.ndim() == 1) + usize::from(b.ndim() == 1);
        let lead = y.shape()[..y.ndim() + vectors - 2].to_vec();
        let k = *shape_a.last().unwrap();
        let (left, right) = (matrices(&a, &lead, [1, k]), matrices(&b, &lead, [k, 1]));
        let expected: Vec<u64> =
            left.iter().zip(&right).flat_map(|(a, b)| bits(&defined(a, b).into_dyn())).collect();
        prop_assert_eq!(bits(&y), expected);

        // Σ z·y as a sum over elements: what each element of an operand meets.
        let z = filled::<f64>(y.shape(), seed ^ 2);
        let gradients = product.backward_from(&z).unwrap();
        let slope = |x: Var<'_, f64>| gradients.get(x).unwrap().to_owned();
        let step = |v: &ArrayD<f64>, i: usize| {
            let mut unit = ArrayD::zeros(v.raw_dim());
            if let Some(x) = unit.iter_mut().nth(i) {
                *x = 1.0;
            }
            unit
        };
        for (x, of_a) in [(&a, true), (&b, false)] {
            let found = slope(if of_a { va } else { vb });
            prop_assert_eq!(found.shape(), x.shape());
            for (i, slope) in found.iter().enumerate().take(12) {
                let unit = tape.input(step(x, i));
                let moved = if of_a { unit.matmul(vb) } else { va.matmul(unit) };
                let expected = (moved.value().unwrap() * &z).sum();
                prop_assert!((slope - expected).abs() <= 1e-12 * (1.0 + k as f64), "{slope} is not {expected}");
            }
        }
    }
}

/// Σ over the letters that the result lacks, as loops.
fn summed(subscripts: &str, operands: &[ArrayD<f64>]) -> ArrayD<f64> {
    let (left, result) = subscripts.split_once("->").unwrap();
    let labels: Vec<Vec<char>> = left.split(',').map(|text| text.trim().chars().collect()).collect();
    let result: Vec<char> = result.trim().chars().collect();
    let mut letters: Vec<(char, usize)> = Vec::new();
    for (labels, x) in labels.iter().zip(operands) {
        let known = |letters: &Vec<(char, usize)>, letter| letters.iter().any(|(other, _)| *other == letter);
        for (letter, length) in labels.iter().zip(x.shape()) {
            if !known(&letters, *letter) {
                letters.push((*letter, *length));
            }
        }
    }
    let length = |letter: &char| letters.iter().find(|(other, _)| other == letter).unwrap().1;
    let mut y = ArrayD::zeros(result.iter().map(length).collect::<Vec<_>>());
    let all: Vec<usize> = letters.iter().map(|(_, length)| *length).collect();
    for index in ndarray::indices(all) {
        let index = ndarray::Dimension::slice(&index);
        let place = |letter: &char| index[letters.iter().position(|(other, _)| other == letter).unwrap()];
        let at = |labels: &[char]| labels.iter().map(place).collect::<Vec<_>>();
        let product: f64 = labels.iter().zip(operands).map(|(labels, x)| x[at(labels).as_slice()]).product();
        y[at(&result).as_slice()] += product;
    }
    y
}

#[test]
fn einstein_sums_are_their_loops() {
    let cases: [(&str, &[&[usize]]); 17] = [
        ("ij,jk->ik", &[&[2, 3], &[3, 4]]),
        ("bij,bjk->bik", &[&[5, 2, 3], &[5, 3, 4]]),
        ("bij,bjk->ikb", &[&[5, 2, 3], &[5, 3, 4]]),
        ("bhqd,bhkd->bhqk", &[&[2, 3, 4, 5], &[2, 3, 6, 5]]),
        ("bhqk,bhkd->bqhd", &[&[2, 3, 4, 6], &[2, 3, 6, 5]]),
        ("i,j->ij", &[&[3], &[4]]),
        ("i,i->", &[&[3], &[3]]),
        ("ij,ij->", &[&[3, 2], &[3, 2]]),
        ("ij,ji->j", &[&[3, 2], &[2, 3]]),
        ("ij,ij->ij", &[&[3, 2], &[3, 2]]),
        ("ijk->kj", &[&[2, 3, 4]]),
        ("ij->", &[&[2, 3]]),
        (" i j , k -> k ", &[&[2, 3], &[4]]),
        ("ij,jk,kl->il", &[&[2, 3], &[3, 4], &[4, 2]]),
        ("ai,bi,ci->abc", &[&[2, 3], &[4, 3], &[2, 3]]),
        ("i,ij,j->", &[&[2], &[2, 3], &[3]]),
        ("ij,k->ik", &[&[2, 0], &[3]]),
    ];
    let tape = Tape::<f64>::new();
    for (subscripts, shapes) in cases {
        let arrays: Vec<ArrayD<f64>> =
            shapes.iter().enumerate().map(|(i, shape)| filled(shape, i as u64 + 7)).collect();
        let vars: Vec<Var<'_, f64>> = arrays.iter().map(|x| tape.input(x)).collect();
        let y = tape.einsum(subscripts, &vars);
        let expected = summed(&subscripts.replace(' ', ""), &arrays);
        let value = y.value().unwrap();
        assert_eq!(value.shape(), expected.shape(), "{subscripts}");
        assert!(value.iter().zip(&expected).all(|(a, b)| (a - b).abs() <= 1e-13 * (1.0 + b.abs())), "{subscripts}");
        // The derivative by an operand is the sum of the others and the cotangent, with the letters exchanged.
        let z = filled::<f64>(value.shape(), 99);
        let gradients = y.backward_from(&z).unwrap();
        let (left, result) = subscripts.split_once("->").unwrap();
        let labels: Vec<&str> = left.split(',').collect();
        for (i, x) in vars.iter().enumerate() {
            // Letters of this operand alone are summed; an array of ones takes its place among the factors.
            let mut factors = arrays.clone();
            factors[i] = ArrayD::ones(arrays[i].raw_dim());
            factors.push(z.clone());
            let adjoint = format!("{},{result}->{}", labels.join(","), labels[i]).replace(' ', "");
            let expected = summed(&adjoint, &factors);
            let found = gradients.get(*x).unwrap();
            let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-13 * (1.0 + b.abs());
            assert!(found.iter().zip(&expected).all(close), "{subscripts} by operand {i}");
        }
    }
    let (a, b) = (tape.input(filled::<f64>(&[2, 3], 1)), tape.input(filled::<f64>(&[3, 4], 2)));
    assert_eq!(tape.einsum("ij,jk", &[a, b]).value().unwrap(), a.matmul(b).value().unwrap());
    assert_eq!(tape.einsum("ba", &[a]).value().unwrap(), a.transpose().value().unwrap());
}
