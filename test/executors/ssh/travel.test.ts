/** Inputs go to hosts that share no file with us, as few of them as can be, and as they were when they were hashed. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { onHost, type SshRig, sshRig } from '../../rigs/services.ts';
import { puppets, type Stand, stand } from '../../rigs/stand.ts';
import { sshOn } from '../../rigs/targets.ts';

const found = sshRig();
if (found.missing !== undefined) console.warn(`ssh skipped: ${found.missing}`);
const target = sshOn(found);
const rig = (): SshRig => found.rig as SshRig;
const [one = '', other = ''] = found.rig?.hosts ?? [];
const PROXY = join(import.meta.dirname, '../../rigs/counting-proxy.mjs');

describe.skipIf(found.missing !== undefined)('stages that ask for GPUs', () => {
  it('go to hosts that have cores free, too', async () => {
    const p = await puppets();
    const stage = (name: string): string =>
      `  ${name}: { run: ${p.run(name, 'out.o')}, out: { o: file }, resources: { gpus: 1 } }\n`;
    const hosts = [one, other].map((host) => ({ host, cpus: 1 }));
    const yaml = `name: p\nstages:\n${stage('a')}${stage('b')}`;
    const s = stand(target, { 'p.yaml': yaml }, { profile: { hosts } });
    const run = s.start();
    // Each needs the only core of its host, so both are there at once on different ones.
    const both = [await run.meet(p.next('a')), await run.meet(p.next('b'))];
    for (const each of both) {
      await each.write(each.words[0] as string, 'x');
      each.exit();
    }
    expect((await run.done).stages).toMatchObject({ a: { action: 'ran' }, b: { action: 'ran' } });
    const placed = s.events('stage-placed').flatMap(({ state, host }) => (state === 'running' ? host : []));
    expect(new Set(placed).size).toBe(2);
  });
});

describe.skipIf(found.missing !== undefined)('what travels to hosts', () => {
  it('is what they lack: a changed stage sends nothing of its inputs again', async () => {
    const yaml = (text: string): string => `name: p
stages:
  big: { run: "(cat \${in.big}; echo; echo ${text}) > \${out.o}", in: { big: ./big.bin }, out: { o: file } }
  tail: { run: "tail -n 1 \${in.all} > \${out.o}", in: { all: big.o }, out: { o: file } }
out: { o: tail.o }
`;
    const s = stand(target, { 'p.yaml': yaml('one') }, { profile: { hosts: [{ host: one }] } });
    const log = counted(s);
    writeFileSync(s.tree.path('big.bin'), randomBytes(4 << 20));
    expect((await s.run()).code).toBe(0);
    expect(sent(log)).toBeGreaterThan(4 << 20);
    const before = sent(log);
    s.tree.write('p.yaml', yaml('two'));
    expect((await s.run()).code).toBe(0);
    expect(s.tree.read('out/p/o')).toBe('two\n');
    // Neither the file, nor the result that the host made itself: 8 MiB.
    expect(sent(log) - before).toBeLessThan(1 << 20);
  });

  it('is not taken for what it was hashed as when it changes in between', async () => {
    const p = await puppets();
    const yaml = `name: p
stages:
  a: { run: ${p.run('a', 'out.o')}, out: { o: file } }
  b: { run: "cat \${in.rows} \${in.a} > \${out.o}", in: { rows: ./rows.txt, a: a.o }, out: { o: file } }
out: { o: b.o }
`;
    const s = stand(target, { 'p.yaml': yaml, 'rows.txt': 'before\n' });
    const going = s.start();
    const a = await going.meet(p.next('a'));
    s.tree.write('rows.txt', 'after!\n');
    await a.write(a.words[0] as string, 'a');
    a.exit();
    const { code, stages } = await going.done;
    expect(code).toBe(1);
    expect(stages['b']?.failure).toMatchObject({ code: 'input-changed', hint: 'run again' });
    expect(stages['b']?.failure?.message).toContain(s.tree.path('rows.txt'));
    expect((await s.run()).stages['b']?.action).toBe('ran');
    expect(s.tree.read('out/p/o')).toBe('after!\na');
  });

  it('is looked at when the stage has ended: whoever wrote to its input fails, and the next has whole bytes', async () => {
    const yaml = `name: p
stages:
  a: { run: "echo whole > \${out.o}", out: { o: file } }
  b: { run: "echo spoilt > \${in.a}; cp \${in.a} \${out.o}", in: { a: a.o }, out: { o: file } }
  c: { run: "cp \${in.a} \${out.o}", in: { a: a.o, b: b.o }, out: { o: file } }
out: { c: c.o }
`;
    const s = stand(target, { 'p.yaml': yaml }, { profile: { hosts: [{ host: one }] } });
    expect((await s.run()).stages['b']?.failure).toMatchObject({ code: 'input-mutated' });
    s.tree.write('p.yaml', yaml.replace('echo spoilt > ${in.a}; ', ''));
    expect((await s.run()).code).toBe(0);
    expect(s.tree.read('out/p/c')).toBe('whole\n');
  });

  it('is taken away again, whether the stage succeeds or fails', async () => {
    const yaml = `name: p
stages:
  good: { run: "echo > \${out.o}", out: { o: file } }
  bad: { run: "cp \${in.big} \${out.o}; exit 3", in: { big: ./big.txt }, out: { o: file }, retries: { max: 2, on: [3] } }
`;
    const s = stand(target, { 'p.yaml': yaml, 'big.txt': 'x'.repeat(1000) });
    const { stages } = await s.run('--keep-going');
    expect(stages).toMatchObject({ good: { action: 'ran' }, bad: { failure: { exitCode: 3 } } });
    const { root } = profileOf(s);
    const [id = ''] = s.tree.read('.warren/project-id').split(' ');
    for (const host of rig().hosts) {
      expect(
        onHost(rig(), host, `find ${root}/projects/${id}/attempts -mindepth 1 2>/dev/null || true`),
      ).toBe('');
    }
  });
});

describe.skipIf(found.missing !== undefined)('the state of a stage', () => {
  const yaml = `name: p
stages:
  a:
    run: 'cat "$WARREN_STATE/step" >> \${out.o} 2>/dev/null; echo saved > "$WARREN_STATE/step"; hostname >> \${out.o}; test -s \${in.go}'
    in: { go: ./go }
    out: { o: file }
    retries: { max: 1, on: [error] }
out: { o: a.o }
`;
  const again = yaml.replace('test -s ${in.go}', 'grep -q saved ${out.o}');

  it('stays on its host, where the retry goes', async () => {
    const s = stand(target, { 'p.yaml': again, go: '' });
    const { code, stages } = await s.run();
    expect(code).toBe(0);
    expect(stages['a']).toMatchObject({ action: 'ran', retries: 1 });
    const hosts = new Set(s.events('stage-placed').flatMap(({ host }) => host ?? []));
    expect(s.tree.read('out/p/o')).toBe(`saved\n${[...hosts].join()}\n`);
    expect(hosts.size).toBe(1);
  });

  it('is told of when its host is not to be had', async () => {
    const s = stand(
      target,
      { 'p.yaml': again.replace('max: 1', 'max: 0'), go: '' },
      { profile: { hosts: [{ host: one }] } },
    );
    expect((await s.run()).stages['a']?.action).toBe('failed');
    s.tree.write('warren.yaml', s.tree.read('warren.yaml').replace(`host: ${one}`, `host: ${other}`));
    expect((await s.run()).stages['a']?.action).toBe('failed');
    expect(s.events('stage-note').map(({ text }) => text)).toEqual([
      `it begins anew on ${other}: what its earlier attempts saved is on ${one}`,
    ]);
  });
});

/** Has the stand's link go through something that counts; answers the file that is written to. */
function counted(s: Stand): string {
  const log = s.tree.path('sent.log');
  const config = s.tree.path('ssh-config');
  const command = `ProxyCommand "${process.execPath}" "${PROXY}" "${log}" %h %p`;
  writeFileSync(config, readFileSync(rig().config, 'utf8').replace(/^Host .*$/gm, `$&\n  ${command}`));
  s.tree.write('warren.yaml', s.tree.read('warren.yaml').replace(/config: .*/, `config: ${config}`));
  return log;
}

function sent(log: string): number {
  if (!existsSync(log)) return 0;
  return readFileSync(log, 'utf8')
    .split('\n')
    .reduce((sum, line) => sum + Number(line), 0);
}

function profileOf(s: Stand): { readonly root: string } {
  return { root: /root: (.*)/.exec(s.tree.read('warren.yaml'))?.[1] ?? '' };
}
