//! Which event is which alert. Firing and resolved share a line of labels, or the one would never find the other.

use sandclaw_sdk::Event;

/// The alert that an event is.
pub struct Rule {
    /// The label `alertname`.
    pub alert: &'static str,
    /// The label `severity`: `critical` when nothing goes on by itself, else `warning`.
    pub severity: &'static str,
    /// Firing, or resolved.
    pub is_firing: bool,
    /// The labels that say what it is about, and where in the data their values are. Never the event's own id.
    pub labels: &'static [(&'static str, &'static [&'static str])],
}

/// The alert of an event; `None` if it is none.
pub fn rule(event: &Event) -> Option<Rule> {
    let rule = match event.kind.as_str() {
        "error.occurred" => error(true),
        // What went wrong in a session is over with it; an error of no session stays until somebody looks.
        "session.ended" if event.text(&["sessionId"]).is_some() => error(false),
        "flow.failed" => flow(true),
        "flow.finished" | "flow.cancelled" | "flow.resumed" => flow(false),
        "plugin.refused" | "plugin.poisoned" => plugin(true),
        "plugin.swapped" => plugin(false),
        "endpoint.disabled" => endpoint("SandclawEndpointDisabled", "critical"),
        "delivery.dead" => endpoint("SandclawDeliveryDead", "warning"),
        _ => return None,
    };
    Some(rule)
}

fn error(is_firing: bool) -> Rule {
    let labels = &[("agent_id", &["agentId"] as &[_]), ("session_id", &["sessionId"])];
    Rule { alert: "SandclawErrorOccurred", severity: "critical", is_firing, labels }
}

fn flow(is_firing: bool) -> Rule {
    let labels = &[("flow_id", &["flow.flowId"] as &[_]), ("controller_id", &["flow.controllerId"])];
    Rule { alert: "SandclawFlowFailed", severity: "warning", is_firing, labels }
}

fn plugin(is_firing: bool) -> Rule {
    // One file may serve several routes, and be swapped in one and refused in another.
    let labels =
        &[("plugin", &["plugin.file", "plugin", "file"] as &[_]), ("route", &["route"]), ("endpoint", &["endpoint"])];
    Rule { alert: "SandclawPluginFailing", severity: "critical", is_firing, labels }
}

fn endpoint(alert: &'static str, severity: &'static str) -> Rule {
    let labels = &[("endpoint", &["endpoint.name", "endpoint"] as &[_])];
    Rule { alert, severity, is_firing: true, labels }
}
