// The official TypeScript library of x402. Takes a JSON list on stdin, and prints a JSON list: of
// {"required": header} what it reads there, of {"response": header} likewise, and of {"pay": header,
// "key": key} the header that its payer sends for what is asked.

import { readFileSync } from "node:fs";
import { x402Client } from "@x402/core/client";
import {
  decodePaymentRequiredHeader, decodePaymentResponseHeader, encodePaymentSignatureHeader,
} from "@x402/core/http";
import { validatePaymentRequired } from "@x402/core/schemas";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { privateKeyToAccount } from "viem/accounts";

const pay = async ({ pay, key }) => {
  const schemes = [{ network: "eip155:*", client: new ExactEvmScheme(privateKeyToAccount(key)) }];
  const client = x402Client.fromConfig({ schemes, spendControls: false });
  const payload = await client.createPaymentPayload(decodePaymentRequiredHeader(pay));
  return encodePaymentSignatureHeader(payload);
};
const judge = (question) => {
  if (question.required) return validatePaymentRequired(decodePaymentRequiredHeader(question.required));
  if (question.response) return decodePaymentResponseHeader(question.response);
  return pay(question);
};
const told = await Promise.all(JSON.parse(readFileSync(0, "utf8")).map(judge));
console.log(JSON.stringify(told));
