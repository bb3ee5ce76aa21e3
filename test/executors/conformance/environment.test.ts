/** What a stage is given: words, variables and nothing else. */
import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { onHost } from '../../rigs/services.ts';
import { puppets, stand } from '../../rigs/stand.ts';
import { type Target, targets } from '../../rigs/targets.ts';

/** Each would be more than a word to somebody on its way: a shell, ssh, sbatch, printf, YAML. */
const HOSTILE = [
  `'; touch pwned; '`,
  '"; touch pwned; "',
  '$(touch pwned)`touch pwned`$HOME $PATH',
  'two\nlines\n',
  'tab\there \\n \\\\ %s %d %%',
  '* ? [a-z] ~ ! # & | < > ( ) { } ; =',
  "it's 'quoted' \"twice\"",
  'é€🐭\u00a0\u200b',
  '-rf',
  '--',
  ' ',
  '',
  'a,b=c,d',
];

/** Set by the executor itself; the rest is what was asked for, and what every stage has. */
const SCHEDULERS = /^(WARREN_|SLURM_|CUDA_|HIP_|ROCR_|GPU_|MASTER_|NODE_RANK$|NNODES$|NPROC_PER_NODE$)/;

describe.each(targets())('$name', (target) => {
  const test = it.skipIf(target.missing !== undefined);

  test('words of a command and variables arrive as they are written', async () => {
    const p = await puppets();
    const run = [
      ...(JSON.parse(p.run('a', 'out.o')) as string[]),
      ...HOSTILE.map((_, i) => `\${with.w${i}}`),
    ];
    const env = Object.fromEntries(HOSTILE.map((text, i) => [`HOSTILE_${i}`, text]));
    const given = Object.fromEntries(HOSTILE.map((text, i) => [`w${i}`, text]));
    const yaml = stringify({
      name: 'p',
      with: given,
      stages: { a: { run, env, out: { o: 'file' } } },
      out: { o: 'a.o' },
    });
    const s = stand(target, { 'p.yaml': yaml });
    const going = s.start();
    const a = await going.meet(p.next('a'));
    expect(a.words.slice(1)).toEqual(HOSTILE);
    expect(HOSTILE.map((_, i) => a.env[`HOSTILE_${i}`])).toEqual(HOSTILE);
    await a.write(a.words[0] as string, 'x');
    a.exit();
    expect((await going.done).code).toBe(0);
    expect(s.tree.has('pwned')).toBe(false);
  });

  test('in a line for the shell, too', async () => {
    const shown = HOSTILE.filter((text) => text !== '').map((text, i) => [`w${i}`, text] as const);
    const run = `printf '%s\\0' ${shown.map(([name]) => `\${with.${name}}`).join(' ')} > \${out.o}`;
    const given = Object.fromEntries(shown);
    const stages = { a: { run, out: { o: 'file' } } };
    const s = stand(target, { 'p.yaml': stringify({ name: 'p', with: given, stages, out: { o: 'a.o' } }) });
    expect((await s.run()).code).toBe(0);
    expect(s.tree.read('out/p/o').split('\0').slice(0, -1)).toEqual(shown.map(([, text]) => text));
  });

  test('secrets of pass_env arrive, and are on no disk; nothing else of the caller does', async () => {
    const p = await puppets();
    const secret = `s3cr3t '$(touch pwned)'\n"x" ${'z'.repeat(20)}`;
    const { root } = target.profile();
    const s = stand(
      target,
      {
        'p.yaml': `name: p
stages:
  a: { run: ${p.run('a', 'out.o')}, out: { o: file }, env: { MODE: fast }, pass_env: [TOKEN, UNSET] }
out: { o: a.o }
`,
      },
      { env: { TOKEN: secret, OTHER: 'not asked for' } },
    );
    const going = s.start();
    const a = await going.meet(p.next('a'));
    expect(a.env).toMatchObject({ TOKEN: secret, MODE: 'fast', LANG: 'C.UTF-8', TZ: 'UTC' });
    expect(a.env).not.toHaveProperty('UNSET');
    const rest = Object.keys(a.env).filter((name) => !SCHEDULERS.test(name));
    expect(rest.filter((name) => name !== 'USER').sort()).toEqual([
      'HOME',
      'LANG',
      'MODE',
      'PATH',
      'PYTHONDONTWRITEBYTECODE',
      'PYTHONHASHSEED',
      'TMPDIR',
      'TOKEN',
      'TZ',
    ]);
    // While it runs: what is only written for a while is written, too.
    expect(holding('zzzzzzzzzzzzzzzzzzzz', s.tree.folder, target, root)).toEqual([]);
    await a.print(`${secret.split('\n')[1]}\n`);
    await a.write(a.words[0] as string, 'x');
    a.exit();
    const { code, stderr } = await going.done;
    expect(code).toBe(0);
    expect(stderr).not.toContain('zzzzzzzzzz');
    expect(s.events('stage-output').map(({ text }) => text)).toEqual(['***']);
    expect(holding('zzzzzzzzzzzzzzzzzzzz', s.tree.folder, target, root)).toEqual([]);
    if (target.slurm !== undefined)
      expect(
        execFileSync('squeue', ['-t', 'all', '-o', '%all'], {
          env: { ...process.env, ...target.slurm?.env },
          maxBuffer: 2 ** 28,
          encoding: 'utf8',
        }),
      ).not.toContain('zzzzzzzzzz');
  });

  test('its folders are there and can be written to; file descriptors are closed but for the protocol', async () => {
    const run = JSON.stringify(
      'echo x > $TMPDIR/t && echo x > $WARREN_STATE/s && for fd in 4 5 6 7 8 9; do [ ! -e /proc/self/fd/$fd ] || echo $fd; done > ${out.o}',
    );
    const s = stand(target, {
      'p.yaml': `name: p\nstages:\n  a: { run: ${run}, out: { o: file } }\nout: { o: a.o }\n`,
    });
    expect((await s.run()).code).toBe(0);
    expect(s.tree.read('out/p/o')).toBe('');
  });
});

/** Files that hold a text: of the project, and of the root on hosts. */
function holding(text: string, folder: string, target: Target, root: unknown): string[] {
  const shared = target.ssh === undefined && typeof root === 'string' ? [root] : [];
  const here = spawnSync('grep', ['-rl', text, folder, ...shared], { encoding: 'utf8' }).stdout;
  const there = (target.ssh?.hosts ?? []).map((host) =>
    target.ssh === undefined ? '' : onHost(target.ssh, host, `grep -rl ${text} ${String(root)} || true`),
  );
  return [here, ...there].flatMap((out) => out.split('\n')).filter((line) => line !== '');
}
