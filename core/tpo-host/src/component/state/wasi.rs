//! The WASI that a guest's standard library needs to start: empty, and the same on every machine.
//!
//! There are no arguments and no environment variables, and random numbers are the same in every
//! call. What a guest prints goes to its log.

use bytes::Bytes;
use tpo_types::splitmix64;
use wasmtime::component::{HasData, HasSelf, Linker, Resource, ResourceTable};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::p2::bindings::{cli, random, sync};
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamResult};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::log::SharedLog;

/// Every interface of WASI 0.2 that [`link`] provides.
pub(crate) const INTERFACES: &[&str] = &[
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
];

/// What this WASI consists of.
pub(crate) struct Wasi {
    context: WasiCtx,
    table: ResourceTable,
    rng: DeterministicRng,
    log: SharedLog,
}

impl Wasi {
    pub(crate) fn new(log: SharedLog) -> Self {
        Self {
            context: WasiCtx::builder().build(),
            table: ResourceTable::new(),
            rng: DeterministicRng::default(),
            log,
        }
    }

    /// Another call begins.
    pub(crate) fn renew(&mut self) {
        self.rng = DeterministicRng::default();
    }

    fn stream(&mut self) -> wasmtime::Result<Resource<DynOutputStream>> {
        let stream: DynOutputStream = Box::new(LogStream(self.log.clone()));
        Ok(self.table.push(stream)?)
    }
}

/// A store's data with a [`Wasi`] in it.
pub(crate) trait HasWasi: 'static {
    fn wasi(&mut self) -> &mut Wasi;
}

/// Provides [`INTERFACES`].
pub(crate) fn link<T: HasWasi>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    cli::environment::add_to_linker::<T, WasiCli>(linker, |state| state.wasi().cli())?;
    cli::exit::add_to_linker::<T, WasiCli>(linker, |state| state.wasi().cli())?;
    cli::stdin::add_to_linker::<T, WasiCli>(linker, |state| state.wasi().cli())?;
    cli::terminal_input::add_to_linker::<T, WasiCli>(linker, |state| state.wasi().cli())?;
    cli::terminal_output::add_to_linker::<T, WasiCli>(linker, |state| state.wasi().cli())?;
    cli::terminal_stderr::add_to_linker::<T, WasiCli>(linker, |state| state.wasi().cli())?;
    cli::terminal_stdin::add_to_linker::<T, WasiCli>(linker, |state| state.wasi().cli())?;
    cli::terminal_stdout::add_to_linker::<T, WasiCli>(linker, |state| state.wasi().cli())?;
    sync::io::error::add_to_linker::<T, Table>(linker, |state| &mut state.wasi().table)?;
    sync::io::poll::add_to_linker::<T, Table>(linker, |state| &mut state.wasi().table)?;
    sync::io::streams::add_to_linker::<T, Table>(linker, |state| &mut state.wasi().table)?;

    cli::stderr::add_to_linker::<T, HasSelf<Wasi>>(linker, T::wasi)?;
    cli::stdout::add_to_linker::<T, HasSelf<Wasi>>(linker, T::wasi)?;
    random::insecure::add_to_linker::<T, HasSelf<Wasi>>(linker, T::wasi)?;
    random::insecure_seed::add_to_linker::<T, HasSelf<Wasi>>(linker, T::wasi)?;
    random::random::add_to_linker::<T, HasSelf<Wasi>>(linker, T::wasi)
}

struct Table;

impl HasData for Table {
    type Data<'a> = &'a mut ResourceTable;
}

impl WasiView for Wasi {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.context,
            table: &mut self.table,
        }
    }
}

/// Random numbers that are the same in every call, by `SplitMix64`.
#[derive(Default)]
struct DeterministicRng {
    drawn: u64,
}

/// The most random bytes that one request gets, because the host must hold them.
const MAX_RANDOM_BYTES: u64 = 1 << 20;

impl DeterministicRng {
    fn next(&mut self) -> u64 {
        let bits = splitmix64(0, self.drawn);
        self.drawn += 1;
        bits
    }

    fn bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        wasmtime::ensure!(
            length <= MAX_RANDOM_BYTES,
            "{length} random bytes at once are more than {MAX_RANDOM_BYTES}"
        );
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < length {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(length as usize);
        Ok(bytes)
    }
}

impl random::random::Host for Wasi {
    fn get_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        self.rng.bytes(length)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        Ok(self.rng.next())
    }
}

impl random::insecure::Host for Wasi {
    fn get_insecure_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        self.rng.bytes(length)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        Ok(self.rng.next())
    }
}

impl random::insecure_seed::Host for Wasi {
    fn insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        Ok((self.rng.next(), self.rng.next()))
    }
}

impl cli::stdout::Host for Wasi {
    fn get_stdout(&mut self) -> wasmtime::Result<Resource<DynOutputStream>> {
        self.stream()
    }
}

impl cli::stderr::Host for Wasi {
    fn get_stderr(&mut self) -> wasmtime::Result<Resource<DynOutputStream>> {
        self.stream()
    }
}

/// Writes stdout and stderr to the log.
struct LogStream(SharedLog);

#[wasmtime_wasi::async_trait]
impl Pollable for LogStream {
    async fn ready(&mut self) {}
}

impl OutputStream for LogStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.print(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 << 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_split_mix_64() {
        let mut rng = DeterministicRng::default();
        assert_eq!(
            [rng.next(), rng.next()],
            [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]
        );
        assert_eq!(rng.bytes(11).expect("a few").len(), 11);
        assert!(rng.bytes(u64::MAX).is_err());
    }
}
