//! A reverse rule of one's own for a composition: for stability, or for cost.

use crate::base::error::{Error, ErrorKind, Mismatch, Refusal, Result};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{Operand, ViewMut};
use crate::primitive::{Cotangents, Derivative, Dice, Kind, Primitive, Sample, SampleOperand, Signature, Site};
use crate::program::Program;
use crate::tape::value::Value;
use crate::tape::var::Var;
use crate::tape::{Arg, Tape};
use std::fmt;
use std::sync::Arc;

/// A reverse rule given as a function: see [`Tape::with_rule`].
pub type Rule<F> = dyn for<'a, 't> Fn(&Site<'a, 't, F>, Var<'t, F>) -> Cotangents<'t, F> + Send + Sync;

/// A composition as one node, with a reverse rule of its own; it holds the program of the composition.
struct Custom<F: Real> {
    name: &'static str,
    program: Program<F>,
    rule: Arc<Rule<F>>,
}

impl<F: Real> fmt::Debug for Custom<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} nodes", self.name, self.program.len())
    }
}

impl<F: Real> Primitive<F> for Custom<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn signature(&self) -> Signature {
        Signature::Variadic
    }

    fn formula(&self) -> &'static str {
        "a composition with a reverse rule of its own"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let fits = self.program.inputs().map(|(_, shape)| shape).eq(inputs.iter().copied());
        match self.program.outputs().next() {
            Some(shape) if fits => Ok(shape.clone()),
            _ => Err(Mismatch::new("the operands are not those the composition was recorded with")),
        }
    }

    fn evaluate(&self, inputs: &[Operand<'_, F>], mut output: ViewMut<'_, F>) -> Result<(), Refusal> {
        let refuse = |error: Error| Refusal::new(error.message());
        let mut values = self.program.bind_values(inputs.iter().map(|input| match input {
            Operand::Real(view) => Value::Array(Arc::new(view.iter().collect())),
            _ => Value::Unknown,
        }));
        for id in self.program.nodes.ids() {
            self.program.evaluate(id, &mut values).map_err(refuse)?;
        }
        for id in &self.program.outputs {
            let array = self.program.array(*id, &values).map_err(refuse)?;
            output.as_mut_slice().iter_mut().zip(array.iter()).for_each(|(y, x)| *y = *x);
        }
        Ok(())
    }

    fn reverse<'t>(&self, at: &Site<'_, 't, F>, dy: Var<'t, F>) -> Cotangents<'t, F> {
        (self.rule)(at, dy)
    }

    fn tangent<'t>(&self, at: &Site<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Derivative<'t, F> {
        // The composition's own: record it again here, and push the directions through.
        let directions: Vec<_> = dx.iter().enumerate().filter_map(|(i, dx)| dx.map(|dx| (at.x(i), dx))).collect();
        let composed = self.program.record(at.y().tape(), at.inputs());
        let tangent = composed.and_then(|outputs| match outputs.first() {
            Some(y) => y.pushforward(&directions),
            None => Err(Error::new(ErrorKind::FaultyRule, self.name, "the composition has no result")),
        });
        match tangent {
            Ok(dy) => Derivative::Of(dy),
            Err(error) => Derivative::Of(at.y().tape().broken_rule(error.message().to_owned())),
        }
    }

    fn composition(&self) -> Option<&Program<F>> {
        Some(&self.program)
    }

    fn sample(&self, _: &mut Dice) -> Sample<F> {
        let domain = crate::primitive::Domain::between(-3.0, 3.0).at_least(1e-3);
        let operand = |(_, shape): (Kind, &Shape)| SampleOperand::Real(shape.clone(), domain);
        Sample::new(self.program.inputs().map(operand).collect())
    }
}

impl<F: Real> Tape<F> {
    /// Applies `composition` to `inputs` as one node `name` whose reverse derivative is `rule` instead of the composed
    /// one: for a rule that is more stable, or cheaper. Forward mode stays composed.
    ///
    /// The rule is not believed: check it against the composition with
    /// [`check::custom_rule`](crate::check::custom_rule).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// // log(1 + eˣ), whose composed derivative eˣ/(1 + eˣ) is ∞/∞ for large x.
    /// let x = tape.input(800.0);
    /// let y = tape.with_rule(
    ///     "doc::log1p_exp",
    ///     &[x],
    ///     |x| (x[0].exp() + 1.0).log(),
    ///     |at, dy| at.one(|| dy * at.x(0).sigmoid()),
    /// )?;
    /// assert_eq!(y.backward()?.item(x)?, 1.0);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// The error of an input, or of the composition.
    #[track_caller]
    pub fn with_rule<'t>(
        &'t self,
        name: &'static str,
        inputs: &[Var<'t, F>],
        composition: impl for<'s> Fn(&[Var<'s, F>]) -> Var<'s, F>,
        rule: impl for<'a, 's> Fn(&Site<'a, 's, F>, Var<'s, F>) -> Cotangents<'s, F> + Send + Sync + 'static,
    ) -> Result<Var<'t, F>> {
        let shapes = inputs.iter().map(|x| x.shape()).collect::<Result<Vec<_>>>()?;
        let symbolic = Tape::symbolic();
        let mut operands = Vec::new();
        for shape in shapes {
            if let Arg::Real(x) = symbolic.placeholder(Kind::Real, shape) {
                operands.push(x);
            }
        }
        let program = symbolic.program(&[composition(&operands)])?;
        let args: Vec<Arg<'t, F>> = inputs.iter().map(|x| (*x).into()).collect();
        Ok(self.record(Arc::new(Custom { name, program, rule: Arc::new(rule) }), &args))
    }
}
