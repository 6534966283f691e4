//! The shortest program: the value and the gradient of a function.

fn main() -> autodiff::Result<()> {
    let (y, slope) = autodiff::value_and_grad(|x| (x.tanh() * x).sum(..), [0.5, -1.0])?;
    println!("y = {y}\n∂y/∂x = {slope}");
    Ok(())
}
