//! Numbers that a precision cannot hold, in expressions and in programs that are cast: one rule, as in text.

use autodiff::{ErrorKind, Registry, Tape};

#[test]
fn a_number_that_would_become_infinite_or_zero_is_refused_where_it_is_written() {
    let tape = Tape::<f32>::new();
    let x = tape.input(0.5f32);
    for (y, message) in [
        (x * 1e300, "1e300 is larger than any f32"),
        (x - (-1e39), "-1e39 is larger than any f32"),
        (1.0 / (x + 1e-60), "1e-60 is smaller than any f32 but 0"),
        (x.maximum(-1e-50), "-1e-50 is smaller than any f32 but 0"),
        (x.powf(1e300), "p: 1e300 is larger than any f32"),
        (x.leaky_relu(1e-60), "beta: 1e-60 is smaller than any f32 but 0"),
    ] {
        let line = line!() - 3;
        let error = y.item().unwrap_err();
        assert!(error.message().contains(message), "{error}");
        assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
        let place = error.place().unwrap().to_string();
        assert!(place.contains("constants.rs") && line > 0, "{place}");
    }
    // What it holds, if only as the nearest: infinities, zeros, NaN, and numbers that are not normal.
    for number in [f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1e-40, 3.4e38, 1.0 / 3.0] {
        assert_eq!((x * 0.0 + number).item().unwrap(), number as f32);
    }
    assert!((x + f64::NAN).item().unwrap().is_nan());
}

/// Numbers that are part of an operation are no others: in a cast, and in a text.
#[test]
fn a_number_of_an_operation_that_a_precision_cannot_hold() {
    let tape = Tape::<f64>::new();
    let x = tape.input(0.5);
    for (y, message) in
        [(x.powf(1e300), "p: 1e300 is larger than any f32"), (x.leaky_relu(1e39), "beta: 1e39 is larger than any f32")]
    {
        let program = tape.program(&[y]).unwrap();
        let error = program.cast::<f32>(&Registry::standard()).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        let text = program.to_text().replace("f64", "f32");
        let error = autodiff::Program::<f32>::parse(&text, &Registry::standard()).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn a_constant_that_cannot_be_cast_is_named_with_its_line() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0]);
    for (y, message) in [
        (x * 1e300, "1e300 is larger than any f32"),
        (1.0 / (x + 1e-60), "1e-60 is smaller than any f32 but 0"),
        (x + tape.constant([1.0, 1e200]), "1e200 is larger than any f32"),
    ] {
        let error = tape.program(&[y]).unwrap().cast::<f32>(&Registry::standard()).unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Refused, "cast"));
        assert!(error.message().contains(message), "{error}");
        assert!(error.place().unwrap().to_string().contains("constants.rs"), "{error}");
    }
    let program = tape.program(&[x * f64::INFINITY + 0.0]).unwrap();
    assert!(program.cast::<f32>(&Registry::standard()).is_ok());
}
