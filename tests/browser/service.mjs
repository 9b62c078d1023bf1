// The running service as a bot sees it: its API, and the addresses of its pages.

import { randomUUID } from 'node:crypto';

/** Reads a setting from the environment or says which one is missing. */
function setting(name) {
  const value = process.env[name];
  if (!value) {
    throw new Error(`${name} is not set: give the address and an API key of a running Threadpay, such as "threadpay dev" prints`);
  }
  return value;
}

export const base = new URL(setting('BASE_URL')).origin;
const key = setting('API_KEY');

/** Calls the API and returns the answer's JSON; an answer that is not 2xx is an error. */
export async function api(method, path, body) {
  const answer = await fetch(base + path, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      ...(method === 'POST' ? { 'idempotency-key': randomUUID() } : {}),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) {
    throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
  }
  return JSON.parse(text);
}

const order = {
  amount: '12.50',
  currency: 'EUR',
  description: 'Table 4',
  reference: 'order-1042',
  line_items: [
    { label: 'Flat white', quantity: 2, unit_amount: '4.25' },
    { label: 'Cinnamon bun', quantity: 1, unit_amount: '4.00' },
  ],
};

/** Creates a payment intent. */
export const intent = (fields = {}) => api('POST', '/v1/payment_intents', { ...order, ...fields });

/** Creates a payment link. */
export const link = (fields) => api('POST', '/v1/payment_links', { currency: 'EUR', usage: 'single', ...fields });

/** The address of a pay page at the service under test, whatever its public address is. */
export const local = (url) => base + new URL(url).pathname;
