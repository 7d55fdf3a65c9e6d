//! Configurations in TOML and their JSON Schemas: paths, unknown keys, and the places of both.
//!
//! Serde's own message for an unknown key only lists the keys of its table; the one from here has
//! a line, a column and the nearest keys.

mod key_path;
mod keys;
mod node;
mod place;
mod types;

pub use key_path::{KeyPath, PathPart};
pub use keys::{UnknownKey, check_path, first_unknown, known_paths};
pub use place::{line_and_column, value_offset};
pub use types::plain_types;

pub(crate) use node::Node;
