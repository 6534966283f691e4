//! The engine: differentiation of whole programs, plans, loops, traces, the checker, and what each does with a wrong rule.

mod check;
mod cond;
mod constants;
mod cotangents;
mod custom_rules;
mod explain;
mod mutants;
mod non_finite;
mod oracle;
mod plan;
mod printing;
mod random_programs;
mod relu_networks;
mod scale;
mod scan;
mod seeds;
mod simplified;
mod stepper;
mod steps;
mod sums_of_products;
mod tapes;
mod threads;
mod traces;
mod updates;
mod verdicts;
mod wrong_primitives;
mod zero_derivatives;

/// How many random cases a test tries: as many as `PROPTEST_CASES` says, for a longer search.
fn cases(usual: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}
