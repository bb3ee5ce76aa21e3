/** Kubernetes and Ray against servers that speak their APIs; neither was run against a cluster. */
import { describe, expect, it, vi } from 'vitest';
import { type Cluster, kubernetes, ray } from '../rigs/clusters.ts';
import type { Puppets } from '../rigs/puppets.ts';
import { puppets, type Stand, stand } from '../rigs/stand.ts';
import { TARGETS, type Target } from '../rigs/targets.ts';

type Profile = { readonly [name: string]: unknown };

interface Kind {
  readonly name: string;
  start(): Promise<Cluster>;
  profile(cluster: Cluster): Profile;
}

const KINDS: readonly Kind[] = [
  {
    name: 'kubernetes',
    start: () => kubernetes('let-me-in', { keys: { TOKEN: 'sesame' } }),
    profile: ({ url }) => ({
      executor: 'kubernetes',
      url,
      namespace: 'team',
      image: 'registry.example/stage:1',
      claim: 'work',
      mount: '/tmp',
      token_env: 'CLUSTER_TOKEN',
      secret: 'keys',
    }),
  },
  { name: 'ray', start: ray, profile: ({ url }) => ({ executor: 'ray', url }) },
];

const one = (p: Puppets, more = ''): string => `name: p
in: { data: ./data.txt }
stages:
  a: { run: ${p.run('a', 'out.o', 'in.data')}, in: { data: in.data }, out: { o: file } ${more} }
out: { o: a.o }
`;

function given(profile: Profile, yaml: string, env: { readonly [name: string]: string } = {}): Stand {
  const [local] = TARGETS as [Target];
  const target: Target = { ...local, env: { CLUSTER_TOKEN: 'let-me-in', ...env }, profile: () => profile };
  return stand(target, { 'p.yaml': yaml, 'data.txt': 'x' });
}

describe.each(KINDS)('$name', ({ start, profile }) => {
  it('runs a stage with its inputs, tells what it says, and keeps its result', async () => {
    const [cluster, p] = [await start(), await puppets()];
    const s = given(profile(cluster), one(p));
    const going = s.start();
    const a = await going.meet(p.next('a'));
    expect(await a.read(a.words[1] as string)).toBe('x');
    await a.print('hello\n');
    await a.report(`${JSON.stringify({ type: 'note', text: 'from there' })}\n`);
    await a.write(a.words[0] as string, 'made');
    a.exit();
    expect(await going.done).toMatchObject({ code: 0, stages: { a: { action: 'ran' } } });
    expect(s.tree.read('out/p/o')).toBe('made');
    expect(s.events('stage-output').map(({ text }) => text)).toEqual(['hello']);
    expect(s.events('stage-note').map(({ text }) => text)).toEqual(['from there']);
    expect(cluster.created).toEqual([expect.stringMatching(/^w-[0-9a-f]{20}-1-[0-9a-f]{4}-[0-9a-f]{8}$/)]);
    expect(await s.run()).toMatchObject({ stages: { a: { action: 'fresh' } } });
    expect(cluster.created).toHaveLength(1);
  });

  it('tells how a stage failed', async () => {
    const [cluster, p] = [await start(), await puppets()];
    const going = given(profile(cluster), one(p)).start();
    (await going.meet(p.next('a'))).exit(3);
    const { stages } = await going.done;
    expect(stages['a']?.failure).toMatchObject({ code: 'exit-non-zero', exitCode: 3 });
  });

  it('creates nothing twice, though the answer was lost and the engine killed', async () => {
    const [cluster, p] = [await start(), await puppets()];
    cluster.lost = true;
    const s = given(profile(cluster), one(p));
    const going = s.start();
    const a = await going.meet(p.next('a'));
    await s.until('stage-placed');
    going.kill('SIGKILL');
    await going.done;
    const again = s.start();
    await s.until('stage-placed', ({ adopted }) => adopted === true);
    await a.write(a.words[0] as string, 'made');
    a.exit();
    expect(await again.done).toMatchObject({ code: 0, stages: { a: { action: 'ran' } } });
    expect([p.count('a'), cluster.created.length]).toEqual([1, 1]);
  });

  it('waits through an outage of its server', async () => {
    const [cluster, p] = [await start(), await puppets()];
    cluster.outage = 503;
    const going = given(profile(cluster), one(p)).start();
    await vi.waitFor(() => expect(cluster.refused).toBeGreaterThan(0), { timeout: 20_000, interval: 20 });
    cluster.outage = undefined;
    const a = await going.meet(p.next('a'));
    cluster.outage = 503;
    await a.write(a.words[0] as string, 'made');
    a.exit();
    expect(await going.done).toMatchObject({ code: 0, stages: { a: { action: 'ran' } } });
  });

  it('ends what runs, and what waits never begins', async () => {
    const [cluster, p] = [await start(), await puppets()];
    const s = given(profile(cluster), one(p));
    const first = s.start();
    const a = await first.meet(p.next('a'));
    first.kill('SIGTERM');
    expect(await first.done).toMatchObject({ code: 130 });
    await a.gone;

    cluster.full = true;
    const second = s.start();
    await vi.waitFor(() => expect(cluster.created).toHaveLength(2), { timeout: 20_000, interval: 20 });
    second.kill('SIGTERM');
    expect(await second.done).toMatchObject({ code: 130 });
    expect(p.count('a')).toBe(1);
  });
});

describe('kubernetes', () => {
  const [kind] = KINDS as [Kind];

  it('that puts a pod out has preempted it, and the stage is tried again', async () => {
    const [cluster, p] = [await kind.start(), await puppets()];
    const s = given(kind.profile(cluster), one(p));
    const going = s.start();
    await going.meet(p.next('a'));
    cluster.strike(cluster.created[0] as string, 'PreemptionByScheduler');
    const b = await going.meet(p.next('a'));
    await b.write(b.words[0] as string, 'made');
    b.exit();
    expect(await going.done).toMatchObject({ code: 0 });
    expect(s.events('stage-retrying').map(({ cause }) => cause)).toEqual(['preempted']);
    expect(cluster.created).toHaveLength(2);
  });

  it('takes values of pass_env from a Secret of the cluster, and none from here', async () => {
    const [cluster, p] = [await kind.start(), await puppets()];
    const s = given(kind.profile(cluster), one(p, ', pass_env: [TOKEN]'), { TOKEN: 'mine' });
    const going = s.start();
    const a = await going.meet(p.next('a'));
    expect(a.env['TOKEN']).toBe('sesame');
    await a.write(a.words[0] as string, 'made');
    a.exit();
    expect(await going.done).toMatchObject({ code: 0 });
  });
});

describe('ray', () => {
  const [, kind] = KINDS as [Kind, Kind];

  it('whose supervisor dies has lost its node, and the stage is tried again', async () => {
    const [cluster, p] = [await kind.start(), await puppets()];
    const s = given(kind.profile(cluster), one(p));
    const going = s.start();
    await going.meet(p.next('a'));
    cluster.strike(cluster.created[0] as string, 'The actor is dead because its node has died.');
    const b = await going.meet(p.next('a'));
    await b.write(b.words[0] as string, 'made');
    b.exit();
    expect(await going.done).toMatchObject({ code: 0 });
    expect(s.events('stage-retrying').map(({ cause }) => cause)).toEqual(['node-lost']);
  });
});
