//! Tests of the program from outside, in one binary.

mod scenarios;
mod shell;
mod tidy;
