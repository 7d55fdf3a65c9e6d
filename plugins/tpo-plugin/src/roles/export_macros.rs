//! What the `export_*!` macros of the roles expand to.

/// Exports metadata and the named interfaces. For targets other than wasm it only checks that the
/// plugin implements the traits.
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($plugin:ty, $($module:ident $role:ident $export:ident),+) => {
        const _: () = {
            struct Component;

            impl $crate::export::Component for Component {
                type Plugin = $plugin;
                const PACKAGE: $crate::export::PackageInfo = PACKAGE;
            }

            const PACKAGE: $crate::export::PackageInfo = $crate::export::PackageInfo::new(
                env!("CARGO_PKG_NAME"),
                env!("CARGO_PKG_VERSION"),
                env!("CARGO_PKG_DESCRIPTION"),
                env!("CARGO_PKG_LICENSE"),
            );

            #[cfg(target_arch = "wasm32")]
            $crate::bindings::metadata::export_metadata!(
                Component with_types_in $crate::bindings::metadata
            );
            $(
                #[cfg(target_arch = "wasm32")]
                $crate::roles::$module::bindings::$export!(
                    Component with_types_in $crate::roles::$module::bindings
                );
            )+

            #[cfg(not(target_arch = "wasm32"))]
            const _: fn() = || {
                $(
                    fn $module<C: $crate::export::Component<Plugin: $crate::$role>>() {}
                    $module::<Component>();
                )+
            };
        };
    };
}

/// Exports a thought format: one plugin that is [`ThoughtTemplate`](crate::ThoughtTemplate) and
/// [`ResponseParser`](crate::ResponseParser), so that both agree on the markers.
#[macro_export]
macro_rules! export_thought_format {
    ($plugin:ty) => {
        $crate::__export!(
            $plugin,
            thought_template ThoughtTemplate export_thought_template,
            response_parser ResponseParser export_response_parser
        );
    };
}
