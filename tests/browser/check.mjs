// Opens every page of a running Threadpay in real Chromium, in every state, and pays without
// JavaScript. Run it against a test key:
//
//   npm ci
//   BASE_URL=http://127.0.0.1:8080 API_KEY=tp_test_… node check.mjs
//
// CHROMIUM names the browser's binary (/usr/bin/chromium). The last line counts the checks; the
// exit status is 1 if one failed. It takes a little over a minute: it waits for a request to expire.

import { createPublicKey, verify } from 'node:crypto';
import jsQR from 'jsqr';
import { chromium } from 'playwright-core';
import { check, finish, headers, inspect, watch } from './inspect.mjs';
import { api, base, intent, link, local } from './service.mjs';

const LANGUAGES = { en: 'en', 'de-AT': 'de', es: 'es', 'fr-CA': 'fr', pt: 'pt-BR', ja: 'ja' };
const HOSTILE = `<script>alert(1)</script>"'&\u202E${'w'.repeat(120)}`;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
const payer = await browser.newContext({ javaScriptEnabled: false, locale: 'en-US', viewport: { width: 390, height: 844 } });
const inspector = await browser.newContext({ locale: 'en-US' });
/** The payer's own cookies, with script, to look closely at what only that browser may see. */
const own = await browser.newContext({ locale: 'en-US' });

/** Runs one part; what it throws is a failed check, and the other parts still run. */
async function part(name, run) {
  try {
    await run();
  } catch (error) {
    check(false, name, error.message);
  }
}

/** Opens an address as a payer would, does something there, and gives back the page's text. */
async function visit(url, act = async () => {}) {
  const page = await payer.newPage();
  try {
    await page.goto(url);
    await act(page);
    return await page.innerText('body');
  } finally {
    await page.close();
  }
}

/** Pays with a test card, without JavaScript. */
const pay = (url, method = 'pm_sandbox_ok') =>
  visit(url, async (page) => {
    await page.selectOption('[name=payment_method]', method);
    await page.click('form.pay button');
  });

/** Opens an address and looks at it closely; `shows` must stand on it. */
async function look(name, url, status, shows, { by = inspector, ...options } = {}) {
  const page = await by.newPage();
  const complaints = watch(page, base);
  const answer = await page.goto(url);
  headers(answer, name, status, options);
  const text = await page.innerText('body');
  check(text.includes(shows), `${name}: says "${shows}"`, text.slice(0, 200));
  await inspect(page, name);
  check(complaints.length === 0, `${name}: the browser has no complaint`, complaints.join('; '));
  await page.close();
}

/** Looks as the payer, whose browser began the payment. */
async function lookAsPayer(name, url, status, shows) {
  await own.clearCookies();
  await own.addCookies(await payer.cookies());
  await look(name, url, status, shows, { by: own });
}

/** What a compact JWS says, if one of the service's public keys verifies it. */
async function verified(jws) {
  const [header, payload, signature] = jws.trim().split('.');
  const { keys } = await (await fetch(`${base}/.well-known/jwks.json`)).json();
  const read = (part) => JSON.parse(Buffer.from(part, 'base64url'));
  const key = keys.find(({ kid }) => kid === read(header).kid);
  const bytes = Buffer.from(`${header}.${payload}`);
  const holds = verify(null, bytes, createPublicKey({ key, format: 'jwk' }), Buffer.from(signature, 'base64url'));
  return holds ? read(payload) : undefined;
}

/** The token of the form on a page. */
async function csrf(url) {
  const text = await (await fetch(url)).text();
  return text.match(/name="csrf" value="([^"]+)"/)[1];
}

/** Posts the pay form past the browser. */
const post = (url, token, method = 'pm_sandbox_ok') =>
  fetch(`${url}/pay`, { method: 'POST', body: new URLSearchParams({ csrf: token, payment_method: method }), redirect: 'manual' });

/** Draws a picture in the browser and gives back its pixels. */
async function draw(source) {
  const page = await inspector.newPage();
  const picture = await page.evaluate(async (src) => {
    const image = Object.assign(new Image(), { src });
    await image.decode();
    const { width, height } = image;
    const canvas = new OffscreenCanvas(width, height).getContext('2d');
    canvas.drawImage(image, 0, 0);
    return { width, height, pixels: Array.from(canvas.getImageData(0, 0, width, height).data) };
  }, source);
  await page.close();
  return picture;
}

const expiring = await intent({ expires_in: 60 });
const expiresAt = Date.now() + 60_000;

await part('payable', async () => {
  const { id, pay_url } = await intent();
  const url = local(pay_url);
  await look('payable', url, 200, '€12.50');
  await fetch(url, { method: 'HEAD' });
  const { status } = await api('GET', `/v1/payment_intents/${id}`);
  check(status === 'requires_payment', 'opening a page changes nothing', status);
});

await part('lines', async () => {
  const { pay_url, id } = await intent({ description: 'one\r\ntwo\nthree' });
  const height = async (url) => {
    const page = await inspector.newPage();
    await page.goto(url);
    const [text, heights] = await page.evaluate(() => {
      const box = document.querySelector('.for');
      return [box.innerText, box.getBoundingClientRect().height / parseFloat(getComputedStyle(box).lineHeight)];
    });
    await page.close();
    check(text === 'one\ntwo\nthree' && Math.round(heights) === 3, `${url}: line breaks are kept`, `${text}, ${heights} lines`);
  };
  await height(local(pay_url));
  await api('POST', `/v1/payment_intents/${id}/confirm`, { payment_method: 'pm_sandbox_ok' });
  await height(local(pay_url).replace('/p/', '/r/'));
});

await part('long amounts', async () => {
  const amounts = [['999999999999.99', 'EUR'], ['999999999999.999', 'KWD'], ['12500000.00', 'IDR']];
  for (const [amount, currency] of amounts) {
    const { id, pay_url } = await intent({ amount, currency, line_items: [] });
    for (const paid of [false, true]) {
      for (const asked of Object.keys(LANGUAGES)) {
        const context = await browser.newContext({ locale: asked, viewport: { width: 320, height: 700 } });
        const page = await context.newPage();
        await page.goto(local(pay_url));
        const lines = await page.evaluate(() => {
          const range = document.createRange();
          range.selectNodeContents(document.querySelector('.amount'));
          return new Set([...range.getClientRects()].map((part) => Math.round(part.top))).size;
        });
        check(lines === 1, `${amount} ${currency} in ${asked}${paid ? ', paid' : ''}: is on one line`, `${lines} lines`);
        await context.close();
      }
      await api('POST', `/v1/payment_intents/${id}/confirm`, { payment_method: 'pm_sandbox_ok' }).catch(() => {});
    }
  }
});

await part('languages', async () => {
  const url = local((await intent()).pay_url);
  for (const [asked, lang] of Object.entries(LANGUAGES)) {
    const context = await browser.newContext({ locale: asked, viewport: { width: 320, height: 700 } });
    const page = await context.newPage();
    await page.goto(url);
    check((await page.getAttribute('html', 'lang')) === lang, `${asked} is answered in ${lang}`);
    await inspect(page, `payable in ${lang}`);
    await context.close();
  }
});

await part('hostile text', async () => {
  const { pay_url } = await intent({ description: HOSTILE, reference: HOSTILE.slice(0, 100), line_items: undefined });
  await look('hostile text', local(pay_url), 200, '<script>alert(1)</script>');
});

await part('paid and refunded', async () => {
  const { id, pay_url } = await intent();
  const url = local(pay_url);
  check(/complete|receipt|paid/i.test(await pay(url)), 'a payment without JavaScript is confirmed');
  const paid = await api('GET', `/v1/payment_intents/${id}`);
  check(paid.status === 'succeeded', 'a payment without JavaScript succeeds', paid.status);
  await look('paid', url, 200, 'Payment complete');
  let receipt = '';
  await visit(url, async (page) => {
    await page.click('a.button');
    receipt = page.url();
  });
  check(receipt.startsWith(`${base}/r/`), 'the paid page leads to the receipt', receipt);
  await look('receipt', receipt, 200, 'Paid');
  const copy = await fetch(`${receipt}/receipt.jws`);
  const signed = await verified(await copy.text());
  check(signed?.payment_intent === id && signed.amount === '12.50', 'the signed copy verifies with the JWK set', JSON.stringify(signed));
  await api('POST', `/v1/payment_intents/${id}/refunds`, { amount: '2.50' });
  await look('refunded receipt', receipt, 200, 'Partly refunded');
});

await part('declined', async () => {
  const url = local((await intent()).pay_url);
  const text = await pay(url, 'pm_sandbox_insufficient_funds');
  check(text.includes('enough funds'), 'a decline says why');
  await look('declined', url, 200, 'The payment was declined');
  check(/complete|receipt|paid/i.test(await pay(url)), 'another card pays after a decline');
});

await part('too many declines', async () => {
  const url = local((await intent()).pay_url);
  const token = await csrf(url);
  for (let count = 0; count < 5; count++) await post(url, await csrf(url), 'pm_sandbox_declined');
  await look('too many declines', url, 200, 'Too many declined payments');
  const refused = await post(url, token);
  check(refused.status === 429 && refused.headers.has('retry-after'), 'after five declines a page rests', String(refused.status));
});

await part('pending', async () => {
  const url = local((await intent()).pay_url);
  await pay(url, 'pm_sandbox_pending');
  await lookAsPayer('processing', url, 200, 'being processed');
  await look('somebody paying', url, 200, 'Somebody else is paying');
});

for (const [outcome, status] of [['succeed', 'succeeded'], ['fail', 'requires_payment']]) {
  await part(`action, ${outcome}`, async () => {
    const { id, pay_url } = await intent();
    const url = local(pay_url);
    await pay(url, 'pm_sandbox_requires_action');
    await lookAsPayer(`action, ${outcome}`, url, 200, 'Confirm your payment');
    await visit(url, (page) => page.click(`button[value=${outcome}]`));
    const after = await api('GET', `/v1/payment_intents/${id}`);
    check(after.status === status, `the payer's "${outcome}" is taken`, after.status);
  });
}

await part('authorized', async () => {
  const url = local((await intent({ capture_method: 'manual' })).pay_url);
  await pay(url);
  await look('authorized', url, 200, 'Payment authorized');
});

await part('canceled', async () => {
  const { id, pay_url } = await intent();
  await api('POST', `/v1/payment_intents/${id}/cancel`, { reason: 'abandoned' });
  await look('canceled', local(pay_url), 410, 'was canceled');
});

await part('used link', async () => {
  const { id, url } = await link({ amount: '5.00', description: 'One coffee' });
  await pay(local(url));
  const { status } = await api('GET', `/v1/payment_links/${id}`);
  check(status === 'completed', 'a single-use link is completed by its payment', status);
  await look('used link', local(url), 410, 'already been used');
});

for (const forms of [100, 1]) {
  await part(`crowd with ${forms} forms`, async () => {
    const { id, url } = await link({ amount: '5.00' });
    const bots = Array.from({ length: 20 }, (_, i) => fetch(local(url), { method: i % 2 ? 'GET' : 'HEAD' }));
    check((await Promise.all(bots)).every(({ status }) => status === 200), 'previews leave a single-use link as it is');
    const tokens = await Promise.all(Array.from({ length: forms }, () => csrf(local(url))));
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => post(local(url), tokens[i % forms])));
    const paid = answers.filter(({ status }) => status === 303);
    check(paid.length === 100 / forms, `100 posts with ${forms} forms: ${100 / forms} are sent to the receipt`, String(paid.length));
    check(answers.every(({ status }) => [303, 409, 410].includes(status)), 'all others are told why');
    const { data } = await api('GET', `/v1/payment_links/${id}/payments`);
    check(data.length === 1 && data[0].status === 'succeeded', `100 posts with ${forms} forms make one payment`, JSON.stringify(data));
  });
}

await part('reopened link', async () => {
  const { url } = await link({ amount: '5.00' });
  await pay(local(url), 'pm_sandbox_requires_action');
  await look('link of another payer', local(url), 200, 'Somebody else is paying');
  await lookAsPayer('reopened link', local(url), 200, 'Confirm your payment');
  const text = await visit(local(url), (page) => page.click('button[value=succeed]'));
  check(text.includes('Receipt from'), 'a payment is finished from its link opened anew');
});

await part('form sent again', async () => {
  const url = local((await intent()).pay_url);
  const token = await csrf(url);
  const first = await post(url, token, 'pm_sandbox_declined');
  const again = await post(url, token, 'pm_sandbox_declined');
  check(first.headers.get('location') === again.headers.get('location'), 'a form sent twice is answered alike');
  const other = await post(url, token);
  check(other.status === 422, 'a form sent with another card is refused', String(other.status));
  check((await post(url, await csrf(url))).status === 303, 'a fresh form pays');
});

await part('inactive link', async () => {
  const { id, url } = await link({ amount: '5.00' });
  await api('POST', `/v1/payment_links/${id}/deactivate`, {});
  await look('inactive link', local(url), 410, 'no longer active');
});

await part('chosen amount', async () => {
  const fields = { amount_options: { preset: '10.00', min: '1.00', max: '100.00' }, tip_options: ['0.00', '1.00', '2.00'] };
  const { id, url } = await link({ ...fields, usage: 'multi' });
  await look('chosen amount', local(url), 200, 'Between €1.00 and €100.00');
  const page = await inspector.newPage();
  await page.goto(local(url));
  await page.fill('[name=amount]', '1,000');
  await page.check('[name=tip][value="2.00"]');
  await page.click('form.pay button');
  check((await page.inputValue('[name=amount]')) === '1,000', 'a faulty amount is kept to be corrected');
  check(await page.isChecked('[name=tip][value="2.00"]'), 'the chosen tip is kept');
  check((await page.getAttribute('[name=amount]', 'aria-invalid')) === 'true', 'the faulty field is marked');
  await inspect(page, 'faulty form');
  check((await page.reload()).status() === 200, 'a faulty form can be loaded again');
  await page.close();
  await visit(local(url), async (open) => {
    await open.fill('[name=amount]', '7.5');
    await open.check('[name=tip][value="1.00"]');
    await open.click('form.pay button');
    check((await open.innerText('body')).includes('Pay €8.50'), 'the sum is shown before the press');
    await open.click('form.pay button');
  });
  const { data } = await api('GET', `/v1/payment_links/${id}/payments`);
  check(data.length === 1 && data[0].amount === '8.50', 'amount and tip are charged together', JSON.stringify(data));
});

await part('forged post', async () => {
  const { id, pay_url } = await intent();
  const body = new URLSearchParams({ csrf: 'forged', payment_method: 'pm_sandbox_ok' });
  const answer = await fetch(`${local(pay_url)}/pay`, { method: 'POST', body, redirect: 'manual' });
  check(answer.status === 403, 'a forged post is refused', String(answer.status));
  const { status } = await api('GET', `/v1/payment_intents/${id}`);
  check(status === 'requires_payment', 'a forged post pays nothing', status);
});

await part('not found', async () => {
  const bytes = [];
  for (const token of ['00aaaaaaaaaaaaaaaaaaaaaa', '99bbbbbbbbbbbbbbbbbbbbbb', 'x', '%00']) {
    const answer = await fetch(`${base}/p/${token}`, { headers: { 'accept-language': 'en' } });
    check(answer.status === 404, `/p/${token} is not found`, String(answer.status));
    bytes.push(await answer.text());
  }
  check(new Set(bytes).size === 1, 'all unknown tokens look the same');
  await look('not found', `${base}/p/00aaaaaaaaaaaaaaaaaaaaaa`, 404, 'Page not found');
});

await part('QR codes', async () => {
  const { pay_url } = await intent();
  for (const [kind, type] of [['svg', 'image/svg+xml'], ['png', 'image/png']]) {
    const answer = await fetch(`${local(pay_url)}/qr.${kind}`);
    check(answer.status === 200, `qr.${kind} is there`, String(answer.status));
    const data = Buffer.from(await answer.arrayBuffer()).toString('base64');
    const { width, height, pixels } = await draw(`data:${type};base64,${data}`);
    const read = jsQR(Uint8ClampedArray.from(pixels), width, height);
    check(read?.data === pay_url, `qr.${kind} reads as the page's address`, read?.data);
  }
});

await part('API reference', () => look('API reference', `${base}/docs`, 200, 'payment_intents', { stored: true }));

await part('expired', async () => {
  // The sweep that expires requests may come a little after the time itself.
  await new Promise((done) => setTimeout(done, Math.max(0, expiresAt + 3_000 - Date.now())));
  await look('expired', local(expiring.pay_url), 410, 'has expired');
});

await browser.close();
finish();
