//! Every loop that becomes vector code gives the same bits with all instructions that the machine has. That none is missing
//! here is a test, too (`tests/project/tidy.rs`); products are in `matmul/tests.rs`, and the functions of elementwise
//! primitives in `primitive/level_tests.rs`.

#![allow(clippy::unwrap_used)]

use super::laid::assert_same;
use super::matmul::prepared::{self, Tiny};
use super::pair::{Arithmetic, Pair};
use super::simd::{self, Level};
use super::sum::CHUNK;
use super::usually::{self, Usually};
use super::{Elementwise, Fused, Lane, deviations, fused, max, pool, random, softmax, sum};
use crate::base::real::Real;

/// Numbers of all magnitudes, and among them zeros of both signs, and where they are asked for infinities and NaN.
pub(crate) fn numbers<F: Real>(count: usize, seed: u64, odd: bool) -> Vec<F> {
    let mut state = seed;
    let mut next = || {
        // splitmix64
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    };
    let number = |random: u64| {
        let unit = (random >> 11) as f64 / (1u64 << 53) as f64;
        let edges = [F::zero(), F::neg_zero(), F::infinity(), F::neg_infinity(), F::nan(), F::min_positive_value()];
        match random % 64 {
            edge @ 0..6 if odd || edge < 2 => edges[edge as usize],
            6..12 => F::of((unit - 0.5) * 200.0),
            12..16 => F::of((unit - 0.5) * 1e-30),
            _ => F::of((unit - 0.5) * 8.0),
        }
    };
    (0..count).map(|_| number(next())).collect()
}

/// Whether all levels give the same bits; any NaN equals any NaN.
#[track_caller]
pub(crate) fn agree<F: Real>(what: &str, run: impl Fn(Level) -> Vec<F>) {
    let mut levels = Level::all().into_iter();
    let expected = run(levels.next().unwrap());
    for level in levels {
        let found = run(level);
        assert_eq!(found.len(), expected.len());
        for (i, (a, b)) in found.iter().zip(&expected).enumerate() {
            let same = a.double().to_bits() == b.double().to_bits() || (a.is_nan() && b.is_nan());
            assert!(same, "{what}, {}, {level:?}: element {i} is {a:?}, not {b:?}", F::NAME);
        }
    }
}

/// Lengths below and above those of vectors, of partial sums, and of chunks.
fn lengths() -> impl Iterator<Item = usize> {
    let most = if cfg!(miri) { 20 } else { 140 };
    (1..most).chain([CHUNK - 1, CHUNK])
}

fn both(test: impl Fn(u64, bool)) {
    for seed in 0..if cfg!(miri) { 1 } else { 4 } {
        test(seed, false);
        test(seed, true);
    }
}

fn sums<F: Real>(seed: u64, odd: bool) {
    assert_eq!(sum::sum_of_chunks::<F>(&[]), F::zero());
    for n in lengths() {
        let x: Vec<F> = numbers(2 * n, seed, odd);
        agree("one_chunk", |level| vec![sum::one_chunk::at(level, &x[..n])]);
        // More than there are partial sums.
        if n > 16 {
            let (left, right) = x.split_at(n);
            agree("two_chunks", |level| vec![sum::two_chunks::at(level, [left, right])]);
        }
    }
    for n in lengths().step_by(7) {
        for (count, gap) in [(1, 0), (3, 2), (9, 0)] {
            let x: Vec<F> = numbers(count * (n + gap), seed, odd);
            agree("rows", |level| {
                let mut y = vec![F::zero(); count];
                sum::rows::at(level, &x, n, n + gap, &mut y);
                y
            });
        }
        let x: Vec<F> = numbers(n * 40, seed, odd);
        let rows: Vec<usize> = (0..n).map(|i| i * 37 % n * 40).collect();
        agree("even_chunk", |level| sum::even_chunk::at::<F, 4>(level, &x, n, 40).to_vec());
        agree("even_chunk", |level| sum::even_chunk::at::<F, 8>(level, &x, n, 40).to_vec());
        agree("even_chunk", |level| sum::even_chunk::at::<F, 32>(level, &x, n, 40).to_vec());
        agree("listed_chunk", |level| sum::listed_chunk::at::<F, 4>(level, &x, &rows).to_vec());
        agree("listed_chunk", |level| sum::listed_chunk::at::<F, 8>(level, &x, &rows).to_vec());
        agree("listed_chunk", |level| sum::listed_chunk::at::<F, 32>(level, &x, &rows).to_vec());
    }
}

fn sums_of_all_levels() {
    both(sums::<f32>);
    both(sums::<f64>);
}

fn largest<F: Real>(seed: u64, odd: bool) {
    for n in lengths() {
        let x: Vec<F> = numbers(3 * (n + 1), seed, odd);
        agree("largest_of_piece", |level| vec![max::largest_of_piece::at(level, &x[..n])]);
        agree("rows", |level| {
            let mut y = vec![F::zero(); 3];
            max::rows::at(level, &x, n, n + 1, &mut y);
            y
        });
        agree("raise", |level| {
            let mut y = x[..n].to_vec();
            max::raise::at(level, &mut y, &x[n..2 * n]);
            y
        });
    }
}

fn largest_elements_of_all_levels() {
    both(largest::<f32>);
    both(largest::<f64>);
}

/// A product where b is small, and something else elsewhere.
#[derive(Clone, Copy)]
struct Near;

impl<F: Real> Usually<F> for Near {
    #[inline(always)]
    fn is_common(self, _: F, b: F) -> bool {
        b.abs() <= F::of(3.9)
    }

    #[inline(always)]
    fn common(self, a: F, b: F) -> F {
        a * b
    }

    #[inline(always)]
    fn other(self, a: F, b: F) -> F {
        a.exponential() + b
    }
}

fn exponentials<F: Real>(seed: u64, odd: bool) {
    for n in lengths() {
        let x: Vec<F> = numbers(3 * n, seed, odd);
        let changed = |run: &dyn Fn(&mut [F])| {
            let mut y = x.clone();
            run(&mut y);
            y
        };
        agree("sum_of_exponentials", |level| {
            let mut y = x[..n].to_vec();
            let sum = softmax::sum_of_exponentials::at(level, &mut y, F::of(0.75));
            y.push(sum);
            y
        });
        let d: Vec<F> = numbers(3 * n, seed + 3, odd);
        agree("deviations_of_rows", |level| {
            changed(&|y| deviations::deviations_of_rows::at(level, y, &x, &d, n, &mut vec![F::zero(); n]))
        });
        agree("adjoint_of_rows", |level| {
            changed(&|y| deviations::adjoint_of_rows::at(level, y, &x, &d, n, &mut vec![F::zero(); n]))
        });
        agree("largest_of_pairs", |level| {
            let (mut y, mut indices) = (x[..n].to_vec(), vec![0; n]);
            let row = pool::Place { first: 0, count: 2, step: 1, padded: 2 };
            let plane = pool::pairs::Plane { rows: &[row], windows: n, width: 2 * n, step: n };
            pool::pairs::largest_of_pairs::at(level, &x, &plane, &mut y, &mut indices);
            y.extend(indices.iter().map(|i| F::of(*i as f64)));
            y
        });
        agree("in_pieces", |level| changed(&|y| usually::in_pieces::at(level, y, &x, &d, Near)));
        agree("softmax_of_rows", |level| changed(&|y| softmax::softmax_of_rows::at(level, y, n)));
        let (m, r) = (numbers::<F>(3, seed + 9, false), numbers::<F>(3, seed + 7, false));
        agree("shift_rows", |level| changed(&|y| softmax::shift_rows::at(level, y, n, &m, &r)));
        agree("rest_of_rows", |level| {
            let (mut block, mut largest, mut rest) = (vec![F::zero(); 3 * n], [F::zero(); 3], [F::zero(); 3]);
            softmax::rest_of_rows::at(level, &x, n, n, &mut block, &mut largest, &mut rest);
            [&largest[..], &rest].concat()
        });
    }
    for (rows, width) in [(1, 32), (5, 33), (40, 70)] {
        let x: Vec<F> = numbers(rows * width, seed, odd);
        let changed = |run: &dyn Fn(&mut [F])| {
            let mut y = x.clone();
            run(&mut y);
            y
        };
        agree("exponentials_of_columns", |level| {
            changed(&|y| softmax::exponentials_of_columns::at::<F, 1>(level, y, width))
        });
        agree("exponentials_of_columns", |level| {
            changed(&|y| softmax::exponentials_of_columns::at::<F, 8>(level, y, width))
        });
        agree("exponentials_of_columns", |level| {
            changed(&|y| softmax::exponentials_of_columns::at::<F, 32>(level, y, width))
        });
        let totals: [F; 32] = numbers(32, seed + 1, odd).try_into().unwrap();
        agree("divide_columns", |level| changed(&|y| softmax::divide_columns::at::<F, 32>(level, y, width, &totals)));
        let totals: [F; 8] = totals[..8].try_into().unwrap();
        agree("divide_columns", |level| changed(&|y| softmax::divide_columns::at::<F, 8>(level, y, width, &totals)));
        let totals: [F; 1] = totals[..1].try_into().unwrap();
        agree("divide_columns", |level| changed(&|y| softmax::divide_columns::at::<F, 1>(level, y, width, &totals)));
    }
}

fn exponentials_of_all_levels() {
    both(exponentials::<f32>);
    both(exponentials::<f64>);
}

/// A function with multiply-adds.
#[derive(Clone, Copy)]
struct Polynomial;

impl<F: Real> Fused<F> for Polynomial {
    #[inline(always)]
    fn of(self, x: F) -> F {
        x.mul_add(x, F::of(3.0)).mul_add(x, x)
    }
}

fn elements<F: Real>(seed: u64, odd: bool) {
    let operations = [Arithmetic::Add, Arithmetic::Sub, Arithmetic::Mul, Arithmetic::Div];
    for n in lengths().step_by(3) {
        let x: Vec<F> = numbers(3 * n, seed, odd);
        let (a, b, c) = (&x[..n], &x[n..2 * n], &x[2 * n..]);
        agree("all", |level| {
            let tests =
                [simd::all::at(level, a, &|x: F| x.is_finite()), simd::all::at(level, a, &|x: F| x < F::of(90.0))];
            tests.map(|all| F::of(f64::from(u8::from(all)))).to_vec()
        });
        agree("each_and_whether", |level| {
            let mut y = vec![F::zero(); n];
            let all =
                simd::each_and_whether::at(level, &mut y, [a, b], &|[a, b]| a.mul_add(b, a) / b, &|[a, _], y: F| {
                    a > b[0] && !y.is_nan()
                });
            y.push(F::of(f64::from(u8::from(all))));
            y
        });
        agree("units", |level| {
            let mut y = vec![F::zero(); n];
            let words: Vec<[u8; 4]> = a.iter().map(|x| (x.double().to_bits() as u32).to_le_bytes()).collect();
            random::units::at(level, &mut y, &words);
            y
        });
        agree("each_of", |level| {
            let mut y = vec![F::zero(); n];
            fused::each_of::at(level, &mut y, a, Polynomial);
            y
        });
        // Two operations of arithmetic in one loop, each operand a row or a number.
        for (first, second) in operations.iter().flat_map(|first| operations.iter().map(|second| (*first, *second))) {
            for (right, numbers) in (0..8).flat_map(|numbers| [(false, numbers), (true, numbers)]) {
                let Some(pair) = (Pair { first, second, right }).elementwise::<F>() else { continue };
                let lane =
                    |k: u8, row| if numbers >> k & 1 == 1 { Lane::Number(x[k as usize]) } else { Lane::Row(row) };
                agree("a pair", |level| {
                    let mut y = vec![F::zero(); n];
                    pair.row_at(level, &[lane(0, a), lane(1, b), lane(2, c)], &mut y);
                    y
                });
            }
        }
    }
}

/// Each operation of arithmetic on rows and numbers against that of single elements: divisions by powers of two, the
/// smallest and the largest included, are products.
fn arithmetic<F: Real>(seed: u64, odd: bool) {
    use Arithmetic::{Add, Div, Mul, StrongDiv, StrongMul, Sub};
    let tiny = F::min_positive_value() * F::epsilon();
    let huge = F::max_value() / (F::of(2.0) - F::epsilon());
    let powers = [F::of(0.5), F::of(-8.0), F::one(), tiny, F::min_positive_value(), huge, huge / F::of(4.0)];
    let others = [F::zero(), F::of(3.0), F::of(1.5), F::infinity(), F::nan()];
    let x: Vec<F> = numbers(33, seed, odd).into_iter().chain(powers).chain(others).collect();
    for operation in [Add, Sub, Mul, Div, StrongMul, StrongDiv] {
        let function = Elementwise::arithmetic(operation);
        for b in powers.into_iter().chain(others) {
            let expected = |f: &dyn Fn(F) -> F| x.iter().map(|x| f(*x)).collect::<Vec<_>>();
            let found = |lanes: &[Lane<'_, F>]| {
                let mut y = vec![F::zero(); x.len()];
                function.row(lanes, &mut y);
                y
            };
            assert_same(&found(&[Lane::Row(&x), Lane::Number(b)]), &expected(&|x| operation.of(x, b)));
            assert_same(&found(&[Lane::Number(b), Lane::Row(&x)]), &expected(&|x| operation.of(b, x)));
            let row = vec![b; x.len()];
            assert_same(&found(&[Lane::Row(&x), Lane::Row(&row)]), &expected(&|x| operation.of(x, b)));
        }
    }
}

fn arithmetic_on_rows_is_that_of_elements() {
    both(arithmetic::<f32>);
    both(arithmetic::<f64>);
}

fn elements_of_all_levels() {
    both(elements::<f32>);
    both(elements::<f64>);
}

fn tiny<F: Real>(seed: u64, odd: bool) {
    for (rows, depth, columns) in (1..5).flat_map(|m| (1..5).flat_map(move |k| (2..5).map(move |n| (m, k, n)))) {
        let (a, b): (Vec<F>, Vec<F>) = (numbers(40, seed, odd), numbers(40, seed + 1, odd));
        for strides in [([depth, 1], [columns, 1]), ([1, rows], [1, depth]), ([0, 1], [1, 0])] {
            let tiny = Tiny { rows, depth, columns, a: strides.0, b: strides.1 };
            agree("multiply", |level| {
                let mut y = vec![F::zero(); rows * columns];
                prepared::multiply::at(level, &tiny, &a, &b, &mut y);
                y
            });
        }
    }
}

fn tiny_products_of_all_levels() {
    both(tiny::<f32>);
    both(tiny::<f64>);
}

/// Without other levels the tests above say nothing; that has to be seen where it matters.
fn the_machine_has_the_levels_it_says() {
    let levels = Level::all();
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    assert_eq!(levels.len() > 1, is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"));
}

self_tests!(
    sums_of_all_levels,
    largest_elements_of_all_levels,
    exponentials_of_all_levels,
    elements_of_all_levels,
    arithmetic_on_rows_is_that_of_elements,
    tiny_products_of_all_levels,
    the_machine_has_the_levels_it_says,
);
