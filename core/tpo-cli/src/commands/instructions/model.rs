//! The model of a command that asks one model: an alias of the configuration, or a source.

use std::collections::BTreeMap;

use tpo_judge::{ModelBinding, Models, Replies};
use tpo_run::{Override, read_standalone_judge};
use tpo_types::text::escape;
use tpo_types::{Failure, FailureKind};

use crate::arguments::LabelArguments;
use crate::overrides::working_directory;
use crate::printer::Printer;

/// The alias of a model that is given by its source.
const ALIAS: &str = "labeler";

/// A bound model.
pub(super) struct AskedModel {
    pub(super) models: Models,
    pub(super) alias: String,
}

/// Binds the model that the options describe.
pub(super) fn bind(options: &LabelArguments, printer: Printer) -> Result<AskedModel, Failure> {
    let mut bound = read_standalone_judge(options.config.as_deref(), &overrides(options)?)?.models;
    let name = options.model.as_str();
    let aliases: Vec<String> = bound
        .keys()
        .map(|alias| format!("`{}`", escape(alias)))
        .collect();
    let alias = if bound.contains_key(name) {
        name
    } else {
        ALIAS
    }
    .to_owned();
    let binding = if let Some(binding) = bound.remove(name) {
        binding
    } else {
        let here = working_directory()?;
        ModelBinding::local(tpo_lm::paths::resolve_relative(name, &here))
    };
    let replies = match &options.replies {
        Some(path) => path.clone(),
        None => Models::default_replies()?,
    };
    let bindings = BTreeMap::from([(alias.clone(), binding)]);
    let models = Models::bind(&bindings, Replies::Kept(&replies), &|text| {
        printer.status(text);
    });
    let models = models.map_err(|failure| {
        if alias == name || aliases.is_empty() {
            return failure;
        }
        let what = format!(
            "`--model {}` is not one of the bound models ({}), so it is a source",
            escape(name),
            aliases.join(", ")
        );
        Failure::new(failure.kind(), what).because(failure)
    })?;
    Ok(AskedModel { models, alias })
}

/// The overrides; all of them are about models, because no other key has an effect.
fn overrides(options: &LabelArguments) -> Result<Vec<Override>, Failure> {
    let mut overrides = Vec::new();
    for given in &options.set {
        let set = Override::parse(given)?;
        if !set.path.starts_with("models.") {
            let what = format!("`--set {}` has no effect here", escape(given));
            return Err(Failure::new(FailureKind::Usage, what)
                .hint("only keys of models are used, for example `models.big.source`"));
        }
        overrides.push(set);
    }
    Ok(overrides)
}
