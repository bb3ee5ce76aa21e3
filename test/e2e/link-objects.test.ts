/** Objects and the program over a link to a host of the SSH rig: what goes, what comes back, and what may break it. */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { digestBytes } from '../../base/digest.ts';
import { objectPath } from '../../cache/layout.ts';
import { openLocks } from '../../cache/locks.ts';
import { fetchArtifacts } from '../../cache/remotes/fetch.ts';
import { storeArtifact } from '../../cache/store.ts';
import { siteRemote } from '../../engine/site/objects.ts';
import { placeProgram, programOf } from '../../engine/site/program.ts';
import { type Parcel, sendObjects } from '../../engine/site/sending.ts';
import { startCable } from '../rigs/cable.ts';
import { type Cellar, cellar } from '../rigs/cellar.ts';
import { onHost, type SshRig, sshRig } from '../rigs/services.ts';
import { link, place } from '../rigs/sites.ts';

const { rig: found, missing } = sshRig();
const rig = found as SshRig;

const MB = 2 ** 20;

function parcelOf(bytes: Uint8Array, file: string): Parcel {
  writeFileSync(file, bytes);
  return { digest: digestBytes(bytes), form: 'file', size: bytes.length, from: { file } };
}

/** Bytes that cannot be packed. */
function large({ path }: Cellar, size: number): Parcel {
  return parcelOf(randomBytes(size), path('large'));
}

describe.skipIf(missing !== undefined)(`objects${missing === undefined ? '' : ` (${missing})`}`, () => {
  test('go once, and lie there as in any cache', async () => {
    const { host, root, shown } = place(rig);
    const one = link({ host, config: rig.config, root });
    const store = cellar();
    const parcels: Parcel[] = [
      parcelOf(Buffer.from('some text\n'.repeat(1e5)), store.path('text')),
      { ...parcelOf(Buffer.from('#!/bin/sh\n'), store.path('tool')), form: 'exec' },
      parcelOf(new Uint8Array(), store.path('empty')),
      { digest: digestBytes('a list'), form: 'file', size: 6, from: { text: 'a list' } },
    ];
    const sent = await sendObjects(one, [...parcels, ...parcels]);
    expect(sent).toEqual({ ok: true, value: { objects: 4, bytes: 1_000_016 } });
    for (const { digest, form, size } of parcels) {
      const stat = statSync(objectPath(shown, digest, form));
      expect([stat.size, stat.mode & 0o777]).toEqual([size, form === 'exec' ? 0o555 : 0o444]);
    }
    expect(await sendObjects(one, parcels)).toEqual({ ok: true, value: { objects: 0, bytes: 0 } });
    expect(readdirSync(join(shown, 'incoming'))).toEqual([]);
  });

  test('hundreds of small ones go', async () => {
    const { host, root, shown } = place(rig);
    const one = link({ host, config: rig.config, root });
    const parcels = Array.from({ length: 600 }, (_, i): Parcel => {
      const text = `small ${i}`;
      return { digest: digestBytes(text), form: 'file', size: text.length, from: { text } };
    });
    expect(await sendObjects(one, parcels)).toMatchObject({ ok: true, value: { objects: 600 } });
    expect(parcels.filter(({ digest }) => !existsSync(objectPath(shown, digest, 'file')))).toEqual([]);
  });

  test('what can be packed is packed on the way', async () => {
    const { host, root } = place(rig);
    const cable = await startCable(rig, host);
    const one = link({ host, config: cable.config, root });
    await one.open();
    const before = cable.sent();
    const store = cellar();
    await sendObjects(one, [parcelOf(Buffer.alloc(4 * MB, 'abc'), store.path('text'))]);
    expect(cable.sent() - before).toBeLessThan(MB);
  });

  test('a lost connection in the middle is no failure, and little goes twice', async () => {
    const { host, root, shown } = place(rig);
    const cable = await startCable(rig, host);
    const one = link({ host, config: cable.config, root });
    await one.open();
    const parcel = large(cellar(), 24 * MB);
    const before = cable.sent();
    const heard: number[] = [];
    const sending = sendObjects(one, [parcel], { sent: (bytes) => heard.push(bytes) });
    await cable.carried(12 * MB);
    cable.sever();
    expect(await sending).toMatchObject({ ok: true, value: { objects: 1 } });
    expect(cable.sent() - before).toBeLessThan(32 * MB);
    expect(digestBytes(readFileSync(objectPath(shown, parcel.digest, 'file')))).toBe(parcel.digest);
    expect(heard.reduce((sum, bytes) => sum + bytes, 0)).toBeGreaterThan(20 * MB);
  });

  test('50 MB that an engine left in the middle are gone on with by the next one', async () => {
    const { host, root, shown } = place(rig);
    const cable = await startCable(rig, host);
    const line = { host, config: cable.config, root };
    const parcel = large(cellar(), 50 * MB);
    const first = link(line);
    await first.open();
    const broken = sendObjects(first, [parcel]);
    await cable.carried(25 * MB);
    first.close();
    expect(await broken).toMatchObject({ ok: false, error: { fault: { code: 'link-closed' } } });
    const part = join(shown, 'incoming', readdirSync(join(shown, 'incoming'))[0] as string);
    const before = cable.sent();
    const second = await sendObjects(link(line), [parcel]);
    expect(second).toMatchObject({ ok: true, value: { objects: 1 } });
    expect(cable.sent() - before).toBeLessThan(34 * MB);
    expect(existsSync(part)).toBe(false);
    expect(digestBytes(readFileSync(objectPath(shown, parcel.digest, 'file')))).toBe(parcel.digest);
  });

  test('two engines may send the same at the same time', async () => {
    const { host, root, shown } = place(rig);
    const line = { host, config: rig.config, root };
    const parcel = large(cellar(), 8 * MB);
    const both = await Promise.all([link(line), link(line)].map((one) => sendObjects(one, [parcel])));
    expect(both.map(({ ok }) => ok)).toEqual([true, true]);
    expect(digestBytes(readFileSync(objectPath(shown, parcel.digest, 'file')))).toBe(parcel.digest);
  });

  test('bytes of another digest get no name', async () => {
    const { host, root, shown } = place(rig);
    const one = link({ host, config: rig.config, root });
    const store = cellar();
    const changed = {
      ...parcelOf(Buffer.from('one thing'), store.path('file')),
      digest: digestBytes('another'),
    };
    const shorter = { ...parcelOf(Buffer.from('short'), store.path('other')), size: 500_000 };
    for (const parcel of [changed, shorter]) {
      const sent = await sendObjects(one, [parcel]);
      expect(sent).toMatchObject({ ok: false, error: { parcel, fault: { code: 'remote-wrong-bytes' } } });
      expect(existsSync(objectPath(shown, parcel.digest, 'file'))).toBe(false);
    }
  });

  test('a wrong part that is there is found out and sent anew', async () => {
    const { host, root, shown } = place(rig);
    const one = link({ host, config: rig.config, root });
    await one.open();
    const parcel = large(cellar(), 2 * MB);
    const part = join(shown, 'incoming', `${parcel.digest.slice('sha256:'.length)}.part`);
    for (const size of [MB, 2 * MB, 3 * MB]) {
      mkdirSync(dirname(part), { recursive: true });
      writeFileSync(part, randomBytes(size));
      expect(await sendObjects(one, [parcel])).toMatchObject({ ok: true, value: { objects: 1 } });
      expect(digestBytes(readFileSync(objectPath(shown, parcel.digest, 'file')))).toBe(parcel.digest);
      onHost(rig, host, `rm -rf '${root}/objects'`);
    }
  });

  test('a corrupt object there is replaced', async () => {
    const { host, root, shown } = place(rig);
    const one = link({ host, config: rig.config, root });
    const parcel = large(cellar(), 1000);
    await sendObjects(one, [parcel]);
    const path = objectPath(shown, parcel.digest, 'file');
    chmodSync(path, 0o644);
    writeFileSync(path, randomBytes(1000));
    expect(await sendObjects(one, [parcel])).toMatchObject({ ok: true, value: { objects: 1 } });
    expect(digestBytes(readFileSync(path))).toBe(parcel.digest);
  });

  test('a full disk is said, and nothing is half there', async () => {
    const { host, root } = place(rig);
    onHost(rig, host, `mkdir -p '${root}' && mount -t tmpfs -o size=12m tmpfs '${root}'`);
    const one = link({ host, config: rig.config, root });
    onTestFinished(() => {
      one.close();
      onHost(rig, host, `umount -l '${root}'`);
    });
    const store = cellar();
    const tooLarge = large(store, 16 * MB);
    const refused = await sendObjects(one, [tooLarge]);
    expect(refused).toMatchObject({
      ok: false,
      error: { fault: { code: 'remote-disk-full', passing: false } },
    });
    // Each fits alone; the disk is full in the middle of one of them.
    const both = ['one', 'other'].map((name) => parcelOf(randomBytes(8 * MB), store.path(name)));
    const sent = await sendObjects(one, both);
    expect(sent).toMatchObject({ ok: false, error: { fault: { code: 'remote-disk-full' } } });
    for (const { digest } of both) {
      const path = objectPath(root, digest, 'file');
      expect(onHost(rig, host, `test ! -e '${path}' || sha256sum <'${path}'`)).toMatch(
        new RegExp(`^(${digest.slice('sha256:'.length)}  -\n)?$`),
      );
    }
  });

  test('come back verified, and what was spoiled there does not', async () => {
    const { host, root, shown } = place(rig);
    const one = link({ host, config: rig.config, root });
    await one.open();
    const [there, here] = [cellar(), cellar()];
    for (const [name, text] of Object.entries({ a: 'first\n', 'b/c': 'x'.repeat(3 * MB) })) {
      there.file(`folder/${name}`, text);
    }
    // As a stage's outputs get into the host's store: with its own cache.
    const stored = await storeArtifact(shown, there.path('folder'));
    if (!stored.ok) throw new Error(stored.error.message);
    const way = {
      cache: here.cache,
      remote: siteRemote(one),
      locks: openLocks(here.cache),
      got: () => {},
    };
    const fetched = await fetchArtifacts(way, [stored.value]);
    expect(fetched).toEqual({ objects: 3, missing: [], faults: [] });
    const large = objectPath(shown, digestBytes('x'.repeat(3 * MB)), 'file');
    expect(readFileSync(objectPath(here.cache, digestBytes('x'.repeat(3 * MB)), 'file'))).toHaveLength(
      3 * MB,
    );

    const again = { ...way, cache: cellar().cache };
    const { atime, mtime } = statSync(large);
    chmodSync(large, 0o644);
    writeFileSync(large, 'y'.repeat(3 * MB));
    utimesSync(large, atime, mtime);
    const spoiled = await fetchArtifacts({ ...again, locks: openLocks(again.cache) }, [stored.value]);
    expect(spoiled.faults).toMatchObject([{ code: 'remote-wrong-bytes' }]);
    expect(existsSync(objectPath(again.cache, digestBytes('x'.repeat(3 * MB)), 'file'))).toBe(false);
  });

  test('a connection that is lost while they come is no failure either', async () => {
    const { host, root, shown } = place(rig);
    const cable = await startCable(rig, host);
    const one = link({ host, config: cable.config, root });
    await one.open();
    const [there, here] = [cellar(), cellar()];
    writeFileSync(there.path('large'), randomBytes(16 * MB));
    const stored = await storeArtifact(shown, there.path('large'));
    if (!stored.ok) throw new Error(stored.error.message);
    let cut = false;
    const got = (): void => {
      if (!cut) cable.sever();
      cut = true;
    };
    const way = { cache: here.cache, remote: siteRemote(one), locks: openLocks(here.cache), got };
    expect(await fetchArtifacts(way, [stored.value])).toEqual({ objects: 1, missing: [], faults: [] });
    expect(cut).toBe(true);
  });

  test('no path leads out of the root', async () => {
    const { host, root } = place(rig);
    const one = link({ host, config: rig.config, root });
    const remote = siteRemote(one);
    for (const path of ['../../etc/passwd', '/etc/passwd', 'objects/../../x', 'objects/aa', 'programs/x']) {
      const opened = await remote.open(path, 0);
      expect(opened).toMatchObject({ ok: false, error: { message: expect.stringContaining('is no') } });
    }
  });

  test('the program goes when it is wanted, and only what is new of it', async () => {
    const { host, root, shown } = place(rig);
    const one = link({ host, config: rig.config, root });
    const facts = await one.call('facts', {});
    if (!facts.ok) throw new Error(facts.error.message);
    const program = await programOf(['merge'], facts.value);
    if (!program.ok) throw new Error(program.error.message);
    const first = await placeProgram(one, program.value);
    if (!first.ok) throw new Error(first.error.message);
    expect(first.value.objects).toBeGreaterThan(100);
    const ask = { env: {}, limit: 30, most: 1000 };
    const script = `import('ajv').then(({ default: { default: Ajv } }) => console.log(typeof new Ajv().compile))`;
    const argv = ['sh', '-c', `cd '${first.value.folder}' && node --input-type=module -e "${script}"`];
    const ran = await one.call('run', { ...ask, argv });
    expect(ran.ok && ran.value.bytes.toString()).toBe('function\n');
    expect(await placeProgram(one, program.value)).toMatchObject({
      ok: true,
      value: { objects: 0, bytes: 0 },
    });

    const more = await programOf(['pku-saferlhf'], facts.value);
    const second = more.ok ? await placeProgram(one, more.value) : more;
    if (!second.ok) throw new Error(second.error.message);
    expect(second.value.objects).toBeGreaterThan(0);
    expect(second.value.objects).toBeLessThan(first.value.objects);
    expect(readdirSync(join(shown, 'programs')).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('a program of which nothing would run there does not go', async () => {
    const machine = { platform: 'linux', arch: 'riscv64', libc: 'glibc' } as const;
    const program = await programOf(['rrhf'], machine);
    expect(program).toMatchObject({
      ok: false,
      error: { code: 'program-wrong-platform', message: expect.stringContaining('onnxruntime-node') },
    });
    expect(await programOf(['merge'], machine)).toMatchObject({ ok: true });
  });
});
