/** @file Runs with remotes that lie or fail: they go on by running, and are never stuck or wrong. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { serve } from '../rigs/s3.ts';
import { type CallOptions, workshop } from '../rigs/workshop.ts';

const ENV = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret-of-the-test' };

type Lie = (response: ServerResponse, request: IncomingMessage) => void;

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'hostile-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const send =
  (status: number, headers: { readonly [name: string]: string | number }, body = ''): Lie =>
  (response) =>
    response.writeHead(status, headers).end(body);

const YAML = `name: p
stages:
  a: { run: "echo a > \${out.o}", out: { o: file } }
  b: { run: "cat \${in.o} > \${out.o}", in: { o: a.o }, out: { o: file } }
out: { b: b.o }
`;

describe('a run with a remote', () => {
  async function run(lie: Lie): Promise<{ actions: unknown; codes: string[]; out: string; said: string }> {
    for (const [name, value] of Object.entries(ENV)) vi.stubEnv(name, value);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const endpoint = await serve((request, response) => lie(response, request));
    const w = workshop({ 'p.yaml': YAML });
    const remote: CallOptions['remote'] = { kind: 's3', bucket: 'bucket', prefix: '', endpoint };
    const ran = await w.run({ remote });
    const codes = ran.of('warning').map(({ diagnostic }) => diagnostic.code);
    return { actions: ran.actions, codes, out: w.read('out/p/b'), said: JSON.stringify(ran.events) };
  }

  it.each<[string, Lie, string[]]>([
    ['redirects', send(302, { location: 'http://127.0.0.1:1/' }), ['remote-redirect']],
    ['denies access', send(403, {}), ['remote-denied']],
    ['does not answer', () => {}, ['remote-unreachable']],
    ['closes the line', (response) => response.destroy(), ['remote-unreachable']],
    ['has nonsense for records', send(200, { 'content-length': 2 }, '{}'), expect.any(Array)],
    ['has nothing', send(404, {}), []],
  ])('that %s goes on by running', async (_, lie, codes) => {
    const ran = await run(lie);
    expect(ran).toMatchObject({ actions: { a: 'ran', b: 'ran' }, codes, out: 'a\n' });
    expect(ran.said).not.toContain(ENV.AWS_SECRET_ACCESS_KEY);
  });

  it('whose records are honest and whose bytes are not runs the stages', async () => {
    const there = workshop({ 'p.yaml': YAML });
    await there.run();
    const remote = folder();
    const spoil = (path: string): void => {
      const text = path.startsWith('actions') ? undefined : 'evil';
      mkdirSync(dirname(join(remote, path)), { recursive: true });
      writeFileSync(join(remote, path), text ?? there.read(`.warren/cache/${path}`));
    };
    for (const path of readdirSync(there.project.cache, { recursive: true }).map(String)) {
      if (/^(actions|objects)\/..\/.*/.test(path)) spoil(path);
    }
    const here = workshop({ 'p.yaml': YAML });
    const ran = await here.run({ remote: { kind: 'folder', path: remote } });
    expect(here.read('out/p/b')).toBe('a\n');
    expect(ran.result.outcome).toBe('done');
    expect(ran.of('warning').map(({ diagnostic }) => diagnostic.code)).toContain('remote-wrong-bytes');
  });
});

describe('an interrupted run', () => {
  it('leaves what is on its way where it is, and goes on with it later', async () => {
    for (const [name, value] of Object.entries(ENV)) vi.stubEnv(name, value);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const large = `name: p
stages:
  a: { run: "head -c 4000000 /dev/zero > \${out.o}", out: { o: file } }
out: { a: a.o }
`;
    const there = workshop({ 'p.yaml': large });
    await there.run();
    const here = workshop({ 'p.yaml': large });
    const someCame = (): boolean => {
      const incoming = join(here.project.cache, 'incoming');
      const names = existsSync(incoming) ? readdirSync(incoming) : [];
      return names.some((name) => statSync(join(incoming, name)).size > 0);
    };
    const stop = new AbortController();
    const ranges: (string | undefined)[] = [];
    const endpoint = await serve(({ url = '', method, headers }, response) => {
      const path = join(there.project.cache, url.replace('/bucket/', ''));
      const bytes = existsSync(path) ? readFileSync(path) : undefined;
      if (bytes === undefined) return void response.writeHead(404).end();
      const from = Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
      const more = { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
      response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from, ...more });
      if (method === 'HEAD' || bytes.length < 4_000_000) return void response.end(bytes);
      ranges.push(headers.range);
      if (from > 0) return void response.end(bytes.subarray(from));
      response.write(bytes.subarray(0, 2_000_000));
      const endWhenSomeCame = (): void => {
        if (!someCame()) return void setImmediate(endWhenSomeCame);
        stop.abort();
        response.end(bytes.subarray(2_000_000));
      };
      endWhenSomeCame();
    });
    const remote: CallOptions['remote'] = { kind: 's3', bucket: 'bucket', prefix: '', endpoint };
    const broken = await here.run({ remote, stop: stop.signal });
    expect([broken.result.outcome, broken.of('warning')]).toEqual(['interrupted', []]);
    const ran = await here.run({ remote });
    expect([ran.result.outcome, ran.actions]).toEqual(['done', { a: 'restored' }]);
    expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
  });
});
