import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { digestBytes } from '../../../base/digest.ts';
import type { RunId } from '../../../base/ids.ts';
import type { Result } from '../../../base/result.ts';
import { type ActionRecord, publishAction } from '../../../cache/actions.ts';
import type { Artifact } from '../../../cache/artifact.ts';
import { keyOfFingerprint } from '../../../cache/key.ts';
import { objectPath } from '../../../cache/layout.ts';
import { openLocks } from '../../../cache/locks.ts';
import { fetchArtifacts } from '../../../cache/remotes/fetch.ts';
import { folderRemote } from '../../../cache/remotes/folder.ts';
import { objectAt } from '../../../cache/remotes/paths.ts';
import { fetchRecord } from '../../../cache/remotes/reading.ts';
import type { Remote, RemoteFault } from '../../../cache/remotes/remote.ts';
import { s3Remote } from '../../../cache/remotes/s3.ts';
import { prepare, ship } from '../../../cache/remotes/send.ts';
import { storeArtifact } from '../../../cache/store.ts';
import { freshPrefix, type Passing, s3Rig, standBefore } from '../../rigs/s3.ts';

const rig = s3Rig();
/** The smallest that S3 allows. */
const PART = 5 << 20;

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'remote-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

function value<T>(result: Result<T, RemoteFault>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** Every test works with both: what one can, the other must. */
const REMOTES: { readonly [kind: string]: (() => Promise<Remote>) | undefined } = {
  folder: () => Promise.resolve(folderRemote(folder())),
  s3: rig && (() => openS3(freshPrefix())),
};

async function openS3(prefix: string, endpoint = rig?.endpoint): Promise<Remote> {
  const place = { kind: 's3', bucket: rig?.bucket ?? '', prefix, endpoint } as const;
  const options = { patience: { tries: 4, wait: 10_000 }, part: PART };
  return value(await s3Remote(place, rig?.env ?? {}, options));
}

async function store(cache: string, files: { readonly [path: string]: string | Buffer }): Promise<Artifact> {
  const source = join(cache, 'made');
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(join(source, path, '..'), { recursive: true });
    writeFileSync(join(source, path), bytes);
    if (path.endsWith('.sh')) chmodSync(join(source, path), 0o755);
  }
  const stored = await storeArtifact(cache, source);
  if (!stored.ok) throw new Error(stored.error.message);
  rmSync(source, { recursive: true, force: true });
  return stored.value;
}

async function record(cache: string, name: string, outputs: ActionRecord['outputs']): Promise<ActionRecord> {
  const out = Object.fromEntries(Object.keys(outputs).map((each) => [each, { type: 'file', name: null }]));
  const fingerprint = { kind: 'command', with: { name }, out };
  const made: ActionRecord = {
    schema: 'warren/action/1',
    key: keyOfFingerprint(fingerprint),
    fingerprint,
    outputs,
    kind: 'command',
    run: 'r' as RunId,
    seconds: 1,
    machine: { platform: 'p', arch: 'a', cpu: 'c' },
    notes: [],
    reports: [],
  };
  return publishAction(cache, made, false);
}

async function send(cache: string, remote: Remote, records: readonly ActionRecord[], force = false) {
  const sending = { cache, remote, force };
  const shipment = value(await prepare(sending, records, []));
  value(await ship(sending, shipment, () => {}));
  return shipment;
}

async function bring(cache: string, remote: Remote, artifacts: readonly Artifact[]) {
  const locks = openLocks(cache);
  try {
    return await fetchArtifacts({ cache, remote, locks, got: () => {} }, artifacts);
  } finally {
    locks.close();
  }
}

describe.each(Object.entries(REMOTES))('a remote in: %s', (_, open) => {
  const test = it.skipIf(open === undefined);
  const opened = (): Promise<Remote> => (open as () => Promise<Remote>)();

  test('gives back what was sent, and is sent nothing twice', async () => {
    const [here, there, remote] = [folder(), folder(), await opened()];
    const tree = await store(here, { 'a b/ü.txt': 'text', 'run.sh': 'exec', empty: '' });
    const made = await record(here, 'one', { o: tree });
    expect((await send(here, remote, [made])).objects).toHaveLength(4);
    expect(value(await fetchRecord(remote, made.key))).toEqual(made);
    expect(await bring(there, remote, [tree])).toEqual({ objects: 4, missing: [], faults: [] });
    expect(readFileSync(objectPath(there, digestBytes('exec'), 'exec'), 'utf8')).toBe('exec');
    const again = await send(here, remote, [made]);
    expect([again.records, again.objects, again.kept]).toEqual([[], [], []]);
    expect(await bring(there, remote, [tree])).toEqual({ objects: 0, missing: [], faults: [] });
  });

  test('moves many small objects at a time', async () => {
    const [here, there, remote] = [folder(), folder(), await opened()];
    const files = Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`f${i}`, `number ${i}`]));
    const tree = await store(here, files);
    await send(here, remote, [await record(here, 'many', { o: tree })]);
    expect(await bring(there, remote, [tree])).toMatchObject({ objects: 121, missing: [], faults: [] });
  });

  test('moves an object of many parts', async () => {
    const [here, there, remote] = [folder(), folder(), await opened()];
    const big = await store(here, { big: randomBytes(2 * PART + 12_345) });
    await send(here, remote, [await record(here, 'big', { o: big })]);
    expect(await bring(there, remote, [big])).toMatchObject({ objects: 2, missing: [], faults: [] });
  });

  test('keeps the first record of a key, unless it is to be replaced', async () => {
    const [here, other, remote] = [folder(), folder(), await opened()];
    const first = await record(here, 'dice', { o: await store(here, { d: '1' }) });
    const second = await record(other, 'dice', { o: await store(other, { d: '2' }) });
    await send(here, remote, [first]);
    expect((await send(other, remote, [second])).kept).toEqual([second]);
    expect(value(await fetchRecord(remote, first.key))).toEqual(first);
    await send(other, remote, [second], true);
    expect(value(await fetchRecord(remote, first.key))).toEqual(second);
  });

  test('has one winner when many put one record at a time', async () => {
    const remote = await opened();
    const put = await Promise.all(
      Array.from({ length: 12 }, (_, i) => remote.putText('actions/aa/bb.json', `text ${i}`, false)),
    );
    expect(put.filter((each) => value(each))).toHaveLength(1);
  });

  test('is sent no object that is corrupt here', async () => {
    const [here, remote] = [folder(), await opened()];
    const made = await record(here, 'bad', { o: await store(here, { d: 'good' }) });
    const sending = { cache: here, remote, force: false };
    const shipment = value(await prepare(sending, [made], []));
    const object = objectPath(here, digestBytes('good'), 'file');
    chmodSync(object, 0o644);
    writeFileSync(object, 'evil');
    const shipped = await ship(sending, shipment, () => {});
    expect(shipped).toMatchObject({ ok: false, error: { code: 'cache-corrupt' } });
    expect(value(await fetchRecord(remote, made.key))).toBeUndefined();
  });

  test('gets an object anew that it has in another size', async () => {
    const [here, there, remote] = [folder(), folder(), await opened()];
    const tree = await store(here, { d: 'whole' });
    value(await remote.putText(objectAt(digestBytes('whole'), 'file'), 'who', false));
    await send(here, remote, [await record(here, 'torn', { o: tree })]);
    expect((await bring(there, remote, [tree])).objects).toBe(2);
  });

  test('tells of objects that it does not have', async () => {
    const [here, remote] = [folder(), await opened()];
    const lost: Artifact = { form: 'file', digest: digestBytes('nobody') };
    expect(await bring(here, remote, [lost])).toEqual({ objects: 0, missing: [lost], faults: [] });
  });
});

describe.skipIf(rig === undefined)('an S3 remote', () => {
  it('goes on with an upload in parts that was broken off', async () => {
    const [here, prefix] = [folder(), freshPrefix()];
    const big = await store(here, { big: randomBytes(3 * PART) });
    const made = await record(here, 'big', { o: big });
    let parts: string[] = [];
    let breaking = true;
    const isPart = ({ method, url = '' }: Passing['incoming']): boolean =>
      method === 'PUT' && url.includes('partNumber=');
    const endpoint = await standBefore(rig?.endpoint ?? '', ({ incoming, response, pass }) => {
      if (isPart(incoming)) {
        const number = /partNumber=(\d)/.exec(incoming.url ?? '')?.[1] ?? '';
        if (breaking && number === '3') {
          response.destroy();
          return;
        }
        parts.push(number);
      }
      pass();
    });
    const remote = await openS3(prefix, endpoint);
    const sending = { cache: here, remote, force: false };
    const shipment = value(await prepare(sending, [made], []));
    expect(await ship(sending, shipment, () => {})).toMatchObject({
      ok: false,
      error: { code: 'remote-unreachable' },
    });
    expect(parts.sort()).toEqual(['1', '2']);
    expect(value(await fetchRecord(remote, made.key))).toBeUndefined();
    [parts, breaking] = [[], false];
    await send(here, remote, [made]);
    expect(parts).toEqual(['3']);
    expect(await bring(folder(), remote, [big])).toMatchObject({ objects: 2, faults: [] });
  });

  it('goes on with a download that was broken off', async () => {
    const [here, there, prefix] = [folder(), folder(), freshPrefix()];
    const bytes = randomBytes(PART);
    const big = await store(here, { big: bytes });
    await send(here, await openS3(prefix), [await record(here, 'big', { o: big })]);
    const ranges: (string | undefined)[] = [];
    const path = objectAt(digestBytes(bytes), 'file');
    const endpoint = await standBefore(rig?.endpoint ?? '', ({ incoming, response, pass }) => {
      if (incoming.method !== 'GET' || incoming.url?.includes(path) !== true) return pass();
      ranges.push(incoming.headers.range);
      if (ranges.length > 1) return pass();
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 1 << 20), () => response.destroy());
    });
    expect(await bring(there, await openS3(prefix, endpoint), [big])).toMatchObject({ objects: 2 });
    expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d+-$/)]);
    expect(existsSync(objectPath(there, digestBytes(bytes), 'file'))).toBe(true);
  });

  it('sits out a server that is overloaded for a moment', async () => {
    let failures = 0;
    const endpoint = await standBefore(rig?.endpoint ?? '', ({ response, pass }) => {
      if (failures >= 2) return pass();
      failures += 1;
      response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>');
    });
    const remote = await openS3(freshPrefix(), endpoint);
    expect(value(await remote.putText('x', 'text', false))).toBe(true);
    expect(failures).toBe(2);
  });
});
