//! A real registry: Debian's `docker-registry` on this machine, with its files in a temporary
//! directory.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::debian;

pub(crate) struct Server {
    process: Child,
    files: TempDir,
    port: u16,
}

impl Server {
    pub(crate) fn start() -> Self {
        let (program, _) = debian::program("docker-registry", &["docker-registry"]);
        let files = TempDir::new().unwrap();
        // Between finding a free port and using it, somebody else may take it.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port();
            let config = files.path().join("registry.yml");
            let root = files.path().join("storage");
            let text = format!(
                "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: \
                    {}\nhttp:\n  addr: \
                 127.0.0.1:{port}\n",
                root.display()
            );
            fs::write(&config, text).unwrap();
            let mut process = Command::new(&program)
                .arg("serve")
                .arg(&config)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            if is_up(&mut process, port) {
                return Self {
                    process,
                    files,
                    port,
                };
            }
        }
        panic!("docker-registry does not start");
    }

    /// `oci://` and the rest.
    pub(crate) fn name(&self, rest: &str) -> String {
        format!("oci://{}/{rest}", self.address())
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The file in which the registry keeps a blob.
    pub(crate) fn blob(&self, hex: &str) -> PathBuf {
        let blobs = self
            .files
            .path()
            .join("storage/docker/registry/v2/blobs/sha256");
        blobs.join(&hex[..2]).join(hex).join("data")
    }

    /// The directory in which the registry keeps the tags of a repository.
    pub(crate) fn repository(&self, name: &str) -> PathBuf {
        self.files
            .path()
            .join("storage/docker/registry/v2/repositories")
            .join(name)
    }

    pub(crate) fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been stopped already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn is_up(process: &mut Child, port: u16) -> bool {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return process.try_wait().unwrap().is_none();
        }
        if process.try_wait().unwrap().is_some() {
            return false;
        }
        thread::sleep(Duration::from_millis(50));
    }
    let _ = process.kill();
    false
}
