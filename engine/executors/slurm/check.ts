/** @file Whether Slurm would take a request at all, and when it would begin. */
import type { Resources } from '../../pipeline/graph.ts';
import type { Verdict } from '../contract.ts';
import type { SlurmSettings } from '../settings.ts';
import { awayNodes } from './away.ts';
import type { Client } from './client.ts';
import { slurmFault } from './faults.ts';
import { type Nodes, tooLarge } from './nodes.ts';
import { requestWords } from './sbatch.ts';

/** Answers may be this old: a plan asks about many stages. Milliseconds. */
const FRESH = 30_000;

export function checker(
  settings: SlurmSettings,
  client: Client,
  nodes: Nodes,
): (resources: Resources) => Promise<Verdict> {
  const asked = new Map<string, { readonly at: number; readonly verdict: Promise<Verdict> }>();
  return (resources) => {
    const key = JSON.stringify(Object.entries(resources).sort());
    const before = asked.get(key);
    if (before !== undefined && performance.now() - before.at < FRESH) return before.verdict;
    const verdict = check(settings, client, nodes, resources);
    asked.set(key, { at: performance.now(), verdict });
    return verdict;
  };
}

async function check(
  settings: SlurmSettings,
  client: Client,
  nodes: Nodes,
  resources: Resources,
): Promise<Verdict> {
  const type = await nodes.typeFor(resources);
  if (!type.ok) {
    const { error } = type;
    return error.passing ? { fits: 'later', why: error.message } : { fits: 'never', fault: error };
  }
  const argv = ['sbatch', '--test-only', ...requestWords(settings, resources, type.value)] as [
    string,
    ...string[],
  ];
  const answer = await client.run(argv, '#!/bin/sh\n:\n');
  if (answer.code === 0) return startOf(`${answer.stderr}\n${answer.stdout}`);
  const fault = slurmFault({ argv }, answer);
  if (fault.passing) return { fits: 'later', why: fault.message };
  const kinds = fault.code === 'no-slurm' ? undefined : await nodes.kinds('now');
  if (kinds?.ok === false && kinds.error.code === 'no-partition') {
    return { fits: 'never', fault: { ...fault, ...kinds.error } };
  }
  const why = kinds?.ok === true ? tooLarge(resources, kinds.value) : undefined;
  if (fault.code === 'request-too-large' && kinds?.ok === true && why === undefined) {
    const away = awayNodes(resources, type.value, kinds.value);
    if (away !== undefined) return { fits: 'later', why: away };
  }
  return {
    fits: 'never',
    fault: why === undefined ? fault : { ...fault, message: `${fault.message.replace(/\.$/, '')}: ${why}.` },
  };
}

/** Slurm's guess may be minutes off, and its clock another one: what begins within a minute begins now. */
function startOf(text: string, now: number = Date.now()): Verdict {
  const at = /to start at (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)/.exec(text)?.[1];
  const begins = at === undefined ? Number.NaN : Date.parse(at);
  if (Number.isNaN(begins) || begins - now < 60_000) return { fits: 'now' };
  return { fits: 'later', why: `Slurm expects to start it at ${at?.replace('T', ' ')}` };
}
