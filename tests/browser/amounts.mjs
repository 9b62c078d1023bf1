// Compares the amounts on pages with what Node's Intl (Unicode CLDR) writes: every currency that
// can be charged, for readers of every region below. Run it against a test key:
//
//   BASE_URL=http://127.0.0.1:8080 API_KEY=tp_test_… node amounts.mjs

import { check, finish } from './inspect.mjs';
import { api, local } from './service.mjs';

const REGIONS = [
  ...['en-US', 'en-GB', 'en-CA', 'en-AU', 'en-IN', 'de-DE', 'de-AT', 'de-CH', 'fr-FR', 'fr-CH', 'fr-CA'],
  ...['es-ES', 'es-MX', 'es-AR', 'pt-BR', 'pt-PT', 'ja-JP'],
];

/** A payment intent in the currency, or nothing where it cannot be charged in. */
async function ask(currency) {
  try {
    return await api('POST', '/v1/payment_intents', { amount: '1234567', currency });
  } catch (error) {
    if (error.message.includes('invalid_currency')) return undefined;
    throw error;
  }
}

let currencies = 0;
for (const currency of Intl.supportedValuesOf('currency')) {
  const intent = await ask(currency);
  if (!intent) continue;
  currencies += 1;
  const digits = intent.amount.split('.')[1]?.length ?? 0;
  const pages = REGIONS.map(async (region) => {
    const answer = await fetch(local(intent.pay_url), { headers: { 'accept-language': region } });
    const shown = (await answer.text()).match(/<p class="amount[^"]*">([^<]*)</)?.[1].replaceAll('&#39;', "'");
    const options = { style: 'currency', currency, minimumFractionDigits: digits, maximumFractionDigits: digits };
    const expected = new Intl.NumberFormat(region, options).format(intent.amount);
    check(shown === expected, `${currency} in ${region}`, `${shown} instead of ${expected}`);
  });
  await Promise.all(pages);
}
check(currencies > 100, 'there are currencies to compare', String(currencies));
finish();
