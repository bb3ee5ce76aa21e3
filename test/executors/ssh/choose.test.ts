/** Which host a stage goes to, with hosts that answer what the test says. */
import { expect, it } from 'vitest';
import { ok } from '../../../base/result.ts';
import type { Order } from '../../../engine/executors/site.ts';
import { makeChooser } from '../../../engine/executors/ssh/choose.ts';
import type { Host } from '../../../engine/executors/ssh/host.ts';
import { makeRoom } from '../../../engine/executors/ssh/room.ts';
import { NO_RESOURCES } from '../../../engine/pipeline/graph.ts';
import type { Link } from '../../../engine/site/link.ts';

interface Played extends Host {
  /** What it has; undefined: it has not answered yet. */
  has: { cpus: number; memory: number } | undefined;
  gpus: number;
  /** Names of those that hold one. */
  readonly held: Set<string>;
}

function host(name: string, cpus: number | undefined, gpus: number): Played {
  const held = new Set<string>();
  const played: Played = {
    name,
    settings: { host: name },
    has: cpus === undefined ? undefined : { cpus, memory: 100 },
    gpus,
    held,
    known: () => played.has,
    met: () => played.has !== undefined,
    ask: () => new Promise((resolve) => played.has !== undefined && resolve(ok(played.has))),
    silent: () => `${name} is silent`,
    forget: () => {},
    premises: () => Promise.reject(new Error('not asked')),
    link: {
      call: async (op: string, { name: job }: { name: string }) => {
        if (op === 'gpus-leave') held.delete(job);
        else if (held.size < played.gpus) held.add(job);
        return ok({ got: held.has(job) ? 'granted' : 'waiting', why: 'taken' });
      },
    } as unknown as Link,
  };
  return played;
}

const order = (name: string): Order => ({
  name,
  label: name,
  layout: { key: '' as Order['layout']['key'], attempt: 1, in: {}, out: {}, keepState: false, apart: false },
  resources: { ...NO_RESOURCES, gpus: 1 },
  goods: [],
  kind: undefined,
  computes: false,
  host: undefined,
  avoid: undefined,
});

function stage(hosts: readonly Played[]) {
  const room = makeRoom((name) => hosts.find((each) => each.name === name)?.has);
  const choose = makeChooser('lab', hosts, room);
  const never = new AbortController().signal;
  return {
    room,
    choose: (name: string, waits: (why: string) => void = () => {}) => choose(order(name), waits, never),
  };
}

it('who waits for GPUs goes to a host that answers only then', async () => {
  const [a, b] = [host('a', 8, 1), host('b', undefined, 1)];
  const { choose } = stage([a, b]);
  expect(await choose('one')).toMatchObject({ value: { name: 'a' } });
  const two = choose('two', () => {
    b.has = { cpus: 8, memory: 100 };
  });
  expect(await two).toMatchObject({ value: { name: 'b' } });
  expect([[...a.held], [...b.held]]).toEqual([['one'], ['two']]);
});

it('who waits for cores leaves GPUs to others, and takes them when it has cores', async () => {
  const a = host('a', 1, 2);
  const { choose, room } = stage([a]);
  await choose('one');
  let told = (_: string): void => {};
  const waits = new Promise<string>((resolve) => {
    told = resolve;
  });
  const two = choose('two', told);
  expect(await waits).toBe('lab/a is busy');
  expect([...a.held]).toEqual(['one']);
  room.leave('one');
  expect(await two).toMatchObject({ value: { name: 'a' } });
  expect([...a.held]).toEqual(['one', 'two']);
});

it('stages spread over the hosts that have both', async () => {
  const hosts = [host('a', 2, 4), host('b', 2, 4)];
  const { choose } = stage(hosts);
  const chosen = await Promise.all(['1', '2', '3', '4'].map((name) => choose(name)));
  const names = chosen.map((each) => (each.ok ? each.value.name : ''));
  expect(names.sort()).toEqual(['a', 'a', 'b', 'b']);
  expect(hosts.map(({ held }) => held.size)).toEqual([2, 2]);
});
