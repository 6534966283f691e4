//! Gives the package a target until there are tests.
