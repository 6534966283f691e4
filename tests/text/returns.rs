//! What is written is read back: random programs and their derivatives, odd names, odd numbers.

use crate::{config, read, returns};
use autodiff::check::strategy::{self, Recipe};
use autodiff::{Input, Real, Registry, Tape};
use ndarray::{ArrayD, array};
use proptest::prelude::*;

fn recipes_return<F: Real>(recipe: &Recipe) -> Result<(), TestCaseError> {
    let (program, inputs) = recipe.program::<F>().unwrap();
    // The rule of a composition is in no text.
    if program.to_text().contains(" = check::softplus(") {
        let error = read::<F>(&program.to_text()).map(|_| ()).unwrap_err();
        prop_assert!(error.message().ends_with("there is no operation `check::softplus`"), "{error}");
        return Ok(());
    }
    returns(&program, &inputs)?;
    let all: Vec<usize> = (0..recipe.inputs.len()).collect();
    let (gradient, tangent) = (program.value_and_grad(&all), program.jvp(&all));
    if let Ok(gradient) = gradient {
        returns(&gradient, &inputs)?;
    }
    if let Ok(tangent) = tangent {
        let directions = recipe.inputs.iter().map(|x| Input::Real(x.mapv(|x| F::of(x * 0.5 - 1.0))));
        returns(&tangent, &inputs.iter().cloned().chain(directions).collect::<Vec<_>>())?;
    }
    Ok(())
}

/// Any number, the odd ones often.
fn number() -> impl Strategy<Value = f64> {
    let odd = [0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, 5e-324, f64::MAX, 0.1];
    prop_oneof![any::<f64>(), prop::sample::select(odd.to_vec())]
}

/// Any name: words, and what is none.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9_.]{0,6}",
        "\\PC{0,8}",
        any::<String>(),
        prop::sample::select(vec!["return", "in", "NaN", "", "0.bias", "a-b", "\r\n\t\0\"\\'\u{7f}\u{301}"])
            .prop_map(String::from),
    ]
}

proptest! {
    #![proptest_config(config(192))]

    /// In the other precision a program is the one that is recorded there.
    #[test]
    fn random_programs_are_cast(recipe in strategy::programs(60)) {
        let (single, double) = (recipe.program::<f32>().unwrap().0, recipe.program::<f64>().unwrap().0);
        match double.cast::<f32>(&Registry::standard()) {
            Ok(cast) => prop_assert_eq!(cast.to_text(), single.to_text()),
            Err(error) => prop_assert!(double.to_text().contains(" = check::softplus("), "{error}"),
        }
    }

    #[test]
    fn random_programs_and_their_derivatives_return(recipe in strategy::programs(60)) {
        recipes_return::<f64>(&recipe)?;
        recipes_return::<f32>(&recipe)?;
    }

    #[test]
    fn names_scopes_and_all_kinds_of_inputs_return(
        names in prop::collection::vec(name(), 5),
        scopes in prop::collection::vec(name(), 2),
        key in any::<u64>(),
        rows in prop::collection::vec(0usize..3, 1..12),
    ) {
        let tape = Tape::<f64>::new();
        let table = tape.data([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).named(&names[0]);
        let rows = ndarray::Array1::from_vec(rows);
        let y = tape.scope(&scopes[0], || {
            let picked = table.gather(tape.index(rows.clone()).named(&names[1])).named(&names[2]);
            let noise = tape.scope(&scopes[1], || tape.key(key).named(&names[3]).uniform([rows.len(), 2], 7));
            (picked * noise).sum(..).named(&names[4])
        });
        let program = tape.program(&[y, y]).unwrap();
        returns(&program, &[Input::real(array![[0.5, 1.5], [2.5, 3.5], [4.5, 5.5]]), Input::index(rows), Input::Key(key)])?;
    }

    #[test]
    fn constants_return_to_the_bit(
        numbers in prop::collection::vec(number(), 1..40), wide in 1usize..5, repeated in number(),
    ) {
        let (all, wide) = (numbers.len(), wide.min(numbers.len()));
        let rows = ArrayD::from_shape_vec(vec![all / wide, 1, wide], numbers[..all / wide * wide].to_vec()).unwrap();
        let outputs = |tape: &Tape<f64>| {
            let same = tape.constant(ArrayD::from_elem(vec![300, 2], repeated));
            let empty = tape.constant(ArrayD::zeros(vec![0, 3]));
            tape.program(&[tape.constant(&rows), tape.constant(repeated), same, empty]).unwrap()
        };
        let program = outputs(&Tape::new());
        returns(&program, &[])?;
        match program.cast::<f32>(&Registry::standard()) {
            Ok(single) => returns(&single, &[])?,
            Err(error) => prop_assert!(error.message().contains("than any f32"), "{error}"),
        }
        let text = program.to_text();
        let line = text.lines().find(|line| line.contains("f64[300, 2]")).unwrap();
        prop_assert!(line.len() < 60, "one number for 600 of the same: {line}");
    }
}
