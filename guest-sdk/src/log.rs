//! Lines for the operator's log. The host marks each as a guest's, names its route and escapes control characters; a run that logs
//! more than its limit ends. In native tests the lines go to standard error.
//!
//! `context` says what part of the plugin speaks; it may be empty. No secrets: logs are read by more people than you think.

macro_rules! level {
    ($name:ident, $level:ident, $doc:literal) => {
        #[doc = $doc]
        #[cfg(target_arch = "wasm32")]
        pub fn $name(context: &str, message: &str) {
            use crate::bindings::route_action::wasi::logging::logging;
            logging::log(logging::Level::$level, context, message);
        }

        #[doc = $doc]
        #[cfg(not(target_arch = "wasm32"))]
        pub fn $name(context: &str, message: &str) {
            std::eprintln!("{} {context}: {message}", stringify!($name));
        }
    };
}

level!(trace, Trace, "For someone who follows every step.");
level!(debug, Debug, "For someone who looks for a fault.");
level!(info, Info, "What happened, one line per thing that happened.");
level!(warn, Warn, "Something is not as it should be, and the plugin went on.");
level!(error, Error, "The plugin could not do what it was asked.");
level!(critical, Critical, "Nothing will work until someone acts.");
