//! What a run is made of: settings, plugins and instructions.

use rusqlite::{OptionalExtension, params};
use tpo_judge::LoadedPlugin;
use tpo_types::{Failure, Instruction};

use super::{Store, from_json, query_failed, to_json};

impl Store {
    /// A value of the run as a whole, for example its configuration.
    pub fn value(&self, key: &str) -> Result<Option<String>, Failure> {
        self.connection
            .query_row("SELECT value FROM run WHERE key = ?1", [key], |row| {
                row.get(0)
            })
            .optional()
            .map_err(query_failed)
    }

    /// Sets a value of the run as a whole.
    pub(crate) fn set_value(&self, key: &str, value: &str) -> Result<(), Failure> {
        self.execute(
            "INSERT OR REPLACE INTO run (key, value) VALUES (?1, ?2)",
            params![key, value],
        )
    }

    /// Records the plugins of the run, in their order.
    pub(crate) fn put_plugins(&self, plugins: &[LoadedPlugin]) -> Result<(), Failure> {
        self.transaction(|| {
            for (position, loaded) in plugins.iter().enumerate() {
                self.execute(
                    "INSERT OR REPLACE INTO plugins \
                     (position, role, name, version, sha256, source, config) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    params![
                        position as i64,
                        loaded.role.as_str(),
                        loaded.plugin.name,
                        loaded.plugin.version,
                        loaded.plugin.sha256,
                        loaded.plugin.source,
                        to_json(&loaded.config)
                    ],
                )?;
            }
            Ok(())
        })
    }

    /// The sha256 of each plugin of the run, in their order.
    pub(crate) fn plugin_digests(&self) -> Result<Vec<String>, Failure> {
        self.rows(
            "SELECT sha256 FROM plugins ORDER BY position",
            params![],
            |row| row.get(0),
        )
    }

    /// Records the names of the validation sets, the one that chooses first.
    pub(crate) fn put_validation_sets(&self, names: &[&str]) -> Result<(), Failure> {
        self.set_value("validation_sets", &to_json(names))
    }

    /// The names of the validation sets, the one that chooses first.
    pub fn validation_sets(&self) -> Result<Vec<String>, Failure> {
        match self.value("validation_sets")? {
            Some(names) => from_json("the names of the validation sets", &names),
            None => Ok(Vec::new()),
        }
    }

    /// Records the instructions of a split, in their order.
    pub(crate) fn put_instructions(
        &self,
        split: &str,
        instructions: &[Instruction],
    ) -> Result<(), Failure> {
        self.transaction(|| {
            for (position, instruction) in instructions.iter().enumerate() {
                self.execute(
                    "INSERT OR REPLACE INTO instructions (id, split, position, body) \
                     VALUES (?1, ?2, ?3, ?4)",
                    params![instruction.id, split, position as i64, to_json(instruction)],
                )?;
            }
            Ok(())
        })
    }

    /// The instructions of a split, in their order.
    pub(crate) fn instructions(&self, split: &str) -> Result<Vec<Instruction>, Failure> {
        let sql = "SELECT body FROM instructions WHERE split = ?1 ORDER BY position";
        let bodies = self.rows(sql, [split], |row| row.get::<_, String>(0))?;
        let read = |body: &String| from_json("an instruction", body);
        bodies.iter().map(read).collect()
    }
}
