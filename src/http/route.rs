//! The routes of the API. Each takes the parameters that its handler declares and no others, and
//! what can be read by `GET` can be asked by `HEAD`, for the same headers without the body.

use crate::http::extract::{Declared, Only, Parameters};
use actix_web::{FromRequest, Handler, Responder, Route, guard, http::Method, web};

/// Reads by `GET` and `HEAD`.
pub fn get<F, Args>(handler: F) -> Route
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: FromRequest + Parameters + 'static,
{
    let reads = guard::Any(guard::Get()).or(guard::Head());
    to::<F, Args>(web::route().guard(reads), handler)
}

/// Makes or moves something by `POST`.
pub fn post<F, Args>(handler: F) -> Route
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: FromRequest + Parameters + 'static,
{
    to::<F, Args>(web::post(), handler)
}

/// Changes something by `PATCH`.
pub fn patch<F, Args>(handler: F) -> Route
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: FromRequest + Parameters + 'static,
{
    to::<F, Args>(web::method(Method::PATCH), handler)
}

/// Takes something away by `DELETE`.
pub fn delete<F, Args>(handler: F) -> Route
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: FromRequest + Parameters + 'static,
{
    to::<F, Args>(web::delete(), handler)
}

fn to<F, Args>(route: Route, handler: F) -> Route
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: FromRequest + Parameters + 'static,
{
    route.to::<Only<F>, Declared<Args>>(Only(handler))
}
