//! OAuth 2.0 client credentials (RFC 6749, 4.4): an API key for an access token.

use crate::base::problem::ProblemCode as Code;
use crate::domain::auth::{AuthError, Role};
use crate::http::openapi::problems::refused;
use crate::http::route;
use crate::http::{State, extract::RawBody, visitors};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The routes of this file.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/v1/oauth/token").route(web::post().to(token)))
        .service(web::resource("/.well-known/jwks.json").route(route::get(jwks)));
}

/// A request for an access token.
#[derive(Deserialize, ToSchema)]
pub struct TokenRequest {
    /// `client_credentials`.
    #[schema(
        required = true,
        nullable = false,
        pattern = "^client_credentials$",
        example = "client_credentials"
    )]
    grant_type: Option<String>,
    /// The id of the API key, as in the key itself (`00…`) or as printed (`key_…`).
    #[schema(nullable = false)]
    client_id: Option<String>,
    /// The secret of the API key: its last part, or the whole key.
    #[schema(nullable = false)]
    client_secret: Option<String>,
    /// What the token shall be good for: the role of the key, which is also what it is good for if
    /// this is left out.
    #[schema(nullable = false, example = "bot")]
    scope: Option<String>,
}

/// An access token (RFC 6749, 5.1).
#[derive(Serialize, ToSchema)]
#[schema(as = AccessToken)]
pub struct TokenAnswer {
    /// A JWT, signed with `EdDSA`; see `/.well-known/jwks.json`.
    access_token: String,
    /// How to send it.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds that it is good for.
    #[schema(example = 900)]
    expires_in: u32,
    /// What it is good for: the role of the key.
    #[schema(example = "bot")]
    scope: &'static str,
}

/// Why there is no access token (RFC 6749, 5.2).
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenError {
    /// `invalid_request`, `invalid_client`, `invalid_scope`, `unsupported_grant_type`, or
    /// `temporarily_unavailable`.
    #[schema(example = "invalid_client")]
    error: &'static str,
    /// What was wrong, in words.
    error_description: &'static str,
    #[serde(skip)]
    status: u16,
}

const INVALID_CLIENT: TokenError = TokenError {
    error: "invalid_client",
    error_description: "the client_id is not the id of an API key, or the client_secret is not its secret",
    status: 401,
};

const TOO_MANY: TokenError = TokenError {
    error: "temporarily_unavailable",
    error_description: "there were too many requests in a second: wait and try again",
    status: 429,
};

const fn invalid_request(error_description: &'static str) -> TokenError {
    TokenError {
        error: "invalid_request",
        error_description,
        status: 400,
    }
}

/// The id and secret of a key, as a client gives them.
struct Credentials {
    id: String,
    secret: String,
    /// What the token shall be good for, where that is said.
    scope: Option<String>,
}

/// Get an access token
///
/// Exchanges an API key (its id and its secret) for a JWT that is good for fifteen minutes. The key
/// may come in the form or by HTTP Basic. The token may do what the key may, and dies with it.
#[utoipa::path(post, path = "/v1/oauth/token", tag = "Authentication",
    operation_id = "create_access_token",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "An access token.", body = TokenAnswer),
        (status = 400, description = "`invalid_request`, `invalid_scope`, `unsupported_grant_type`.", body = TokenError),
        (status = 401, description = "`invalid_client`.", body = TokenError),
        (status = 408, description = refused(&[Code::RequestTimeout])),
        (status = 413, description = refused(&[Code::BodyTooLarge])),
        (status = 429, description = "`temporarily_unavailable`: there were too many requests.", body = TokenError),
        (status = 503, description = "`temporarily_unavailable`.", body = TokenError),
    ))]
pub async fn token(request: HttpRequest, body: RawBody, state: web::Data<State>) -> HttpResponse {
    let answer = match admit(&state, &request, &body.0) {
        Ok(credentials) => issue(&state, &credentials).await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(answer) => HttpResponse::Ok()
            .insert_header((header::PRAGMA, "no-cache"))
            .json(answer),
        Err(error) => refuse(&error),
    }
}

/// Reads the credentials, unless there are too many requests from this address or for this client.
fn admit(state: &State, request: &HttpRequest, body: &[u8]) -> Result<Credentials, TokenError> {
    visitors::admit_address(state, request).map_err(|_| TOO_MANY)?;
    let credentials = read(request, body)?;
    visitors::admit_subject(state, request, &credentials.id).map_err(|_| TOO_MANY)?;
    Ok(credentials)
}

async fn issue(state: &State, credentials: &Credentials) -> Result<TokenAnswer, TokenError> {
    let issued =
        state
            .authenticator
            .token(&credentials.id, &credentials.secret, state.ambient.now());
    match issued.await {
        Ok(issued) => Ok(TokenAnswer {
            scope: scope(credentials.scope.as_deref(), issued.principal.role)?,
            access_token: issued.token,
            token_type: "Bearer",
            expires_in: issued.expires_in,
        }),
        Err(AuthError::Refused | AuthError::KeyExpired | AuthError::Expired) => Err(INVALID_CLIENT),
        Err(error @ (AuthError::Sign(_) | AuthError::Database(_))) => {
            tracing::error!(%error, "cannot issue an access token");
            Err(TokenError {
                error: "temporarily_unavailable",
                error_description: "the service cannot look up keys at the moment: try again",
                status: 503,
            })
        }
    }
}

/// A token is good for what its key is, so that is all that may be asked for (RFC 6749, 3.3).
fn scope(wanted: Option<&str>, role: Role) -> Result<&'static str, TokenError> {
    let mut wanted = wanted.unwrap_or_default().split(' ');
    if wanted.all(|word| word.is_empty() || word == role.as_str()) {
        Ok(role.as_str())
    } else {
        Err(TokenError {
            error: "invalid_scope",
            error_description: "the only scope of a token is the role of its key: bot, merchant or finance",
            status: 400,
        })
    }
}

fn refuse(error: &TokenError) -> HttpResponse {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut answer = HttpResponseBuilder::new(status);
    if status == StatusCode::UNAUTHORIZED {
        answer.insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"threadpay\""));
    }
    if [
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::TOO_MANY_REQUESTS,
    ]
    .contains(&status)
    {
        answer.insert_header((header::RETRY_AFTER, "1"));
    }
    answer
        .insert_header((header::PRAGMA, "no-cache"))
        .json(error)
}

fn read(request: &HttpRequest, body: &[u8]) -> Result<Credentials, TokenError> {
    if !request.query_string().is_empty() {
        return Err(invalid_request(
            "give all parameters in the form, and none in the URL",
        ));
    }
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let is_form = content_type.is_some_and(|value| {
        let form = b"application/x-www-form-urlencoded";
        let start = value.as_bytes().get(..form.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(form))
    });
    if !is_form {
        return Err(invalid_request("send application/x-www-form-urlencoded"));
    }
    let form: TokenRequest = serde_urlencoded::from_bytes(body)
        .map_err(|_| invalid_request("the form cannot be read, or has a parameter twice"))?;
    match form.grant_type.as_deref() {
        Some("client_credentials") => {}
        Some(_) => {
            return Err(TokenError {
                error: "unsupported_grant_type",
                error_description: "the only grant_type is client_credentials",
                status: 400,
            });
        }
        None => return Err(invalid_request("grant_type is missing")),
    }
    let header = request.headers().get(header::AUTHORIZATION);
    credentials(header.map(header::HeaderValue::as_bytes), form)
}

/// The key comes by one of two ways and never by both (RFC 6749, 2.3).
fn credentials(header: Option<&[u8]>, form: TokenRequest) -> Result<Credentials, TokenError> {
    let scope = form.scope;
    match (header, form.client_id, form.client_secret) {
        (Some(header), client, None) => {
            let (id, secret) = basic(header).ok_or(INVALID_CLIENT)?;
            if client.is_some_and(|client| client != id) {
                return Err(invalid_request("two different client_id are given"));
            }
            Ok(Credentials { id, secret, scope })
        }
        (Some(_), _, Some(_)) => Err(invalid_request(
            "give the key either in the form or in the header Authorization, not in both",
        )),
        (None, Some(id), Some(secret)) => Ok(Credentials { id, secret, scope }),
        (None, _, None) | (None, None, Some(_)) => Err(INVALID_CLIENT),
    }
}

/// Reads `Basic <base64 of id:secret>`. Both parts are form-encoded first (RFC 6749, 2.3.1), which
/// changes none of the characters that ours have.
fn basic(header: &[u8]) -> Option<(String, String)> {
    let (scheme, encoded) = std::str::from_utf8(header).ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = STANDARD.decode(encoded.trim()).ok()?;
    let (id, secret) = std::str::from_utf8(&pair).ok()?.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// Get the public keys
///
/// The keys that access tokens and receipts are signed with, as a JWK set (RFC 7517).
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "Authentication",
    operation_id = "get_public_keys", responses(
    (status = 200, description = "A JWK set.", body = Object, example = json!({"keys": [{
        "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "use": "sig", "alg": "EdDSA",
    }]})),
))]
pub async fn jwks(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .json(state.keyring.signing.jwks())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(id: Option<&str>, secret: Option<&str>) -> TokenRequest {
        TokenRequest {
            grant_type: None,
            client_id: id.map(str::to_owned),
            client_secret: secret.map(str::to_owned),
            scope: None,
        }
    }

    #[test]
    fn credentials_come_by_one_way() {
        let basic = format!("basic {}", STANDARD.encode("id:secret"));
        let basic = Some(basic.as_bytes());
        for (header, form) in [
            (None, form(Some("id"), Some("secret"))),
            (basic, form(None, None)),
            (basic, form(Some("id"), None)),
        ] {
            let read = credentials(header, form).unwrap_or_else(|_| panic!("refused"));
            assert_eq!((read.id.as_str(), read.secret.as_str()), ("id", "secret"));
        }
        for (header, form, error) in [
            (basic, form(None, Some("secret")), "invalid_request"),
            (basic, form(Some("other"), None), "invalid_request"),
            (None, form(Some("id"), None), "invalid_client"),
            (Some(&b"Bearer x"[..]), form(None, None), "invalid_client"),
        ] {
            let refused = credentials(header, form).err().map(|e| e.error);
            assert_eq!(refused, Some(error));
        }
    }
}
