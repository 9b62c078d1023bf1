// Holds requests to Stripe against the types of its official library, of the API's present version.
// Takes a JSON list of requests on stdin ({"call", "method", "target", "body"}), and prints a JSON
// list of what the compiler says of each: empty if nothing.

import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import qs from "qs";
import ts from "typescript";

const TYPES = {
  create_session: "Stripe.Checkout.SessionCreateParams",
  get_session: "Stripe.Checkout.SessionRetrieveParams",
  list_sessions: "Stripe.Checkout.SessionListParams",
  expire_session: "Stripe.Checkout.SessionExpireParams",
  get_payment: "Stripe.PaymentIntentRetrieveParams",
  capture: "Stripe.PaymentIntentCaptureParams",
  cancel: "Stripe.PaymentIntentCancelParams",
  create_refund: "Stripe.RefundCreateParams",
  get_refund: "Stripe.RefundRetrieveParams",
  list_refunds: "Stripe.RefundListParams",
  get_charge: "Stripe.ChargeRetrieveParams",
  get_dispute: "Stripe.DisputeRetrieveParams",
  get_balance_transaction: "Stripe.BalanceTransactionRetrieveParams",
  get_payout: "Stripe.PayoutRetrieveParams",
  list_balance_transactions: "Stripe.BalanceTransactionListParams",
  read_balance: "Stripe.BalanceRetrieveParams",
  read_webhook_endpoints: "Stripe.WebhookEndpointListParams",
};

/** A form has no numbers: what is written as one and is one for the library is given as one. */
const NUMBERS = new Set(["amount", "amount_to_capture", "expires_at", "gte", "limit", "quantity", "unit_amount"]);

function typed(name, value) {
  if (Array.isArray(value)) return value.map((part) => typed(name, part));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, typed(key, part)]));
  }
  return NUMBERS.has(name) && /^\d+$/.test(value) ? Number(value) : value;
}

const requests = JSON.parse(readFileSync(0, "utf8"));
const lines = requests.map(({ call, method, target, body }, at) => {
  const form = qs.parse(method === "POST" ? body : target.split("?")[1] ?? "", { depth: 10 });
  return `const r${at}: ${TYPES[call]} = ${JSON.stringify(typed("", form))};`;
});
const HEAD = 'import Stripe from "stripe";';
const file = fileURLToPath(new URL("stripe_requests.ts", import.meta.url));
const options = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ["node"],
};
const host = ts.createCompilerHost(options);
const { getSourceFile, fileExists } = host;
const text = [HEAD, ...lines].join("\n");
host.getSourceFile = (name, ...rest) =>
  name === file ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022) : getSourceFile(name, ...rest);
host.fileExists = (name) => name === file || fileExists(name);
host.getCurrentDirectory = () => dirname(file);
const program = ts.createProgram([file], options, host);
const faults = requests.map(() => []);
for (const fault of ts.getPreEmitDiagnostics(program)) {
  const words = ts.flattenDiagnosticMessageText(fault.messageText, " ");
  const line = fault.file?.fileName === file ? fault.file.getLineAndCharacterOfPosition(fault.start).line : 0;
  if (line === 0) throw new Error(words);
  faults[line - 1].push(words);
}
console.log(JSON.stringify(faults));
