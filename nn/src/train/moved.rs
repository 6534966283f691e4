//! Which parameters an epoch has moved.

use super::step::StepResult;
use autodiff::Real;

/// Notes which gradients were not 0 in a step.
pub(super) fn note_moved<F: Real>(moved: &mut Vec<(String, bool)>, result: &StepResult<'_, F>) {
    let gradients = result.gradients().filter(|(_, gradient)| !gradient.is_empty());
    for (i, (path, gradient)) in gradients.enumerate() {
        let moves = || gradient.iter().any(|g| *g != F::zero());
        // In the order of the model, unless a run was resumed in which it was another.
        let at = match moved.get(i) {
            Some((known, _)) if known == path => Some(i),
            _ => moved.iter().position(|(known, _)| known == path),
        };
        match at.and_then(|at| moved.get_mut(at)) {
            Some((_, true)) => {}
            Some((_, moved)) => *moved = moves(),
            None => moved.push((path.to_owned(), moves())),
        }
    }
}

/// A warning for each parameter that no gradient moved.
pub(super) fn still(moved: &[(String, bool)]) -> Vec<String> {
    let still = moved.iter().filter(|(_, moved)| !moved);
    still
        .map(|(path, _)| format!("the gradient of `{path}` was 0 in every step of the epoch: it does not learn"))
        .collect()
}
