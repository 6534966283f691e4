//! The layers.

mod activation;
mod dense;
mod dropout;
mod sequential;

pub use activation::Activation;
pub use dense::Dense;
pub use dropout::Dropout;
pub use sequential::Sequential;
