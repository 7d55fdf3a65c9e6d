//! Judges whose model stands behind a server, through the binary: what becomes of every way in
//! which a server can fail.

mod allowed;
mod benchmarks;
mod choices;
mod desk;
mod evaluations;
mod faults;
mod key;
mod resume;
mod runs;
