// Signs webhooks with Stripe's official library. Takes a JSON list of {"body", "secret", "at"} on
// stdin, and prints a JSON list of headers.

import { readFileSync } from "node:fs";
import Stripe from "stripe";

const stripe = new Stripe("sk_test_never_used");
const cases = JSON.parse(readFileSync(0, "utf8"));
const sign = ({ body, secret, at }) =>
  stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp: at });
console.log(JSON.stringify(cases.map(sign)));
