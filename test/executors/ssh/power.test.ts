/** The power of one of two hosts is cut: what ran there is told of, lost, and made again on the other. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ownSshRig, RIGS } from '../../rigs/services.ts';
import { puppets, stand } from '../../rigs/stand.ts';
import { sshOn } from '../../rigs/targets.ts';

const found = ownSshRig('power', { SSH_RIG_NET: 'loopback', SSH_RIG_PORT: '17522' });
if (found.missing !== undefined) console.warn(`power cuts skipped: ${found.missing}`);
const target = sshOn(found);

const rig = (script: string, ...words: string[]): void =>
  void execFileSync('bash', [join(RIGS, script), ...words], {
    env: { ...process.env, SSH_RIG_DIR: found.rig?.folder },
    stdio: 'ignore',
  });

describe.skipIf(found.missing !== undefined)('two hosts', () => {
  it('are used at once, and one takes over what the other lost', async () => {
    const p = await puppets();
    const yaml = `name: p
stages:
  a: { run: ${p.run('a', 'out.o')}, out: { o: file }, resources: { cpus: 1 } }
  b: { run: ${p.run('b', 'out.o')}, out: { o: file }, resources: { cpus: 1 } }
out: { a: a.o, b: b.o }
`;
    const hosts = (found.rig?.hosts ?? []).map((host) => ({ host, cpus: 1 }));
    const s = stand(target, { 'p.yaml': yaml }, { profile: { hosts } });
    const going = s.start();
    const [a, b] = [await going.meet(p.next('a')), await going.meet(p.next('b'))];
    expect([a.host, b.host].sort()).toEqual(hosts.map(({ host }) => host).sort());
    await b.write(b.words[0] as string, 'b');
    b.exit();
    await s.until('stage-done', ({ stage }) => stage === 'b');
    rig('sshd-down.sh', a.host);
    await s.until(
      'stage-placed',
      ({ why }) => why?.includes(`there/${a.host} cannot be reached since`) === true,
    );
    rig('sshd-up.sh');
    const again = await going.meet(p.next('a'));
    expect(again.host).toBe(b.host);
    await again.write(again.words[0] as string, 'made on the other');
    again.exit();
    expect(await going.done).toMatchObject({ code: 0, stages: { a: { action: 'ran', retries: 1 } } });
    expect(s.tree.read('out/p/a')).toBe('made on the other');
    expect(s.events('stage-retrying').map(({ cause }) => cause)).toEqual(['node-lost']);
  });
});
