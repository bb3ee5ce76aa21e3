import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Tree } from '../rigs/program.ts';

/** No sbatch, no ssh, no nvidia-smi. */
const BARE = { PATH: '/nowhere' };

const FILES = {
  'p.yaml': `stages:
  a: { run: [/bin/cp, "\${in.t}", "\${out.o}"], in: { t: ./t.txt }, out: { o: file } }
  b: { run: [/bin/cp, "\${in.o}", "\${out.o}"], in: { o: a.o }, out: { o: file } }
out: { o: b.o }
`,
  't.txt': 'text',
  'warren.yaml': `profiles:
  cluster: { executor: slurm, stages: { a: { profile: here }, other: { qos: x } } }
  here: { executor: local }
`,
};

interface Planned {
  readonly stages: readonly { readonly id: string; readonly where: unknown }[];
}

async function plan(tree: Tree, ...more: string[]): Promise<{ readonly [stage: string]: unknown }> {
  const { stdout } = await tree.start(['plan', 'p.yaml', ...more, '--json'], BARE).done;
  const { stages } = JSON.parse(stdout) as Planned;
  return Object.fromEntries(stages.map(({ id, where }) => [id, where]));
}

describe('--profile', () => {
  it('shows in a plan where each stage would go, and what is wrong there; the run refuses it at once', async () => {
    const tree = new Tree(FILES);
    const { code, stdout, stderr } = await tree.start(['plan', 'p.yaml', '--profile', 'cluster'], BARE).done;
    expect(code).toBe(0);
    expect(stderr).toContain('warning[stray-override]: Profile cluster has settings for "other"');
    expect(stdout.split('\n').slice(0, 5)).toEqual([
      'run  a  here     because no earlier result',
      'run  b  cluster  because no earlier result',
      '',
      '2 run',
      '',
    ]);
    expect(stdout).toContain('cannot run[no-slurm]: b on cluster: ');
    const wheres = await plan(tree, '--profile', 'cluster');
    expect(wheres).toMatchObject({
      a: { profile: 'here', executor: 'local', fits: 'now', why: null, fault: null },
      b: { profile: 'cluster', fits: 'never', fault: { code: 'no-slurm', passing: false } },
    });
    const ran = await tree.start(['run', 'p.yaml', '--profile', 'cluster', '--json'], BARE).done;
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      stages: [
        { id: 'a', action: 'ran' },
        { id: 'b', action: 'failed', failure: { code: 'no-slurm', command: expect.any(String) } },
      ],
    });
    expect(await plan(tree, '--profile', 'cluster')).toMatchObject({ a: null, b: { profile: 'cluster' } });
  });

  it('never changes a key: what one profile made is fresh under another', async () => {
    const tree = new Tree(FILES);
    await tree.json('run', 'p.yaml');
    for (const profile of ['local', 'here', 'cluster']) {
      const { code, document } = await tree.json('run', 'p.yaml', '--profile', profile);
      expect([code, document]).toMatchObject([0, { stages: [{ action: 'fresh' }, { action: 'fresh' }] }]);
    }
  });

  it('is part of what is asked, also of a call that has nothing to do', async () => {
    const tree = new Tree(FILES);
    await tree.json('run', 'p.yaml');
    expect((await tree.json('run', 'p.yaml')).code).toBe(0);
    expect(await tree.json('run', 'p.yaml', '--profile', 'nope')).toMatchObject({
      code: 2,
      document: { diagnostics: [{ code: 'unknown-profile' }] },
    });
    const { code } = await tree.start(['run', 'p.yaml'], { WARREN_PROFILE: 'nope' }).done;
    expect(code).toBe(2);
    // The settings are among what a complete run is sealed with.
    tree.write('warren.yaml', 'profile: nope\n');
    expect(await tree.json('run', 'p.yaml')).toMatchObject({ code: 2 });
  });

  it('finds mistakes of warren.yaml in check, at their places', async () => {
    const tree = new Tree({ ...FILES, 'warren.yaml': 'profiles:\n  c: { executor: slurm, partitoin: x }\n' });
    const { code, stderr } = await tree.warren('check', 'p.yaml');
    expect(code).toBe(2);
    expect(stderr).toMatchInlineSnapshot(`
      "warren.yaml:2:25 error[unknown-key]: Unknown key "partitoin" in profiles.c of the settings.
        > 2 |   c: { executor: slurm, partitoin: x }
            |                         ^^^^^^^^^
        hint: did you mean "partition"?"
    `);
  });
});

describe('doctor', () => {
  it('says of every profile what it lacks, or of the one that is named', async () => {
    const tree = new Tree(FILES);
    const { code, stdout } = await tree.start(['doctor', '--json'], BARE).done;
    expect(code).toBe(1);
    const { profiles } = JSON.parse(stdout) as { readonly profiles: readonly { readonly ok: boolean }[] };
    expect(profiles).toMatchObject([
      { profile: 'local', executor: 'local' },
      { profile: 'cluster', executor: 'slurm', ok: false },
      { profile: 'here', executor: 'local' },
    ]);
    const one = await tree.json('doctor', '--profile', 'here');
    expect(one.document).toMatchObject({ profiles: [{ profile: 'here' }] });
    expect(await tree.json('doctor', '--profile', 'x')).toMatchObject({ code: 2 });
  });
});

describe('the examples of the documentation', () => {
  const page = (name: string): string => readFileSync(join(import.meta.dirname, '../..', name), 'utf8');
  const example = (text: string, heading: string): string =>
    /```yaml\n([\s\S]*?)```/.exec(text.slice(text.indexOf(`\n## ${heading}\n`)))?.[1] ?? '';
  const pipeline = `stages:
  data: { uses: hh, in: { transcripts: ./t.txt } }
  tokenizer: { uses: tokenizer, in: { text: data.train } }
`;

  it('of the README keeps a small kind here', async () => {
    const tree = new Tree({
      'warren.yaml': example(page('README.md'), 'GPUs, hosts, clusters'),
      'p.yaml': pipeline,
      't.txt': '',
    });
    const wheres = await plan(tree, '--profile', 'cluster');
    expect(wheres).toMatchObject({ data: { profile: 'local' }, tokenizer: { profile: 'cluster' } });
  });

  it('of the profiles is right, whatever is there', async () => {
    const tree = new Tree({
      'warren.yaml': example(page('docs/executors.md'), 'Profiles'),
      'ssh.conf': '',
      'p.yaml': pipeline,
      't.txt': '',
    });
    const wheres = await plan(tree);
    expect(wheres).toMatchObject({ data: { profile: 'local' }, tokenizer: { profile: 'cluster' } });
  });
});
