//! How registries are reached: credentials and timeout.

use std::env;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::time::Duration;

use docker_credential::{CredentialRetrievalError, DockerCredential};
use tpo_http::Secret;
use tpo_types::{Failure, FailureKind};

/// How registries are reached.
#[derive(Debug, Clone)]
pub struct Access {
    /// Where user name and password come from.
    pub credentials: Credentials,
    /// How long a registry may be silent. A whole download may take this long plus a second per 32
    /// KiB.
    pub timeout: Duration,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            credentials: Credentials::Docker,
            timeout: Duration::from_secs(30),
        }
    }
}

/// Where the user name and password for a registry come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Docker's `config.json` in its usual place, and the helpers it names, as `docker login`
    /// leaves them.
    Docker,
    /// A file like it at another path.
    File(PathBuf),
    /// Nowhere: only public bundles are reached.
    Anonymous,
}

/// The credentials for one registry.
#[derive(Clone)]
pub(crate) enum Login {
    Anonymous,
    Password {
        user: String,
        password: Secret,
    },
    /// A token that is exchanged for others.
    Identity(Secret),
}

impl Credentials {
    /// The credentials for `registry`. An unreadable file is an error, a missing one is not.
    pub(crate) fn login(&self, registry: &str) -> Result<Login, Failure> {
        let path = match self {
            Self::Anonymous => return Ok(Login::Anonymous),
            Self::File(path) => path.clone(),
            Self::Docker => match default_path() {
                Some(path) if path.exists() => path,
                _ => return Ok(Login::Anonymous),
            },
        };
        let unreadable = |cause: String| {
            let what = format!(
                "credentials for `{registry}` cannot be read from `{}`",
                path.display()
            );
            Failure::new(FailureKind::Input, what)
                .because(cause)
                .hint(format!("run `docker login {registry}` again"))
        };
        let file = File::open(&path).map_err(|error| unreadable(error.to_string()))?;
        match docker_credential::get_credential_from_reader(BufReader::new(file), registry) {
            Ok(DockerCredential::UsernamePassword(user, password)) => Ok(Login::Password {
                user,
                password: Secret::new(password),
            }),
            Ok(DockerCredential::IdentityToken(token)) => Ok(Login::Identity(Secret::new(token))),
            Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(Login::Anonymous),
            Err(error) => Err(unreadable(error.to_string())),
        }
    }
}

fn default_path() -> Option<PathBuf> {
    let set = env::var_os("DOCKER_CONFIG")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from);
    Some(
        set.or_else(|| env::home_dir().map(|home| home.join(".docker")))?
            .join("config.json"),
    )
}
