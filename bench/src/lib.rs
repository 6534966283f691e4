//! Fourteen workloads through the public interface of `autodiff` and `nn`, and what times them beside other frameworks.
//!
//! Every framework, ours included, is a process that answers the lines of [`serve`]; [`compare`] asks them in turn.
//! `bench/NOTES.md` says how to run it and what was found.

pub mod child;
pub mod compare;
pub mod data;
pub mod machine;
pub mod measure;
pub mod numbers;
pub mod replay;
pub mod report;
pub mod serve;
pub mod short;
pub mod splitmix;
pub mod training;
mod w1;
mod w10;
mod w11;
mod w12;
mod w13;
mod w14;
mod w2;
mod w3;
mod w4;
mod w5;
mod w6;
mod w7;
mod w8;
mod w9;
pub mod workload;

/// Whatever goes wrong in a benchmark ends it with a sentence.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Two operations for each multiply-add of a training step of dense layers: the product, the gradient of the weights,
/// and the cotangent of the input, which the first layer does not need.
const fn dense_flops(batch: usize, sizes: &[usize]) -> f64 {
    let mut products = 0;
    let mut i = 1;
    while i < sizes.len() {
        let times = if i == 1 { 2 } else { 3 };
        products += times * batch * sizes[i - 1] * sizes[i];
        i += 1;
    }
    (2 * products) as f64
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_products_of_a_step_are_counted() {
        // By hand: 2·(2·2·3·5 + 3·2·5·7).
        assert_eq!(super::dense_flops(2, &[3, 5, 7]), 540.0);
    }
}
