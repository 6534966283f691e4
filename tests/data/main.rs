//! Data sets from files and formulas, what is made of them, and the estimators that learn from them.

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
