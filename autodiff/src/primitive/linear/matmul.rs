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
                ([_, k], [l, ..]) if b.rank() <= 2 => {
                    Err(Mismatch::new(format!("the inner lengths differ: axis 1 of a is {k}, axis 0 of b is {l}")))
                }
                ([k], [l]) if k == l => {
                    Err(Mismatch::new("a and b are vectors").with_help("`a.dot(b)` is their inner product"))
                }
                ([k], [l, n]) if k == l => Err(Mismatch::new(format!("a is a vector {a}; a matrix is needed"))
                    .with_help(format!("`a.reshape([1, {k}])` would fit and give [1, {n}]"))),
                _ => Err(Mismatch::new(format!("a matrix times a matrix or a vector is needed, not {a} times {b}"))),
            },
            _ => Err(Mismatch::new("takes 2 operands")),
        }
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        let prepare = |inputs: &[&Layout]| match inputs {
            [a, b] => kernels::prepared_product(a, b),
            _ => None,
        };
        Kernel::General(General { rows: Some(&[true, false]), prepare: Some(prepare), ..General::default() })
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        kernels::matmul(call.x(0)?, call.x(1)?, call.y(0)?)
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.two(
            || match &*at.shape(1) {
                // A vector operand: the notes' r₁φ(ζ) = ζ·xᵀ, an outer product.
                [k] => at.dy().reshape([at.shape(0).first().copied().unwrap_or(0), 1]).matmul(at.x(1).reshape([1, *k])),
                _ => at.dy().matmul(at.x(1).transpose()),
            },
            || at.x(0).transpose().matmul(at.dy()),
        )
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |i, dx| if i == 0 { dx.matmul(at.x(1)) } else { at.x(0).matmul(dx) })
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&MatMul).sampled(|generator| {
        let [m, k, n] = [0; 3].map(|_| generator.integer(1, 4));
        let b: Shape = if generator.flip() { [k].into() } else { [k, n].into() };
        let domain = Domain::between(-1e6, 1e6).at_least(1e-6);
        Sample::new(&MatMul, vec![SampleOperand::Real([m, k].into(), domain), SampleOperand::Real(b, domain)])
    })
}

impl<'t, F: Real> Var<'t, F> {
    /// The matrix product: \[m, k\] times \[k, n\] is \[m, n\]; \[m, k\] times a vector \[k\] is a vector \[m\].
    ///
    /// Reverse: Ā = Ȳ·Bᵀ and B̄ = Aᵀ·Ȳ, the notes' r₁φ and rφ (Matt R, *Neural Networks*, June 2022, §3.4).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let a = tape.input([[1.0, 2.0], [3.0, 4.0]]);
    /// let x = tape.input([1.0, 1.0]);
    /// assert_eq!(a.matmul(x).value().unwrap(), ndarray::array![3.0, 7.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn matmul(self, other: Self) -> Self {
        self.apply2(&MatMul, other)
    }
}
