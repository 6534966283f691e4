//! Neural networks on the [`autodiff`] tape.
