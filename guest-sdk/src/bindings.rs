//! The contract as generated code, one module per world. The text is `wit/`; nothing here is written by hand, and nothing
//! outside this crate sees it.

#![allow(unsafe_code, missing_docs, reason = "generated: lifting and lowering is pointer work")]

pub mod route_action {
    wit_bindgen::generate!({ path: "../wit", world: "route-action", pub_export_macro: true, generate_all });
}

pub mod outbound_transform {
    wit_bindgen::generate!({ path: "../wit", world: "outbound-transform", pub_export_macro: true, generate_all });
}

pub mod hook_transform {
    wit_bindgen::generate!({ path: "../wit/hooks", world: "hook-transform", pub_export_macro: true, generate_all });
}
