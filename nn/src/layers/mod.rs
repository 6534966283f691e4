//! The layers.

mod activation;
mod batch_norm;
mod dense;
mod dropout;
mod embedding;
mod gru;
mod sequential;

pub use activation::Activation;
pub use batch_norm::BatchNorm;
pub use dense::Dense;
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use gru::Gru;
pub use sequential::Sequential;
