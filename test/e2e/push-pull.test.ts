/** @file push and pull by the program: between checkouts, over S3 and over a folder, also when they are killed midway. */
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { digestBytes, hexOf } from '../../base/digest.ts';
import { Tree } from '../rigs/program.ts';
import { freshPrefix, s3Rig, standBefore } from '../rigs/s3.ts';

const YAML = `name: p
stages:
  a: { run: "echo a > \${out.o}", out: { o: file } }
  b: { run: "mkdir \${out.d}/sub; cat \${in.o} > \${out.d}/sub/f; date +%N >> \${out.d}/sub/f", in: { o: a.o }, out: { d: folder } }
  c: { run: "cat \${in.f} > \${out.o}", in: { f: b.d/sub/f }, out: { o: file } }
out: { c: c.o }
`;
/** More than one part of an upload. */
const SIZE = 20 << 20;
const LARGE = `name: p
stages:
  big: { run: "head -c ${SIZE} /dev/zero | tr '\\\\0' x > \${out.o}", out: { o: file } }
out: { big: big.o }
`;
const rig = s3Rig();

function settings(address: string, endpoint?: string): string {
  const url = endpoint === undefined ? address : `{ url: "${address}", endpoint: "${endpoint}" }`;
  return `remotes: { origin: ${url} }\n`;
}

function project(yaml: string, warren: string): Tree {
  return new Tree({ 'p.yaml': yaml, 'warren.yaml': warren });
}

interface Answer {
  readonly code: number | undefined;
  readonly document: { readonly [name: string]: unknown };
}

async function call(
  tree: Tree,
  env: { readonly [name: string]: string },
  ...args: string[]
): Promise<Answer> {
  const { code, stdout, stderr } = await tree.start([...args, '--json'], env).done;
  if (stdout === '') throw new Error(stderr);
  return { code, document: JSON.parse(stdout) as Answer['document'] };
}

/** Below `objects/`. */
function objectOf(text: string): string {
  const hex = hexOf(digestBytes(text));
  return `${hex.slice(0, 2)}/${hex.slice(2)}`;
}

function actions({ document }: Answer): string[] {
  return (document['stages'] as { readonly action: string }[]).map(({ action }) => action);
}

function planned({ document }: Answer): string[] {
  return (document['stages'] as { readonly label: string }[]).map(({ label }) => label);
}

describe('results', () => {
  it('go to a folder and come back elsewhere, as little as is needed', async () => {
    const shared = new Tree();
    const [here, there] = [project(YAML, settings(shared.folder)), project(YAML, settings(shared.folder))];
    await here.warren('run', 'p.yaml', '--no-remote');
    expect((await call(here, {}, 'push', 'p.yaml', '--dry-run')).document).toMatchObject({ objects: 3 });
    expect(shared.has('objects')).toBe(false);
    const first = await here.warren('push', 'p.yaml');
    expect(first.stdout).toMatch(/^pushed 3 records, 3 objects, \d+ B to/);
    expect((await here.warren('push', 'p.yaml')).stdout).toContain('nothing to push');
    expect(planned(await call(there, {}, 'plan', 'p.yaml', '--no-remote'))).toEqual(['run', 'run', 'run']);
    const dry = await call(there, {}, 'pull', 'p.yaml', '--dry-run');
    expect(dry.document).toMatchObject({ records: 3, objects: 1, missing: 0, without: [] });
    expect(planned(await call(there, {}, 'plan', 'p.yaml'))).toEqual(['fresh', 'fresh', 'restore']);
    const pulled = await call(there, {}, 'pull', 'p.yaml');
    expect([pulled.code, pulled.document]).toMatchObject([0, { records: 0, objects: 1 }]);
    rmSync(shared.path('objects'), { recursive: true });
    expect(actions(await call(there, {}, 'run', 'p.yaml', '--no-remote'))).toEqual([
      'fresh',
      'fresh',
      'restored',
    ]);
    expect(there.read('out/p/c')).toBe(here.read('out/p/c'));
    const all = await call(there, {}, 'pull', 'p.yaml', '--all');
    expect([all.code, all.document['missing']]).toEqual([1, 1]);
  });

  it('that the remote has otherwise are kept there, unless they are to be replaced', async () => {
    const shared = new Tree();
    const [one, two] = [project(YAML, settings(shared.folder)), project(YAML, settings(shared.folder))];
    for (const tree of [one, two]) await tree.warren('run', 'p.yaml', '--no-remote');
    await one.warren('push', 'p.yaml');
    expect((await call(two, {}, 'push', 'p.yaml')).document).toMatchObject({ kept: ['b'] });
    expect((await two.warren('push', 'p.yaml', '--force')).code).toBe(0);
    const three = project(YAML, settings(shared.folder));
    expect(actions(await call(three, {}, 'run', 'p.yaml'))).toEqual(['fresh', 'fresh', 'restored']);
    expect(three.read('out/p/c')).toBe(two.read('out/p/c'));
  });

  it('that are corrupt here come back with cache verify --repair', async () => {
    const shared = new Tree();
    const tree = project(YAML, settings(shared.folder));
    await tree.warren('run', 'p.yaml', '--no-remote');
    await tree.warren('push', 'p.yaml');
    const object = tree.path(`.warren/cache/objects/${objectOf('a\n')}`);
    chmodSync(object, 0o644);
    writeFileSync(object, 'b\n');
    const { document } = await call(tree, {}, 'cache', 'verify', '--repair');
    expect(document['bad']).toMatchObject([{ fault: 'corrupt', fetched: true }]);
    expect((await call(tree, {}, 'cache', 'verify')).document).toMatchObject({ ok: true });
  });

  it('need a remote and credentials, and say so', async () => {
    const bare = project(YAML, '# nothing\n');
    expect((await call(bare, {}, 'push', 'p.yaml')).document).toMatchObject({
      diagnostics: [{ code: 'unknown-remote' }],
    });
    const s3 = project(YAML, settings('s3://bucket/prefix'));
    const answer = await call(s3, {}, 'pull', 'p.yaml');
    expect([answer.code, answer.document]).toMatchObject([
      1,
      { diagnostics: [{ code: 'remote-no-credentials' }] },
    ]);
    const ran = await call(s3, {}, 'run', 'p.yaml');
    expect(ran.document).toMatchObject({ outcome: 'done', warnings: [{ code: 'remote-no-credentials' }] });
  });

  it('wrong settings stop every call that reads them, at their place', async () => {
    const tree = project(YAML, 'remotes:\n  origin: ftp://host\n');
    const { code, stderr } = await tree.warren('run', 'p.yaml');
    expect(code).toBe(2);
    expect(stderr).toContain('warren.yaml:2:11');
  });
});

describe.skipIf(rig === undefined)('over S3', () => {
  const env = { ...rig?.env };

  it('results go and come back, and no secret is shown', async () => {
    const address = `s3://${rig?.bucket}/${freshPrefix()}`;
    const [here, there] = [project(YAML, settings(address)), project(YAML, settings(address))];
    const outcomes = [
      await here.start(['run', 'p.yaml'], env).done,
      await here.start(['push', 'p.yaml'], env).done,
      await there.start(['run', 'p.yaml'], env).done,
    ];
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(there.read('out/p/c')).toBe(here.read('out/p/c'));
    expect(outcomes.at(-1)?.stderr).toContain('pulled 1 object');
    expect(JSON.stringify(outcomes)).not.toContain(env['AWS_SECRET_ACCESS_KEY']);
  });

  it('a push that is killed goes on with the parts that it lacks', async () => {
    const address = `s3://${rig?.bucket}/${freshPrefix()}`;
    const parts: string[] = [];
    let stall = true;
    const stalled = deferred();
    const endpoint = await standBefore(rig?.endpoint ?? '', ({ incoming, pass }) => {
      const part = /partNumber=(\d+)/.exec(incoming.url ?? '')?.[1];
      if (part === '2' && stall) return stalled.resolve();
      if (part !== undefined) parts.push(part);
      pass();
    });
    const tree = project(LARGE, settings(address, endpoint));
    await tree.warren('run', 'p.yaml', '--no-remote');
    const push = tree.start(['push', 'p.yaml'], env);
    await stalled.promise;
    await expect.poll(() => parts.length, { timeout: 20_000 }).toBe(1);
    await settled(rig?.endpoint ?? '', address, 1);
    push.kill('SIGKILL');
    await push.done;
    stall = false;
    parts.length = 0;
    expect((await tree.start(['push', 'p.yaml'], env).done).code).toBe(0);
    expect(parts).toEqual(['2']);
  });

  it('a pull that is killed goes on where it was', async () => {
    const address = `s3://${rig?.bucket}/${freshPrefix()}`;
    const here = project(LARGE, settings(address));
    await here.warren('run', 'p.yaml', '--no-remote');
    await here.start(['push', 'p.yaml'], env).done;
    const ranges: (string | undefined)[] = [];
    const stalled = deferred();
    const endpoint = await standBefore(rig?.endpoint ?? '', ({ incoming, response, pass }) => {
      if (incoming.method !== 'GET' || incoming.url?.includes('/objects/') !== true) return pass();
      ranges.push(incoming.headers.range);
      if (ranges.length > 1) return pass();
      response.writeHead(200, { 'content-length': SIZE });
      response.write(Buffer.alloc(SIZE / 2, 'x'), () => stalled.resolve());
    });
    const there = project(LARGE, settings(address, endpoint));
    const pull = there.start(['pull', 'p.yaml'], env);
    await stalled.promise;
    const incoming = there.path('.warren/cache/incoming');
    await expect.poll(() => existsSync(incoming), { timeout: 20_000 }).toBe(true);
    pull.kill('SIGKILL');
    await pull.done;
    const again = await call(there, env, 'pull', 'p.yaml');
    expect([again.code, again.document]).toMatchObject([0, { objects: 1, missing: 0 }]);
    expect(ranges[1]).toMatch(/^bytes=[1-9]\d*-$/);
    expect(actions(await call(there, env, 'run', 'p.yaml', '--no-remote'))).toEqual(['restored']);
  });
});

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Until the server lists so many parts of the one upload that is open. */
async function settled(endpoint: string, address: string, count: number): Promise<void> {
  const bucket = `${endpoint}/${rig?.bucket}`;
  const prefix = address.split('/').slice(3).join('/');
  const uploads = await (await fetch(`${bucket}?uploads&prefix=${prefix}`)).text();
  const key = /<Key>([^<]+)/.exec(uploads)?.[1];
  const id = /<UploadId>([^<]+)/.exec(uploads)?.[1];
  const listed = async (): Promise<number> => {
    const text = await (await fetch(`${bucket}/${key}?uploadId=${id}`)).text();
    return text.split('<PartNumber>').length - 1;
  };
  await expect.poll(listed, { timeout: 20_000 }).toBe(count);
}
