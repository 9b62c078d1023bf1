// What every page must keep, whatever it shows.

import axe from 'axe-core';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

const POLICY = ["default-src 'none'", "style-src 'self'", "img-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"];

let passed = 0;
let failed = 0;

/** Counts one check and prints it if it fails. */
export function check(holds, what, detail = '') {
  if (holds) {
    passed += 1;
  } else {
    failed += 1;
    console.log(`FAIL ${what}${detail ? `: ${detail}` : ''}`);
  }
}

/** Prints the count, alone on the last line, and ends with status 1 if anything failed. */
export function finish() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}

/** Checks the answer's status and headers. */
export function headers(answer, name, status, { stored = false } = {}) {
  const all = answer.headers();
  const policy = (all['content-security-policy'] ?? '').split(';').map((part) => part.trim());
  check(answer.status() === status, `${name}: status ${status}`, `it is ${answer.status()}`);
  check(POLICY.every((part) => policy.includes(part)), `${name}: content security policy`, policy.join('; '));
  check(!policy.join().includes('unsafe'), `${name}: no unsafe source`);
  check(all['referrer-policy'] === 'no-referrer', `${name}: referrer policy`);
  check(all['x-content-type-options'] === 'nosniff', `${name}: content type is not guessed`);
  if (!stored) {
    check(all['cache-control'] === 'no-store', `${name}: is not stored`, all['cache-control']);
    check((all['x-robots-tag'] ?? '').includes('noindex'), `${name}: is not indexed`);
  }
}

/** Collects what the browser complains about and what it asks other hosts for. */
export function watch(page, base) {
  const complaints = [];
  page.on('console', (message) => {
    // A page with an error status is reported as a failed resource; that is not a fault.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      complaints.push(message.text());
    }
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(base)) {
      complaints.push(`asks ${request.url()}`);
    }
  });
  return complaints;
}

/** Looks at the page that is open: narrow and wide, light and dark. */
export async function inspect(page, name) {
  for (const width of [320, 1280]) {
    for (const colorScheme of ['light', 'dark']) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await accessible(page, `${name} at ${width} px, ${colorScheme}`);
    }
    const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    check(over <= 0, `${name}: fits ${width} px`, `${over} px too wide`);
  }
  const own = await page.evaluate(() => ({
    scripts: document.querySelectorAll('script').length,
    styles: document.querySelectorAll('style, [style]').length,
    lang: document.documentElement.lang,
    styled: document.styleSheets.length,
  }));
  check(own.scripts === 0 && own.styles === 0, `${name}: no script and no inline style`);
  check(own.lang !== '' && own.styled === 1, `${name}: has a language and its style`);
}

async function accessible(page, name) {
  // Through the debugger, past the policy that keeps scripts out of the page.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(
    // A page that waits loads itself again, since it has no script; there is nothing on it to lose.
    (tags) =>
      window.axe.run(document, {
        runOnly: { type: 'tag', values: tags },
        rules: { 'meta-refresh': { enabled: false } },
        resultTypes: ['violations'],
      }),
    TAGS,
  );
  const said = violations.map((found) => `${found.id} (${found.nodes.map((node) => node.target.join(' ')).join(', ')})`);
  check(said.length === 0, `${name}: axe finds nothing`, said.join('; '));
}
