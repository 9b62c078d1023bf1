"""Receives callbacks and verifies each with the official Python library.

Usage: WEBHOOK_SECRET=whsec_… python receiver.py PORT

Prints one line of JSON for each delivery: {"ok", "id", "sequence", "error"}. A good one is
answered 204, any other 400. Says on stderr when it listens.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook

verifier = Webhook(os.environ["WEBHOOK_SECRET"])


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body of an answer are two writes; the second must not wait for the first's receipt.
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        seen = {"ok": False, "id": self.headers.get("webhook-id"), "sequence": None, "error": None}
        try:
            event = verifier.verify(body, dict(self.headers.items()))
            if event["id"] != seen["id"]:
                raise ValueError("webhook-id is not the event's id")
            seen.update(ok=True, sequence=event["sequence"])
        except Exception as error:  # whatever the library raises is the verdict
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
