//! Would not be pure elsewhere: sends what a hash map's order and insecure random bytes make of it.
#![cfg(target_arch = "wasm32")] // it calls the host by name

use std::collections::HashMap;

use sandclaw_sdk::{Decision, Failure, Message, Transform};

#[link(wasm_import_module = "wasi:random/insecure@0.2.0")]
unsafe extern "C" {
    #[link_name = "get-insecure-random-u64"]
    fn insecure_random_u64() -> u64;
}

struct DrawsLots;

impl Transform for DrawsLots {
    fn transform(_event: &str, _config: &str) -> Result<Decision, Failure> {
        let map: HashMap<u32, ()> = (0..100).map(|key| (key, ())).collect();
        let order: Vec<&u32> = map.keys().collect();
        #[expect(unsafe_code, reason = "a function of the host without arguments")]
        // SAFETY: it takes nothing and returns a number.
        let drawn = unsafe { [insecure_random_u64(), insecure_random_u64()] };
        Ok(Decision::Send(Message::json(format!(r#"{{"order":{order:?},"drawn":{drawn:?}}}"#))))
    }
}

sandclaw_sdk::export_transform!(DrawsLots);
