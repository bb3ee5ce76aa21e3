/**
 * @file How the processes of one stage find each other: the variables that `torchrun` and `accelerate launch` are started
 * with. Where a stage is on one node they are known here; on several, the nodes tell them once they are given out.
 */
import { digestBytes, hexOf } from '../../base/digest.ts';
import type { Resources } from '../pipeline/graph.ts';
import type { Launch } from './executor.ts';

/** Below the ports that systems give out by themselves (32768 on Linux) and above those of services. */
const FIRST_PORT = 20_000;
const PORTS = 10_000;

/** Known only on the nodes. */
const OF_NODES = ['MASTER_ADDR', 'NODE_RANK'];

/** `name`: of the job, so that two attempts on one node do not meet at one port. */
export function rendezvous(name: string, { gpus, nodes }: Pick<Resources, 'gpus' | 'nodes'>): Launch['env'] {
  const port = FIRST_PORT + (Number.parseInt(hexOf(digestBytes(name)).slice(0, 8), 16) % PORTS);
  const known = {
    ...(nodes === 1 ? { MASTER_ADDR: '127.0.0.1', NODE_RANK: '0' } : {}),
    MASTER_PORT: String(port),
    NNODES: String(nodes),
    NPROC_PER_NODE: String(Math.max(gpus, 1)),
  };
  return { ...known, ...ours(known), WARREN_JOB: name };
}

/** Variables that are set where each process of a gang is started. */
export function lateVariables({ nodes }: Pick<Resources, 'nodes'>): readonly string[] {
  return nodes === 1 ? [] : OF_NODES.flatMap((name) => [name, `WARREN_${name}`]);
}

/** Where it is set by a framework's launcher again, the engine's own word stays. */
function ours(variables: { readonly [name: string]: string }): { [name: string]: string } {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [`WARREN_${name}`, value]));
}

/**
 * The name of the first node as the others know it. Where names of nodes are not names of hosts, the address from which
 * srun started the task: that is the first node, too.
 */
const ON_SLURM = `NODE_RANK=\${SLURM_NODEID:-0}
MASTER_ADDR=$(scontrol show hostnames "$SLURM_JOB_NODELIST" 2>/dev/null)
MASTER_ADDR=\${MASTER_ADDR%%
*}
if [ -z "$MASTER_ADDR" ] || ! getent hosts "$MASTER_ADDR" >/dev/null 2>&1; then
  MASTER_ADDR=\${SLURM_LAUNCH_NODE_IPADDR:-\${SLURMD_NODENAME:-localhost}}
fi
WARREN_NODE_RANK=$NODE_RANK WARREN_MASTER_ADDR=$MASTER_ADDR
export NODE_RANK MASTER_ADDR WARREN_NODE_RANK WARREN_MASTER_ADDR
exec "$@"`;

/** Words before those that `srun` starts on each node of a gang. */
export const ON_EACH_SLURM_NODE: readonly string[] = ['/bin/sh', '-c', ON_SLURM, 'node'];
