//! The neural-network crate: its gradients against differences, its recurrences against plain floats, its errors.

mod callbacks;
mod data;
mod errors;
mod guards;
mod initial;
mod layers;
mod loss_references;
mod losses;
mod metrics;
mod minimisers;
mod mistakes;
mod objectives;
mod optimizers;
mod planned;
mod recurrences;
mod recurrent;
mod refused;
mod resume;
mod schedules;
mod sizes;
mod structure;
mod support;
mod training;
mod users;
