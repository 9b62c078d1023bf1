//! The kinds of problems that callers of the API meet: each code once, with all that is said of it.

macro_rules! problems {
    ($($(#[doc = $doc:literal])* $variant:ident = $word:literal: $status:literal, $title:literal, $example:literal;)*) => {
        crate::names! {
            /// What is wrong, for programs. A code never changes its meaning.
            pub enum ProblemCode { $($(#[doc = $doc])* $variant = $word,)* }
        }

        impl ProblemCode {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The HTTP status of an answer with this code.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            /// The code in words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// What it means.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),*),)* }
            }

            /// A detail that such a problem may have.
            pub const fn example(self) -> &'static str {
                match self { $(Self::$variant => $example,)* }
            }
        }
    };
}

problems! {
    /// The request is malformed.
    BadRequest = "bad_request": 400, "Bad request", "the request cannot be read";
    /// The body is not JSON, or names a member of an object twice.
    InvalidJson = "invalid_json": 400, "Invalid JSON",
        "the body is not JSON: expected value at line 1 column 1";
    /// A `POST` needs a key.
    IdempotencyKeyRequired = "idempotency_key_required": 400, "Idempotency key required",
        "send the header Idempotency-Key, and the same one when you try again";
    /// The key has a form that is not allowed.
    IdempotencyKeyInvalid = "idempotency_key_invalid": 400, "Invalid idempotency key",
        "an Idempotency-Key has 1 to 255 visible ASCII characters, such as a UUID";
    /// There is no API key or token, or none that is valid.
    Unauthorized = "unauthorized": 401, "Unauthorized",
        "send your API key or access token as `Authorization: Bearer …`";
    /// The rail declined the payment.
    PaymentDeclined = "payment_declined": 402, "Payment declined",
        "the payment was declined: the account does not hold enough";
    /// The role of the API key may not do this.
    Forbidden = "forbidden": 403, "Forbidden",
        "a key of role finance may not do this: use a key of another role";
    /// There is no such object, or it is another merchant's.
    NotFound = "not_found": 404, "Not found", "there is no object of this id";
    /// There is nothing at this path.
    NoSuchRoute = "no_such_route": 404, "No such route", "there is nothing at this path";
    /// The path does not take this method.
    MethodNotAllowed = "method_not_allowed": 405, "Method not allowed",
        "this path does not take this method: see the header Allow";
    /// HTTP has no such method.
    MethodNotImplemented = "method_not_implemented": 501, "Method not implemented",
        "HTTP has no such method: no path takes it";
    /// An export of this merchant runs already.
    ExportRunning = "export_running": 429, "Export running",
        "an export of this merchant is being read: wait for its end, or hang up on it";
    /// The request did not arrive in time.
    RequestTimeout = "request_timeout": 408, "Request timeout", "the request did not arrive in time";
    /// The status of the object does not allow the call.
    InvalidState = "invalid_state": 409, "Invalid state",
        "a payment intent that is canceled cannot be confirmed";
    /// No rail of the merchant can take this payment: the sandbox plays for test merchants only.
    RailNotAvailable = "rail_not_available": 409, "Rail not available",
        "the rail sandbox is for test merchants, and this merchant is live: no rail can take this payment yet";
    /// The first request with this key still runs.
    IdempotencyKeyInUse = "idempotency_key_in_use": 409, "Idempotency key in use",
        "the first request with this Idempotency-Key is still running; try again shortly";
    /// Another endpoint has this URL.
    DuplicateEndpoint = "duplicate_endpoint": 409, "Duplicate endpoint",
        "ep_01m810zz1qf30stf80swm6wd6q has this URL already; change that endpoint instead";
    /// Another rail account in use is the same account at the provider.
    DuplicateRailAccount = "duplicate_rail_account": 409, "Duplicate rail account",
        "ra_01m810zz1qf30stf80swm6wd6q is this account already; change that one instead, or disable it first";
    /// The merchant has as many rail accounts as it may have.
    TooManyRailAccounts = "too_many_rail_accounts": 409, "Too many rail accounts",
        "a merchant has at most 100 rail accounts, disabled ones included; change one of them instead";
    /// The merchant has as many endpoints as it may have.
    TooManyEndpoints = "too_many_endpoints": 409, "Too many endpoints",
        "a merchant has at most 16 callback endpoints; delete one first";
    /// As many secrets of the endpoint sign as may.
    TooManySecrets = "too_many_secrets": 409, "Too many secrets",
        "5 secrets sign already; wait until one of them expires";
    /// A part of the feed is sent to the endpoint again already.
    ReplayRunning = "replay_running": 409, "Replay running",
        "rpl_01m810zz1qf30stf80swm6wd6q still runs for this endpoint; wait until it has completed";
    /// Somebody else is paying by this link.
    PaymentLinkTaken = "payment_link_taken": 409, "Payment link taken",
        "somebody else is paying by this link";
    /// The body is too large.
    BodyTooLarge = "body_too_large": 413, "Body too large", "a body has at most 64 KiB";
    /// The body is of a kind that the call does not take.
    UnsupportedMediaType = "unsupported_media_type": 415, "Unsupported media type",
        "send application/json";
    /// The amount is above what there is.
    AmountTooLarge = "amount_too_large": 422, "Amount too large",
        "at most 12.50 EUR can be refunded";
    /// A text holds what looks like a card number.
    CardNumberNotAllowed = "card_number_not_allowed": 422, "Card number not allowed",
        "holds what looks like a card number, which must never be sent here; if it is an id of yours, put a letter right before it";
    /// The URL may not be called.
    EndpointNotAllowed = "endpoint_not_allowed": 422, "Endpoint not allowed",
        "the URL's host is not a public address";
    /// The key was used for another request.
    IdempotencyKeyReused = "idempotency_key_reused": 422, "Idempotency key reused",
        "this Idempotency-Key was used for another request; use a new key";
    /// The value is no amount of the currency.
    InvalidAmount = "invalid_amount": 422, "Invalid amount",
        "EUR has 2 decimal places, the amount has 3";
    /// The currency is not known or not taken here.
    InvalidCurrency = "invalid_currency": 422, "Invalid currency",
        "\"XXQ\" is not an ISO 4217 currency code with a minor unit, such as \"EUR\"";
    /// The rail has no such payment method.
    InvalidPaymentMethod = "invalid_payment_method": 422, "Invalid payment method",
        "is not a payment method of the sandbox rail";
    /// The rail that was paid by gives nothing back.
    RefundNotPossible = "refund_not_possible": 409, "Refund not possible",
        "x402 gives nothing back: the money is in your own wallet, and only you can send it to the payer";
    /// A refund cannot be made by a file for the bank.
    TransferNotPossible = "transfer_not_possible": 409, "Transfer not possible",
        "the money cannot be sent back by a file: the statement names no IBAN that it came from";
    /// A provider does not take the credentials of an account.
    CredentialsRefused = "credentials_refused": 422, "Credentials refused",
        "Stripe refuses (401, no code): Invalid API Key provided";
    /// A file from a bank cannot be read, does not add up, or is about another account.
    InvalidStatement = "invalid_statement": 422, "Invalid statement",
        "the opening balance 10.00 EUR and the booked lines make 12.50 EUR, but the closing balance is 12.00 EUR";
    /// A field or parameter holds what it must not.
    InvalidRequest = "invalid_request": 422, "Invalid request", "this field is required";
    /// Debits and credits are not equal.
    UnbalancedEntry = "unbalanced_entry": 422, "Unbalanced entry",
        "the debits and credits of a journal entry must be equal in each currency and above zero";
    /// The body has a field that the call does not know.
    UnknownField = "unknown_field": 422, "Unknown field", "there is no field \"tax\" here";
    /// The URL has a parameter that the call does not know.
    UnknownParameter = "unknown_parameter": 422, "Unknown parameter",
        "this call takes no parameter \"starting_after\"; it takes limit, after, before";
    /// The key makes more requests a second than it may.
    RateLimited = "rate_limited": 429, "Rate limited",
        "this key makes more requests a second than it may: wait and try again";
    /// Too many attempts to pay were declined; none is taken for a while.
    TooManyDeclines = "too_many_declines": 429, "Too many declines",
        "too many attempts to pay were declined: nothing was charged, and no attempt is taken for 720 seconds";
    /// The endpoint is pinged too often.
    TooManyPings = "too_many_pings": 429, "Too many pings",
        "an endpoint takes 5 pings a minute: wait for 12 seconds";
    /// A fault of the service.
    InternalError = "internal_error": 500, "Internal error",
        "something failed on our side: try again with the same Idempotency-Key";
    /// The service is busy, and nothing was done.
    Overloaded = "overloaded": 503, "Overloaded", "the service is busy and did nothing: try again";
    /// A provider does not answer, and nothing was done.
    ProviderUnavailable = "provider_unavailable": 503, "Provider unavailable",
        "the provider cannot be asked now: try again";
    /// The database does not answer.
    Unavailable = "unavailable": 503, "Unavailable",
        "the database does not answer: try again with the same Idempotency-Key";
    /// The schema of the database is not that of this version.
    SchemaOutdated = "schema_outdated": 503, "Schema outdated",
        "the schema is not that of this version: run `threadpay migrate`";
    /// A part of the process that works in the background does not go on.
    NotWorking = "not_working": 503, "Not working",
        "the worker `deliver` has stopped: start this process again";
    /// The clock of the machine is not that of the database, and the process stops.
    ClockOff = "clock_off": 503, "Clock off",
        "this machine's clock is 90 s ahead of that of Postgres, and may be off by 5 s: set the clocks of both by NTP";
}
