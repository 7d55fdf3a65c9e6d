//! How registries are reached: with whose name, and how patiently.

use std::env;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::time::Duration;

use docker_credential::{CredentialRetrievalError, DockerCredential};
use tpo_types::{Failure, FailureKind};

/// How registries are reached.
#[derive(Debug, Clone)]
pub struct Access {
    /// Who asks.
    pub credentials: Credentials,
    /// How long a registry may be silent. A download may take this long and a second more per 32
    /// KiB.
    pub patience: Duration,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            credentials: Credentials::Docker,
            patience: Duration::from_secs(30),
        }
    }
}

/// Where the name and password for a registry come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Docker's `config.json` in its usual place, and the helpers it names, as `docker login`
    /// leaves them.
    Docker,
    /// A file like it in another place.
    File(PathBuf),
    /// Nobody's: only what is public.
    Anonymous,
}

/// What one registry is told.
#[derive(Clone)]
pub(crate) enum Login {
    /// Nothing.
    Anonymous,
    /// A name and a password.
    Password { user: String, password: String },
    /// A token that is exchanged for others.
    Identity(String),
}

impl Credentials {
    /// What `registry` is told. A file that cannot be understood is an error; that there is none is
    /// not.
    pub(crate) fn login(&self, registry: &str) -> Result<Login, Failure> {
        let path = match self {
            Self::Anonymous => return Ok(Login::Anonymous),
            Self::File(path) => path.clone(),
            Self::Docker => match usual_place() {
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
            Ok(DockerCredential::UsernamePassword(user, password)) => {
                Ok(Login::Password { user, password })
            }
            Ok(DockerCredential::IdentityToken(token)) => Ok(Login::Identity(token)),
            Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(Login::Anonymous),
            Err(error) => Err(unreadable(error.to_string())),
        }
    }
}

fn usual_place() -> Option<PathBuf> {
    let set = env::var_os("DOCKER_CONFIG")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from);
    Some(
        set.or_else(|| env::home_dir().map(|home| home.join(".docker")))?
            .join("config.json"),
    )
}
