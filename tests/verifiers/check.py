"""Pays at a running Threadpay and lets official libraries judge what comes: those of Standard
Webhooks (`v1`), independent Ed25519 (`v1a`) and Stripe's (its own header).

    BASE_URL=http://127.0.0.1:8080 API_KEY=tp_test_… python check.py

Then reads the journal's CSV with a standard reader, compares its control totals with its rows and
with the trial balance, and hashes every entry of both formats again by `docs/proof.md`. The exit
status is 1 if something does not hold.
"""

import csv
import io
import json
import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.parse
import urllib.request
import uuid
from collections import Counter
from decimal import Decimal
from pathlib import Path

import proof

BASE = os.environ["BASE_URL"]
HERE = Path(__file__).parent
RECEIVERS = {"JavaScript": ["node", "receiver.js"], "Python": [sys.executable, "receiver.py"]}
EVENTS = ["payment_intent.created", "payment_intent.succeeded"]


def call(method, path, body=None):
    """Calls the API; returns the answer's bytes."""
    headers = {"Authorization": "Bearer " + os.environ["API_KEY"], "Content-Type": "application/json"}
    if method == "POST":
        headers["Idempotency-Key"] = str(uuid.uuid4())
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(BASE + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def listen(command, port, endpoint):
    """Starts a receiver; returns it and the queue of its verdicts."""
    receiver = subprocess.Popen(
        [*command, str(port)],
        cwd=HERE,
        env={
            **os.environ,
            "WEBHOOK_SECRET": endpoint["secret"],
            "PUBLIC_KEY": endpoint["public_key"],
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    receiver.stderr.readline()  # it says that it listens
    verdicts = queue.Queue()

    def collect():
        for line in receiver.stdout:
            verdicts.put(json.loads(line))

    threading.Thread(target=collect, daemon=True).start()
    return receiver, verdicts


def check_callbacks(name, command):
    port = free_port()
    endpoint = {"url": f"http://127.0.0.1:{port}/", "event_types": EVENTS, "stripe_signature": True}
    endpoint = json.loads(call("POST", "/v1/callback_endpoints", endpoint))
    receiver, verdicts = listen(command, port, endpoint)
    try:
        intent = json.loads(call("POST", "/v1/payment_intents", {"amount": "12.50", "currency": "EUR"}))
        call("POST", f"/v1/payment_intents/{intent['id']}/confirm", {"payment_method": "pm_sandbox_ok"})
        seen = [verdicts.get(timeout=20) for _ in EVENTS]
    finally:
        receiver.kill()
        receiver.wait()
        call("DELETE", "/v1/callback_endpoints/" + endpoint["id"])
    assert all(verdict["ok"] for verdict in seen), f"{name}: {seen}"
    sequences = [verdict["sequence"] for verdict in seen]
    assert sequences == sorted(sequences), f"{name}: out of order: {sequences}"
    print(f"callbacks verified by the {name} libraries: {len(seen)}")


def export(kind):
    span = {"from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z", "format": kind}
    return call("GET", "/v1/exports/journal?" + urllib.parse.urlencode(span))


def check_proof():
    for kind in ["jsonl", "csv"]:
        with tempfile.NamedTemporaryFile(suffix="." + kind) as file:
            file.write(export(kind))
            file.flush()
            counts = proof.prove(proof.read(file.name))
        assert sum(counts.values()), f"no entries in {kind}"
        print(f"entries of {kind} hashed again, by version: {counts}")


def check_export():
    text = export("csv").decode()
    rows, controls = Counter(), Counter()
    for row in csv.DictReader(io.StringIO(text, newline="")):
        if row["kind"] == "open":
            continue  # says when the books of a period that is not over were read
        sums = controls if row["kind"] == "control_total" and not row["account"] else rows
        sums[row["currency"], row["direction"]] += Decimal(row["amount"])
    assert rows and rows == controls, f"rows sum to {rows}, control totals say {controls}"
    balance = Counter()
    for account in json.loads(call("GET", "/v1/trial_balance"))["data"]:
        balance[account["currency"], "debit"] += Decimal(account["debits"])
        balance[account["currency"], "credit"] += Decimal(account["credits"])
    assert balance == controls, f"the trial balance says {balance}, control totals say {controls}"
    print(f"control totals match the rows and the trial balance: {len(controls)}")


for name, command in RECEIVERS.items():
    check_callbacks(name, command)
check_export()
check_proof()
