//! Ways in which caches break, and that this one does not: those that need a clock moved by hand, or caps
//! of a few hundred bytes. The whole catalogue, row by row, stands in the tests of the platform beside
//! this crate (`defects`).

mod caps;
mod lifetimes;
