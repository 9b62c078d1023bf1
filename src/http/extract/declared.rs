//! The parameters that a handler declares by its arguments. All others are refused: a filter with
//! a typing error would give the whole list, and nobody would see it.

use super::{Parameters, query};
use crate::http::Problem;
use actix_web::{Error, FromRequest, Handler, HttpRequest, dev::Payload};
use futures_util::future::LocalBoxFuture;

/// The arguments of a handler, from a request without any other parameters.
#[derive(Debug)]
pub struct Declared<Arguments>(Arguments);

impl<Arguments: FromRequest + Parameters + 'static> FromRequest for Declared<Arguments> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let arguments = Arguments::from_request(request, payload);
        let refused = refuse_others::<Arguments>(request.query_string());
        Box::pin(async move {
            // What is wrong with a known one says more, and who may not call hears that first.
            let arguments = arguments.await.map_err(Into::into)?;
            refused?;
            Ok(Self(arguments))
        })
    }
}

fn refuse_others<Arguments: Parameters>(query: &str) -> Result<(), Problem> {
    if query.is_empty() {
        return Ok(());
    }
    let mut known = Vec::new();
    Arguments::names(&mut known);
    query::refuse_others(query, &known)
}

/// A handler that is only called without other parameters than it declares.
#[derive(Clone, Copy, Debug)]
pub struct Only<F>(pub F);

impl<F, Arguments> Handler<Declared<Arguments>> for Only<F>
where
    F: Handler<Arguments>,
{
    type Output = F::Output;
    type Future = F::Future;

    fn call(&self, Declared(arguments): Declared<Arguments>) -> Self::Future {
        self.0.call(arguments)
    }
}
