//! A plugin in a role, with its configuration.

use std::cell::Cell;
use std::sync::Arc;

use serde_json::Value;
use tpo_types::{Failure, FailureKind, PluginIdentity, ScoreRange};

use crate::component::CompiledComponent;
use crate::component::call_error::{CallError, GuestFault, reported_text};
use crate::contract;
use crate::contract::bindings::tpo::plugin::types;
use crate::contract::mismatch::{self, ContractMismatch};
use crate::dispatch::code::PluginCode;
use crate::dispatch::failure_policy::FailurePolicy;
use crate::dispatch::instances::Instances;
use crate::dispatch::role::RoleContract;
use crate::inspection;
use crate::native::{NativeError, NativeInstance, NativeLibrary};
use crate::source::Source;

/// Code in one role, with its configuration.
pub(crate) struct RolePlugin<R: RoleContract> {
    pub(crate) code: PluginCode<R>,
    pub(crate) identity: PluginIdentity,
    /// A JSON object.
    pub(crate) config: Value,
    pub(crate) policy: FailurePolicy,
    /// The range of a judge's scores, if it says so.
    pub(crate) score_range: Option<ScoreRange>,
}

impl<R: RoleContract> RolePlugin<R> {
    /// Finds the role in a component and configures an instance, so that a wrong configuration is
    /// refused before the first batch.
    pub(crate) fn of_component(
        component: Arc<CompiledComponent>,
        source: &Source,
        config: &Value,
        policy: FailurePolicy,
    ) -> Result<Self, Failure> {
        check_table::<R>(config, source)?;
        let export = R::find(&component.pre).map_err(|error| mismatch::refusal(source, error))?;
        let doing = Cell::new("while it was loaded");
        let (description, configured, extra) = component
            .run(&source.name, |store, instance| {
                R::enter(&export, store, instance)
                    .map_err(|error| error.context(ContractMismatch))?;
                let metadata = component
                    .metadata
                    .load(&mut *store, instance)
                    .map_err(|error| error.context(ContractMismatch))?;
                doing.set("while it described itself");
                let description = metadata.call_describe(&mut *store)?;
                doing.set("while it was configured");
                let configured = metadata.call_configure(&mut *store, &config.to_string())?;
                doing.set("while it described itself, configured");
                let extra = match configured {
                    Ok(()) => metadata.call_describe(store)?.extra,
                    Err(_) => Vec::new(),
                };
                Ok((description, configured, extra))
            })
            .map_err(|error| match error {
                CallError::Guest(fault) if fault.is_mismatch => {
                    mismatch::refusal(source, fault.into_cause())
                }
                error => error.failure(&source.subject(), doing.get()),
            })?;
        let identity = inspection::identity(&description.name, &description.version, source)?;
        inspection::config_schema(&description.config_schema, source)?;
        configured.map_err(|error| misconfigured(&subject::<R>(&identity), error, &source.name))?;
        let score_range = inspection::score_range(&extra, source)?;
        let instances = Instances::new(component, export, &identity.name, config);
        Ok(Self {
            code: PluginCode::Component(instances),
            identity,
            config: config.clone(),
            policy,
            score_range,
        })
    }

    /// Opens an instance of a native plugin that has the role.
    pub(crate) fn of_library(
        library: NativeLibrary,
        source: &Source,
        config: &Value,
        policy: FailurePolicy,
    ) -> Result<Self, Failure> {
        check_table::<R>(config, source)?;
        let description = library.description(source)?;
        contract::check_role(&description.roles, R::ROLE, source)?;
        let identity = inspection::identity(&description.name, &description.version, source)?;
        let range = description.score_range.as_ref();
        let score_range = inspection::native_score_range(range, source)?;
        let subject = subject::<R>(&identity);
        let instance = NativeInstance::open(library, config).map_err(|error| match error {
            NativeError::Returned(error) => misconfigured(&subject, error, &source.name),
            NativeError::Abi(did) => Failure::new(FailureKind::Plugin, format!("{subject} {did}")),
        })?;
        Ok(Self {
            code: PluginCode::Native(instance),
            identity,
            config: config.clone(),
            policy,
            score_range,
        })
    }

    pub(crate) fn identity(&self) -> &PluginIdentity {
        &self.identity
    }

    /// What messages call this plugin.
    pub(crate) fn subject(&self) -> String {
        subject::<R>(&self.identity)
    }
}

fn check_table<R: RoleContract>(config: &Value, source: &Source) -> Result<(), Failure> {
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

fn subject<R: RoleContract>(identity: &PluginIdentity) -> String {
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

fn misconfigured(subject: &str, error: types::Error, name: &str) -> Failure {
    match error {
        types::Error::InvalidConfig(why) => {
            let why = reported_text(&why);
            let what = format!("{subject} refuses its configuration: {why}");
            Failure::new(FailureKind::Usage, what)
                .hint(format!("`tpo plugin inspect {name}` prints its keys"))
        }
        error => GuestFault::from(error).failure(subject, "while it was configured"),
    }
}
