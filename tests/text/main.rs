//! Programs as text: what is written is read back, whatever the program; what cannot be read is answered with an error
//! that shows the place, whatever the text.

mod any_text;
mod by_hand;
mod errors;
mod returns;

use autodiff::{Error, Input, Program, Real, Registry};
use ndarray::ArrayD;
use proptest::prelude::*;

fn config(cases: u32) -> ProptestConfig {
    // `PROPTEST_CASES` asks for a longer search.
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(cases);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn read<F: Real>(text: &str) -> Result<Program<F>, Error> {
    Program::parse(text, &Registry::standard())
}

fn same_bits<F: Real>(a: &[ArrayD<F>], b: &[ArrayD<F>]) -> bool {
    let same = |(a, b): (&F, &F)| {
        let (a, b) = (a.double(), b.double());
        a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
    };
    let arrays = |(a, b): (&ArrayD<F>, &ArrayD<F>)| a.shape() == b.shape() && a.iter().zip(b).all(same);
    a.len() == b.len() && a.iter().zip(b).all(arrays)
}

/// The text without what is for people: comments, and the spaces that align the columns.
fn bare(text: &str) -> String {
    let line = |line: &str| line.split('#').next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Read back it is the same program: the same text, node by node the same, the same results.
fn returns<F: Real>(program: &Program<F>, inputs: &[Input<F>]) -> Result<(), TestCaseError> {
    let text = program.to_text();
    let back = read::<F>(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
    prop_assert_eq!(&back.to_text(), &text);
    prop_assert_eq!(back.len(), program.len());
    for (a, b) in program.nodes().zip(back.nodes()) {
        prop_assert_eq!((a.name(), a.scope(), a.type_name()), (b.name(), b.scope(), b.type_name()));
        prop_assert_eq!((a.operation(), a.operands(), a.attributes()), (b.operation(), b.operands(), b.attributes()));
        prop_assert_eq!(a.is_active(), b.is_active(), "{}", a.id());
        prop_assert!(b.place().location.is_none(), "a text has no lines of code");
    }
    prop_assert_eq!((program.input_ids(), program.output_ids()), (back.input_ids(), back.output_ids()));
    match (program.run(inputs), back.run(inputs)) {
        (Ok(a), Ok(b)) => prop_assert!(same_bits(&a, &b), "{}", text),
        (Err(a), Err(b)) => prop_assert_eq!(a.message(), b.message()),
        (a, b) => prop_assert!(false, "{a:?} and {b:?} of\n{text}"),
    }
    Ok(())
}
