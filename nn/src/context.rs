//! What a forward pass knows: the tape, the mode, the random key, the bound arrays.

use crate::layer::Layer;
use crate::module::{Buffer, Leaf, Module, Param, Part, Tree, identity, parameters};
use crate::objective::Objective;
use crate::optim::Position;
use autodiff::{Arg, Error, Key, Mismatch, NodeId, Real, Result, Shape, Tape, Var};
use ndarray::ArrayD;
use std::any::TypeId;
use std::cell::{Cell, RefCell};

/// One use of a model on one tape: training or evaluation, with each array of the model bound to the tape once, in the
/// order of [`Module::visit`].
///
/// Arrays and modules are recognised by where they lie in the model, which the context borrows: nothing is hashed,
/// nothing is global, and a clone of a layer is another layer.
///
/// ```
/// use autodiff::Tape;
/// use nn::{Context, Dense, Init, Layer, Random};
///
/// let model = Dense::new(2, 1, Init::Zeros, &mut Random::new(0));
/// let tape = Tape::<f64>::new();
/// let cx = Context::training(&tape, &model, 7);
/// let loss = model.forward(tape.data([[1.0, 2.0]]), &cx).sum(..);
/// let gradients = loss.gradient(&cx.vars())?;
/// assert_eq!(gradients[0].value()?, ndarray::array![[1.0], [2.0]].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
// Cells hold ids and numbers only, never a `Var<'t, F>`: a context serves as one of a shorter lifetime, too.
#[derive(Debug)]
pub struct Context<'t, F: Real> {
    tape: &'t Tape<F>,
    key: Option<Key<'t, F>>,
    streams: Cell<usize>,
    bound: Vec<Bound<'t, F>>,
    /// Where the next array is expected: most models use them in visit order.
    next: Cell<usize>,
    places: Vec<Place>,
    /// Where the next module is expected.
    next_place: Cell<usize>,
    /// The place of the module that is being recorded.
    here: Cell<Option<usize>>,
    hyperparameters: Vec<(String, Var<'t, F>)>,
    /// For each buffer that was updated, its position among the bound arrays, and its next value.
    updates: RefCell<Vec<(usize, NodeId)>>,
    failure: Cell<Option<NodeId>>,
    calls: RefCell<Option<Vec<Call>>>,
}

/// An array of the model on the tape.
#[derive(Debug)]
struct Bound<'t, F: Real> {
    path: String,
    address: usize,
    trained: bool,
    var: Var<'t, F>,
}

/// A module inside the model.
#[derive(Debug)]
struct Place {
    identity: (usize, TypeId),
    path: String,
    /// How often it was recorded.
    uses: Cell<usize>,
}

/// A call of an inner layer, as summaries list them.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) what: String,
    pub(crate) shape: Shape,
    pub(crate) parameters: usize,
}

impl Place {
    fn of<F: Real>(part: &Part<'_, F>) -> Self {
        Place { identity: identity(part.module), path: part.path.clone(), uses: Cell::new(0) }
    }
}

impl<'t, F: Real> Context<'t, F> {
    /// A training pass, whose random numbers come from `key`: an input of the tape, so a replay takes another one.
    ///
    /// If two parts of the model have one path, every array of it is an error var that says so.
    #[track_caller]
    pub fn training(tape: &'t Tape<F>, model: &'t (impl Module<F> + ?Sized), key: u64) -> Self {
        let key = tape.key(key).named("key");
        let mut cx = Context::evaluation(tape, model);
        cx.key = Some(key);
        cx
    }

    /// An evaluation pass: dropout is off, running averages are used and not updated.
    #[track_caller]
    pub fn evaluation(tape: &'t Tape<F>, model: &'t (impl Module<F> + ?Sized)) -> Self {
        let tree = Tree::of(model);
        let mut bound = Vec::with_capacity(tree.leaves.len());
        for (path, leaf) in &tree.leaves {
            let array = leaf.array();
            let trained = leaf.is_trained();
            let var = if trained { tape.input(array) } else { tape.data(array) }.named(path);
            bound.push(Bound { path: path.clone(), address: leaf.address(), trained, var });
        }
        let failure = match tree.duplicate() {
            Some((a, b)) => {
                let (path, a, b) = (&a.path, a.module.describe(), b.module.describe());
                let mismatch = Mismatch::new(format!("two parts of the model have the path `{path}`: {a}, and {b}"))
                    .with_help("give each part a name of its own; a part that is used twice is listed once");
                Some(tape.refuse("visit", &[], mismatch).id())
            }
            None => None,
        };
        Context {
            tape,
            key: None,
            streams: Cell::new(0),
            bound,
            next: Cell::new(0),
            places: tree.parts.iter().map(Place::of).collect(),
            next_place: Cell::new(0),
            here: Cell::new(None),
            hyperparameters: Vec::new(),
            updates: RefCell::new(Vec::new()),
            failure: Cell::new(failure),
            calls: RefCell::new(None),
        }
    }

    /// The tape that is recorded on.
    pub fn tape(&self) -> &'t Tape<F> {
        self.tape
    }

    /// Whether this is a training pass.
    pub fn is_training(&self) -> bool {
        self.key.is_some()
    }

    // ---- arrays of the model -----------------------------------------------------------------------------------------

    /// The var of a parameter of the model. One that the model's `visit` does not list gives an error var.
    #[track_caller]
    pub fn param(&self, param: &Param<F>) -> Var<'t, F> {
        self.bound_var(Leaf::Param(param), "param")
    }

    /// The var of a buffer of the model, with the value it had before this pass. One that the model's `visit` does not
    /// list gives an error var.
    #[track_caller]
    pub fn buffer(&self, buffer: &Buffer<F>) -> Var<'t, F> {
        self.bound_var(Leaf::Buffer(buffer), "buffer")
    }

    /// Says what a buffer is after this training pass: the step writes `next` back to the model, together with the
    /// parameters.
    ///
    /// ```
    /// use autodiff::{Real, Var};
    /// use nn::{Buffer, Context, Layer, Module};
    ///
    /// /// y = x − μ, where μ follows the mean of the batches.
    /// #[derive(Clone, Debug)]
    /// struct Centre<F: Real> {
    ///     mean: Buffer<F>,
    /// }
    ///
    /// impl<F: Real> Module<F> for Centre<F> {
    ///     nn::visit!(F; mean);
    /// }
    ///
    /// impl<F: Real> Layer<F> for Centre<F> {
    ///     fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
    ///         let mean = cx.buffer(&self.mean);
    ///         if cx.is_training() {
    ///             cx.update(&self.mean, 0.9 * mean + 0.1 * x.mean(0));
    ///         }
    ///         x - mean
    ///     }
    /// }
    /// # let model = Centre { mean: Buffer::new([0.0]) };
    /// # let tape = autodiff::Tape::<f64>::new();
    /// # let cx = Context::training(&tape, &model, 0);
    /// # model.forward(tape.data([[1.0], [3.0]]), &cx);
    /// # let updates = cx.updates()?;
    /// # assert_eq!((updates[0].0.as_str(), updates[0].1.value()?), ("mean", ndarray::array![0.2].into_dyn()));
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// Outside a training pass, for another shape, or twice for one buffer it is an error, which [`error`](Self::error)
    /// answers; whatever makes a step or a prediction asks for it.
    #[track_caller]
    pub fn update(&self, buffer: &Buffer<F>, next: Var<'t, F>) {
        let Some(at) = self.find(Leaf::Buffer(buffer)) else {
            self.fail(self.unlisted("update", Leaf::Buffer(buffer)));
            return;
        };
        let path = self.bound.get(at).map_or("", |bound| bound.path.as_str());
        let shape = Shape::from(buffer.array().shape());
        let complaint = match next.shape() {
            Err(_) => {
                self.fail(next);
                return;
            }
            Ok(next) if next != shape => format!("the buffer `{path}` has shape {shape}, its next value {next}"),
            Ok(_) if !self.is_training() => format!("the buffer `{path}` is updated in an evaluation pass"),
            Ok(_) if self.updates.borrow().iter().any(|(known, _)| *known == at) => {
                format!("the buffer `{path}` is updated twice in one pass")
            }
            Ok(_) => {
                self.updates.borrow_mut().push((at, next.id()));
                return;
            }
        };
        let help = "update each buffer once, where `cx.is_training()`";
        self.fail(self.tape.refuse("update", &[next.into()], Mismatch::new(complaint).with_help(help)));
    }

    /// The vars of the parameters that are trained, in the order of `visit`: all but frozen ones.
    pub fn vars(&self) -> Vec<Var<'t, F>> {
        self.trained().map(|(_, _, var)| var).collect()
    }

    /// The gradient of `loss` with respect to each parameter that is trained, by path: what
    /// [`OptimizerState::apply`](crate::OptimizerState::apply) takes.
    ///
    /// # Errors
    /// As [`Var::backward`] and [`Gradients::get`](autodiff::Gradients::get).
    pub fn gradients(&self, loss: Var<'t, F>) -> Result<Vec<(String, ArrayD<F>)>> {
        let mut gradients = loss.backward()?;
        self.trained().map(|(_, path, var)| Ok((path.to_owned(), gradients.take(var)?))).collect()
    }

    /// The next value of each buffer that was updated, by path.
    ///
    /// # Errors
    /// As [`error`](Self::error).
    pub fn updates(&self) -> Result<Vec<(String, Var<'t, F>)>> {
        let path = |at: usize| self.bound.get(at).map_or(String::new(), |bound| bound.path.clone());
        Ok(self.updated()?.into_iter().map(|(at, var)| (path(at), var)).collect())
    }

    /// What went wrong besides error vars: an update that was refused, two parts of one path.
    pub fn error(&self) -> Option<Error> {
        self.failure.get().and_then(|id| self.var(id)).and_then(Var::error)
    }

    /// The parameters that are trained: position among the arrays, path, var.
    pub(crate) fn trained(&self) -> impl Iterator<Item = (usize, &str, Var<'t, F>)> {
        let trained = self.bound.iter().enumerate().filter(|(_, bound)| bound.trained);
        trained.map(|(at, bound)| (at, bound.path.as_str(), bound.var))
    }

    /// The buffers that are updated: position among the arrays, next value.
    pub(crate) fn updated(&self) -> Result<Vec<(usize, Var<'t, F>)>> {
        match self.error() {
            Some(error) => Err(error),
            None => Ok(self.updates.borrow().iter().filter_map(|(at, id)| Some((*at, self.var(*id)?))).collect()),
        }
    }

    fn var(&self, id: NodeId) -> Option<Var<'t, F>> {
        match self.tape.handle(id) {
            Some(Arg::Real(var)) => Some(var),
            _ => None,
        }
    }

    fn fail(&self, error: Var<'t, F>) {
        self.failure.set(self.failure.get().or(Some(error.id())));
    }

    #[track_caller]
    fn bound_var(&self, leaf: Leaf<'_, F>, operation: &str) -> Var<'t, F> {
        if let Some(error) = self.failure.get().and_then(|id| self.var(id)) {
            return error;
        }
        if let Leaf::Param(param) = leaf
            && let Some(error) = param.refused()
        {
            let mismatch = Mismatch::new(format!("the parameter was not made: {}", error.message()));
            return self.tape.refuse(operation, &[], mismatch);
        }
        match self.find(leaf).and_then(|at| self.bound.get(at)) {
            Some(bound) => bound.var,
            None => self.unlisted(operation, leaf),
        }
    }

    fn find(&self, leaf: Leaf<'_, F>) -> Option<usize> {
        let (address, next) = (leaf.address(), self.next.get());
        let is_next = self.bound.get(next).is_some_and(|bound| bound.address == address);
        let at = if is_next { next } else { self.bound.iter().position(|bound| bound.address == address)? };
        self.next.set(at + 1);
        Some(at)
    }

    #[track_caller]
    fn unlisted(&self, operation: &str, leaf: Leaf<'_, F>) -> Var<'t, F> {
        let what = match leaf {
            Leaf::Param(param) => param.describe(),
            Leaf::Buffer(buffer) => buffer.describe(),
        };
        let message = format!("{what} is used that is not of the model this context was made for");
        let help = "make the context for the model that is called; `visit` and `visit_mut` have to list every array, and a \
                    clone has arrays of its own";
        self.tape.refuse(operation, &[], Mismatch::new(message).with_help(help))
    }

    // ---- numbers from outside ----------------------------------------------------------------------------------------

    /// Numbers uniform on [0, 1), another stream of the key at every use: a mask, noise. An error var at evaluation,
    /// which has no key.
    #[track_caller]
    pub fn uniform(&self, shape: impl Into<Shape>) -> Var<'t, F> {
        let stream = self.streams.replace(self.streams.get() + 1);
        match self.key {
            Some(key) => key.uniform(shape, stream),
            None => self.tape.refuse("uniform", &[], Mismatch::new("an evaluation pass has no random key")),
        }
    }

    /// A hyperparameter that the objective declared: a number that is given anew in every step. One that was not
    /// declared gives an error var.
    #[track_caller]
    pub fn hyperparameter(&self, name: &str) -> Var<'t, F> {
        match self.hyperparameters.iter().find(|(known, _)| known == name) {
            Some((_, var)) => *var,
            None => {
                let message = format!("the objective declares no hyperparameter `{name}`");
                let help = format!("declare it: `nn::objective(…).with(\"{name}\", |at| …)`");
                self.tape.refuse("hyperparameter", &[], Mismatch::new(message).with_help(help))
            }
        }
    }

    /// Makes inputs of the hyperparameters of an objective.
    #[track_caller]
    pub(crate) fn declare_all<M: ?Sized, K>(&mut self, objective: &impl Objective<F, M, K>, at: Position) {
        let mut declared = Vec::new();
        objective.hyperparameters(at, &mut |name, value| declared.push((name.to_owned(), value)));
        // A loop and not the closure: the caller's line does not reach into closures.
        for (name, value) in declared {
            if self.hyperparameters.iter().any(|(known, _)| *known == name) {
                let message = format!("the objective declares two hyperparameters `{name}`");
                let help = "give each a name of its own";
                self.fail(self.tape.refuse("hyperparameter", &[], Mismatch::new(message).with_help(help)));
            }
            let var = self.tape.data(F::of(value)).named(&name);
            self.hyperparameters.push((name, var));
        }
    }

    // ---- places ------------------------------------------------------------------------------------------------------

    /// Records `body` in the place of `module`: nodes and errors carry its path in the model, and the line of whoever
    /// called the outermost module. For the methods of modules that are no [`Layer`](crate::Layer);
    /// [`Layer::call`](crate::Layer::call) is this and `forward`.
    #[track_caller]
    pub fn scoped<R>(&self, module: &(impl Module<F> + ?Sized), body: impl FnOnce() -> R) -> R {
        self.record_at(self.place(module), body)
    }

    #[track_caller]
    pub(crate) fn call(&self, layer: &(impl Layer<F> + ?Sized), x: Var<'t, F>) -> Var<'t, F> {
        let (place, before) = (self.place(layer), self.count_calls());
        let y = self.record_at(place, || layer.forward(x, self));
        if before == self.count_calls() {
            let path = place.and_then(|at| self.places.get(at)).map_or(String::new(), |place| place.path.clone());
            self.log(path, layer, y);
        }
        y
    }

    #[track_caller]
    fn record_at<R>(&self, place: Option<usize>, body: impl FnOnce() -> R) -> R {
        let outer = self.here.replace(place.or(self.here.get()));
        let name = place.map_or("", |inner| self.relative(outer, inner));
        let result = match name {
            "" => self.tape.attributed(body),
            name => self.tape.attributed(|| self.tape.scope(name, body)),
        };
        self.here.set(outer);
        result
    }

    fn place(&self, module: &(impl Module<F> + ?Sized)) -> Option<usize> {
        let wanted = identity(module);
        let is_it = |at: &usize| self.places.get(*at).is_some_and(|place| place.identity == wanted);
        let (next, count) = (self.next_place.get(), self.places.len());
        let at = match size_of_val(module) {
            // Modules without fields may lie in one place in memory: each in turn.
            0 => (0..count).filter(is_it).min_by_key(|at| self.places.get(*at).map(|place| place.uses.get()))?,
            _ => (next..count).chain(0..next).find(is_it)?,
        };
        self.next_place.set(at + 1);
        let uses = &self.places.get(at)?.uses;
        uses.set(uses.get() + 1);
        Some(at)
    }

    /// The path of place `inner` as seen from place `outer`.
    fn relative(&self, outer: Option<usize>, inner: usize) -> &str {
        let path = |at: usize| self.places.get(at).map_or("", |place| place.path.as_str());
        let whole = path(inner);
        let rest = outer.and_then(|outer| whole.strip_prefix(path(outer)));
        match rest {
            Some("") => "",
            Some(rest) => rest.strip_prefix('.').unwrap_or(whole),
            None => whole,
        }
    }

    /// From here on, the calls of inner layers are listed.
    pub(crate) fn logging(self) -> Self {
        self.calls.replace(Some(Vec::new()));
        self
    }

    pub(crate) fn into_calls(self) -> Vec<Call> {
        self.calls.into_inner().unwrap_or_default()
    }

    /// `body`, whose calls of inner layers are not listed: a layer that is one row of a summary.
    #[track_caller]
    pub(crate) fn unlisted_calls<R>(&self, body: impl FnOnce() -> R) -> R {
        let listed = self.calls.take();
        let result = self.tape.attributed(body);
        self.calls.replace(listed);
        result
    }

    fn count_calls(&self) -> usize {
        self.calls.borrow().as_ref().map_or(0, Vec::len)
    }

    fn log(&self, path: String, module: &(impl Module<F> + ?Sized), y: Var<'t, F>) {
        let mut calls = self.calls.borrow_mut();
        if let (Some(calls), Ok(shape)) = (calls.as_mut(), y.shape()) {
            // A layer that is called twice has its parameters once.
            let known = calls.iter().any(|call| call.path == path);
            let own = parameters(module).iter().map(|(_, param)| param.array().len()).sum();
            calls.push(Call { path, what: module.describe(), shape, parameters: if known { 0 } else { own } });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A context serves where one of a shorter lifetime is asked for, as within the body of a loop.
    #[test]
    fn a_context_shortens() {
        fn shorten<'s, 't: 's, F: Real>(cx: &'s Context<'t, F>) -> &'s Context<'s, F> {
            cx
        }
        let (tape, model) = (Tape::<f64>::new(), Param::new(2.0));
        let cx = Context::evaluation(&tape, &model);
        assert_eq!(shorten(&cx).param(&model).item(), Ok(2.0));
    }
}
