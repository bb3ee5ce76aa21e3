/** Profiles on the real Slurm and the real SSH hosts of the rigs: plan, doctor, and what status says of where a stage was. */
import { describe, expect, it } from 'vitest';
import { Tree } from '../rigs/program.ts';
import { type SlurmRig, type SshRig, slurmRig, sshRig } from '../rigs/services.ts';

const slurm = slurmRig();
const ssh = sshRig();

interface Answered {
  readonly code: number | undefined;
  readonly document: unknown;
}

async function json(
  tree: Tree,
  env: { readonly [name: string]: string },
  ...args: string[]
): Promise<Answered> {
  const { code, stdout } = await tree.start([...args, '--json'], env).done;
  return { code, document: JSON.parse(stdout) };
}

describe.skipIf(slurm.missing !== undefined)(`profiles of Slurm (${slurm.missing ?? 'there'})`, () => {
  const { env } = (slurm.rig ?? { env: {} }) as SlurmRig;
  const files = {
    'warren.yaml': 'profiles: { c: { executor: slurm, kinds: { command: { resources: { cpus: 1 } } } } }\n',
    'p.yaml': `stages:
  small: { run: 'echo 1 > \${out.o}', out: { o: file } }
  large: { run: 'echo 1 > \${out.o}', resources: { gpus: 99 }, out: { o: file } }
`,
  };

  it('a plan says what no node can ever take; status says where a stage was, and how long it waited', async () => {
    const tree = new Tree(files);
    const planned = await json(tree, env, 'plan', 'p.yaml', '--profile', 'c');
    expect(planned.document).toMatchObject({
      stages: [
        { id: 'small', where: { profile: 'c', executor: 'slurm', fits: expect.stringMatching(/now|later/) } },
        {
          id: 'large',
          where: { fits: 'never', fault: { code: 'request-too-large', command: expect.any(String) } },
        },
      ],
    });
    const ran = await json(tree, env, 'run', 'p.yaml', 'small', '--profile', 'c');
    expect(ran).toMatchObject({ code: 0, document: { stages: [{ id: 'small', action: 'ran' }] } });
    const status = await json(tree, env, 'status');
    expect(status.document).toMatchObject({
      stages: [{ id: 'small', placed: { profile: 'c', job: expect.stringMatching(/^\d+/), adopted: false } }],
    });
  });

  it('doctor knows the partitions', async () => {
    const tree = new Tree(files);
    const { code, document } = await json(tree, env, 'doctor', '--profile', 'c');
    expect([code, document]).toMatchObject([0, { profiles: [{ profile: 'c', ok: true }] }]);
    const wrong = 'profiles: { c: { executor: slurm, partition: nope } }\n';
    tree.write('warren.yaml', wrong);
    expect(await json(tree, env, 'doctor', '--profile', 'c')).toMatchObject({
      code: 1,
      document: {
        profiles: [{ ok: false, findings: [{ ok: true }, { what: 'partition nope', ok: false }] }],
      },
    });
  });
});

describe.skipIf(ssh.missing !== undefined)(`profiles of hosts (${ssh.missing ?? 'there'})`, () => {
  it('doctor says of each host what it has, or what keeps it away', async () => {
    const { config, hosts, scratch } = ssh.rig as SshRig;
    const tree = new Tree({
      'warren.yaml': `profiles: { lab: { executor: ssh, hosts: [${hosts[0]}, nowhere.invalid], config: ${config}, root: ${scratch}/doctor } }\n`,
    });
    const { code, document } = await json(tree, {}, 'doctor', '--profile', 'lab');
    expect(code).toBe(1);
    expect(document).toMatchObject({
      profiles: [
        {
          findings: [
            { what: hosts[0], ok: true, found: expect.stringContaining('Node.js v') },
            { what: `${hosts[0]} root`, ok: true },
            { what: `${hosts[0]} gpus`, ok: true },
            { what: 'nowhere.invalid', ok: false, command: expect.stringContaining('ssh ') },
          ],
        },
      ],
    });
  });
});
