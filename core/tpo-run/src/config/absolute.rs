//! Paths of a configuration as a run records them.

use std::fs;
use std::path::{Path, PathBuf, absolute};

use super::RunConfig;

impl RunConfig {
    /// The configuration with absolute paths, so that it means the same in every working directory
    /// and however the paths were typed.
    pub(crate) fn with_absolute_paths(&self) -> Self {
        let mut config = self.clone();
        config.data.train = canonical(&config.data.train);
        let mut judges = vec![&mut config.judge];
        for set in &mut config.validation {
            set.data = canonical(&set.data);
            judges.extend(&mut set.judge);
        }
        let mut plugins = vec![&mut config.thought.plugin, &mut config.selector.plugin];
        plugins.extend(config.parser.as_mut().map(|parser| &mut parser.plugin));
        for judge in judges {
            plugins.push(&mut judge.plugin);
            plugins.extend(judge.panel.iter_mut().map(|member| &mut member.plugin));
        }
        for plugin in plugins {
            if tpo_host::is_file(plugin) {
                *plugin = canonical(Path::new(plugin)).display().to_string();
            }
        }
        let models = config.models.values_mut();
        for source in models
            .filter_map(|binding| binding.source.as_mut())
            .chain([&mut config.model.source])
        {
            if Path::new(source).exists() {
                *source = canonical(Path::new(source)).display().to_string();
            }
        }
        config
    }
}

/// An absolute path without `.`, `..` and links, or as near to it as there are files.
pub(crate) fn canonical(path: &Path) -> PathBuf {
    fs::canonicalize(path)
        .or_else(|_| absolute(path))
        .unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_a_path_is_typed_it_is_the_same() {
        let directory = tempfile::tempdir().expect("a directory");
        for name in ["t.jsonl", "v.jsonl", "mine.wasm"] {
            fs::write(directory.path().join(name), "").expect("a file");
        }
        let text = "name = \"x\"\nvalidation = [{ data = \"v.jsonl\" }]\n\
                    [data]\ntrain = \"t.jsonl\"\n[judge]\nplugin = \"panel\"\n[[judge.panel]]\nplugin = \"./mine.wasm\"\n\
                    [[judge.panel]]\nplugin = \"rules\"\n";
        let recorded = |base: &Path| {
            let read = RunConfig::parse(text, "tpo.toml", &[]).expect("a configuration");
            let mut config = read.config;
            config.resolve_relative(base);
            serde_json::to_value(config.with_absolute_paths()).expect("JSON")
        };
        let plain = recorded(directory.path());
        let name = directory.path().file_name().expect("a name");
        let roundabout = directory.path().join(".").join("..").join(name);
        assert_eq!(recorded(&roundabout), plain);
        assert_eq!(plain["judge"]["panel"][1]["plugin"], "rules");
        assert_eq!(plain["judge"]["plugin"], "panel");
        let train = Path::new(plain["data"]["train"].as_str().expect("a path"));
        assert!(train.is_absolute());
    }
}
