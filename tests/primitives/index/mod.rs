//! Indices that a program computes (positions, order, arithmetic), and keys derived from keys: against definitions written
//! out, and in the ways they are used.

mod order;
mod support;
mod uses;
mod values;
