//! The neural-network crate: its gradients against differences, its recurrences against plain floats, its errors.

mod data;
mod errors;
mod guards;
mod initial;
mod layers;
mod losses;
mod mistakes;
mod objectives;
mod optimizers;
mod planned;
mod recurrences;
mod recurrent;
mod refused;
mod resume;
mod sizes;
mod structure;
mod support;
mod training;
mod users;
