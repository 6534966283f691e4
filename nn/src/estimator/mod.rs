//! Estimators, models that are fitted from a few settings: regression and networks of dense layers.

mod config;
mod least_squares;
mod network;

pub use config::{Method, NetworkConfig};
pub use least_squares::least_squares;
pub use network::Network;
