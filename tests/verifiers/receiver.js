// Receives callbacks and verifies each three times: `v1` with the official Standard Webhooks
// library, `v1a` with Node's own Ed25519, and the Stripe-Signature with Stripe's library.
//
// Usage: WEBHOOK_SECRET=whsec_… PUBLIC_KEY=whpk_… node receiver.js PORT
//
// Prints one line of JSON for each delivery: {"ok", "id", "sequence", "error"}. A good one is
// answered 204, any other 400. Says on stderr when it listens.

import { createPublicKey, verify as verifyEd25519 } from "node:crypto";
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";
import Stripe from "stripe";

const secret = process.env.WEBHOOK_SECRET;
const verifier = new Webhook(secret);
const stripe = new Stripe("sk_test_never_used");
const x = Buffer.from(process.env.PUBLIC_KEY.replace("whpk_", ""), "base64").toString("base64url");
const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });

function verify(body, headers) {
  const event = verifier.verify(body, headers);
  if (event.id !== headers["webhook-id"]) throw new Error("webhook-id is not the event's id");
  const signed = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
  const items = headers["webhook-signature"].split(" ").map((item) => item.split(","));
  const [, signature] = items.find(([kind]) => kind === "v1a") ?? [];
  if (!signature) throw new Error("there is no v1a signature");
  if (!verifyEd25519(null, signed, publicKey, Buffer.from(signature, "base64"))) {
    throw new Error("the v1a signature is wrong");
  }
  const same = stripe.webhooks.constructEvent(body, headers["stripe-signature"], secret);
  if (same.id !== event.id) throw new Error("Stripe's library reads another event");
  return event;
}

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const seen = { ok: false, id: request.headers["webhook-id"] ?? null, sequence: null, error: null };
  try {
    const event = verify(Buffer.concat(chunks).toString("utf8"), request.headers);
    Object.assign(seen, { ok: true, sequence: event.sequence });
  } catch (error) {
    seen.error = `${error.name}: ${error.message}`;
  }
  process.stdout.write(`${JSON.stringify(seen)}\n`);
  response.writeHead(seen.ok ? 204 : 400).end();
});

server.listen(Number(process.argv[2]), "127.0.0.1", () => {
  console.error(`listening on 127.0.0.1:${server.address().port}`);
});
