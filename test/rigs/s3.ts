/** @file The S3-compatible server of the shared rigs, and what can be put in front of it. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const SCRIPT = join(import.meta.dirname, '../../../shared/rigs/s3-up.sh');

export interface S3Rig {
  readonly endpoint: string;
  readonly bucket: string;
  /** Credentials that the server takes; it takes any. */
  readonly env: { readonly [name: string]: string };
}

/** Starts the server if it does not run. Undefined, with a word on stderr, where there is none or it does not start. */
export function s3Rig(): S3Rig | undefined {
  if (!existsSync(SCRIPT)) {
    console.error('S3 tests are skipped: ../shared/rigs/s3-up.sh is not there');
    return undefined;
  }
  try {
    const text = execFileSync('bash', [SCRIPT], { encoding: 'utf8', timeout: 120_000, stdio: 'pipe' });
    const found = Object.fromEntries(
      [...text.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
    ) as { readonly [name: string]: string };
    const { S3_RIG_ENDPOINT: endpoint = '', S3_RIG_BUCKET: bucket = '', ...env } = found;
    return { endpoint, bucket, env };
  } catch (error) {
    console.error(`S3 tests are skipped: the rig does not start: ${(error as Error).message}`);
    return undefined;
  }
}

/** A prefix that no other test uses. */
export function freshPrefix(): string {
  return `test-${randomBytes(6).toString('hex')}`;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on loopback that ends with the test, whatever still hangs on it. */
export async function serve(handler: Handler): Promise<string> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export interface Passing {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  /** Asks the real server, and gives its answer on. */
  pass(): void;
}

/** A server that stands before another: the test decides what becomes of each request. */
export function standBefore(target: string, decide: (passing: Passing) => void): Promise<string> {
  return serve((incoming, response) => {
    const pass = (): void => {
      const { method, headers, url } = incoming;
      const onward = request(`${target}${url}`, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      incoming.pipe(onward);
    };
    decide({ incoming, response, pass });
  });
}
