import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Project } from '../../engine/project.ts';
import { readSettings, type Settings } from '../../engine/settings/settings.ts';

type Read = Awaited<ReturnType<typeof readSettings>>;

function read(text: string | undefined): { readonly root: string; readonly settings: Promise<Read> } {
  const root = mkdtempSync(join(tmpdir(), 'settings-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  if (text !== undefined) writeFileSync(join(root, 'warren.yaml'), text);
  const project: Project = { root, home: join(root, '.warren'), cache: join(root, '.warren/cache') };
  return { root, settings: readSettings(project) };
}

async function good(text: string): Promise<Settings> {
  const settings = await read(text).settings;
  if (!settings.ok) throw new Error(JSON.stringify(settings.error));
  return settings.value;
}

describe('warren.yaml', () => {
  it.each([undefined, '', '\n\n', '# only\n  # comments', 'remotes: {}\n'])(
    'names no remote when it is %j',
    async (text) => {
      const settings = await read(text).settings;
      expect(settings).toMatchObject({ ok: true, value: { remote: undefined } });
    },
  );

  it('names remotes by address', async () => {
    const { remotes, remote } = await good(`# a cache elsewhere
remotes:
  origin: s3://my-bucket/some/prefix/
  bare: s3://my-bucket
  disk: /mnt/share
  lab: { url: s3://other, endpoint: "http://127.0.0.1:9000", region: eu-1 }
`);
    expect(remote).toBe('origin');
    expect(Object.fromEntries(remotes)).toEqual({
      origin: { kind: 's3', bucket: 'my-bucket', prefix: 'some/prefix' },
      bare: { kind: 's3', bucket: 'my-bucket', prefix: '' },
      disk: { kind: 'folder', path: '/mnt/share' },
      lab: { kind: 's3', bucket: 'other', prefix: '', endpoint: 'http://127.0.0.1:9000', region: 'eu-1' },
    });
  });

  it('names a folder relative to itself, and the default remote where it is not origin', async () => {
    const { root, settings } = read('remotes: { near: ../near }\nremote: near\n');
    expect(await settings).toMatchObject({
      value: {
        remote: 'near',
        remotes: new Map([['near', { kind: 'folder', path: join(root, '../near') }]]),
      },
    });
  });

  it.each([
    ['remotes:\n  o: ftp://host', 'bad-remote', 2, 6],
    ['remotes:\n  o: near', 'bad-remote', 2, 6],
    ['remotes:\n  o: s3://My_Bucket', 'bad-remote', 2, 6],
    ['remotes:\n  o: s3://bucket/../up', 'bad-remote', 2, 6],
    ['remotes:\n  o: s3://bucket//x', 'bad-remote', 2, 6],
    ['remotes:\n  o: { url: ./x, region: eu }', 'bad-remote', 2, 6],
    ['remotes:\n  o: { url: s3://bucket, endpoint: "https://host/?key=1" }', 'bad-remote', 2, 36],
    ['remotes:\n  o: { url: s3://bucket, key: secret }', 'unknown-key', 2, 26],
    ['remote: lab', 'unknown-remote', 1, 9],
    ['remote: lab\nremotes: { lba: /x }', 'unknown-remote', 1, 9],
    ['remots: {}', 'unknown-key', 1, 1],
    ['remotes: []', 'wrong-type', 1, 10],
    ['remotes: { "a b": /x }', expect.any(String), 1, expect.any(Number)],
    ['remotes: {', 'yaml-syntax', 2, 1],
  ])('%j is refused at its place', async (text, code, line, column) => {
    const settings = await read(`${text}\n`).settings;
    const place = expect.objectContaining({ line, column });
    expect(settings).toMatchObject({ ok: false, error: [{ code, place }] });
  });

  it('with a secret in an address is refused without showing the line', async () => {
    const text = 'remotes: { o: { url: s3://bucket, endpoint: "https://id:secret@host" } }\n';
    const settings = await read(text).settings;
    expect(settings).toMatchObject({ ok: false, error: [{ code: 'bad-remote' }] });
    expect(settings.ok ? undefined : settings.error[0]?.place).toBeUndefined();
    expect(JSON.stringify(settings)).not.toContain('secret');
  });
});
