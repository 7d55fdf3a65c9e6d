//! The C ABI of native plugins in Rust: the same declarations as in `include/tpo_native.h`, which
//! explains them.
//!
//! Declarations only: the host loads libraries and calls them.

use std::ffi::c_void;
use std::ptr;

/// The version of the ABI.
pub const ABI: u32 = 1;
/// Symbol of the function that returns the ABI version of a library.
pub const ABI_SYMBOL: &str = "tpo_native_abi";
/// Symbol of the function that returns the table.
pub const PLUGIN_SYMBOL: &str = "tpo_native_plugin";

/// The status of a successful call.
pub const OK: i32 = 0;
/// The plugin rejects the configuration.
pub const INVALID_CONFIG: i32 = 1;
/// The plugin cannot process the input.
pub const INVALID_INPUT: i32 = 2;

/// A borrowed UTF-8 text.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct NativeText {
    /// Its first byte; may be null if `size` is 0.
    pub data: *const u8,
    /// In bytes.
    pub size: usize,
}

impl NativeText {
    /// The empty text.
    pub const EMPTY: Self = Self {
        data: ptr::null(),
        size: 0,
    };
}

impl From<&str> for NativeText {
    fn from(text: &str) -> Self {
        Self {
            data: text.as_ptr(),
            size: text.len(),
        }
    }
}

/// Type of the function `tpo_native_abi`.
pub type GetAbi = unsafe extern "C" fn() -> u32;
/// Type of the function `tpo_native_plugin`.
pub type GetPlugin = unsafe extern "C" fn() -> *const PluginTable;

/// The table of a native plugin. A function that the library leaves out is `None`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PluginTable {
    /// [`ABI`].
    pub abi: u32,
    /// Size of this table, in bytes.
    pub size: u32,
    /// Describes the plugin, as JSON.
    pub describe: Option<unsafe extern "C" fn() -> NativeText>,
    /// Makes an instance from a configuration.
    pub open: Option<unsafe extern "C" fn(NativeText, *mut *mut c_void, *mut NativeText) -> i32>,
    /// Calls a role of an instance with a batch of items.
    pub call:
        Option<unsafe extern "C" fn(*mut c_void, NativeText, NativeText, *mut NativeText) -> i32>,
    /// Frees a text.
    pub release: Option<unsafe extern "C" fn(NativeText)>,
    /// Destroys an instance.
    pub close: Option<unsafe extern "C" fn(*mut c_void)>,
}
