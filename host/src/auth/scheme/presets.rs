//! The presets: one table, a line of origin for each. Facts of the senders, as data; whatever needs code of its own is marked.

use std::borrow::Cow;
use std::time::Duration;

use super::{Form, Shows, Special, standard};
use crate::config::auth::{
    Algorithm, Encoding, Piece, Recipe, SchemeKind, SecretEncoding, Source, Stamp, TOLERANCE_DEFAULT,
    TOLERANCE_DINGTALK, TOLERANCE_LINEAR,
};

/// A scheme without its secrets.
pub(super) struct Preset {
    pub name: &'static str,
    pub form: Form,
    pub shows: Shows,
    pub tolerance: Duration,
}

pub(super) fn of(kind: &SchemeKind) -> Preset {
    use Algorithm::{PlainSha256, Sha1};
    use Encoding::{Base64, Hex};
    match kind {
        // docs.github.com "Validating webhook deliveries". The GUID stays the same when somebody presses "Redeliver".
        SchemeKind::GitHub => {
            preset("github", body("x-hub-signature-256", "sha256=", Hex, &[header("x-github-delivery")]))
        }
        // docs.gitlab.com "Webhooks": the secret token, sent as it is.
        SchemeKind::GitLab => special("gitlab", Form::Token),
        // gitlab-org/gitlab merge requests 230944 and 231325: Standard Webhooks.
        SchemeKind::GitLabSigning => special("gitlab-signing", Form::Standard(standard::WEBHOOK)),
        // docs.stripe.com "Verify webhook signatures". `whsec_…` is the key as it is written; v0 is a test mode's.
        SchemeKind::Stripe => preset(
            "stripe",
            Recipe {
                separator: Some(Cow::Borrowed(",")),
                signed: Cow::Borrowed(&[Piece::Timestamp, Piece::Text(Cow::Borrowed(".")), Piece::Body]),
                timestamp: Some(Stamp { source: Source::Item("t="), unit_ms: 1_000 }),
                ..body("stripe-signature", "v1=", Hex, &[Source::Member(&["id"])])
            },
        ),
        // docs.slack.dev "Verifying requests from Slack". The verification token of old apps is in each body still.
        SchemeKind::Slack => Preset {
            shows: Shows { members: &[&["token"]], ..Shows::NOTHING },
            form: Form::Recipe {
                recipe: Recipe {
                    signed: Cow::Borrowed(&[
                        Piece::Text(Cow::Borrowed("v0:")),
                        Piece::Timestamp,
                        Piece::Text(Cow::Borrowed(":")),
                        Piece::Body,
                    ]),
                    timestamp: seconds_in("x-slack-request-timestamp"),
                    ..body("x-slack-signature", "v0=", Hex, &[Source::Member(&["event_id"])])
                },
                url: None,
                special: Special::Slack,
            },
            ..special("slack", Form::Token)
        },
        // standardwebhooks.com, version 1.0 of the specification; `v1` and `v1a`.
        SchemeKind::StandardWebhooks => special("standard-webhooks", Form::Standard(standard::WEBHOOK)),
        // docs.svix.com "Verifying webhooks manually": the same under other names.
        SchemeKind::Svix => special("svix", Form::Standard(standard::SVIX)),
        // shopify.dev "Verify webhook deliveries".
        SchemeKind::Shopify => preset(
            "shopify",
            body("x-shopify-hmac-sha256", "", Base64, &[header("x-shopify-webhook-id"), header("x-shopify-event-id")]),
        ),
        // twilio.com/docs "Webhooks security": the URL and the sorted form, or the URL with the hash of the body in it.
        SchemeKind::Twilio { url } => Preset {
            form: Form::Recipe {
                recipe: Recipe {
                    algorithm: Sha1,
                    signed: Cow::Borrowed(&[Piece::Url, Piece::SortedForm]),
                    ..body("x-twilio-signature", "", Base64, &[header("i-twilio-idempotency-token")])
                },
                url: Some(url.clone()),
                special: Special::Twilio,
            },
            ..special("twilio", Form::Token)
        },
        // developer.pagerduty.com "Verifying webhook signatures" (v3): one signature for each active secret.
        SchemeKind::PagerDuty => preset(
            "pagerduty",
            Recipe {
                separator: Some(Cow::Borrowed(",")),
                ..body("x-pagerduty-signature", "v1=", Hex, &[Source::Member(&["event", "id"])])
            },
        ),
        // docs.sentry.io "Webhooks": `Sentry-Hook-Timestamp` is not part of what is signed.
        SchemeKind::Sentry => preset("sentry", body("sentry-hook-signature", "", Hex, &[header("request-id")])),
        // linear.app/developers/webhooks: the time is in the body, and so signed.
        SchemeKind::Linear => Preset {
            tolerance: TOLERANCE_LINEAR,
            ..preset(
                "linear",
                Recipe {
                    timestamp: Some(Stamp { source: Source::Member(&["webhookTimestamp"]), unit_ms: 1 }),
                    ..body("linear-signature", "", Hex, &[header("linear-delivery")])
                },
            )
        },
        // grafana.com/docs "Configure the webhook notifier": HMAC signature.
        SchemeKind::Grafana { header, timestamp_header } => {
            let plain = Recipe { header: header.clone(), ..body("", "", Hex, &[]) };
            preset(
                "grafana",
                match timestamp_header {
                    None => plain,
                    Some(name) => Recipe {
                        signed: Cow::Borrowed(&[Piece::Timestamp, Piece::Text(Cow::Borrowed(":")), Piece::Body]),
                        timestamp: Some(Stamp { source: Source::Header(Cow::Owned(name.clone())), unit_ms: 1_000 }),
                        ..plain
                    },
                },
            )
        }
        // open.dingtalk.com, outgoing robots: time and secret under the secret. The body is not signed, so the signature is good with another one.
        SchemeKind::DingTalk => Preset {
            shows: Shows { headers: &["sign"], query: &["sign"], members: &[] },
            tolerance: TOLERANCE_DINGTALK,
            ..preset(
                "dingtalk",
                Recipe {
                    signed: Cow::Borrowed(&[Piece::Timestamp, Piece::Text(Cow::Borrowed("\n")), Piece::Secret]),
                    timestamp: Some(Stamp { source: header("timestamp"), unit_ms: 1 }),
                    ..body("sign", "", Base64, &[Source::Member(&["msgId"])])
                },
            )
        },
        // open.feishu.cn "Event subscription": a plain hash, and the body encrypted. Events of version 1 have `uuid`,
        // and the verification token outside; those of version 2 have it in their header.
        SchemeKind::Feishu { .. } => Preset {
            shows: Shows { members: &[&["token"], &["header", "token"]], ..Shows::NOTHING },
            form: Form::Recipe {
                recipe: Recipe {
                    algorithm: PlainSha256,
                    signed: Cow::Borrowed(&[
                        Piece::Timestamp,
                        Piece::Header(Cow::Borrowed("x-lark-request-nonce")),
                        Piece::Secret,
                        Piece::Body,
                    ]),
                    timestamp: seconds_in("x-lark-request-timestamp"),
                    ..body(
                        "x-lark-signature",
                        "",
                        Hex,
                        &[Source::Member(&["header", "event_id"]), Source::Member(&["uuid"])],
                    )
                },
                url: None,
                special: Special::Feishu,
            },
            ..special("feishu", Form::Token)
        },
        SchemeKind::Hmac { recipe, url } => {
            special("hmac", Form::Recipe { recipe: (**recipe).clone(), url: url.clone(), special: Special::None })
        }
    }
}

fn special(name: &'static str, form: Form) -> Preset {
    Preset { name, form, shows: Shows::NOTHING, tolerance: TOLERANCE_DEFAULT }
}

fn preset(name: &'static str, recipe: Recipe) -> Preset {
    special(name, Form::Recipe { recipe, url: None, special: Special::None })
}

/// HMAC-SHA256 over the body.
fn body(header: &'static str, prefix: &'static str, encoding: Encoding, ids: &[Source]) -> Recipe {
    Recipe {
        header: Cow::Borrowed(header),
        prefix: Cow::Borrowed(prefix),
        separator: None,
        algorithm: Algorithm::Sha256,
        encoding,
        signed: Cow::Borrowed(&[Piece::Body]),
        timestamp: None,
        ids: Cow::Owned(ids.to_vec()),
        secret_encoding: SecretEncoding::Text,
    }
}

fn header(name: &'static str) -> Source {
    Source::Header(Cow::Borrowed(name))
}

fn seconds_in(name: &'static str) -> Option<Stamp> {
    Some(Stamp { source: header(name), unit_ms: 1_000 })
}
