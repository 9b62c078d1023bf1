"""Receives callbacks and verifies each three times: `v1` with the official Standard Webhooks
library, `v1a` with an independent Ed25519, and the Stripe-Signature with Stripe's library.

Usage: WEBHOOK_SECRET=whsec_… PUBLIC_KEY=whpk_… python receiver.py PORT

Prints one line of JSON for each delivery: {"ok", "id", "sequence", "error"}. A good one is
answered 204, any other 400. Says on stderr when it listens.
"""

import base64
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import stripe
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook

secret = os.environ["WEBHOOK_SECRET"]
verifier = Webhook(secret)
public_key = base64.b64decode(os.environ["PUBLIC_KEY"].removeprefix("whpk_"))
public_key = Ed25519PublicKey.from_public_bytes(public_key)


def verify(body, headers):
    event = verifier.verify(body, dict(headers.items()))
    if event["id"] != headers["webhook-id"]:
        raise ValueError("webhook-id is not the event's id")
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    kinds = [item.split(",", 1) for item in headers["webhook-signature"].split(" ")]
    asymmetric = [base64.b64decode(value) for kind, value in kinds if kind == "v1a"]
    if not asymmetric:
        raise ValueError("there is no v1a signature")
    public_key.verify(asymmetric[0], signed)
    same = stripe.Webhook.construct_event(body, headers["stripe-signature"], secret)
    if same["id"] != event["id"]:
        raise ValueError("Stripe's library reads another event")
    return event


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body of an answer are two writes; the second must not wait for the first's receipt.
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        seen = {"ok": False, "id": self.headers.get("webhook-id"), "sequence": None, "error": None}
        try:
            event = verify(body, self.headers)
            seen.update(ok=True, sequence=event["sequence"])
        except Exception as error:  # whatever a library raises is the verdict
            seen["error"] = f"{type(error).__name__}: {error}"
        sys.stdout.write(json.dumps(seen) + "\n")
        sys.stdout.flush()
        self.send_response(204 if seen["ok"] else 400)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
    server.daemon_threads = True
    print(f"listening on 127.0.0.1:{server.server_port}", file=sys.stderr, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
