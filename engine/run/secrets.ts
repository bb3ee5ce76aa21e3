/** @file Values of `pass_env` variables, kept out of everything that a run says, writes down or stores about a stage. */
import type { Json } from '../../base/json.ts';
import type { Graph } from '../pipeline/graph.ts';

const SHOWN = '***';

/** Shorter values would blot out half of what is printed, and could be guessed from what is left. */
const SHORTEST = 4;
/** Shorter ones, encoded, turn up by chance. */
const SHORTEST_ENCODED = 6;

export interface Redactor {
  text(text: string): string;
  /** Every text in a value, names too. */
  value<T>(value: T): T;
  /** Passes text on as soon as no secret can begin in it: one may come in pieces. */
  stream(take: (text: string) => void): { push(chunk: string): void; end(): void };
}

const NONE: Redactor = {
  text: (text) => text,
  value: (value) => value,
  stream: (take) => ({ push: take, end: () => {} }),
};

const known = new WeakMap<Graph, Redactor>();

/** The secrets of all stages, for each of them: one may read what another wrote. */
export function secretsOf(graph: Graph, env: NodeJS.ProcessEnv): Redactor {
  let redactor = known.get(graph);
  if (redactor === undefined) {
    const names = new Set(graph.stages.flatMap(({ passEnv }) => passEnv));
    redactor = redactorOf([...names].flatMap((name) => env[name] ?? []));
    known.set(graph, redactor);
  }
  return redactor;
}

export function redactorOf(secrets: readonly string[]): Redactor {
  const forms = [...new Set(secrets.flatMap(formsOf))].sort((a, b) => b.length - a.length);
  if (forms.length === 0) return NONE;
  const pattern = new RegExp(forms.map(escaped).join('|'), 'g');
  const text = (whole: string): string => whole.replace(pattern, SHOWN);

  /** Where the part begins that may be the start of a secret, or of a longer one than is there already. */
  function safeLength(buffer: string): number {
    let at = buffer.length;
    for (const form of forms) {
      for (let length = Math.min(form.length - 1, buffer.length); length > buffer.length - at; length--) {
        if (form.startsWith(buffer.slice(buffer.length - length))) at = buffer.length - length;
      }
    }
    // Cutting through one that is whole would show its halves.
    for (const { index, 0: found } of buffer.matchAll(pattern)) {
      if (index < at && index + found.length > at) at = index;
    }
    return at;
  }

  return {
    text,
    value: (value) => redacted(value as Json, text) as typeof value,
    stream: (take) => {
      let held = '';
      return {
        push: (chunk) => {
          held += chunk;
          const length = safeLength(held);
          if (length === 0) return;
          take(text(held.slice(0, length)));
          held = held.slice(length);
        },
        end: () => {
          if (held !== '') take(text(held));
          held = '';
        },
      };
    },
  };
}

function redacted(value: Json, text: (text: string) => string): Json {
  if (typeof value === 'string') return text(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: Json) => redacted(item, text));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [text(name), redacted(member as Json, text)]),
  );
}

/** A secret as it is, line by line, and as programs write it: in JSON, in an address, in base64. */
function formsOf(secret: string): string[] {
  const lines = secret.split(/\r?\n/);
  const plain = [secret, secret.trim(), ...lines, ...lines.map((line) => line.trim())];
  const long = secret.trim().length >= SHORTEST_ENCODED ? [secret, secret.trim()] : [];
  const encoded = long.flatMap((each) => [
    JSON.stringify(each).slice(1, -1),
    encodeURIComponent(Buffer.from(each).toString()),
    ...inBase64(Buffer.from(each)),
  ]);
  return [...plain, ...encoded].filter((form) => form.length >= SHORTEST);
}

/** The letters that the bytes alone decide, for each way in which they may lie in groups of three. */
function inBase64(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const letters = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const first = Math.ceil((before * 8) / 6);
    const last = Math.floor(((before + bytes.length) * 8) / 6);
    const form = letters.slice(first, last);
    return [form, form.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
