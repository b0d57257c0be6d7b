//! Session keys as OpenClaw compares them: in lower case, but for the ids of peers that are only themselves in their own.

/// Keys begin so that name an agent.
const AGENT: &str = "agent";
/// The word for an agent's main session.
const MAIN: &str = "main";

/// Whether the key is another word for the main session of its agent.
pub(super) fn is_main(key: &str) -> bool {
    key.to_lowercase() == MAIN
}

/// What stands behind `agent:<id>:`, if the key names an agent, in lower case.
pub(super) fn behind_agent(key: &str) -> Option<String> {
    let folded = folded(key);
    let (named, rest) = folded.strip_prefix("agent:")?.split_once(':')?;
    let is_one = !crate::model::js_trim(named).is_empty() && !rest.is_empty() && !rest.starts_with(':');
    is_one.then(|| rest.to_owned())
}

fn folded(key: &str) -> String {
    let parts: Vec<&str> = key.split(':').collect();
    let matrix = matrix_room(&parts);
    let (mut folded, mut at) = (Vec::with_capacity(parts.len()), 0);
    while let Some(part) = parts.get(at) {
        if let Some((room, thread)) = matrix
            && at >= room
        {
            folded.push(if Some(at) == thread { part.to_lowercase() } else { (*part).to_owned() });
        } else if let [signal, group, id, ..] = &parts[at..]
            && is(signal, "signal")
            && is(group, "group")
            && !id.is_empty()
        {
            folded.extend([signal.to_lowercase(), group.to_lowercase(), crate::model::js_trim(id).to_owned()]);
            at += 2;
        } else {
            folded.push(part.to_lowercase());
        }
        at += 1;
    }
    folded.join(":")
}

/// Where the id of a Matrix room begins, which goes on to the end, and the word `thread` in it, if there is one.
fn matrix_room(parts: &[&str]) -> Option<(usize, Option<usize>)> {
    let mut at = 0;
    while at + 2 < parts.len() && is(parts[at], AGENT) {
        at += 2;
    }
    while at > 0 && parts.get(at).is_some_and(|part| part.is_empty()) {
        at += 1;
    }
    let (matrix, kind) = (parts.get(at)?, parts.get(at + 1)?);
    let room = at + 2;
    let is_room = is(matrix, "matrix") && (is(kind, "channel") || is(kind, "group"));
    if !is_room || parts.get(room).is_none() {
        return None;
    }
    let thread = (room + 1..parts.len().saturating_sub(1)).rev().find(|at| is(parts[*at], "thread"));
    Some((room, thread))
}

fn is(part: &str, word: &str) -> bool {
    part.eq_ignore_ascii_case(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected ones are what `parseAgentSessionKey` of OpenClaw 2026.9.6 says.
    #[test]
    fn a_key_that_names_an_agent_is_folded_as_openclaw_does() {
        for (key, expected) in [
            ("agent:other:hook:X", Some("hook:x")),
            ("AGENT:Other:Å", Some("å")),
            ("agent:a:signal:group:AbC:Thread:T", Some("signal:group:AbC:thread:t")),
            ("agent:a:Signal:GROUP: AbC :X", Some("signal:group:AbC:x")),
            ("agent:a:signal:group::X", Some("signal:group::x")),
            ("agent:a:Matrix:Channel:!Room:Host.org", Some("matrix:channel:!Room:Host.org")),
            ("agent:a:matrix:group:!R:H:Thread:$Ev", Some("matrix:group:!R:H:thread:$Ev")),
            ("agent:a:Agent:B:matrix:channel:!R", Some("agent:b:matrix:channel:!R")),
            ("agent:a:matrix:direct:@Me", Some("matrix:direct:@me")),
            ("agent:a:x:matrix:channel:!R", Some("x:matrix:channel:!r")),
            ("agent:other", None),
            ("agent:: x", None),
            ("agent:a::x", None),
            ("agent: :x", None),
            ("agent:a:", None),
            ("hook:agent:other:x", None),
            ("日本語", None),
        ] {
            assert_eq!(behind_agent(key).as_deref(), expected, "{key}");
        }
        assert!(is_main("Main") && !is_main("main:x") && !is_main("agent:main:main"));
    }
}
