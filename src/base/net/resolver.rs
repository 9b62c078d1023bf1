//! Resolves names for the outbound client, and lets no private address through.

use super::{policy::Policy, proxy::Proxy};
use hyper_util::client::legacy::connect::dns::Name;
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    vec,
};
use tower_service::Service;

/// Why a name led to no address.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// At least one of the name's addresses may not be dialed. It is not said which, since the
    /// answer would map the private network for whoever asks.
    #[error("the host resolves to an address that is not public")]
    NotAllowed,
    /// The name has no address, or nobody could be asked.
    #[error("the host's name cannot be resolved")]
    Unresolved(#[source] io::Error),
}

/// The addresses as they came, if every one of them may be dialed. A name with public and
/// private answers is refused whole: which one is dialed would be the resolver's choice.
fn vet(policy: &Policy, addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, LookupError> {
    if addresses.is_empty() {
        let nothing = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        return Err(LookupError::Unresolved(nothing));
    }
    if addresses.iter().all(|address| policy.allows(address.ip())) {
        Ok(addresses)
    } else {
        Err(LookupError::NotAllowed)
    }
}

/// Asks for all addresses of a name.
type Lookup = Arc<
    dyn Fn(String) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>
        + Send
        + Sync,
>;

/// Resolves a name once, and hands the connector exactly the addresses that were checked. There
/// is no second look-up that could answer otherwise.
#[derive(Clone)]
pub(super) struct Resolver {
    policy: Arc<Policy>,
    /// The name of the proxy that everything goes through, if it has one: the operator chose it,
    /// and it may stand in a private network.
    proxy: Option<Arc<str>>,
    lookup: Lookup,
}

impl Resolver {
    /// Asks the operating system.
    pub(super) fn system(policy: Policy) -> Self {
        let lookup: Lookup = Arc::new(|name| {
            // The port is a placeholder: the connector puts the URL's own in.
            Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
        });
        Self {
            policy: Arc::new(policy),
            proxy: None,
            lookup,
        }
    }

    /// Lets the connector find this proxy, wherever it stands.
    pub(super) fn and_proxy(mut self, proxy: &Proxy) -> Self {
        self.proxy = proxy.name().map(Arc::from);
        self
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// All addresses of a name that a merchant gave, if they all may be dialed.
    pub(super) async fn addresses(&self, name: String) -> Result<Vec<SocketAddr>, LookupError> {
        vet(&self.policy, self.ask(name).await?)
    }

    async fn ask(&self, name: String) -> Result<Vec<SocketAddr>, LookupError> {
        let found = (self.lookup)(name).await;
        found.map_err(LookupError::Unresolved)
    }
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = LookupError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, LookupError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), LookupError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolver = self.clone();
        Box::pin(async move {
            let name = name.as_str().to_owned();
            // With a proxy the connector dials nothing else, so a merchant gains nothing by its
            // name.
            let addresses = if resolver.proxy.as_deref() == Some(&name) {
                resolver.ask(name).await?
            } else {
                resolver.addresses(name).await?
            };
            Ok(addresses.into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Resolver {
        /// Answers every name with what `lookup` makes of it.
        pub(in crate::base::net) fn fake(
            policy: Policy,
            lookup: impl Fn(&str) -> Vec<SocketAddr> + Send + Sync + 'static,
        ) -> Self {
            let lookup: Lookup = Arc::new(move |name| {
                let found = lookup(&name);
                Box::pin(async move { Ok(found) })
            });
            Self {
                policy: Arc::new(policy),
                proxy: None,
                lookup,
            }
        }
    }

    #[test]
    fn refuses_a_name_with_one_private_answer_whole() {
        let vet = |list: &[&str]| {
            let list = list
                .iter()
                .map(|ip| SocketAddr::new(ip.parse().expect(ip), 0));
            vet(&Policy::default(), list.collect()).map(|list| list.len())
        };
        assert!(matches!(vet(&["1.1.1.1", "2606:4700::1"]), Ok(2)));
        for mixed in [
            &["1.1.1.1", "10.0.0.1"][..],
            &["127.0.0.1", "1.1.1.1"],
            &["1.1.1.1", "::ffff:10.0.0.1"],
            &["2606:4700::1", "fd00::1", "1.1.1.1"],
        ] {
            assert!(
                matches!(vet(mixed), Err(LookupError::NotAllowed)),
                "{mixed:?}"
            );
        }
        assert!(matches!(vet(&[]), Err(LookupError::Unresolved(_))));
    }
}
