//! Who calls, and that the role of the key allows it.

use super::parameters::Parameters;
use crate::base::problem::ProblemCode;
use crate::domain::auth::{Principal, Scope};
use crate::http::Problem;
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use std::future::{Ready, ready};
use std::{marker::PhantomData, ops::Deref};

/// What a handler asks of the caller's role.
pub trait Grant: 'static {
    /// The scope that the role must have.
    const SCOPE: Scope;
}

/// Who calls. A handler that takes a `Caller<WriteIntents>` runs only for roles that may write
/// intents; others get 403.
#[derive(Clone, Copy, Debug)]
pub struct Caller<G> {
    principal: Principal,
    grant: PhantomData<G>,
}

impl<G> Deref for Caller<G> {
    type Target = Principal;
    fn deref(&self) -> &Principal {
        &self.principal
    }
}

impl<G> Parameters for Caller<G> {}

impl<G: Grant> FromRequest for Caller<G> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let principal = request.extensions().get::<Principal>().copied();
        ready(principal.map_or_else(
            || {
                Err(Problem::internal(
                    &"a route that needs a key stands outside of /v1",
                ))
            },
            admit,
        ))
    }
}

fn admit<G: Grant>(principal: Principal) -> Result<Caller<G>, Problem> {
    if G::SCOPE.is_for_tests() && principal.mode.is_live() {
        return Err(Problem::new(
            ProblemCode::NotFound,
            "this merchant is live, and the sandbox is for test merchants: use a key that begins with tp_test_",
        ));
    }
    if principal.may(G::SCOPE) {
        Ok(Caller {
            principal,
            grant: PhantomData,
        })
    } else {
        Err(Problem::forbidden(format!(
            "a key of role {} may not do this: use a key of another role",
            principal.role
        )))
    }
}

macro_rules! grants {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl Grant for $name {
            const SCOPE: Scope = Scope::$name;
        }
    )*};
}

grants! {
    /// See [`Scope::ReadIntents`].
    ReadIntents;
    /// See [`Scope::WriteIntents`].
    WriteIntents;
    /// See [`Scope::Links`].
    Links;
    /// See [`Scope::RailAccounts`].
    RailAccounts;
    /// See [`Scope::Callbacks`].
    Callbacks;
    /// See [`Scope::Ledger`].
    Ledger;
    /// See [`Scope::Exports`].
    Exports;
    /// See [`Scope::ResolveMovements`].
    ResolveMovements;
    /// See [`Scope::Statements`].
    Statements;
    /// See [`Scope::Sandbox`].
    Sandbox;
    /// See [`Scope::PostEntries`].
    PostEntries;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{
        ids::{KeyId, MerchantId},
        mode::Mode,
    };
    use crate::domain::auth::Role;
    use uuid::Uuid;

    #[test]
    fn a_role_gets_what_it_may_and_403_otherwise() {
        let finance = Principal {
            merchant: MerchantId(Uuid::from_u128(1)),
            key: KeyId(Uuid::from_u128(2)),
            role: Role::Finance,
            mode: Mode::Test,
        };
        assert_eq!(*admit::<ReadIntents>(finance).unwrap(), finance);
        let problem = admit::<WriteIntents>(finance).unwrap_err();
        assert_eq!(
            (problem.status(), problem.code()),
            (403, ProblemCode::Forbidden)
        );
    }

    #[test]
    fn a_live_merchant_has_no_sandbox() {
        let live = Principal {
            merchant: MerchantId(Uuid::from_u128(1)),
            key: KeyId(Uuid::from_u128(2)),
            role: Role::Merchant,
            mode: Mode::Live,
        };
        admit::<WriteIntents>(live).unwrap();
        for problem in [
            admit::<Sandbox>(live).unwrap_err(),
            admit::<PostEntries>(live).unwrap_err(),
        ] {
            assert_eq!(
                (problem.status(), problem.code()),
                (404, ProblemCode::NotFound)
            );
        }
    }
}
