//! Options and lists of modules.

use super::{Module, Parts, PartsMut};
use autodiff::Real;

impl<F: Real, M: Module<F>> Module<F> for Option<M> {
    fn visit<'a>(&'a self, parts: &mut Parts<'a, F>) {
        if let Some(module) = self {
            parts.inner(module);
        }
    }

    fn visit_mut<'a>(&'a mut self, parts: &mut PartsMut<'a, F>) {
        if let Some(module) = self {
            parts.inner(module);
        }
    }

    fn describe(&self) -> String {
        self.as_ref().map_or_else(|| "nothing".to_owned(), Module::describe)
    }
}

impl<F: Real, M: Module<F>> Module<F> for Vec<M> {
    fn visit<'a>(&'a self, parts: &mut Parts<'a, F>) {
        self.iter().enumerate().for_each(|(i, module)| parts.part(i, module));
    }

    fn visit_mut<'a>(&'a mut self, parts: &mut PartsMut<'a, F>) {
        self.iter_mut().enumerate().for_each(|(i, module)| parts.part(i, module));
    }

    fn describe(&self) -> String {
        format!("a list of {}", self.len())
    }
}

impl<F: Real, M: Module<F>, const N: usize> Module<F> for [M; N] {
    fn visit<'a>(&'a self, parts: &mut Parts<'a, F>) {
        self.iter().enumerate().for_each(|(i, module)| parts.part(i, module));
    }

    fn visit_mut<'a>(&'a mut self, parts: &mut PartsMut<'a, F>) {
        self.iter_mut().enumerate().for_each(|(i, module)| parts.part(i, module));
    }

    fn describe(&self) -> String {
        format!("a list of {N}")
    }
}
