/** @file JSON over HTTP to a server of jobs. Not by `fetch`: Ray takes its headers for a browser's, and refuses. */
import { type ClientRequest, request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import type { Json, JsonObject } from '../../../base/json.ts';
import type { ExecutorFault } from '../contract.ts';

export interface Server {
  /** Without a slash at its end. */
  readonly url: string;
  /** Asked for at each call, because it may be renewed; never shown. */
  token(): string | undefined;
  /** Certificates that the server's is checked against, in place of the usual ones. */
  readonly ca?: string | undefined;
}

export interface Reply {
  /** Undefined: nobody answered. */
  readonly status: number | undefined;
  /** Undefined where it is no JSON. */
  readonly body: Json | undefined;
  /** What was answered, or why nothing was. */
  readonly text: string;
}

/** Milliseconds for one call. */
const LIMIT = 30_000;
/** More than the longest list of jobs. Bytes. */
const MOST = 64 * 1024 * 1024;

export function call(
  server: Server,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: JsonObject,
): Promise<Reply> {
  const url = new URL(`${server.url}${path}`);
  const token = server.token();
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    accept: 'application/json',
    ...(text !== undefined && {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  return new Promise((resolve) => {
    const none = (why: string): void => resolve({ status: undefined, body: undefined, text: why });
    const options = { method, headers, timeout: LIMIT };
    const asked: ClientRequest =
      url.protocol === 'https:'
        ? overHttps(url, { ...options, ...(server.ca !== undefined && { ca: server.ca }) })
        : overHttp(url, options);
    // The other limit is of silence: a server that trickles would never pass it.
    const late = setTimeout(() => asked.destroy(new Error('it did not answer in time')), LIMIT);
    asked.on('timeout', () => asked.destroy(new Error('it did not answer in time')));
    asked.on('error', (error) => none(error.message));
    asked.on('close', () => clearTimeout(late));
    asked.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MOST) asked.destroy(new Error('its answer is too long'));
        else chunks.push(chunk);
      });
      response.on('error', (error) => none(error.message));
      response.on('end', () => {
        const answered = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode, body: parsed(answered), text: answered });
      });
    });
    asked.end(text);
  });
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** What a call that failed is to the run: what the server says by `message` first, else its words. */
export function faultOf(
  { url }: Server,
  what: string,
  { status, body, text }: Reply,
  hint?: string,
): ExecutorFault {
  const command = `${what} ${url}`;
  const output = shown(String(member(body, 'message') ?? text));
  const told = { command, ...(output !== '' && { output }) };
  if (status === undefined) {
    const message = 'The server of jobs cannot be reached.';
    return {
      code: 'unreachable',
      message,
      hint: hint ?? 'see `url:` of the profile',
      passing: true,
      ...told,
    };
  }
  if (status === 401 || status === 403) {
    // A quota that is used up is refused by the same number, and is free again later.
    const passing = status === 403 && /exceeded quota/.test(output);
    const message = passing ? 'A quota of the server is used up.' : 'The server of jobs refuses who asks.';
    return {
      code: passing ? 'quota' : 'not-allowed',
      message,
      hint: 'see its token and its rights',
      passing,
      ...told,
    };
  }
  const message = `The server of jobs answered with ${status}.`;
  return { code: 'submit-refused', message, hint, passing: status >= 500 || status === 429, ...told };
}

/** A field of an object, undefined for anything else. */
export function member(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let at = value;
  for (const name of path) {
    if (typeof at !== 'object' || at === null || Array.isArray(at)) return undefined;
    at = Object.hasOwn(at, name) ? (at as JsonObject)[name] : undefined;
  }
  return at;
}

export function text(value: Json | undefined, ...path: readonly string[]): string | undefined {
  const found = member(value, ...path);
  return typeof found === 'string' && found !== '' ? shown(found) : undefined;
}

export function list(value: Json | undefined, ...path: readonly string[]): readonly Json[] {
  const found = member(value, ...path);
  return Array.isArray(found) ? found : [];
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be shown
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g;

/** For people: nothing that a terminal would take for an order, and no book. */
function shown(value: string): string {
  return value.replaceAll(CONTROLS, ' ').trim().slice(0, 2000);
}
