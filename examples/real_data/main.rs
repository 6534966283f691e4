//! Regression on two tables, beside scikit-learn, with ten splits each:
//! `cargo run --release --example real_data`. `--quick` takes two splits.

mod measures;

use measures::{cancer, r_squared};
use std::error::Error;

/// The median and the largest of some numbers.
fn median_and_worst(mut numbers: Vec<f64>) -> (f64, f64) {
    numbers.sort_by(f64::total_cmp);
    let middle = |i: usize| numbers.get(i).copied().unwrap_or(f64::NAN);
    let n = numbers.len();
    ((middle(n / 2) + middle((n - 1) / 2)) / 2.0, middle(n - 1))
}

fn main() -> Result<(), Box<dyn Error>> {
    let splits = if std::env::args().any(|argument| argument == "--quick") { 2 } else { 10 };

    println!("Breast cancer, logistic regression, λ = 1, {splits} splits");
    println!("lp_reg  split      cost    scikit-learn  difference  accuracy  scikit-learn");
    for p in [1, 2] {
        let found = cancer(p, splits)?;
        for (i, (cost, accuracy)) in found.iter().enumerate() {
            let difference = (cost.ours / cost.theirs - 1.0).abs();
            print!("{p:>6}  {i:>5}  {:.6}  {:>14.6}  {difference:>10.1e}", cost.ours, cost.theirs);
            println!("  {:>8.4}  {:>12.4}", accuracy.ours, accuracy.theirs);
        }
        let (median, worst) = median_and_worst(found.iter().map(|(c, _)| (c.ours / c.theirs - 1.0).abs()).collect());
        println!("        relative difference of the costs: median {median:.1e}, worst {worst:.1e}");
    }

    println!("\nDiabetes, linear regression, 10 splits: R² on the test part");
    println!("split  network  closed form  scikit-learn");
    let found = r_squared()?;
    for (i, (network, closed)) in found.iter().enumerate() {
        println!("{i:>5}  {network:.5}  {:>11.5}  {:>12.5}", closed.ours, closed.theirs);
    }
    let (_, worst) = median_and_worst(found.iter().map(|(network, pair)| (network - pair.theirs).abs()).collect());
    let (median, _) = median_and_worst(found.iter().map(|(network, _)| *network).collect());
    println!("       median R² {median:.4}; worst difference of network and scikit-learn {worst:.1e}");

    Ok(())
}
