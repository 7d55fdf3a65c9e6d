//! What the documents claim about the tree holds: who depends on whom, where unsafe code and
//! printing are allowed, no circular modules, the committed schema, no retired word.

mod architecture;
mod circles;
mod rust_source;
mod schema_file;
mod tree;
mod words;
