//! The errata of the lecture notes that `examples/06_errata.rs` shows: the tape agrees with the differences, and what was
//! published does not.

#[path = "../../examples/06_errata.rs"]
#[allow(dead_code)]
mod example;

use example::support::notes;

#[test]
fn published_formulas_are_wrong_and_the_tape_is_right() {
    let rows = example::rows().unwrap();
    let numbers: Vec<usize> = rows.iter().map(|row| row.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 6, 14]);
    for row in rows {
        let apart = |a: &ndarray::ArrayD<f64>| {
            a.iter().zip(&row.difference).fold(0.0f64, |worst, (a, b)| worst.max((a - b).abs()))
        };
        assert_eq!(row.published.shape(), row.tape.shape(), "{}", row.says);
        assert!(apart(&row.tape) < 1e-9, "{}: {} is not {}", row.says, row.tape, row.difference);
        assert!(apart(&row.published) > 1e-3, "{}: {} is right", row.says, row.published);
    }
}

#[test]
fn published_algorithms_do_not_do_what_their_text_says() {
    let found = notes::compared().unwrap();
    let of = |number: usize| found.iter().filter(move |note| note.number == number).collect::<Vec<_>>();
    // The average of ones is 1. What is put back corrected grows: vₜ = (βvₜ₋₁ + 1 − β)/(1 − βᵗ).
    assert!((of(7)[0].meant - 1.0).abs() < 1e-15 && of(7)[0].published > 10.0);
    assert_eq!((of(7)[1].meant, of(7)[1].published), (300.0, 102.0));
    // g/(g + ε) with ε = g/100, and 1/√(1 + 10⁴).
    assert!((of(8)[0].meant - 1.0 / 1.01).abs() < 1e-12);
    assert!((of(8)[0].published - 1.0 / 10_001f64.sqrt()).abs() < 1e-12);
    // With E[W²] = 1/m, each layer of ReLU halves the mean square: 2⁻²⁰ ≈ 1e-6.
    assert!((0.1..10.0).contains(&of(11)[0].meant), "{}", of(11)[0].meant);
    let halved = of(11)[0].published / of(11)[0].meant;
    assert!((halved * 2f64.powi(20) - 1.0).abs() < 1e-9, "{halved}");
    assert_eq!(of(13)[0].meant + of(13)[0].published, 1.0);
}
