import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { bootstrap } from '../../engine/site/bootstrap.ts';
import { sshWords } from '../../engine/site/ssh.ts';

const alive = { connect: 10, every: 5 };

test.each(['gpu1', 'me@gpu1.example.org', '[::1]', 'user.name@10.0.0.1'])('%s is a host', (host) => {
  const words = sshWords({ host, config: '/c' }, 'true', alive);
  expect(words.ok && words.value.slice(-3)).toEqual(['--', host, 'true']);
});

test.each([
  '',
  '-oProxyCommand=touch /tmp/x',
  'me@-oProxyCommand=x',
  'a b',
  'a;b',
  'a`b`',
  '$(x)',
  'a\nb',
  "a'b",
])('%j is none', (host) => {
  const words = sshWords({ host }, 'true', alive);
  expect(!words.ok && words.error.code).toBe('host-name');
});

test('a root and a node are words, whatever is in them', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (root, node) => {
      fc.pre(!`${root}${node}`.includes('\0'));
      // The shell that a login shell hands the words to says them.
      const script = `sh() { printf '%s\\0' "$@"; }; ${bootstrap(root, node, 'digest', 'word').replace('exec ', '')}`;
      const [, , , one, two] = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0');
      expect([one, two]).toEqual([root, node]);
    }),
    { numRuns: 30 },
  );
});

const shells = ['sh', 'bash', 'zsh', 'tcsh', 'fish'];

test.each(shells)('%s as a login shell looks for Node.js and a root as it should', (shell) => {
  const home = mkdtempSync(join(tmpdir(), 'home-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  symlinkSync(process.execPath, join(home, 'node'));
  const command = bootstrap("~/it's a root", '~/node', 'digest', 'word');
  const env = { HOME: home, PATH: process.env['PATH'] ?? '' };
  const ran = spawnSync(shell, ['-c', command], { env, input: '', encoding: 'utf8' });
  // A shell that is not installed here cannot be somebody's.
  if (ran.error !== undefined) return expect(ran.error).toMatchObject({ code: 'ENOENT' });
  expect(ran.stdout).toContain(`root=${home}/it's a root\nnode=${home}/node\n{"now":`);
});

test('nothing in what is sent needs a shell of one kind', () => {
  // Quotes, backslashes, line breaks and history: fish and csh read these in their own ways, even between quotes.
  expect(bootstrap('/r', 'node', 'd', 'w').replaceAll(/^exec sh -c '|' '|'$/g, '')).not.toMatch(/['\\\n!]/);
});
