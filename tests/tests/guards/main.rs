//! What the documents claim about the tree holds: who depends on whom, where unsafe code and
//! printing are allowed, no circular modules, no two types of one name, no wide line, the committed
//! schema, no retired word.

mod architecture;
mod circles;
mod lines;
mod lints;
mod metadata;
mod names;
mod rust_source;
mod schema_file;
mod signatures;
mod tree;
mod use_tree;
mod words;
