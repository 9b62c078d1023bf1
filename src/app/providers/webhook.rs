//! Whether a provider tells us what happens to an account.

use super::Providers;
use crate::domain::{
    rail_accounts::{AccountCredentials, RailAccount, Webhook},
    rails::{
        Heard, Rail,
        stripe::{
            Client,
            answers::{EventDestinations, Page, WebhookEndpoint},
            calls,
        },
    },
};

impl Providers {
    /// Whether the provider sends its events to the account's `webhook_url`, as far as it lets us see;
    /// none if there is no such address.
    pub async fn webhook(
        &self,
        account: &RailAccount,
        credentials: Option<&AccountCredentials>,
    ) -> Option<Webhook> {
        let url = format!("{}{}", self.urls.public_url(), account.webhook_path()?);
        let keys = match credentials? {
            AccountCredentials::Stripe(keys) => keys,
            AccountCredentials::X402(_) => return None,
        };
        // A key that may not read this can be as good as any.
        let heard = Heard::default();
        let asked = look(self.stripe(keys, &heard), &url);
        let seen = tokio::time::timeout(Rail::Stripe.patience(), asked).await;
        Some(seen.unwrap_or(Webhook::Unknown))
    }
}

async fn look(client: Client<'_>, url: &str) -> Webhook {
    let endpoints = calls::read_webhook_endpoints();
    let endpoints = client.call::<Page<WebhookEndpoint>>(&endpoints).await;
    let destinations = calls::read_event_destinations();
    let destinations = client.call::<EventDestinations>(&destinations).await;
    let mut snapshots = endpoints.iter().flat_map(|page| &page.data);
    let mut thin = destinations.iter().flat_map(|page| &page.data);
    if snapshots.any(|to| to.sends_to(url)) || thin.any(|to| to.sends_to(url)) {
        return Webhook::Found;
    }
    let is_all = endpoints.is_ok_and(|page| !page.has_more)
        && destinations.is_ok_and(|page| page.next_page_url.is_none());
    if is_all {
        Webhook::Missing
    } else {
        Webhook::Unknown
    }
}
