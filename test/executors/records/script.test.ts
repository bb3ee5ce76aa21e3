/** A command of any words and any environment, through real shells. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { commandScript } from '../../../engine/executors/records/script.ts';

const folder = mkdtempSync(join(tmpdir(), 'script-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SHELLS = [['dash'], ['busybox', 'sh'], ['bash', '--posix']].filter(
  ([program = '']) => spawnSync(program, ['-c', ':']).error === undefined,
);
const PATH = process.env['PATH'] ?? '/usr/bin:/bin';

/** Prints its words, then its environment as the kernel gave it. */
const TELL = 'for w; do printf "%s\\0" "$w"; done; printf "\\1\\0"; cat /proc/$$/environ';

const text = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...'\'"$`\\\n\t =;&|*?~#!(){}<>-é€\r') }),
  )
  .filter((each) => !each.includes('\0') && Buffer.from(each).toString() === each);
const variable = fc
  .stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/)
  .filter((name) => name !== 'PATH' && name !== '_');
const name = fc.oneof(
  variable,
  text.filter((each) => each !== '' && !each.includes('=')),
);

function run(shell: readonly string[], script: string, own: { readonly [name: string]: string }) {
  const file = join(folder, 'command.sh');
  writeFileSync(file, script);
  const [program = '', ...words] = shell;
  const { stdout, stderr, status } = spawnSync(program, [...words, file, folder], {
    env: { PATH, ...own },
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const parts = stdout.split('\0');
  const border = parts.lastIndexOf('\u0001');
  return { words: parts.slice(0, border), env: parts.slice(border + 1, -1).sort() };
}

describe.each(SHELLS)('%s', (...shell) => {
  it('gets the words and the variables, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(text), fc.dictionary(name, text), (words, env) => {
        const launch = {
          argv: ['/bin/sh', '-c', TELL, 'x', ...words] as [string, ...string[]],
          cwd: folder,
          env,
        };
        const got = run(shell, commandScript(launch, []), { OTHER: 'a\nPATH=b', CDPATH: '/' });
        expect(got.words).toEqual(words);
        expect(got.env).toEqual(
          Object.entries(env)
            .map(([key, value]) => `${key}=${value}`)
            .sort(),
        );
      }),
      { numRuns: 40 },
    );
  });

  it('inherits secrets, which are not in its text', () => {
    fc.assert(
      fc.property(fc.dictionary(name, text), fc.dictionary(variable, text), text, (env, secret, other) => {
        const all = { ...env, ...secret };
        const launch = { argv: ['/bin/sh', '-c', TELL] as const, cwd: folder, env: all };
        const script = commandScript(launch, Object.keys(secret));
        const marked = Object.fromEntries(
          Object.entries(secret).map(([key, value]) => [key, `s3cr3t${value}`]),
        );
        const got = run(shell, script, { OTHER: other, SHLVL: '7', ...marked });
        expect(script).not.toContain('s3cr3t');
        const plain = Object.entries(env).filter(([key]) => !Object.hasOwn(secret, key));
        const wanted = Object.entries({ ...Object.fromEntries(plain), ...marked });
        expect(got.env).toEqual(wanted.map(([key, value]) => `${key}=${value}`).sort());
      }),
      { numRuns: 25 },
    );
  });

  it('gives secrets to nobody as an argument', () => {
    const bin = mkdtempSync(join(folder, 'bin-'));
    for (const tool of ['env', 'sed']) {
      const spy = `#!/bin/sh\nprintf '%s\\n' "$@" >>${join(bin, 'seen')}\nexec /usr/bin/${tool} "$@"\n`;
      writeFileSync(join(bin, tool), spy, { mode: 0o755 });
    }
    writeFileSync(join(bin, 'seen'), '');
    const launch = { argv: ['/bin/sh', '-c', TELL] as const, cwd: folder, env: { A: '1', KEY: 's3cr3t' } };
    const got = run(shell, commandScript(launch, ['KEY']), { KEY: 's3cr3t', PATH: `${bin}:/usr/bin:/bin` });
    expect(got.env).toEqual(['A=1', 'KEY=s3cr3t']);
    const seen = readFileSync(join(bin, 'seen'), 'utf8');
    // A shell with an env of its own asks nobody.
    if (shell[0] !== 'busybox') expect(seen).toContain('A=1');
    expect(seen).not.toContain('s3cr3t');
  });

  it('is told of devices where they were given', () => {
    const launch = { argv: ['/bin/sh', '-c', TELL] as const, cwd: folder, env: { A: '1' } };
    const script = commandScript(launch, [], ['NODE_RANK']);
    expect(run(shell, script, {}).env).toEqual(['A=1']);
    expect(run(shell, script, { CUDA_VISIBLE_DEVICES: '0,1', NODE_RANK: '' }).env).toEqual([
      'A=1',
      'CUDA_VISIBLE_DEVICES=0,1',
      'NODE_RANK=',
    ]);
  });

  it('runs a program whose name looks like a variable', () => {
    const file = join(folder, 'a=b');
    writeFileSync(file, `#!/bin/sh\n${TELL}\n`, { mode: 0o755 });
    const script = commandScript({ argv: [file, 'x y'], cwd: folder, env: { PATH } }, []);
    expect(run(shell, script, {}).words).toEqual(['x y']);
  });
});
