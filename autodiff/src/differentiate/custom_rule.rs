//! A custom reverse rule for a composition: for stability, or for cost.

use crate::base::error::{Error, ErrorKind, Mismatch, Result};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Cotangents, Derivative, Kernel, Primitive, RuleContext, Signature, Tangents};
use crate::program::Program;
use crate::tape::var::Var;
use crate::tape::{Arg, Tape};
use smallvec::smallvec;
use std::fmt;
use std::sync::Arc;

/// A reverse rule given as a function: see [`Tape::with_rule`].
pub type Rule<F> = dyn for<'a, 't> Fn(&RuleContext<'a, 't, F>, Var<'t, F>) -> Cotangents<'t, F> + Send + Sync;

/// A composition as one node, with a reverse rule of its own: the program of the composition, and the rule.
struct Custom<F: Real> {
    name: &'static str,
    body: [Program<F>; 1],
    rule: Arc<Rule<F>>,
}

impl<F: Real> Custom<F> {
    fn program(&self) -> &Program<F> {
        let [program] = &self.body;
        program
    }
}

impl<F: Real> fmt::Debug for Custom<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} nodes", self.name, self.program().len())
    }
}

impl<F: Real> Primitive<F> for Custom<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn bodies(&self) -> &[Program<F>] {
        &self.body
    }

    fn signature(&self) -> Signature {
        Signature::Variadic(Signature::REAL)
    }

    fn formula(&self) -> &'static str {
        "a composition with a reverse rule of its own"
    }

    fn shape(&self, inputs: &[&Shape]) -> Result<Shape, Mismatch> {
        let fits = self.program().inputs().map(|(_, shape)| shape).eq(inputs.iter().copied());
        match self.program().outputs().next() {
            Some((_, shape)) if fits => Ok(shape.clone()),
            _ => Err(Mismatch::new("the operands are not those the composition was recorded with")),
        }
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::Program
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        (self.rule)(at, at.dy())
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        // The composition's own: record it again here, and push the directions through.
        let directions: Vec<_> = dx.iter().enumerate().filter_map(|(i, dx)| dx.map(|dx| (at.x(i), dx))).collect();
        let composed = self.program().record(at.tape(), at.inputs());
        let tangent = composed.and_then(|outputs| match outputs.first() {
            Some(y) => y.pushforward(&directions),
            None => Err(Error::new(ErrorKind::FaultyRule, self.name, "the composition has no result")),
        });
        smallvec![Derivative::Of(match tangent {
            Ok(dy) => dy,
            Err(error) => at.tape().broken_rule(error.message().to_owned()),
        })]
    }
}

impl<F: Real> Tape<F> {
    /// Applies `composition` to `inputs` as one node `name` whose reverse derivative is `rule` instead of the composed
    /// one: for a rule that is more stable, or cheaper. Forward mode stays composed.
    ///
    /// Programs and plans follow the rule as recording does; a plan writes the composition out in its place. A text shows the
    /// composition, and cannot be read again: the rule is a function, which is in no text and in no registry. For the same
    /// reason a program with a rule is not [cast](crate::Program::cast). Where either is wanted, write a
    /// [`Primitive`](crate::Primitive), with an entry in the registry.
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
        rule: impl for<'a, 's> Fn(&RuleContext<'a, 's, F>, Var<'s, F>) -> Cotangents<'s, F> + Send + Sync + 'static,
    ) -> Result<Var<'t, F>> {
        let shapes = inputs.iter().map(|x| x.shape()).collect::<Result<Vec<_>>>()?;
        let symbolic = Tape::symbolic();
        let mut operands = Vec::new();
        for shape in shapes {
            operands.push(symbolic.symbolic_input(shape));
        }
        let program = symbolic.program(&[composition(&operands)])?;
        let args: Vec<Arg<'t, F>> = inputs.iter().map(|x| (*x).into()).collect();
        Ok(self.record(Arc::new(Custom { name, body: [program], rule: Arc::new(rule) }), &args))
    }
}
