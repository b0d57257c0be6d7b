//! What `auth` was read to.

use std::borrow::Cow;
use std::time::Duration;

use super::super::provider::SecretSpec;
use super::public_url::PublicUrl;
use super::recipe::Recipe;

/// Who may knock at a door.
#[derive(Clone, Debug)]
pub enum AuthConfig {
    /// Anybody; the operator wrote so.
    Open,
    /// Whoever presents one of these secrets, as Bearer or in the door's own header. Never empty.
    Bearer(Vec<SecretSpec>),
    /// Whoever signs by a scheme.
    Scheme(Box<SchemeConfig>),
}

impl AuthConfig {
    /// Whether it lets nobody in, because it has no secret to compare with.
    pub fn is_nobody(&self) -> bool {
        matches!(self, Self::Bearer(secrets) if secrets.is_empty())
    }

    /// All its secrets.
    pub fn secrets(&self) -> &[SecretSpec] {
        match self {
            Self::Open => &[],
            Self::Bearer(secrets) => secrets,
            Self::Scheme(scheme) => &scheme.secrets,
        }
    }
}

/// A scheme and its secrets.
#[derive(Clone, Debug)]
pub struct SchemeConfig {
    /// Which one.
    pub kind: SchemeKind,
    /// The active secrets, 1 to 8 of them; each lets in.
    pub secrets: Vec<SecretSpec>,
    /// How far the signed time may be from ours, if not the scheme's own default.
    pub tolerance: Option<Duration>,
    /// How long a signature without a time is remembered.
    pub replay_window: Duration,
}

/// The schemes, each with what only it needs.
#[derive(Clone, Debug)]
pub enum SchemeKind {
    /// `X-Hub-Signature-256`.
    GitHub,
    /// The classic token of GitLab, sent as it is.
    GitLab,
    /// GitLab's signing token: Standard Webhooks.
    GitLabSigning,
    /// `Stripe-Signature`.
    Stripe,
    /// `X-Slack-Signature`.
    Slack,
    /// Standard Webhooks 1.0.
    StandardWebhooks,
    /// The same under Svix's names.
    Svix,
    /// `X-Shopify-Hmac-Sha256`.
    Shopify,
    /// `X-Twilio-Signature`.
    Twilio {
        /// Where Twilio posts to, which it signs.
        url: PublicUrl,
    },
    /// `X-PagerDuty-Signature`.
    PagerDuty,
    /// `Sentry-Hook-Signature`.
    Sentry,
    /// `Linear-Signature`.
    Linear,
    /// Grafana alerting with an HMAC.
    Grafana {
        /// The header of the signature, in lower case.
        header: Cow<'static, str>,
        /// The header of the time, in lower case, if one is configured there.
        timestamp_header: Option<String>,
    },
    /// DingTalk's outgoing robots.
    DingTalk,
    /// Feishu's and Lark's events; the secret is the encrypt key.
    Feishu {
        /// What `url_verification` shows, which is not signed.
        verification_token: Box<SecretSpec>,
    },
    /// What the operator described.
    Hmac {
        /// How it signs.
        recipe: Box<Recipe>,
        /// Where it posts to, if it signs that.
        url: Option<PublicUrl>,
    },
}

impl SchemeKind {
    /// Whether the time of a request is part of what is signed.
    pub fn signs_time(&self) -> bool {
        match self {
            Self::GitHub | Self::GitLab | Self::Shopify | Self::Twilio { .. } | Self::PagerDuty | Self::Sentry => false,
            Self::GitLabSigning | Self::Stripe | Self::Slack | Self::StandardWebhooks | Self::Svix => true,
            Self::Linear | Self::DingTalk | Self::Feishu { .. } => true,
            Self::Grafana { timestamp_header, .. } => timestamp_header.is_some(),
            Self::Hmac { recipe, .. } => recipe.signs_time(),
        }
    }
}
