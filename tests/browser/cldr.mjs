// How each region of our languages writes amounts, as Node's own Intl (Unicode CLDR) has it.
//
//   node cldr.mjs > ../../src/base/language/cldr.tsv    the table that the service is built with

const LANGUAGES = ['en', 'de', 'es', 'fr', 'pt', 'ja'];
const LETTERS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
const REGIONS = ['001', '150', '419', ...LETTERS.flatMap((a) => LETTERS.map((b) => a + b))];
const CURRENCIES = Intl.supportedValuesOf('currency');

const parts = (tag, currency, value) =>
  new Intl.NumberFormat(tag, { style: 'currency', currency, minimumFractionDigits: 2, maximumFractionDigits: 2 }).formatToParts(value);
const text = (all, type) => all.find((part) => part.type === type)?.value ?? '';

/** Where currency and sign stand: `-¤#`. */
const pattern = (tag, currency, value) =>
  parts(tag, currency, value)
    .map(({ type, value: own }) => ({ currency: '¤', minusSign: '-', literal: own, integer: '#' })[type] ?? '')
    .join('');

/** The columns of a tag: separators, grouping and patterns, then the signs of currencies. */
function columns(tag) {
  const long = parts(tag, 'XTS', 12345678.9);
  const groups = long.filter(({ type }) => type === 'integer').map(({ value }) => value.length);
  const four = parts(tag, 'XTS', 1234.5).some(({ type }) => type === 'group');
  const signs = new Map(CURRENCIES.map((code) => [code, text(parts(tag, code, 1), 'currency')]));
  // The euro has a way of its own in some regions.
  const plain = [...signs].filter(([code, own]) => /^\p{Sc}$/u.test(own) && code !== 'EUR');
  const sign = plain[0]?.[0] ?? 'EUR';
  const style = [
    text(long, 'decimal'),
    text(long, 'group'),
    four ? 4 : 5,
    groups.at(-2),
    // A sign beside the digits, then letters beside them.
    ...[sign, 'XTS'].flatMap((currency) => [1, -1].map((value) => pattern(tag, currency, value))),
  ];
  return { style: style.join('\t'), signs };
}

/** The signs that differ from those of the language, or at first from the codes. */
const differing = (signs, base) =>
  [...signs].filter(([code, sign]) => sign !== (base?.get(code) ?? code)).map(([code, sign]) => `${code}=${sign}`).join(' ');

const known = (tag) => new Intl.NumberFormat(tag).resolvedOptions().locale === tag;

console.log('# Unicode CLDR, printed by tests/browser/cldr.mjs. Tags, decimal and group separator, digits from which');
console.log('# groups are made, size of the higher groups, patterns beside signs and letters, signs of currencies.');
for (const language of LANGUAGES) {
  const base = columns(language);
  const kinds = new Map([[`${base.style}\t${differing(base.signs)}`, [language]]]);
  for (const tag of REGIONS.map((region) => `${language}-${region}`).filter(known)) {
    const { style, signs } = columns(tag);
    // A decimal separator that nobody can type.
    if (!/^[.,]/.test(style)) continue;
    const own = differing(signs, base.signs);
    const kind = style === base.style && own === '' ? [...kinds.keys()][0] : `${style}\t${own}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), tag]);
  }
  for (const [kind, tags] of kinds) console.log(`${tags.join(' ')}\t${kind}`);
}
