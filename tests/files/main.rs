//! Files: weights, also those of PyTorch, states of training runs, and what becomes of files that are damaged or cut short.

mod damaged;
mod exported;
mod killed;
mod pytorch;
mod resumed;
mod support;
mod weights;
