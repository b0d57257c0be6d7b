//! The answer to `session/request_permission`. There is nobody to ask, so the operator's list of kinds decides: once, never for always, and by
//! the option's kind, never by its place or its name. An agent that offers no fitting option hears that the question was cancelled.

use agent_client_protocol::v1::schema::{
    PermissionOption, PermissionOptionKind, RequestPermissionOutcome, SelectedPermissionOutcome, ToolKind as SaidKind,
};

use std::collections::BTreeSet;

use crate::config::agents::acp::ToolKind;

/// What is answered, and whether that is a yes.
pub(super) struct Decision {
    pub outcome: RequestPermissionOutcome,
    pub is_allowed: bool,
}

/// Decides on a tool of this kind.
pub(super) fn decide(allow: &BTreeSet<ToolKind>, kind: ToolKind, options: &[PermissionOption]) -> Decision {
    let offered = |wanted: PermissionOptionKind| options.iter().find(|option| option.kind == wanted);
    // "Always" would bind runs that have a policy of their own.
    let yes = offered(PermissionOptionKind::AllowOnce).filter(|_| allow.contains(&kind));
    let no = || offered(PermissionOptionKind::RejectOnce).or_else(|| offered(PermissionOptionKind::RejectAlways));
    let is_allowed = yes.is_some();
    let outcome = match yes.or_else(no) {
        Some(option) => RequestPermissionOutcome::Selected(SelectedPermissionOutcome::new(option.option_id.clone())),
        None => RequestPermissionOutcome::Cancelled,
    };
    Decision { outcome, is_allowed }
}

/// The kind that an agent says. One that we do not know is none of those that can be allowed by name.
pub(super) fn kind(said: SaidKind) -> ToolKind {
    match said {
        SaidKind::Read => ToolKind::Read,
        SaidKind::Edit => ToolKind::Edit,
        SaidKind::Delete => ToolKind::Delete,
        SaidKind::Move => ToolKind::Move,
        SaidKind::Search => ToolKind::Search,
        SaidKind::Execute => ToolKind::Execute,
        SaidKind::Think => ToolKind::Think,
        SaidKind::Fetch => ToolKind::Fetch,
        SaidKind::SwitchMode => ToolKind::SwitchMode,
        _ => ToolKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(allow: &[ToolKind], kind: ToolKind, options: &[PermissionOptionKind], expected: Option<&str>) {
        let names = options.iter().enumerate().map(|(at, kind)| PermissionOption::new(format!("{at}"), "Yes!", *kind));
        let decision = decide(&allow.iter().copied().collect(), kind, &names.collect::<Vec<_>>());
        let chosen = match &decision.outcome {
            RequestPermissionOutcome::Selected(selected) => Some(selected.option_id.to_string()),
            _ => None,
        };
        assert_eq!(chosen.as_deref(), expected, "{kind:?} {options:?}");
    }

    #[test]
    fn what_is_not_allowed_is_rejected_and_nothing_is_ever_allowed_for_always() {
        use PermissionOptionKind::{AllowAlways, AllowOnce, RejectAlways, RejectOnce};
        let all = [AllowAlways, AllowOnce, RejectAlways, RejectOnce];
        check(&[], ToolKind::Read, &all, Some("3"));
        check(&[ToolKind::Read], ToolKind::Read, &all, Some("1"));
        check(&[ToolKind::Read], ToolKind::Edit, &all, Some("3"));
        check(&[ToolKind::Read], ToolKind::Other, &all, Some("3"));
        check(&[ToolKind::Read], ToolKind::Read, &[AllowAlways, RejectOnce], Some("1"));
        check(&[ToolKind::Read], ToolKind::Read, &[AllowAlways], None);
        check(&[], ToolKind::Read, &[AllowOnce, RejectAlways], Some("1"));
        check(&[], ToolKind::Read, &[AllowOnce], None);
        check(&[], ToolKind::Read, &[], None);
    }
}
