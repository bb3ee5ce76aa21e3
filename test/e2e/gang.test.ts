import { describe, expect, it } from 'vitest';
import { containers, podmanOnPath } from '../rigs/containers.ts';
import { Tree } from '../rigs/program.ts';
import { slurmRig } from '../rigs/services.ts';

const slurm = slurmRig();
const rig = containers();

const SETTINGS =
  'profiles:\n  cluster: { executor: slurm, container: podman }\n  here: { executor: local }\n';
const each = (more: string): string => `name: p
stages:
  a:
    run: |
      echo "$NODE_RANK of $NNODES, $NPROC_PER_NODE at $MASTER_ADDR:$MASTER_PORT for $WARREN_JOB"
      [ "$NODE_RANK" != 0 ] || echo $WARREN_NNODES > \${out.o}
    out: { o: file }
    resources: { nodes: 2, memory: 200M }
    ${more}
out: { o: a.o }
`;

/** What the nodes said, each of which says it once. */
async function said(tree: Tree): Promise<RegExpExecArray[]> {
  const { stdout } = await tree.start(['logs', 'p.yaml', 'a']).done;
  return [...stdout.matchAll(/^(\d) of (\d), (\d) at (\S+):(\d+) for (\S+)$/gm)];
}

describe.skipIf(slurm.rig === undefined)(
  `a stage on two nodes of Slurm (${slurm.missing ?? 'there'})`,
  () => {
    it('runs once on each of them, and they know where to meet', async () => {
      const tree = new Tree({ 'warren.yaml': SETTINGS, 'p.yaml': each('') });
      const { code, stderr } = await tree.start(['run', 'p.yaml', '--profile', 'cluster'], slurm.rig?.env)
        .done;
      expect([code, stderr]).toEqual([0, expect.anything()]);
      const lines = await said(tree);
      expect(lines.map(([, rank]) => rank).sort()).toEqual(['0', '1']);
      expect(new Set(lines.map(([, , ...rest]) => rest.join(' '))).size).toBe(1);
      expect(lines[0]?.[6]).toMatch(/^w-[0-9a-f]{20}-1$/);
      expect(tree.read('out/p/o')).toBe('2\n');
    });

    it.skipIf(rig === undefined)('is in a container on each of them', async () => {
      const tree = new Tree({ 'warren.yaml': SETTINGS, 'p.yaml': each(`container: "${rig?.image}"`) });
      const env = { ...slurm.rig?.env, ...rig?.env, PATH: podmanOnPath(rig as NonNullable<typeof rig>) };
      const { code, stderr } = await tree.start(['run', 'p.yaml', '--profile', 'cluster'], env).done;
      expect([code, stderr]).toEqual([0, expect.anything()]);
      const lines = await said(tree);
      expect(lines.map(([, rank]) => rank).sort()).toEqual(['0', '1']);
      expect(tree.read('out/p/o')).toBe('2\n');
    });
  },
);

it('is refused where nodes do not start together', async () => {
  const tree = new Tree({ 'warren.yaml': SETTINGS, 'p.yaml': each('') });
  const { code, document } = await tree.json('run', 'p.yaml', '--profile', 'here');
  expect(code).toBe(1);
  expect(document).toMatchObject({ stages: [{ action: 'failed', failure: { code: 'no-gang' } }] });
});
