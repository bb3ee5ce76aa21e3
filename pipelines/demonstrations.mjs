/** Pairs to demonstrations, both responses of each: text to learn the language from, without a preference. */
import { readFileSync, writeFileSync } from 'node:fs';

const [pairs, demonstrations] = process.argv.slice(2);
const rows = readFileSync(pairs, 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line));
const both = rows.flatMap(({ id, prompt, chosen, rejected }) => [
  { id: `${id}/chosen`, prompt, response: chosen },
  { id: `${id}/rejected`, prompt, response: rejected },
]);
writeFileSync(demonstrations, both.map((row) => `${JSON.stringify(row)}\n`).join(''));
