//! The rules of all primitives, as text.

use autodiff::prelude::*;
use autodiff::primitive::*;
use autodiff::{ErrorKind, inspect};
use expect_test::expect_file;

/// Formula and rules of every primitive, for review. `UPDATE_EXPECT=1 cargo test --test primitives rules` writes the file again.
#[test]
fn the_rules_of_all_primitives() {
    let texts: Vec<String> =
        Registry::<f64>::standard().entries().map(|entry| inspect::rule(entry).unwrap().to_string()).collect();
    expect_file!["./rules.txt"].assert_eq(&texts.join("\n"));
}

/// A primitive of another crate, with a rule that this test chooses.
struct Chosen(for<'t> fn(Var<'t, f64>, Var<'t, f64>) -> Var<'t, f64>);

impl std::fmt::Debug for Chosen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Chosen")
    }
}

impl Primitive<f64> for Chosen {
    fn name(&self) -> &'static str {
        "test::chosen"
    }
    fn formula(&self) -> &'static str {
        "y = f(x)"
    }
    fn kernel(&self, _: &[&Shape]) -> Kernel<f64> {
        Kernel::elementwise(|[x]| x)
    }
    fn reverse<'t>(&self, at: &RuleContext<'_, 't, f64>) -> Cotangents<'t, f64> {
        at.one(|| self.0(at.x(0), at.dy()))
    }
    fn tangent<'t>(&self, at: &RuleContext<'_, 't, f64>, dx: &[Option<Var<'t, f64>>]) -> Tangents<'t, f64> {
        at.tangent(dx, |_, dx| self.0(at.x(0), dx))
    }
}

fn chosen(rule: for<'t> fn(Var<'t, f64>, Var<'t, f64>) -> Var<'t, f64>) -> Entry<f64> {
    let example = std::sync::Arc::new(Chosen(rule));
    Entry::new(example, |_| Err(autodiff::Error::new(ErrorKind::Registry, "chosen", "it is made by hand")))
}

fn text(rule: for<'t> fn(Var<'t, f64>, Var<'t, f64>) -> Var<'t, f64>) -> String {
    inspect::rule(&chosen(rule)).unwrap().reverse[0].to_string()
}

#[test]
fn parentheses_stand_where_they_are_needed_and_nowhere_else() {
    let rules: [(for<'t> fn(Var<'t, f64>, Var<'t, f64>) -> Var<'t, f64>, &str); 15] = [
        (|x, dy| dy + x - dy, "ȳ + x − ȳ"),
        (|x, dy| dy - (x - dy), "ȳ − (x − ȳ)"),
        (|x, dy| dy * x + dy / x, "ȳ·x + ȳ/x"),
        (|x, dy| (dy + x) * (dy - x), "(ȳ + x)·(ȳ − x)"),
        (|x, dy| dy / (x * dy), "ȳ/(x·ȳ)"),
        (|x, dy| dy / x * dy, "ȳ/x·ȳ"),
        (|x, dy| -(dy * x), "−(ȳ·x)"),
        (|x, dy| -dy * x, "−ȳ·x"),
        (|x, dy| dy * -x, "ȳ·(−x)"),
        (|x, dy| -(-dy) + x * 0.0, "−(−ȳ) + x·0"),
        (|x, dy| dy * (x + 1.0).powi(2), "ȳ·(x + 1)²"),
        (|x, dy| (dy * x.powi(2)).powi(3), "(ȳ·x²)³"),
        (|x, dy| dy * x.sqrt() + (x * dy).sqrt(), "ȳ·√x + √(x·ȳ)"),
        (|x, dy| (x - dy).abs() * -2.5, "|x − ȳ|·(−2.5)"),
        (|x, dy| dy * x.gt(0.0) + dy.masked(x.gt(dy)) * 1e-9, "ȳ·(x > 0) + select(x > ȳ, ȳ, 0)·1e-9"),
    ];
    for (rule, expected) in rules {
        assert_eq!(text(rule), format!("x̄ = {expected}"));
    }
}

#[test]
fn a_number_is_a_number_however_it_was_stretched() {
    assert_eq!(text(|_, dy| dy * dy.tape().constant(2.0).broadcast_to(dy.shape().unwrap())), "x̄ = ȳ·2");
    let stretched = text(|x, dy| (dy * x.sum(..)).broadcast_to(dy.shape().unwrap()));
    assert!(stretched.starts_with("x̄ = broadcast_to("), "{stretched}");
}

#[test]
fn what_is_shared_without_end_is_cut() {
    let doubled = text(|x, dy| (0..20).fold(dy * x, |sum, _| sum + sum));
    assert!(doubled.contains('…') && doubled.len() < 10_000, "{} bytes", doubled.len());
}

#[test]
fn a_rule_that_breaks_its_contract_is_an_error() {
    let error = inspect::rule(&chosen(|_, dy| dy.sum(..))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FaultyRule);
}

#[test]
fn the_table_has_a_line_for_each_primitive() {
    let registry = Registry::<f64>::standard();
    let table = inspect::table(&registry).unwrap();
    assert_eq!(table.lines().count(), 2 + registry.entries().count());
    for line in table.lines() {
        assert_eq!(line.replace("\\|", "").matches('|').count(), 4, "{line}");
    }
    assert!(table.contains("| `add` | `y = a + b` | `ā = b̄ = ȳ` |"), "{table}");
    assert!(
        table
            .contains("| `select` | `y = a if c ≠ 0 else b` | `c̄ = 0`, `ā = select(c, ȳ, 0)`, `b̄ = select(c, 0, ȳ)` |")
    );
    assert!(table.contains("| `abs` | `y = \\|x\\|` |"));
}
