//! A plugin in a role, with its configuration: code that answers items.
//!
//! What the code is, a component or a native library, is known in [`Code`]; how items become
//! batches and what happens when one fails is the business of [`crate::asking`].

use std::cell::Cell;
use std::sync::Arc;

use serde_json::Value;
use tpo_types::text::sanitize;
use tpo_types::{Failure, FailureKind, PluginIdentity};

use crate::bindings::tpo::plugin::types;
use crate::code::Code;
use crate::component::CompiledComponent;
use crate::conduct::Conduct;
use crate::contract;
use crate::crash::Drift;
use crate::inspection;
use crate::instances::Instances;
use crate::native::{NativeInstance, NativeLibrary};
use crate::roles::Role;
use crate::source::Source;

/// The longest error text of a guest that is shown, in bytes.
const ERROR_BYTES: usize = 2000;

/// Code in one role, with its configuration.
pub(crate) struct Plugin<R: Role> {
    pub(crate) code: Code<R>,
    pub(crate) identity: PluginIdentity,
    /// A JSON object.
    pub(crate) config: Value,
    pub(crate) conduct: Conduct,
}

impl<R: Role> Plugin<R> {
    /// Finds the role in a component and has an instance look at the configuration, so that a wrong
    /// one is refused before anything is asked.
    pub(crate) fn of_component(
        component: Arc<CompiledComponent>,
        source: &Source,
        config: &Value,
        conduct: Conduct,
    ) -> Result<Self, Failure> {
        check_table::<R>(config, source)?;
        let export = R::find(&component.pre).map_err(|error| source.drifted(error))?;
        let doing = Cell::new("while it was loaded");
        let (description, configured) = component
            .run(&source.name, |store, instance| {
                R::enter(&export, store, instance).map_err(|error| error.context(Drift))?;
                let metadata = component
                    .metadata
                    .load(&mut *store, instance)
                    .map_err(|error| error.context(Drift))?;
                doing.set("while it described itself");
                let description = metadata.call_describe(&mut *store)?;
                doing.set("while it was configured");
                Ok((
                    description,
                    metadata.call_configure(store, &config.to_string())?,
                ))
            })
            .map_err(|crash| {
                if crash.is_drift() {
                    source.drifted(crash.into_cause())
                } else {
                    crash.failure(&source.subject(), doing.get())
                }
            })?;
        let identity = inspection::identity(&description.name, &description.version, source)?;
        inspection::config_schema(&description.config_schema, source)?;
        configured
            .map_err(|error| misconfigured(&subject::<R>(&identity), &error, &source.name))?;
        let code = Code::Component(Instances::new(component, export, &identity.name, config));
        Ok(Self {
            code,
            identity,
            config: config.clone(),
            conduct,
        })
    }

    /// Opens an instance of a native plugin that plays the role.
    pub(crate) fn of_library(
        library: NativeLibrary,
        source: &Source,
        config: &Value,
        conduct: Conduct,
    ) -> Result<Self, Failure> {
        check_table::<R>(config, source)?;
        let description = library.description(source)?;
        contract::check_role(&description.roles, R::ROLE, source)?;
        let identity = inspection::identity(&description.name, &description.version, source)?;
        let instance = NativeInstance::open(library, config)
            .map_err(|what| {
                Failure::new(
                    FailureKind::Plugin,
                    format!("{} {what}", subject::<R>(&identity)),
                )
            })?
            .map_err(|error| misconfigured(&subject::<R>(&identity), &error, &source.name))?;
        Ok(Self {
            code: Code::Native(instance),
            identity,
            config: config.clone(),
            conduct,
        })
    }

    pub(crate) fn identity(&self) -> &PluginIdentity {
        &self.identity
    }

    /// How messages call this plugin.
    pub(crate) fn subject(&self) -> String {
        subject::<R>(&self.identity)
    }
}

fn check_table<R: Role>(config: &Value, source: &Source) -> Result<(), Failure> {
    if config.is_object() {
        return Ok(());
    }
    Err(Failure::new(
        FailureKind::Usage,
        format!(
            "the configuration of {} `{}` is not a table",
            R::ROLE,
            source.name
        ),
    ))
}

fn subject<R: Role>(identity: &PluginIdentity) -> String {
    let PluginIdentity {
        name,
        version,
        sha256,
        source,
    } = identity;
    format!(
        "{} `{name}` {version} ({source}, sha256 {})",
        R::ROLE,
        &sha256[..12]
    )
}

fn misconfigured(subject: &str, error: &types::Error, name: &str) -> Failure {
    match error {
        types::Error::InvalidConfig(why) => {
            let what = format!(
                "{subject} refuses its configuration: {}",
                sanitize(why, ERROR_BYTES)
            );
            Failure::new(FailureKind::Usage, what)
                .hint(format!("`tpo plugin inspect {name}` prints its keys"))
        }
        _ => failed(subject, error, "while it was configured"),
    }
}

/// The failure that an error of the plugin stands for; `place` says when.
pub(crate) fn failed(subject: &str, error: &types::Error, place: &str) -> Failure {
    let (did, why) = match error {
        types::Error::InvalidConfig(why) => ("found fault with its configuration", why),
        types::Error::InvalidInput(why) => ("could not use its input", why),
        types::Error::Internal(why) => ("failed", why),
    };
    Failure::new(
        FailureKind::Plugin,
        format!("{subject} {did} {place}: {}", sanitize(why, ERROR_BYTES)),
    )
}
