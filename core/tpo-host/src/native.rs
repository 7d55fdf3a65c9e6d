//! Native plugins: the roles over the C ABI of `plugins/tpo-native`, records as JSON.
//!
//! Nothing confines a native plugin, so it is loaded only where the user allowed it. Its outcomes
//! are still checked like those of a component. Beside the cache of compiled code this is the only
//! unsafe code of the host: every pointer is checked before it is followed, and beyond that the
//! library must keep what the header says.

#![allow(unsafe_code, reason = "a shared library is called")]

use std::ffi::c_void;
use std::path::Path;
use std::ptr;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tpo_native::{ABI, GetAbi, GetPlugin, NativeText};
use tpo_types::{Failure, PluginRole};

use crate::contract::bindings::tpo::plugin::types;
use crate::limits::Limits;
use crate::source::Source;

/// A loaded library whose table of functions was checked.
pub(crate) struct NativeLibrary {
    describe: unsafe extern "C" fn() -> NativeText,
    open: unsafe extern "C" fn(NativeText, *mut *mut c_void, *mut NativeText) -> i32,
    call: unsafe extern "C" fn(*mut c_void, NativeText, NativeText, *mut NativeText) -> i32,
    release: unsafe extern "C" fn(NativeText),
    close: unsafe extern "C" fn(*mut c_void),
    /// The longest text that is taken from it, in bytes.
    max_text: usize,
    /// Its code; last, because it must outlive the rest.
    _library: libloading::Library,
}

/// How a native plugin describes itself.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct NativeDescription {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) summary: String,
    pub(crate) license: String,
    pub(crate) config_schema: Value,
    pub(crate) roles: Vec<PluginRole>,
    pub(crate) score_range: Option<Value>,
}

impl NativeLibrary {
    /// Loads a library, which runs its initializers, and checks its ABI.
    pub(crate) fn load(source: &Source, limits: &Limits) -> Result<Self, Failure> {
        // A name without a separator would be looked for in the system's directories.
        let path = std::path::absolute(Path::new(&source.name))
            .map_err(|error| source.refusal("cannot be loaded").because(error))?;
        // SAFETY: the user allowed this library to run in the process.
        let library = unsafe { libloading::Library::new(path) }.map_err(|error| {
            source
                .refusal("cannot be loaded as a library")
                .because(error)
        })?;
        // SAFETY: the types are those of `tpo_native.h`; a library with these symbols vouches for
        // them.
        let abi = unsafe { library.get::<GetAbi>(tpo_native::ABI_SYMBOL) }
            .map_err(|error| lacks(source, tpo_native::ABI_SYMBOL, error))
            .map(|get_abi| unsafe { get_abi() })?;
        if abi != ABI {
            let what = format!("has version {abi} of the native ABI; this tpo has version {ABI}");
            return Err(source
                .refusal(what)
                .hint("build it with the `tpo_native.h` of this tpo"));
        }
        // SAFETY: as above.
        let table = unsafe { library.get::<GetPlugin>(tpo_native::PLUGIN_SYMBOL) }
            .map_err(|error| lacks(source, tpo_native::PLUGIN_SYMBOL, error))
            .map(|get_plugin| unsafe { get_plugin() })?;
        if table.is_null() || !table.is_aligned() {
            return Err(source.refusal("gives no table of functions"));
        }
        // SAFETY: not null, aligned, and both fields are in every version of the table.
        let (abi, size) = unsafe { ((*table).abi, (*table).size) };
        if abi != ABI || (size as usize) < size_of::<tpo_native::PluginTable>() {
            let what =
                format!("gives a table of ABI {abi} with {size} bytes; this tpo needs ABI {ABI}");
            return Err(source
                .refusal(what)
                .hint("build it with the `tpo_native.h` of this tpo"));
        }
        // SAFETY: it has the size of the table of this ABI.
        let table = unsafe { *table };
        let needs = |name: &str| source.refusal(format!("leaves out the function `{name}`"));
        Ok(Self {
            describe: table.describe.ok_or_else(|| needs("describe"))?,
            open: table.open.ok_or_else(|| needs("open"))?,
            call: table.call.ok_or_else(|| needs("call"))?,
            release: table.release.ok_or_else(|| needs("release"))?,
            close: table.close.ok_or_else(|| needs("close"))?,
            max_text: limits.answer_bytes(),
            _library: library,
        })
    }

    /// How the plugin describes itself.
    pub(crate) fn description(&self, source: &Source) -> Result<NativeDescription, Failure> {
        // SAFETY: the function takes nothing; its text is valid while the library is loaded.
        let text = unsafe { (self.describe)() };
        let said = self
            .read(text)
            .map_err(|why| source.refusal(format!("describes itself {why}")))?;
        serde_json::from_str(&said).map_err(|error| {
            source
                .refusal("does not describe itself as a native plugin must")
                .because(error)
        })
    }

    /// Copies a text of the library.
    fn read(&self, text: NativeText) -> Result<String, String> {
        if text.size == 0 {
            return Ok(String::new());
        }
        if text.data.is_null() {
            return Err("with a text at no address".into());
        }
        if text.size > self.max_text {
            return Err(format!(
                "with {} bytes of text, and `limits.answer_mib` allows {}",
                text.size, self.max_text
            ));
        }
        // SAFETY: not null, and the library says that so many bytes are there.
        let bytes = unsafe { std::slice::from_raw_parts(text.data, text.size) };
        String::from_utf8(bytes.to_vec())
            .map_err(|error| format!("with a text that is not UTF-8: {error}"))
    }

    /// Copies a text that the library gave away, and gives it back.
    fn take(&self, text: NativeText) -> Result<String, String> {
        let read = self.read(text);
        // SAFETY: the text came from this library and is not used again.
        unsafe { (self.release)(text) };
        read
    }
}

fn lacks(source: &Source, symbol: &str, error: libloading::Error) -> Failure {
    let hint = "a native plugin exports the two functions of `tpo_native.h`";
    source
        .refusal(format!("does not export `{symbol}`"))
        .because(error)
        .hint(hint)
}

/// A call of a native plugin that ended without outcomes.
pub(crate) enum NativeError {
    /// The plugin returned an error.
    Returned(types::Error),
    /// The plugin broke the ABI: what it did, after its name.
    Abi(String),
}

/// A configured instance of a native plugin, called by one thread at a time. There is only one:
/// what native plugins are for, such as a model on a GPU, is too large to have twice, and a native
/// plugin can use threads of its own.
pub(crate) struct NativeInstance {
    library: NativeLibrary,
    handle: Mutex<NativeHandle>,
}

/// What the library calls its instance.
struct NativeHandle(*mut c_void);

// SAFETY: the header says that an instance may be called from any thread, one at a time.
unsafe impl Send for NativeHandle {}

impl NativeInstance {
    /// Makes an instance.
    pub(crate) fn open(library: NativeLibrary, config: &Value) -> Result<Self, NativeError> {
        let config = config.to_string();
        let (mut handle, mut error) = (ptr::null_mut(), NativeText::EMPTY);
        // SAFETY: the texts live through the call, and both places may be written to.
        let status = unsafe {
            (library.open)(
                NativeText::from(config.as_str()),
                &raw mut handle,
                &raw mut error,
            )
        };
        if status == tpo_native::OK {
            return Ok(Self {
                library,
                handle: Mutex::new(NativeHandle(handle)),
            });
        }
        let why = library
            .take(error)
            .map_err(|why| NativeError::Abi(format!("refused its configuration {why}")))?;
        Err(returned(status, why))
    }

    /// The outcomes of one batch.
    pub(crate) fn call<I: Serialize, O: DeserializeOwned>(
        &self,
        role: PluginRole,
        items: &[I],
    ) -> Result<Vec<O>, NativeError> {
        let items = serde_json::to_string(items)
            .map_err(|error| NativeError::Abi(format!("cannot be called: {error}")))?;
        let mut reply = NativeText::EMPTY;
        let handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the instance is this library's, no other thread calls it now, and the texts live
        // through the call.
        let status = unsafe {
            (self.library.call)(
                handle.0,
                NativeText::from(role.as_str()),
                NativeText::from(items.as_str()),
                &raw mut reply,
            )
        };
        drop(handle);
        let reply = self
            .library
            .take(reply)
            .map_err(|why| NativeError::Abi(format!("returned {why}")))?;
        if status != tpo_native::OK {
            return Err(returned(status, reply));
        }
        serde_json::from_str(&reply).map_err(|error| {
            NativeError::Abi(format!(
                "returned something other than the role's outcomes: {error}"
            ))
        })
    }
}

impl Drop for NativeInstance {
    fn drop(&mut self) {
        let handle = self
            .handle
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the instance is not used again.
        unsafe { (self.library.close)(handle.0) };
    }
}

/// The error that a status other than success stands for.
fn returned(status: i32, why: String) -> NativeError {
    NativeError::Returned(match status {
        tpo_native::INVALID_CONFIG => types::Error::InvalidConfig(why),
        tpo_native::INVALID_INPUT => types::Error::InvalidInput(why),
        _ => types::Error::Internal(why),
    })
}
