"""What Schemathesis must know to speak with Threadpay, beyond the document."""

import json
import os
from itertools import count

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import Failure
from schemathesis.core.parameters import ParameterLocation

API_KEY = os.environ["API_KEY"]
METHODS = [
    "ok",
    "ok",
    "declined",
    "requires_action",
    "pending",
    "timeout",
]

# What the document calls so, most of it such that a request is taken.
schemathesis.openapi.format("currency", st.sampled_from(["EUR", "EUR", "EUR", "USD", "JPY"]))
schemathesis.openapi.format("decimal", st.sampled_from(["1", "2.5", "12.50", "3.00", "999999999999.99"]))
schemathesis.openapi.format("iban", st.sampled_from(["DE89370400440532013000", "CH9300762011623852957"]))
# Nobody listens there, and no name has to be looked up.
schemathesis.openapi.format("uri", st.integers(0, 40).map("http://127.0.0.1:9/hook/{}".format))

# What no schema can say. A request that breaks only one of these rules is valid by the document,
# and refused all the same: by this code, or by `invalid_request` at this place.
RULES = {
    # The payer's bank; the currency's decimals; the sum of captures and refunds; what the rail knows.
    "amount_too_large",
    "invalid_amount",
    "invalid_currency",
    "invalid_payment_method",
    # The address behind a URL.
    "endpoint_not_allowed",
    "idempotency_key_reused",
    # Two sides that chance makes equal.
    "unbalanced_entry",
    # What a bank would give.
    "invalid_statement",
    "payment_declined",
    # What was done before.
    "too_many_declines",
    "too_many_pings",
}
PLACES = {
    "/after": "an entry that there is",
    "/before": "not both after and before",
    "/to": "a time that ends after it begins",
    "/from": "and has a beginning",
    "/created_to": "a time after the beginning",
    "/account": "an account of the chart",
    "/rails": "each once",
    "/reference_type": "goes with a reference",
    "/reference": "of the form of its type",
    "/after_sequence": "either a place or times",
    "/payment_intent": "the one to assign to",
    "/reason": "needed where a difference is accepted",
    "/external_id": "a name and an amount, or an attempt",
    "/currency": "goes with an amount",
    "/amount": "either an amount or options",
    "/amount_options": "either an amount or options",
    "/amount_options/max": "not below min",
    "/amount_options/preset": "between min and max",
    "/tip_options": "tips rise",
    "/max_payments": "one for a single link",
    "/line_items": "lines sum to the amount",
    "/advance": "at most 366 days a call, and ten years in all",
    "/steps/0": "what can come after what",
    "/steps/0/after": "at most 366 days",
}

# What a scheme of bank transfers asks of its settings: check digits, countries, letters, and which
# members go with which scheme.
SETTINGS = "/settings"
# Which rails have credentials, and that their provider takes them.
CREDENTIALS = "/credentials"
# And which columns of a table go together, and that those that are named are there.
CSV_MAPPING = "/csv_mapping"
# The parts of a line sum to it, and each names a payment intent of its own.
PARTS = "/parts"

numbers = count(1)


def is_negative(case, location):
    return case.meta is not None and case.meta.is_negative_at(location)


def is_long(wait):
    """Whether the service would wait so many seconds."""
    return str(wait).isdecimal() and 1 < int(wait) <= 30


@schemathesis.hook
def before_call(context, case, kwargs):
    """Every effect has a name of its own, unless the name is what is tried."""
    headers = case.headers or {}
    if "Idempotency-Key" in headers and not is_negative(case, ParameterLocation.HEADER):
        headers["Idempotency-Key"] = f"schemathesis-{os.getpid()}-{next(numbers)}"
    if case.path == "/v1/events" and is_long(case.query.get("wait")):
        case.query["wait"] = "1"


@schemathesis.hook
def map_body(context, body):
    """Bodies by whose random texts no payment would ever get on."""
    if not isinstance(body, dict):
        return body
    if isinstance(body.get("payment_method"), str):
        method = METHODS[len(body["payment_method"]) % len(METHODS)]
        body["payment_method"] = f"pm_sandbox_{method}"
    if body.get("rail") == "stripe":
        # Nobody is asked whether it is a key.
        body.pop("credentials", None)
    if body.get("grant_type") == "client_credentials" and "client_id" in body:
        body["client_id"] = API_KEY.rsplit("_", 1)[0]
        body["client_secret"] = API_KEY
    return body


@schemathesis.hook
def filter_failure(context, failure: Failure, case, response):
    """Drops refusals of valid requests by the rules that no schema can say."""
    # A DELETE of a rail account disables it.
    if type(failure).__name__ == "UseAfterFree" and case.path.startswith("/v1/rail_accounts"):
        return False
    try:
        problem = json.loads(response.content)
    except ValueError:
        return True
    # The facilitators that chance names cannot be asked from here.
    if isinstance(problem, dict) and problem.get("code") == "provider_unavailable":
        return False
    if type(failure).__name__ != "RejectedPositiveData":
        return True
    if str(problem.get("param", "")).startswith((SETTINGS, CREDENTIALS, CSV_MAPPING, PARTS)):
        return False
    # The key went in the header, too.
    if problem.get("code") in RULES or (case.path == "/v1/oauth/token" and "header" in str(problem)):
        return False
    return problem.get("code") != "invalid_request" or problem.get("param") not in PLACES
