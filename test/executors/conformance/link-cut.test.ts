/** The cable of a host is pulled for twenty seconds, and its power for a moment. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { ownSshRig, RIGS } from '../../rigs/services.ts';
import { puppets, stand } from '../../rigs/stand.ts';
import { sshOn } from '../../rigs/targets.ts';

const found = ownSshRig('conformance', { SSH_RIG_NET: 'netns', SSH_RIG_PORT: '17322' });
if (found.missing !== undefined) console.warn(`link cut skipped: ${found.missing}`);
const target = sshOn(found);

const rig = (script: string, ...words: string[]): void =>
  void execFileSync('bash', [join(RIGS, script), ...words], {
    env: { ...process.env, SSH_RIG_DIR: found.rig?.folder },
    stdio: 'ignore',
  });

const yaml = (runs: { readonly [name: string]: string }): string => `name: p
stages:
${Object.entries(runs)
  .map(([name, run]) => `  ${name}: { run: ${run}, out: { o: file } }`)
  .join('\n')}
out: { ${Object.keys(runs)
  .map((name) => `${name}: ${name}.o`)
  .join(', ')} }
`;

describe.skipIf(found.missing !== undefined)('ssh', () => {
  const [host = ''] = found.rig?.hosts ?? [];
  afterAll(() => rig('sshd-cut.sh', host, 'heal'));

  it('its cable is cut for 20 s: what runs goes on, what ends meanwhile is collected, nothing is started twice', async () => {
    const p = await puppets();
    const s = stand(
      target,
      { 'p.yaml': yaml({ a: p.run('a', 'out.o'), b: p.run('b', 'out.o') }) },
      { profile: { hosts: [{ host }] } },
    );
    const going = s.start();
    const [a, b] = [await going.meet(p.next('a')), await going.meet(p.next('b'))];
    await a.print('before\n');
    await s.until('stage-output', ({ text }) => text === 'before');
    rig('sshd-cut.sh', host, 'cut');
    await a.print('meanwhile\n');
    await b.write(b.words[0] as string, 'made in the dark');
    b.exit();
    // The one wait that is the case itself.
    await pause(20_000);
    rig('sshd-cut.sh', host, 'heal');
    await s.until('stage-output', ({ text }) => text === 'meanwhile');
    await a.write(a.words[0] as string, 'made after it');
    a.exit();
    expect(await going.done).toMatchObject({
      code: 0,
      stages: { a: { action: 'ran' }, b: { action: 'ran' } },
    });
    expect([p.count('a'), p.count('b')]).toEqual([1, 1]);
    expect([s.tree.read('out/p/a'), s.tree.read('out/p/b')]).toEqual(['made after it', 'made in the dark']);
    expect(s.events('stage-retrying')).toEqual([]);
  });

  it('its power is cut: what ran there is lost, and made again', async () => {
    const p = await puppets();
    const s = stand(
      target,
      { 'p.yaml': yaml({ a: p.run('a', 'out.o') }) },
      { profile: { hosts: [{ host }] } },
    );
    const going = s.start();
    const first = await going.meet(p.next('a'));
    await first.write(`${first.env['WARREN_STATE']}/step`, '3');
    rig('sshd-down.sh', host);
    await first.gone;
    rig('sshd-up.sh');
    const second = await going.meet(p.next('a'));
    expect(await second.read(`${second.env['WARREN_STATE']}/step`)).toBe('3');
    await second.write(second.words[0] as string, 'second');
    second.exit();
    expect((await going.done).code).toBe(0);
    expect(s.events('stage-retrying')).toMatchObject([{ cause: 'node-lost' }]);
    expect(p.count('a')).toBe(2);
  });
});
