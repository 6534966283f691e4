//! The loss of a model on a data set as a function of its parameters, one vector.

use crate::context::Context;
use crate::data::{Batch, Column, Columns};
use crate::error::mismatch;
use crate::module::{Module, Tree, leaves_mut};
use crate::objective::Objective;
use crate::optim::Position;
use crate::train::evaluate_at;
use autodiff::{Input, Plan, Program, Real, Result, Tape};
use ndarray::ArrayD;

/// Loss and gradient by a plan that is recorded once; the numbers between evaluations are in double precision.
pub(super) struct Function<F: Real> {
    gradient: Plan<F>,
    /// The Hessian times a vector, made when it is first asked for.
    product: Option<Plan<F>>,
    program: Program<F>,
    /// Everything that the programs read.
    inputs: Vec<Input<F>>,
    /// Which of them are the parameters that are trained.
    trained: Vec<usize>,
    pub(super) evaluations: usize,
    pub(super) products: usize,
}

/// The loss and its gradient at a point.
#[derive(Clone)]
pub(super) struct Value {
    pub(super) loss: f64,
    pub(super) gradient: Vec<f64>,
}

impl<F: Real> Function<F> {
    /// The loss as [`evaluate`](crate::evaluate) computes it, and where the model stands.
    #[track_caller]
    pub(super) fn new<M: Module<F>, K>(
        model: &M,
        objective: &impl Objective<F, M, K>,
        data: &dyn Batch<F>,
    ) -> Result<(Self, Vec<f64>, Value)> {
        // What is wrong with the data or the loss is found here, with values.
        evaluate_at(model, objective, ("the data set", data), Position::default())?;
        let tape = Tape::symbolic();
        let mut cx = Context::evaluation(&tape, model);
        let columns = Columns::on(&tape, data);
        cx.declare_all(objective, Position::default());
        let loss = objective.record(model, &columns, &cx)?.loss;
        cx.updated()?;
        loss.shape()?;
        if tape.was_read() {
            let help = "`Trainer` trains such models, recording every step anew";
            return Err(mismatch("minimize", "the model reads numbers while it is recorded").with_help(help));
        }
        let trained: Vec<usize> = cx.trained().map(|(at, ..)| at).collect();
        if trained.is_empty() {
            return Err(mismatch("minimize", "there is no parameter to train"));
        }
        // The reason of a parameter that no gradient reaches, as a training step gives it.
        loss.gradient(&cx.vars())?;
        let program = tape.program(&[loss])?.value_and_grad(&trained)?;
        let mut inputs: Vec<Input<F>> =
            Tree::of(model).leaves.into_iter().map(|(_, leaf)| Input::Real(leaf.array().clone())).collect();
        data.columns(&mut |_, column| {
            inputs.push(match column {
                Column::Real(array) => Input::Real(array.clone()),
                Column::Index(array) => Input::index(array.clone()),
            });
        });
        objective.hyperparameters(Position::default(), &mut |_, value| inputs.push(Input::real(F::of(value))));
        if program.inputs().count() != inputs.len() {
            let message = "the objective puts an array on the tape by `data` or `input`";
            let help =
                "`tape.constant` is for an array that stays the same; what changes is a column or a hyperparameter";
            return Err(mismatch("minimize", message).with_help(help));
        }
        let gradient = program.plan()?;
        let mut function = Function { gradient, product: None, program, inputs, trained, evaluations: 0, products: 0 };
        let point: Vec<f64> = function.parameters().flatten().map(|x| x.double()).collect();
        let value = function.at(&point)?;
        Ok((function, point, value))
    }

    fn parameters(&self) -> impl Iterator<Item = &ArrayD<F>> {
        self.trained.iter().filter_map(|at| match self.inputs.get(*at) {
            Some(Input::Real(array)) => Some(array),
            _ => None,
        })
    }

    /// The arrays of the parameters, filled with the numbers of a vector.
    fn arrays(&self, vector: &[f64]) -> Vec<ArrayD<F>> {
        let mut numbers = vector.iter();
        self.parameters().map(|array| array.map(|_| numbers.next().map_or(F::nan(), |x| F::of(*x)))).collect()
    }

    fn move_to(&mut self, point: &[f64]) {
        for (at, array) in self.trained.iter().zip(self.arrays(point)) {
            if let Some(input) = self.inputs.get_mut(*at) {
                *input = Input::Real(array);
            }
        }
    }

    /// Loss and gradient at a point; an infinite loss where one of them is not finite.
    #[track_caller]
    pub(super) fn at(&mut self, point: &[f64]) -> Result<Value> {
        self.move_to(point);
        self.evaluations += 1;
        let found = self.gradient.run(&self.inputs)?;
        let mut numbers = found.iter().map(|array| array.iter().map(|x| x.double()).collect::<Vec<_>>());
        let loss = numbers.next().and_then(|loss| loss.first().copied()).unwrap_or(f64::NAN);
        let gradient: Vec<f64> = numbers.flatten().collect();
        let is_finite = loss.is_finite() && gradient.iter().all(|g| g.is_finite());
        Ok(Value { loss: if is_finite { loss } else { f64::INFINITY }, gradient })
    }

    /// The Hessian at a point times a vector: the differential of the gradient along it.
    #[track_caller]
    pub(super) fn hessian_times(&mut self, point: &[f64], vector: &[f64]) -> Result<Vec<f64>> {
        if self.product.is_none() {
            self.product = Some(self.program.jvp(&self.trained)?.plan()?);
        }
        self.move_to(point);
        self.products += 1;
        let directions = self.arrays(vector).into_iter().map(Input::Real);
        let inputs: Vec<Input<F>> = self.inputs.iter().cloned().chain(directions).collect();
        let found = match &mut self.product {
            Some(plan) => plan.run(&inputs)?,
            None => Vec::new(),
        };
        // The first is the differential of the loss.
        Ok(found.iter().skip(1).flatten().map(|x| x.double()).collect())
    }

    /// Writes a point into the model.
    #[track_caller]
    pub(super) fn write(&self, model: &mut impl Module<F>, point: &[f64]) -> Result<()> {
        let mut leaves = leaves_mut(model);
        for (at, array) in self.trained.iter().zip(self.arrays(point)) {
            if let Some((_, leaf)) = leaves.get_mut(*at) {
                leaf.set(array)?;
            }
        }
        Ok(())
    }
}
