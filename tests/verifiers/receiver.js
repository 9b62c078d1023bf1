// Receives callbacks and verifies each with the official JavaScript library.
//
// Usage: WEBHOOK_SECRET=whsec_… node receiver.js PORT
//
// Prints one line of JSON for each delivery: {"ok", "id", "sequence", "error"}. A good one is
// answered 204, any other 400. Says on stderr when it listens.

import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const verifier = new Webhook(process.env.WEBHOOK_SECRET);

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const seen = { ok: false, id: request.headers["webhook-id"] ?? null, sequence: null, error: null };
  try {
    const event = verifier.verify(Buffer.concat(chunks).toString("utf8"), request.headers);
    if (event.id !== seen.id) throw new Error("webhook-id is not the event's id");
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
