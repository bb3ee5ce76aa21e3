/** The engine is killed between the end on the host and the record here: what was brought is used, and nothing runs again. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { engine } from '../../rigs/mortal.ts';
import { onHost, type SshRig, sshRig } from '../../rigs/services.ts';
import { workshop } from '../../rigs/workshop.ts';

const found = sshRig();
if (found.missing !== undefined) console.warn(`ssh skipped: ${found.missing}`);
const [host = ''] = found.rig?.hosts ?? [];

it.skipIf(found.missing !== undefined)('what was collected needs no host any more', async () => {
  const rig = found.rig as SshRig;
  const w = workshop({});
  w.write(
    'p.yaml',
    `name: p
stages:
  a: { run: "echo start >> ${w.path('starts')}; echo said; echo made > \${out.o}", out: { o: file } }
out: { o: a.o }
`,
  );
  const root = join(rig.scratch, `killed-${randomBytes(6).toString('hex')}`);
  onTestFinished(() => void onHost(rig, host, `rm -rf ${root}`));
  const settings = { executor: 'ssh', hosts: [{ host }], config: rig.config, root };
  expect(await engine(w.path('p.yaml'), JSON.stringify(settings), 'left')).toBe('SIGKILL');
  expect(onHost(rig, host, `find ${root}/projects -path '*/attempts/*'`)).toBe('');
  expect(w.has('out/p/o')).toBe(false);
  const ran = await w.run();
  expect(ran.actions).toEqual({ a: 'ran' });
  expect(ran.of('stage-retrying')).toEqual([]);
  expect(w.read('out/p/o')).toBe('made\n');
  expect(w.read('starts')).toBe('start\n');
  const [key] = w.list('.warren/attempts');
  expect(w.list(`.warren/attempts/${key}`)).toEqual(['1']);
  expect(w.read(`.warren/attempts/${key}/1/log`)).toBe('said\n');
});
