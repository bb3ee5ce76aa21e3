/** Slurm through a login node: its commands are called there, and no file of ours is used by path. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { slurmRig, sshRig } from '../../rigs/services.ts';
import { puppets, type Stand, stand } from '../../rigs/stand.ts';
import { sshOn } from '../../rigs/targets.ts';

const ssh = sshRig();
const slurm = slurmRig();
const missing = ssh.missing ?? slurm.missing;
if (missing !== undefined) console.warn(`slurm via ssh skipped: ${missing}`);
const target = sshOn(ssh);
const [via] = ssh.rig?.hosts ?? [];

/** The project lies where the login node has something else; the root is a folder that it shares with the nodes. */
function behind(files: { readonly [path: string]: string }): Stand & { readonly root: string } {
  const shared = mkdtempSync(join(tmpdir(), 'warren-via-'));
  onTestFinished(() => rmSync(shared, { recursive: true, force: true }));
  const node = join(shared, 'node');
  // A login node knows where its Slurm is.
  writeFileSync(node, `#!/bin/sh\nexport SLURM_CONF='${slurm.rig?.env.SLURM_CONF}'\nexec node "$@"\n`);
  chmodSync(node, 0o755);
  const root = join(shared, 'root');
  const profile = { executor: 'slurm', via, root, node, partition: 'gpu', hosts: undefined };
  return { ...stand(target, files, { profile }), root };
}

const TRANSCRIPTS = Array.from({ length: 20 }, (_, i) =>
  JSON.stringify({
    chosen: `\n\nHuman: is ${i} a number?\n\nAssistant: Yes, it is.`,
    rejected: `\n\nHuman: is ${i} a number?\n\nAssistant: No.`,
  }),
).join('\n');

describe.skipIf(missing !== undefined)('slurm via a login node', () => {
  it('is asked by doctor what the profile needs of it', async () => {
    const s = behind({ 'p.yaml': 'name: p\nstages: {}\n' });
    const found = async (): Promise<string> => (await s.call('doctor', '--profile', 'there')).stdout;
    expect(await found()).toMatch(/ok +sbatch +slurm[\s\S]*ok +partition gpu/);
    s.tree.write('warren.yaml', s.tree.read('warren.yaml').replace('partition: gpu', 'partition: gpux'));
    expect(await found()).toMatch(/missing +partition gpux/);
  });

  it('runs commands, matrices and kinds on nodes, and tells failures by our own paths', async () => {
    const yaml = `name: p
stages:
  a: { run: "pwd > \${out.o}; cat \${in.rows} >> \${out.o}", in: { rows: ./rows.txt }, out: { o: file } }
  m: { run: "echo \${with.i} > \${out.o}", with: { i: "\${matrix.i}" }, matrix: { i: [1, 2, 3] }, out: { o: file } }
  data: { uses: hh, in: { transcripts: ./rows.jsonl } }
  bad: { uses: hh, in: { transcripts: ./rows.txt } }
out: { o: a.o }
`;
    const s = behind({ 'p.yaml': yaml, 'rows.txt': 'ours\n', 'rows.jsonl': `${TRANSCRIPTS}\n` });
    const { stages } = await s.run('--keep-going');
    const placed = s.events('stage-placed').filter(({ job }) => /^\d+(_\d+)?$/.test(job ?? ''));
    expect(new Set(placed.map(({ stage }) => stage)).size).toBe(6);
    const ran = Object.values(stages).filter(({ action }) => action === 'ran');
    expect(ran.map(({ id }) => id).sort()).toEqual(['a', 'data', 'm[i=1]', 'm[i=2]', 'm[i=3]']);
    expect(stages['bad']?.failure?.['file']).toBe(s.tree.path('rows.txt'));
    const [cwd, rows] = s.tree.read('out/p/o').split('\n');
    expect(cwd?.startsWith(join(s.root, 'projects'))).toBe(true);
    expect(rows).toBe('ours');
    // The same stages at home are no others.
    const local = await s.run('--profile', 'local', '--keep-going');
    expect(local.stages['data']).toMatchObject({ action: 'fresh', key: stages['data']?.key });
  });

  it('has its jobs taken up by the next run when the engine was killed', async () => {
    const p = await puppets();
    const yaml = `name: p
stages:
  a: { run: ${p.run('a', 'out.o')}, out: { o: file } }
out: { o: a.o }
`;
    const s = behind({ 'p.yaml': yaml });
    const going = s.start();
    const a = await going.meet(p.next('a'));
    await a.print('before\n');
    await s.until('stage-output', ({ text }) => text === 'before');
    going.kill('SIGKILL');
    await going.done;
    const again = s.start('--profile', 'local');
    await s.until('stage-placed', ({ adopted }) => adopted === true);
    await a.write(a.words[0] as string, 'made once');
    a.exit();
    expect(await again.done).toMatchObject({ code: 0, stages: { a: { action: 'ran' } } });
    expect([p.count('a'), s.tree.read('out/p/o')]).toEqual([1, 'made once']);
  });
});
