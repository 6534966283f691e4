//! The neural-network crate: its gradients against differences, its recurrences against plain floats, its errors.

mod architectures;
mod data;
mod errors;
mod every_layer;
mod guards;
mod initial;
mod layers;
mod losses;
mod mistakes;
mod objectives;
mod optimizers;
mod planned;
mod pytorch;
mod recurrent;
mod refused;
mod resume;
mod sequences;
mod sizes;
mod structure;
mod support;
mod training;
mod users;
