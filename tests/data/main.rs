//! Data sets from files and formulas, scaling and partitions, estimators, the search for hyperparameters, and charts.

mod arrays;
mod augment;
mod networks;
mod parts;
mod pictures;
mod real;
mod scaling;
mod search;
mod tables;
mod text;
