//! The engine: differentiation of whole programs, plans, loops, traces, the checker, and what each does with a wrong rule.

mod check;
mod cond;
mod mutants;
mod non_finite;
mod plan;
mod printing;
mod random_programs;
mod relu_networks;
mod scale;
mod scan;
mod seeds;
mod stepper;
mod steps;
mod wrong_primitives;
