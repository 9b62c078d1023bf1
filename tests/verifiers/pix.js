// Reads BR Codes with pix-utils. Takes a JSON list of texts on stdin, and prints a JSON list of what
// each says, and whether a changed amount is refused (`spoiled`).

import { readFileSync } from "node:fs";
import { hasError, parsePix } from "pix-utils";

const codes = JSON.parse(readFileSync(0, "utf8"));
const read = codes.map((code) => {
  const pix = parsePix(code);
  if (hasError(pix)) return { error: pix.message };
  const changed = code.replace(/(\d)(5802BR)/, (_, digit, rest) => ((Number(digit) + 1) % 10) + rest);
  return { ...pix, spoiled: changed !== code && hasError(parsePix(changed)) };
});
console.log(JSON.stringify(read));
