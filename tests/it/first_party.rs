//! The transforms of `plugins/` as the files that they are built to. What they make of events, their own tests say.

use gateway_tests::plugin;

const TRANSFORM: &str = "sandclaw:plugin/transform@0.1.0";
const HOOK_TRANSFORM: &str = "sandclaw:hooks/transform@0.1.0";

const TRANSFORMS: [(&str, &str); 5] = [
    ("slack", TRANSFORM),
    ("feishu_bot", TRANSFORM),
    ("dingtalk_bot", TRANSFORM),
    ("alertmanager_digest", TRANSFORM),
    ("github_hook", HOOK_TRANSFORM),
];

/// Larger than any of them by a third: a dependency that has slipped in shows here.
const COMPONENT_MAX_BYTES: usize = 350_000;

/// Whether a component names an interface. It stands in the file as it is written.
fn names(component: &[u8], interface: &str) -> bool {
    component.windows(interface.len()).any(|window| window == interface.as_bytes())
}

#[test]
fn a_first_party_transform_is_a_small_component_that_needs_no_grant() {
    for (name, interface) in TRANSFORMS {
        let component = plugin(name);
        assert!(names(&component, interface), "{name} does not export {interface}");
        for power in
            ["wasi:random", "wasi:clocks", "wasi:sockets", "wasi:http", "sandclaw:plugin/flow", "sandclaw:plugin/task"]
        {
            assert!(!names(&component, power), "{name} imports {power}");
        }
        assert!(component.len() <= COMPONENT_MAX_BYTES, "{name} has {} bytes", component.len());
    }
}
