//! The matrix product.

use crate::base::error::{Mismatch, Refusal};
use crate::base::real::Real;
use crate::base::shape::{Layout, Shape};
use crate::kernels;
use crate::primitive::{
    Call, Cotangents, Domain, Entry, General, Kernel, Notation, Primitive, RuleContext, Sample, SampleOperand,
    Signature, Tangents,
};
use crate::tape::var::Var;

/// y = a·b
#[derive(Debug)]
pub struct MatMul;

impl<F: Real> Primitive<F> for MatMul {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn signature(&self) -> Signature {
        Signature::BINARY
    }

    fn formula(&self) -> &'static str {
        "yᵢⱼ = Σₖ aᵢₖ·bₖⱼ"
    }

    fn notation(&self) -> Notation {
        Notation::Infix("@", 2)
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        match inputs {
            [a, b] => match (&***a, &***b) {
                ([m, k], [l, n]) if k == l => Ok([*m, *n].into()),
                ([m, k], [l]) if k == l => Ok([*m].into()),
                _ => kernels::matmul_shape(a, b).map_err(|mismatch| match remedy(a, b) {
                    Some(help) => mismatch.with_help(help),
                    None => mismatch,
                }),
            },
            _ => Err(Mismatch::new("takes 2 operands")),
        }
    }

    fn kernel(&self, inputs: &[&Shape]) -> Kernel<F> {
        let prepare = |inputs: &[&Layout]| match inputs {
            [a, b] => kernels::prepared_product(a, b),
            _ => None,
        };
        let [a, b] = inputs else { return Kernel::general() };
        let size = kernels::matmul_shape(a, b).map_or(0, |shape| shape.size());
        let work = size.saturating_mul(a.last().copied().unwrap_or(0));
        match (&***a, &***b) {
            // Rows of the result are rows of a where a is a matrix, and there are no more of them, and matrices of a (and of b)
            // where it has several.
            ([_, _], [_] | [_, _]) => {
                let general = General { prepare: Some(prepare), product: b.rank() == 2, ..General::default() };
                Kernel::General(general).divided(&[true, false], work)
            }
            ([_, _, _, ..], [_] | [_, _]) => {
                let general = General { product: b.rank() == 2, ..General::default() };
                Kernel::General(general).divided(&[true, false], work)
            }
            ([n, _, _, ..], [m, _, _, ..]) if n == m && a.rank() == b.rank() => {
                Kernel::general().divided(&[true, true], work)
            }
            _ => Kernel::general(),
        }
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::matmul(call.x(0)?, call.x(1)?, call.y(0)?)
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        let (a, b) = (at.shape(0), at.shape(1));
        match (&*a, &*b) {
            ([_, _], [_, _]) => at.two(|| at.dy().matmul(at.x(1).transpose()), || at.x(0).transpose().matmul(at.dy())),
            // A vector operand: the notes' r₁φ(ζ) = ζ·xᵀ, an outer product.
            ([m, _], [k]) => at.two(
                || at.dy().reshape([*m, 1]).matmul(at.x(1).reshape([1, *k])),
                || at.x(0).transpose().matmul(at.dy()),
            ),
            _ => Batched::of(&a, &b).reverse(at),
        }
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |i, dx| if i == 0 { dx.matmul(at.x(1)) } else { at.x(0).matmul(dx) })
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&MatMul).sampled(|generator| {
        let [m, k, n] = [0; 3].map(|_| generator.integer(1, 4));
        let lead: Vec<usize> = (0..generator.integer(0, 2)).map(|_| generator.integer(1, 3)).collect();
        let vectors = (generator.integer(0, 4) == 0, generator.integer(0, 2) == 0);
        // The leading axes of an operand: those that are left after some, with some of length 1.
        let mut operand = |vector: bool, matrix: [usize; 2]| -> Shape {
            let from = generator.integer(0, lead.len());
            let lead = lead.iter().skip(from).map(|length| if generator.integer(0, 2) == 0 { 1 } else { *length });
            if vector { [k].into() } else { lead.chain(matrix).collect() }
        };
        let (a, b) = (operand(vectors.0, [m, k]), operand(vectors.1, [k, n]));
        let domain = Domain::between(-1e6, 1e6).at_least(1e-6);
        Sample::new(&MatMul, vec![SampleOperand::Real(a, domain), SampleOperand::Real(b, domain)])
    })
}

/// Another order of the axes of an operand that would fit, found by trying.
fn remedy(a: &Shape, b: &Shape) -> Option<String> {
    let exchanged = |shape: &Shape| -> Option<Shape> {
        let [lead @ .., m, n] = &**shape else { return None };
        // That of a matrix the tape finds itself.
        (!lead.is_empty()).then(|| lead.iter().chain([n, m]).copied().collect())
    };
    let trials = [("a", exchanged(a), Some(b.clone())), ("b", Some(a.clone()), exchanged(b))];
    trials.into_iter().find_map(|(name, a, b)| {
        let shape = kernels::matmul_shape(&a?, &b?).ok()?;
        Some(format!("`{name}.transpose_last()` would fit and give {shape}"))
    })
}

/// The shapes of a product with leading axes, or with a vector where it takes the place of a matrix.
struct Batched {
    /// The operands as matrices: a vector a is one row, a vector b one column.
    a: Shape,
    b: Shape,
    /// The result as matrices.
    y: Shape,
}

impl Batched {
    fn of(a: &Shape, b: &Shape) -> Self {
        let a = if let [k] = **a { [1, k].into() } else { a.clone() };
        let b = if let [k] = **b { [k, 1].into() } else { b.clone() };
        let y = kernels::matmul_shape(&a, &b).unwrap_or_default();
        Batched { a, b, y }
    }

    /// Ā = Ȳ·Bᵀ and B̄ = Aᵀ·Ȳ for each matrix, summed where an operand was repeated.
    fn reverse<'t, F: Real>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        let (a, b, dy) = (|| shaped(at.x(0), &self.a), || shaped(at.x(1), &self.b), || shaped(at.dy(), &self.y));
        let back = |dx: Var<'t, F>, to: &Shape, i| {
            let dx = if dx.shape().is_ok_and(|shape| shape == *to) { dx } else { dx.sum_to(to.clone()) };
            shaped(dx, &at.shape(i))
        };
        at.two(
            || back(dy().matmul(b().transpose_last()), &self.a, 0),
            || match (&*self.a, &*self.b) {
                // One matrix b for all: the rows of all matrices a are those of one, and their sum is its product.
                ([lead @ .., m, k], [_, n]) => {
                    let rows = lead.iter().product::<usize>() * m;
                    back(
                        shaped(a(), &[rows, *k].into()).transpose().matmul(shaped(dy(), &[rows, *n].into())),
                        &self.b,
                        1,
                    )
                }
                _ => back(a().transpose_last().matmul(dy()), &self.b, 1),
            },
        )
    }
}

/// `x` in this shape.
#[track_caller]
fn shaped<'t, F: Real>(x: Var<'t, F>, shape: &Shape) -> Var<'t, F> {
    if x.shape().is_ok_and(|own| own == *shape) { x } else { x.reshape(shape.clone()) }
}

impl<'t, F: Real> Var<'t, F> {
    /// The matrix product: \[m, k\] times \[k, n\] is \[m, n\].
    ///
    /// By NumPy's rules (`matmul`) for other numbers of axes: the last two are those of a matrix, and the axes before them
    /// broadcast, so that \[…, m, k\] times \[…, k, n\] is \[…, m, n\]. A vector \[k\] on the left is one row, a vector on
    /// the right one column, and the axis of length 1 that it gives is left out: \[m, k\] times \[k\] is \[m\], and of two
    /// vectors the product is a number. Each matrix of the result is summed as if it were alone.
    ///
    /// Reverse: Ā = Ȳ·Bᵀ and B̄ = Aᵀ·Ȳ, the notes' r₁φ and rφ (Matt R, *Neural Networks*, June 2022, §3.4), summed over the
    /// axes along which an operand was repeated.
    ///
    /// Inner lengths that differ, leading axes that do not broadcast, or an operand that is a number are errors that name
    /// the axes.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let a = tape.input([[1.0, 2.0], [3.0, 4.0]]);
    /// let x = tape.input([1.0, 1.0]);
    /// assert_eq!(a.matmul(x).value().unwrap(), ndarray::array![3.0, 7.0].into_dyn());
    /// let batch = tape.input(ndarray::Array3::ones((5, 3, 2)));
    /// assert_eq!(batch.matmul(a).shape().unwrap(), [5, 3, 2].into());
    /// ```
    #[track_caller]
    pub fn matmul(self, other: Self) -> Self {
        self.apply2(&MatMul, other)
    }
}
