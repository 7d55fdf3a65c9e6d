//! The C ABI of native plugins, as Rust sees it: the same declarations as `include/tpo_native.h`,
//! which explains them.
//!
//! Declarations only. Loading a library and calling through the table is the host's business, and
//! what a plugin does behind it is its own.

use std::ffi::c_void;
use std::ptr;

/// The version of the ABI.
pub const ABI: u32 = 1;
/// Symbol of the function that says which ABI a library has.
pub const ABI_SYMBOL: &str = "tpo_native_abi";
/// Symbol of the function that gives the table.
pub const PLUGIN_SYMBOL: &str = "tpo_native_plugin";

/// The status of a call that went well.
pub const OK: i32 = 0;
/// The configuration is refused.
pub const INVALID_CONFIG: i32 = 1;
/// The call makes no sense for this plugin.
pub const INVALID_INPUT: i32 = 2;

/// A UTF-8 text that somebody else owns.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Text {
    /// Its first byte; may be null where `size` is 0.
    pub data: *const u8,
    /// In bytes.
    pub size: usize,
}

impl Text {
    /// No text.
    pub const EMPTY: Self = Self {
        data: ptr::null(),
        size: 0,
    };
}

impl From<&str> for Text {
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
pub type GetPlugin = unsafe extern "C" fn() -> *const Plugin;

/// The table of a native plugin. A function that a library left out is none.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Plugin {
    /// [`ABI`].
    pub abi: u32,
    /// Size of this table, in bytes.
    pub size: u32,
    /// Describes the plugin, as JSON.
    pub describe: Option<unsafe extern "C" fn() -> Text>,
    /// Makes an instance from a configuration.
    pub open: Option<unsafe extern "C" fn(Text, *mut *mut c_void, *mut Text) -> i32>,
    /// Asks an instance in a role about items.
    pub call: Option<unsafe extern "C" fn(*mut c_void, Text, Text, *mut Text) -> i32>,
    /// Frees a text.
    pub release: Option<unsafe extern "C" fn(Text)>,
    /// Ends an instance.
    pub close: Option<unsafe extern "C" fn(*mut c_void)>,
}
