/** @file A remote in a bucket of an S3-compatible store, by path-style addresses. */

import { hash } from 'node:crypto';
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { err, ok } from '../../base/result.ts';
import { drop, exchange, type Patience, pieces } from './exchange.ts';
import { uploadInParts } from './multipart.ts';
import {
  BrokenOff,
  type Opened,
  type Remote,
  type RemoteFault,
  type Remotely,
  type RemotePlace,
} from './remote.ts';

export type Environment = { readonly [name: string]: string | undefined };
type Place = Extract<RemotePlace, { kind: 's3' }>;

export interface S3Options {
  readonly patience: Patience;
  /** Files above this are sent in parts of this size. Bytes. */
  readonly part: number;
}

/** Signed requests below one prefix of a bucket. */
export interface Bucket {
  readonly shown: string;
  readonly options: S3Options;
  /** The object's key in the bucket. */
  keyOf(path: string): string;
  /** `path` undefined: the bucket itself. */
  send(method: string, path: string | undefined, ask: Ask, understood: readonly number[]): Remotely<Response>;
}

interface Ask {
  readonly query?: { readonly [name: string]: string };
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

export async function s3Remote(place: Place, env: Environment, options: S3Options): Remotely<Remote> {
  const bucket = await openBucket(place, env, options);
  return bucket.ok ? ok(remoteIn(bucket.value)) : bucket;
}

async function openBucket(place: Place, env: Environment, options: S3Options): Remotely<Bucket> {
  const { bucket, prefix } = place;
  const shown = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`;
  const [accessKeyId, secretAccessKey] = [env['AWS_ACCESS_KEY_ID'], env['AWS_SECRET_ACCESS_KEY']];
  if (!accessKeyId || !secretAccessKey) return err(noCredentials(shown));
  const region = place.region ?? (env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || 'us-east-1');
  const endpoint = place.endpoint ?? (env['AWS_ENDPOINT_URL_S3'] || `https://s3.${region}.amazonaws.com`);
  const { AwsClient } = await import('aws4fetch');
  const client = new AwsClient({
    accessKeyId,
    secretAccessKey,
    ...(env['AWS_SESSION_TOKEN'] ? { sessionToken: env['AWS_SESSION_TOKEN'] } : {}),
    service: 's3',
    region,
  });
  const keyOf = (path: string): string => (prefix === '' ? path : `${prefix}/${path}`);
  return ok({
    shown,
    options,
    keyOf,
    send: (method, path, { query = {}, headers = {}, body }, understood) => {
      const url = new URL(endpoint);
      const key = path === undefined ? '' : `/${keyOf(path)}`;
      url.pathname = `${url.pathname.replace(/\/$/, '')}/${bucket}${key}`;
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      const sign = () => client.sign(url, { method, headers, ...(body === undefined ? {} : { body }) });
      return exchange(sign, understood, options.patience, shown);
    },
  });
}

function noCredentials(shown: string): RemoteFault {
  const message = `There are no credentials for ${shown}.`;
  const hint = 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
  return { code: 'remote-no-credentials', message, hint };
}

function remoteIn(bucket: Bucket): Remote {
  /** A first writer wins: the store itself keeps what is there. */
  const unless = (replace: boolean): { [name: string]: string } => (replace ? {} : { 'if-none-match': '*' });

  async function put(path: string, ask: Ask, replace: boolean): Remotely<boolean> {
    const headers = { ...ask.headers, ...unless(replace) };
    const answer = await bucket.send('PUT', path, { ...ask, headers }, [200, 412]);
    if (!answer.ok) return answer;
    await drop(answer.value);
    return ok(answer.value.status === 200);
  }

  return {
    shown: bucket.shown,
    size: async (path) => {
      const answer = await bucket.send('HEAD', path, {}, [200, 404]);
      if (!answer.ok) return answer;
      if (answer.value.status === 404) return ok(undefined);
      const size = lengthOf(answer.value.headers.get('content-length'));
      return size === undefined ? err(noLength(bucket.shown)) : ok(size);
    },
    open: async (path, from) => {
      const headers: { [name: string]: string } = { 'accept-encoding': 'identity' };
      if (from > 0) headers['range'] = `bytes=${from}-`;
      const answer = await bucket.send('GET', path, { headers }, [200, 206, 404, 416]);
      if (!answer.ok) return answer;
      return opened(answer.value, from, bucket);
    },
    putText: (path, text, replace) => {
      const headers = { 'x-amz-content-sha256': hash('sha256', text, 'hex') };
      return put(path, { headers, body: text }, replace);
    },
    putFile: async (path, file, sent) => {
      const { size } = statSync(file);
      if (size > bucket.options.part) return uploadInParts(bucket, path, file, size, sent);
      const bytes = new Uint8Array(await readFile(file));
      // The store compares what arrives with this digest: no other bytes can stand under the name.
      const headers = { 'x-amz-content-sha256': hash('sha256', bytes, 'hex') };
      const done = await put(path, { headers, body: bytes }, true);
      if (done.ok) sent(size);
      return done;
    },
  };
}

async function opened(response: Response, from: number, bucket: Bucket): Remotely<Opened | undefined> {
  const { status, headers } = response;
  if (status === 404) {
    await drop(response);
    return ok(undefined);
  }
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '');
  // 416: there are no bytes from there on; what is here already is too long, or all of it.
  const partial = status === 206 && range !== null && Number(range[1]) === from;
  const size = partial ? lengthOf(range[2]) : lengthOf(headers.get('content-length'));
  if (status === 416 || (status === 206 && !partial) || headers.has('content-encoding')) {
    await drop(response);
    const message = `${bucket.shown} does not give the bytes that were asked for.`;
    return err({ code: 'remote-answer', message });
  }
  if (size === undefined) {
    await drop(response);
    return err(noLength(bucket.shown));
  }
  return ok({ size, from: partial ? from : 0, chunks: chunksOf(response, bucket.options.patience.wait) });
}

async function* chunksOf(response: Response, wait: number): AsyncGenerator<Uint8Array> {
  try {
    yield* pieces(response, wait);
  } catch (error) {
    throw new BrokenOff((error as Error).message);
  }
}

function lengthOf(text: string | null | undefined): number | undefined {
  if (!text || !/^\d{1,15}$/.test(text)) return undefined;
  return Number(text);
}

function noLength(shown: string): RemoteFault {
  return { code: 'remote-no-length', message: `${shown} does not say how long its answer is.` };
}
