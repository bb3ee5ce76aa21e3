import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { containers } from '../../rigs/containers.ts';
import { Tree } from '../../rigs/program.ts';
import { ownSshRig } from '../../rigs/services.ts';

const rig = containers();
const hosts =
  rig === undefined ? { missing: 'no containers' } : ownSshRig('containers', { SSH_RIG_PORT: '17422' });
if (hosts.missing !== undefined) console.warn(`containers over ssh skipped: ${hosts.missing}`);

describe.skipIf(hosts.missing !== undefined)('a container on a host', () => {
  it('has what was brought there, gives back what it made, and is the same stage as here', async () => {
    if (hosts.rig === undefined || rig === undefined) throw new Error('skipped');
    const { folder, config } = hosts.rig;
    const podman = join(folder, 'bin/podman');
    const env = `CONTAINERS_CONF=${rig.env['CONTAINERS_CONF']}`;
    writeFileSync(
      podman,
      `#!/bin/sh\nexec env ${env} PATH=/usr/bin:/bin:/usr/sbin:/sbin ${rig.podman.join(' ')} "$@"\n`,
    );
    chmodSync(podman, 0o755);
    const tree = new Tree({
      'warren.yaml': stringify({
        profiles: {
          lab: {
            executor: 'ssh',
            hosts: ['rig-a'],
            config,
            root: join(hosts.rig.scratch, 'containers'),
            container: 'podman',
          },
        },
      }),
      'p.yaml': stringify({
        name: 'p',
        stages: {
          a: {
            run: `cat \${in.rows} > \${out.o}; echo '{"type":"note","text":"from inside"}' >&3; echo "token $TOKEN"`,
            in: { rows: './rows.txt' },
            out: { o: 'file' },
            pass_env: ['TOKEN'],
            container: rig.image,
          },
        },
        out: { o: 'a.o' },
      }),
      'rows.txt': 'rows\n',
    });
    const run = await tree.start(['run', 'p.yaml', '--profile', 'lab'], { TOKEN: 'sesame' }).done;
    expect(run).toMatchObject({ code: 0, stderr: expect.stringContaining('from inside') });
    expect(tree.read('out/p/o')).toBe('rows\n');
    expect((await tree.start(['logs', 'p.yaml', 'a']).done).stdout).toContain('token ***');
    expect((await tree.json('run', 'p.yaml')).document).toMatchObject({ stages: [{ action: 'fresh' }] });
  });
});
