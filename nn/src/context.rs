//! What a layer needs to record itself: the tape, the mode, the random key, the bound parameters.

use crate::layer::{Layer, join, parameters};
use crate::param::Param;
use autodiff::{Key, Mismatch, Real, Shape, Tape, Var};
use std::cell::{Cell, RefCell};

/// One use of a model on one tape: training or evaluation, with each parameter bound to the tape once, in the order of
/// [`Layer::visit`].
///
/// A parameter is recognised by where it lies in the model, which the context borrows: nothing is hashed, nothing is
/// global, and a clone of a layer is another layer.
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
#[derive(Debug)]
pub struct Context<'t, F: Real> {
    tape: &'t Tape<F>,
    key: Option<Key<'t, F>>,
    streams: Cell<usize>,
    bound: Vec<(&'t Param<F>, Var<'t, F>)>,
    /// Where the next parameter is expected: most models use them in visit order.
    next: Cell<usize>,
    path: RefCell<String>,
    calls: RefCell<Option<Vec<Call>>>,
}

/// A call of an inner layer, as summaries list them.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) what: String,
    pub(crate) shape: Shape,
    pub(crate) parameters: usize,
}

impl<'t, F: Real> Context<'t, F> {
    /// A training pass, whose random numbers come from `key`: an input of the tape, so a replay takes another one.
    #[track_caller]
    pub fn training(tape: &'t Tape<F>, model: &'t (impl Layer<F> + ?Sized), key: u64) -> Self {
        let key = tape.key(key).named("key");
        let mut cx = Context::evaluation(tape, model);
        cx.key = Some(key);
        cx
    }

    /// An evaluation pass: dropout is off.
    #[track_caller]
    pub fn evaluation(tape: &'t Tape<F>, model: &'t (impl Layer<F> + ?Sized)) -> Self {
        let mut bound = Vec::new();
        for (path, param) in parameters(model) {
            bound.push((param, tape.input(param.array()).named(&path)));
        }
        Context {
            tape,
            key: None,
            streams: Cell::new(0),
            bound,
            next: Cell::new(0),
            path: RefCell::new(String::new()),
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

    /// The var of a parameter of the model. One that the model's `visit` does not list gives an error var.
    #[track_caller]
    pub fn param(&self, param: &Param<F>) -> Var<'t, F> {
        let is_it = |(bound, _): &&(&'t Param<F>, Var<'t, F>)| std::ptr::eq(*bound, param);
        let next = self.next.get();
        let found = self.bound.get(next).filter(is_it).map(|(_, var)| (next, *var));
        let search = || self.bound.iter().enumerate().find(|(_, entry)| is_it(entry)).map(|(i, (_, var))| (i, *var));
        match found.or_else(search) {
            Some((i, var)) => {
                self.next.set(i + 1);
                var
            }
            None => {
                let message = format!("the parameter `{}` is not one that the model's `visit` lists", param.name());
                let help = "list it in `visit` and `visit_mut`; a clone of a layer has parameters of its own";
                self.tape.refuse("param", &[], Mismatch::new(message).with_help(help))
            }
        }
    }

    /// The vars of all parameters, in the order of `visit`.
    pub fn vars(&self) -> Vec<Var<'t, F>> {
        self.bound.iter().map(|(_, var)| *var).collect()
    }

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

    /// Records the inner layer `name`: what containers call instead of `layer.forward`, so that nodes and errors carry
    /// the path of the layer and the line of whoever called the container.
    #[track_caller]
    pub fn layer(&self, name: &str, layer: &dyn Layer<F>, x: Var<'t, F>) -> Var<'t, F> {
        let outer = self.path.borrow().clone();
        let path = join(&outer, name);
        self.path.replace(path.clone());
        let before = self.count_calls();
        let y = self.tape.attributed(|| self.tape.scope(name, || layer.forward(x, self)));
        self.path.replace(outer);
        if before == self.count_calls() {
            self.log(path, layer, y);
        }
        y
    }

    /// From here on, the calls of inner layers are listed.
    pub(crate) fn logging(self) -> Self {
        self.calls.replace(Some(Vec::new()));
        self
    }

    pub(crate) fn into_calls(self) -> Vec<Call> {
        self.calls.into_inner().unwrap_or_default()
    }

    fn count_calls(&self) -> usize {
        self.calls.borrow().as_ref().map_or(0, Vec::len)
    }

    pub(crate) fn log(&self, path: String, layer: &(impl Layer<F> + ?Sized), y: Var<'t, F>) {
        let mut calls = self.calls.borrow_mut();
        if let (Some(calls), Ok(shape)) = (calls.as_mut(), y.shape()) {
            // A layer that is called twice has its parameters once.
            let known = calls.iter().any(|call| call.path == path);
            let own = parameters(layer).iter().map(|(_, param)| param.array().len()).sum();
            calls.push(Call { path, what: layer.describe(), shape, parameters: if known { 0 } else { own } });
        }
    }
}
