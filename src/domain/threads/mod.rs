//! Threads: where in which chat product a payment was asked for.

use crate::base::invalid::{Invalid, check_id};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Most characters in a part of a thread reference.
const PART_CHARACTERS_MAX: usize = 255;

crate::names! {
    /// A chat product.
    pub enum Channel {
        /// Telegram.
        Telegram = "telegram",
        /// Slack.
        Slack = "slack",
        /// Discord.
        Discord = "discord",
        /// Microsoft Teams.
        Teams = "teams",
        /// Google Chat.
        GoogleChat = "google_chat",
        /// LINE.
        Line = "line",
        /// WhatsApp.
        Whatsapp = "whatsapp",
        /// Facebook Messenger.
        Messenger = "messenger",
        /// Instagram.
        Instagram = "instagram",
        /// RCS.
        Rcs = "rcs",
        /// Matrix.
        Matrix = "matrix",
        /// Mattermost.
        Mattermost = "mattermost",
        /// Zulip.
        Zulip = "zulip",
        /// Intercom.
        Intercom = "intercom",
        /// Viber.
        Viber = "viber",
        /// Text messages.
        Sms = "sms",
        /// Any other place that shows text.
        Plain = "plain",
    }
}

/// A place in a chat product, in that product's own ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Thread {
    /// The chat product.
    pub channel: Channel,
    /// The workspace, team or server, where the product has one.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255)]
    pub tenant: Option<String>,
    /// The chat, channel or room.
    #[schema(min_length = 1, max_length = 255, example = "-1001234567890")]
    pub conversation: String,
    /// The thread or topic inside the conversation.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255, example = "77")]
    pub thread: Option<String>,
    /// The message that asked.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255)]
    pub message: Option<String>,
    /// The person who is asked to pay.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255, example = "42")]
    pub user: Option<String>,
}

impl Thread {
    /// Checks the length and the characters of every part.
    pub fn check(&self) -> Result<(), Invalid> {
        let parts = [
            ("/thread/tenant", self.tenant.as_deref()),
            ("/thread/conversation", Some(self.conversation.as_str())),
            ("/thread/thread", self.thread.as_deref()),
            ("/thread/message", self.message.as_deref()),
            ("/thread/user", self.user.as_deref()),
        ];
        let given = |(param, part): (&'static str, Option<&str>)| {
            part.map_or(Ok(()), |text| check_id(param, text, PART_CHARACTERS_MAX))
        };
        parts.into_iter().try_for_each(given)
    }
}

/// `slack:T012/C345/1699.2`: the channel, then the parts that are there.
impl fmt::Display for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            self.tenant.as_deref(),
            Some(self.conversation.as_str()),
            self.thread.as_deref(),
        ];
        let path: Vec<&str> = parts.into_iter().flatten().collect();
        write!(f, "{}:{}", self.channel, path.join("/"))
    }
}
