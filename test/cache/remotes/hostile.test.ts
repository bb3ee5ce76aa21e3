/** @file A remote that lies: whatever it answers, nothing wrong is published, and the reason has a name. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { digestBytes } from '../../../base/digest.ts';
import type { Key } from '../../../base/ids.ts';
import { ok } from '../../../base/result.ts';
import { recordText } from '../../../cache/action-text.ts';
import type { ActionRecord } from '../../../cache/actions.ts';
import type { Artifact } from '../../../cache/artifact.ts';
import { keyOfFingerprint } from '../../../cache/key.ts';
import { openLocks } from '../../../cache/locks.ts';
import { fetchArtifacts } from '../../../cache/remotes/fetch.ts';
import { folderRemote } from '../../../cache/remotes/folder.ts';
import { actionAt, objectAt } from '../../../cache/remotes/paths.ts';
import { fetchRecord } from '../../../cache/remotes/reading.ts';
import type { Remote } from '../../../cache/remotes/remote.ts';
import { s3Remote } from '../../../cache/remotes/s3.ts';
import { serve } from '../../rigs/s3.ts';

const ENV = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret-of-the-test' };
const WANTED: Artifact = { form: 'file', digest: digestBytes('good') };

type Lie = (response: ServerResponse, request: IncomingMessage) => void;

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'hostile-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

async function liar(lie: Lie): Promise<Remote> {
  const endpoint = await serve((request, response) => lie(response, request));
  const place = { kind: 's3', bucket: 'bucket', prefix: '', endpoint } as const;
  const opened = await s3Remote(place, ENV, { patience: { tries: 2, wait: 300 }, part: 5 << 20 });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

/** What the cache holds after an attempt to bring `artifact`, beside its locks. */
async function bring(remote: Remote, artifact: Artifact): Promise<{ codes: string[]; published: string[] }> {
  const cache = folder();
  const locks = openLocks(cache);
  const { faults } = await fetchArtifacts({ cache, remote, locks, got: () => {} }, [artifact]);
  locks.close();
  const objects = join(cache, 'objects');
  const published = existsSync(objects) ? readdirSync(objects, { recursive: true }).map(String) : [];
  return { codes: faults.map(({ code }) => code), published: published.filter((path) => path.length > 2) };
}

const send =
  (status: number, headers: { readonly [name: string]: string | number }, body = ''): Lie =>
  (response) =>
    response.writeHead(status, headers).end(body);

const forever: Lie = (response) => {
  response.writeHead(200, { 'transfer-encoding': 'chunked' });
  const more = (): void => {
    while (!response.destroyed && response.write(Buffer.alloc(1 << 16)));
    if (!response.destroyed) response.once('drain', more);
  };
  more();
};

const LIES: { readonly [what: string]: [lie: Lie, code: string] } = {
  'other bytes': [send(200, { 'content-length': 4 }, 'evil'), 'remote-wrong-bytes'],
  'more bytes than the disk has room for': [
    (response) => response.writeHead(200, { 'content-length': 900_000_000_000_000 }).flushHeaders(),
    'remote-too-large',
  ],
  'a stream without end': [forever, 'remote-no-length'],
  'a body that ends early': [
    (response) => {
      response.writeHead(200, { 'content-length': 4 });
      response.write('go', () => response.destroy());
    },
    'remote-truncated',
  ],
  'a body that does not go on': [
    (response) => response.writeHead(200, { 'content-length': 4 }).write('go'),
    'remote-truncated',
  ],
  'no answer': [() => {}, 'remote-unreachable'],
  'a closed line': [(response) => response.destroy(), 'remote-unreachable'],
  'a redirect': [send(302, { location: 'http://127.0.0.1:1/' }), 'remote-redirect'],
  'a permanent redirect': [send(301, { location: 'file:///etc/passwd' }), 'remote-redirect'],
  'failure after failure': [send(500, {}), 'remote-answer'],
  'that we may not': [send(403, {}, '<Error><Code>AccessDenied</Code></Error>'), 'remote-denied'],
  'bytes in another coding': [
    send(200, { 'content-length': 4, 'content-encoding': 'gzip' }, 'good'),
    'remote-answer',
  ],
  'a range that nobody asked for': [
    send(206, { 'content-length': 2, 'content-range': 'bytes 2-3/4' }, 'od'),
    'remote-answer',
  ],
};

describe('a server that answers with', () => {
  it.each(Object.entries(LIES))('%s is refused', async (_, [lie, code]) => {
    expect(await bring(await liar(lie), WANTED)).toEqual({ codes: [code], published: [] });
  });

  it('the right bytes is believed', async () => {
    const { codes, published } = await bring(await liar(send(200, { 'content-length': 4 }, 'good')), WANTED);
    expect([codes, published.length]).toEqual([[], 1]);
  });

  it('another part than the one that was missing has to begin anew', async () => {
    const cache = folder();
    const [remote, hex] = [
      await liar((response, { headers }) => {
        const part = headers.range !== undefined;
        const headersOf = part ? { 'content-range': 'bytes 2-3/4' } : {};
        response.writeHead(part ? 206 : 200, { ...headersOf, 'content-length': part ? 2 : 4 });
        response.end(part ? 'XX' : 'good');
      }),
      WANTED.digest.slice('sha256:'.length),
    ];
    mkdirSync(join(cache, 'incoming'));
    writeFileSync(join(cache, 'incoming', hex), 'go');
    const locks = openLocks(cache);
    const fetched = await fetchArtifacts({ cache, remote, locks, got: () => {} }, [WANTED]);
    locks.close();
    expect(fetched).toEqual({ objects: 1, missing: [], faults: [] });
  });
});

function treeText(entries: unknown): string {
  return `warren/tree/1\n${JSON.stringify(entries)}`;
}

const FILE = digestBytes('good');
const TREES: { readonly [what: string]: unknown } = {
  'a way up': [['../evil', 'file', FILE]],
  'an absolute path': [['/etc/evil', 'file', FILE]],
  'a file below a link': [
    ['a', 'link', '..'],
    ['a/evil', 'file', FILE],
  ],
  'a link that leads out': [['a', 'link', '../../evil']],
  'a path twice': [
    ['a', 'file', FILE],
    ['a', 'file', FILE],
  ],
  'a digest that is a path': [['a', 'file', 'sha256:../../../evil']],
  'no list': { a: 1 },
};

it('a stream that is longer than it said is cut', async () => {
  const remote: Remote = {
    ...folderRemote(folder()),
    open: () => Promise.resolve(ok({ size: 4, from: 0, chunks: endless() })),
  };
  expect(await bring(remote, WANTED)).toEqual({ codes: ['remote-too-large'], published: [] });
});

async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) yield await Promise.resolve(Buffer.from('good'));
}

describe('a list of a folder with', () => {
  it.each(Object.entries(TREES))('%s is refused', async (_, entries) => {
    const text = treeText(entries);
    const tree: Artifact = { form: 'tree', digest: digestBytes(text) };
    const lie = send(200, { 'content-length': Buffer.byteLength(text) }, text);
    expect(await bring(await liar(lie), tree)).toEqual({ codes: ['remote-wrong-tree'], published: [] });
  });
});

function recordFor(name: string): ActionRecord {
  const fingerprint = { kind: 'command', with: { name }, out: { o: { type: 'file', name: null } } };
  return {
    schema: 'warren/action/1',
    key: keyOfFingerprint(fingerprint),
    fingerprint,
    outputs: { o: WANTED },
    kind: 'command',
    run: 'r' as ActionRecord['run'],
    seconds: 1,
    machine: { platform: 'p', arch: 'a', cpu: 'c' },
    notes: [],
    reports: [],
  };
}

const mine = recordFor('mine');
const RECORDS: { readonly [what: string]: unknown } = {
  'the record of another key': recordFor('theirs'),
  'the result of another stage under our key': { ...recordFor('theirs'), key: mine.key },
  'an output that was not declared': { ...mine, outputs: { o: WANTED, p: WANTED } },
  'an output that is missing': { ...mine, outputs: {} },
  'an output that leads elsewhere': { ...mine, outputs: { o: { form: 'file', digest: 'sha256:../x' } } },
  'another kind': { ...mine, kind: 'sft' },
  'another schema': { ...mine, schema: 'warren/action/2' },
  'no record at all': 'text',
};

describe('a record that is', () => {
  it.each(Object.entries(RECORDS))('%s is refused', async (_, record) => {
    const text = recordText(record as ActionRecord);
    const remote = await liar(send(200, { 'content-length': Buffer.byteLength(text) }, text));
    expect(await fetchRecord(remote, mine.key as Key)).toMatchObject({
      ok: false,
      error: { code: 'remote-wrong-record' },
    });
  });

  it('larger than any honest one is not even read', async () => {
    const remote = await liar((response) =>
      response.writeHead(200, { 'content-length': 1_000_000_000 }).flushHeaders(),
    );
    expect(await fetchRecord(remote, mine.key)).toMatchObject({ error: { code: 'remote-too-large' } });
  });

  it('ours is believed', async () => {
    const text = recordText(mine);
    const remote = await liar(send(200, { 'content-length': Buffer.byteLength(text) }, text));
    expect(await fetchRecord(remote, mine.key)).toEqual({ ok: true, value: mine });
  });
});

describe('a folder', () => {
  function put(root: string, path: string, text: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }

  it('with other bytes is refused', async () => {
    const root = folder();
    put(root, objectAt(WANTED.digest, 'file'), 'evil');
    expect(await bring(folderRemote(root), WANTED)).toEqual({ codes: ['remote-wrong-bytes'], published: [] });
  });

  it('with links is not followed', async () => {
    const [root, secret] = [folder(), join(folder(), 'secret')];
    writeFileSync(secret, 'good');
    put(root, `${objectAt(WANTED.digest, 'file')}.x`, '');
    symlinkSync(secret, join(root, objectAt(WANTED.digest, 'file')));
    expect(await bring(folderRemote(root), WANTED)).toEqual({ codes: [], published: [] });
  });

  it('with a record of another stage is refused', async () => {
    const root = folder();
    put(root, actionAt(mine.key), recordText({ ...recordFor('theirs'), key: mine.key }));
    const fetched = await fetchRecord(folderRemote(root), mine.key);
    expect(fetched).toMatchObject({ error: { code: 'remote-wrong-record' } });
  });
});
