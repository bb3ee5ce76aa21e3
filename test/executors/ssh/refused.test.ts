/** What keeps a host from being used: said at once, with the command that failed and the next step. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type SshRig, sshRig } from '../../rigs/services.ts';
import { type StageReport, stand } from '../../rigs/stand.ts';
import { sshOn } from '../../rigs/targets.ts';

const found = sshRig();
if (found.missing !== undefined) console.warn(`ssh skipped: ${found.missing}`);
const target = sshOn(found);
const rig = (): SshRig => found.rig as SshRig;
const [one = ''] = found.rig?.hosts ?? [];

const YAML = `name: p
stages:
  a: { run: "echo > \${out.o}", out: { o: file } }
`;

async function failureUnder(
  profile: { readonly [name: string]: unknown },
  yaml = YAML,
): Promise<StageReport['failure']> {
  const s = stand(target, { 'p.yaml': yaml }, { profile });
  const { code, stages } = await s.run();
  expect(code).toBe(1);
  return stages['a']?.failure;
}

describe.skipIf(found.missing !== undefined)('a host that cannot be used', () => {
  it('is one that nobody knows', async () => {
    const failure = await failureUnder({ hosts: [{ host: 'no-such-host.invalid' }] });
    expect(failure).toMatchObject({ code: 'host-unknown', hint: expect.stringContaining('warren.yaml') });
    expect(JSON.stringify(failure)).toContain('ssh -F');
  });

  it('is one that lets us in with another key only', async () => {
    const s = stand(target, { 'p.yaml': YAML });
    const config = s.tree.path('ssh-config');
    writeFileSync(
      config,
      readFileSync(rig().config, 'utf8').replace(/IdentityFile .*/g, 'IdentityFile /nonexistent'),
    );
    s.tree.write('warren.yaml', s.tree.read('warren.yaml').replace(/config: .*/, `config: ${config}`));
    const { stages } = await s.run();
    expect(stages['a']?.failure).toMatchObject({
      code: 'auth-refused',
      hint: expect.stringContaining('IdentityFile'),
    });
  });

  it('is one whose root cannot be written', async () => {
    const failure = await failureUnder({ root: '/proc/warren' });
    expect(failure?.code).toBe('remote-not-writable');
    expect(failure?.hint).toContain('root');
  });

  it('is one without Node.js', async () => {
    const failure = await failureUnder({ node: '/nonexistent/node' });
    expect(failure).toMatchObject({ code: 'no-node', hint: expect.stringContaining('install Node.js') });
  });

  it('may have a wrong clock: the work goes on, and a warning says so once', async () => {
    const two = YAML.replace(
      'out: { o: file } }',
      'out: { o: file } }\n  b: { run: "echo b > ${out.o}", out: { o: file } }',
    );
    const folder = mkdtempSync(join(tmpdir(), 'clock-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const [clock, node] = [join(folder, 'clock.mjs'), join(folder, 'node')];
    writeFileSync(clock, 'const now = Date.now; Date.now = () => now() + 3_600_000;\n');
    writeFileSync(node, `#!/bin/sh\nexec ${process.execPath} --import ${clock} "$@"\n`, { mode: 0o755 });
    const s = stand(target, { 'p.yaml': two }, { profile: { hosts: [{ host: one }], node } });
    const { stages, warnings } = await s.run();
    expect(stages).toMatchObject({ a: { action: 'ran' }, b: { action: 'ran' } });
    expect(warnings).toMatchObject([{ code: 'clock-skew', message: expect.stringContaining(one) }]);
    expect(s.events('warning')).toHaveLength(1);
  });

  it('keeps nobody from using another', async () => {
    const s = stand(
      target,
      { 'p.yaml': YAML },
      {
        profile: { hosts: [{ host: 'no-such-host.invalid' }, { host: one }] },
      },
    );
    expect((await s.run()).stages['a']?.action).toBe('ran');
    expect(s.events('stage-placed').at(-1)?.host).toBe(one);
  });
});

describe.skipIf(found.missing !== undefined)('a request', () => {
  it('larger than any host is refused, with what each of them has', async () => {
    const hosts = rig().hosts.map((host, i) => ({ host, cpus: i + 1 }));
    const failure = await failureUnder({ hosts }, YAML.replace('} }', '}, resources: { cpus: 64 } }'));
    expect(failure?.code).toBe('too-many-cpus');
    for (const [i, { host }] of hosts.entries()) expect(failure?.message).toContain(`${host} has ${i + 1}.`);
  });

  it('for more GPUs than a host has is refused; others have theirs for themselves', async () => {
    const yaml = `name: p
stages:
  a: { run: "echo $CUDA_VISIBLE_DEVICES > \${out.o}", out: { o: file }, resources: { gpus: 9 } }
  b: { run: "echo $CUDA_VISIBLE_DEVICES > \${out.o}", out: { o: file }, resources: { gpus: 3 } }
  c: { run: "echo \${with.c} $CUDA_VISIBLE_DEVICES > \${out.o}", with: { c: 1 }, out: { o: file }, resources: { gpus: 3 } }
  d: { run: "echo \${with.d} [$CUDA_VISIBLE_DEVICES] > \${out.o}", with: { d: 1 }, out: { o: file } }
out: { b: b.o, c: c.o, d: d.o }
`;
    const s = stand(target, { 'p.yaml': yaml }, { profile: { hosts: [{ host: one }] } });
    const { stages } = await s.run('--keep-going');
    expect(stages['a']?.failure?.code).toBe('gpus-too-many');
    expect(stages).toMatchObject({ b: { action: 'ran' }, c: { action: 'ran' }, d: { action: 'ran' } });
    const uuids = [s.tree.read('out/p/b'), s.tree.read('out/p/c')].map((text) => text.match(/GPU-/g)?.length);
    expect(uuids).toEqual([3, 3]);
    expect(s.tree.read('out/p/d')).toBe('1 []\n');
  });
});
