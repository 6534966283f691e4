//! Triangles of matrices.

use crate::base::attributes::Attributes;
use crate::base::error::{Error, ErrorKind, Mismatch, Refusal, Result};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::{
    Call, Cotangents, Domain, Entry, Kernel, Primitive, RuleContext, Sample, SampleOperand, Tangents,
};
use crate::tape::var::Var;
use std::sync::Arc;

/// yᵢⱼ = xᵢⱼ where j − i ≤ diagonal (upper: ≥), else 0
#[derive(Clone, Debug)]
pub struct Triangle {
    upper: bool,
    diagonal: isize,
}

impl Triangle {
    fn parse(attributes: &Attributes) -> Result<Self> {
        let diagonal = isize::try_from(attributes.integer("diagonal")?)
            .map_err(|_| Error::new(ErrorKind::Registry, "triangle", "the diagonal is beyond every matrix"))?;
        Ok(Triangle { upper: attributes.flag("upper")?, diagonal })
    }
}

impl<F: Real> Primitive<F> for Triangle {
    fn name(&self) -> &'static str {
        "triangle"
    }

    fn attributes(&self) -> Attributes {
        let diagonal = i64::try_from(self.diagonal).unwrap_or(if self.diagonal < 0 { i64::MIN } else { i64::MAX });
        Attributes::new().with_flag("upper", self.upper).with_integer("diagonal", diagonal)
    }

    fn formula(&self) -> &'static str {
        "yᵢⱼ = xᵢⱼ where j − i ≤ diagonal (upper: ≥), else 0"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        match inputs {
            [x] if x.rank() >= 2 => Ok((*x).clone()),
            [x] => Err(Mismatch::new(format!("x {x} should be a matrix, or an array of them"))),
            _ => Err(Mismatch::new("takes 1 operand")),
        }
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        let part = if self.upper { kernels::Triangle::Upper } else { kernels::Triangle::Lower };
        kernels::triangle(call.x(0)?, part, self.diagonal, call.y(0)?)
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.one(|| at.dy().apply(Arc::new(self.clone())))
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| dx.apply(Arc::new(self.clone())))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    let example = Triangle { upper: false, diagonal: 0 };
    Entry::new(Arc::new(example), |a| Ok(Arc::new(Triangle::parse(a)?).into())).sampled(|generator| {
        let x = generator.shape(2, 4);
        let diagonal = [-2, -1, 0, 1, 2].get(generator.integer(0, 4)).copied().unwrap_or(0);
        let primitive = Arc::new(Triangle { upper: generator.flip(), diagonal });
        Sample::new(primitive, vec![SampleOperand::Real(x, Domain::REALS)])
    })
}

impl<'t, F: Real> Var<'t, F> {
    /// The lower triangle of a matrix, or of each matrix \[…, m, n\]: xᵢⱼ where j − i ≤ `diagonal`, 0 elsewhere. NumPy's
    /// `tril`. What lies outside has no part, NaN included; its own adjoint.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.tril(0).value().unwrap(), ndarray::array![[1.0, 0.0], [3.0, 4.0]].into_dyn());
    /// assert_eq!(x.tril(-1).value().unwrap(), ndarray::array![[0.0, 0.0], [3.0, 0.0]].into_dyn());
    /// ```
    #[track_caller]
    pub fn tril(self, diagonal: isize) -> Self {
        self.apply(Arc::new(Triangle { upper: false, diagonal }))
    }

    /// The upper triangle of a matrix, or of each matrix \[…, m, n\]: xᵢⱼ where j − i ≥ `diagonal`, 0 elsewhere. NumPy's
    /// `triu`; see [`tril`](Self::tril).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.triu(1).value().unwrap(), ndarray::array![[0.0, 2.0], [0.0, 0.0]].into_dyn());
    /// ```
    #[track_caller]
    pub fn triu(self, diagonal: isize) -> Self {
        self.apply(Arc::new(Triangle { upper: true, diagonal }))
    }
}
