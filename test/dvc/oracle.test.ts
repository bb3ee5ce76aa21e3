/** @file Beside DVC itself, where it is installed: by `scripts/python-env.sh dvc`, or on PATH. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { commandsOf, type Files, projectOf } from './rig.ts';

const DVC = [
  join(import.meta.dirname, '../../.venv-dvc/bin/dvc'),
  ...(process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'dvc')),
].find((path) => existsSync(path));

interface Peer {
  write(name: string, text: string): void;
  remove(name: string): void;
  /** Stages whose commands ran. */
  repro(): string[];
  read(name: string): string;
}

function peerOf(files: Files): Peer {
  const root = mkdtempSync(join(tmpdir(), 'peer-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    // DVC protects what it keeps: a link is replaced, not written through.
    rmSync(join(root, name), { force: true });
    writeFileSync(join(root, name), text);
  };
  const dvc = (...words: string[]): void => {
    const env = { ...process.env, DVC_NO_ANALYTICS: '1', SHELL: '/bin/sh', DVC_GLOBAL_CONFIG_DIR: root };
    execFileSync(DVC ?? '', words, { cwd: root, env, stdio: ['ignore', 'ignore', 'pipe'] });
  };
  dvc('init', '-q', '--no-scm');
  for (const [name, text] of Object.entries(files)) write(name, text);
  return {
    write,
    remove: (name) => rmSync(join(root, name), { recursive: true, force: true }),
    read: (name) => readFileSync(join(root, name), 'utf8'),
    repro: () => {
      write('log', '');
      dvc('repro', '-q');
      return readFileSync(join(root, 'log'), 'utf8').split('\n').filter(Boolean).sort();
    },
  };
}

describe.skipIf(DVC === undefined)('beside dvc repro (scripts/python-env.sh dvc, or dvc on PATH)', () => {
  it('names and commands come out the same to the letter', async () => {
    const files = {
      'params.yaml': `int: 3
whole: 1.0
numbers: [0.00001, 1.0e-7, 1.5e+16, 2.50, -0.25, 100000.0]
on: true
none: null
opt: { lr: 1.0e-3, flag: true, off: false, names: [a b, "it's", 2, true], deep: { er: x, no: '' } }
runs: { us: { n: 1 }, uk: { n: 2.0 } }
`,
      'v.json': '{"j": {"k": [1, "two"]}}',
      'dvc.yaml': `vars: ["v.json:j", { own: { x: y } }]
stages:
  plain: { cmd: "true \${int} \${whole} \${on} \${none} \${own.x} \${j.k[1]} \\\\\${int} \${numbers[-1]}" }
  options: { cmd: "true \${opt}" }
  each: { foreach: "\${numbers}", do: { cmd: "true \${item}" } }
  mixed: { foreach: [{ a: 1.0 }, 7], do: { cmd: "true" } }
  map: { foreach: "\${runs}", do: { cmd: "true \${key} \${item.n}" } }
  grid: { matrix: { s: [1, 2.0, x], o: [{ n: x }], l: [[3], [4]] }, cmd: "true \${item.s} \${item.o.n} \${item.l[0]} \${key}" }
  lines: { cmd: "true 1\\ntrue 2" }
  list: { cmd: [true 1, true 2] }
  local: { vars: [{ z: 9 }], cmd: "true \${z}" }
`,
    };
    const peer = peerOf(files);
    peer.repro();
    const lock = parse(peer.read('dvc.lock')) as { stages: { [id: string]: { cmd: string | string[] } } };
    const theirs = Object.entries(lock.stages).map(([id, { cmd }]) => {
      const commands = typeof cmd === 'string' ? cmd.split('\n') : cmd;
      return [id, commands.length === 1 ? commands[0] : commands];
    });
    expect(await commandsOf(files)).toEqual(Object.fromEntries(theirs));
  });

  it('the same stages run after the same edits', async () => {
    const files = {
      'in.txt': '1\n',
      'params.yaml': 'lr: 1\nother: 1\n',
      'own/x.txt': 'x',
      'dvc.yaml': `stages:
  a: { cmd: "echo a >> log; mkdir -p d; cat in.txt > d/a.txt", deps: [in.txt], params: [lr], outs: [d/a.txt] }
  b: { cmd: "echo b >> log; head -c 1 d/a.txt > b.txt", deps: [d/a.txt], outs: [b.txt] }
  c: { cmd: "echo c >> log; cat b.txt > c.txt; echo 1 > m.json", deps: [b.txt], outs: [c.txt], metrics: [m.json: { cache: false }] }
  e: { foreach: [1, 2], do: { cmd: "echo e\${item} >> log; cat own/x.txt c.txt > e\${item}", deps: [own, c.txt], outs: ["e\${item}"] } }
  raw: { cmd: "echo raw >> log; (echo raw; cat b.txt) > raw.txt", deps: [b.txt], outs: [raw.txt: { cache: false }] }
  keep: { cmd: "echo keep >> log; cat in.txt >> keep.txt", deps: [in.txt], outs: [keep.txt: { persist: true }] }
  effect: { cmd: "echo effect >> log", deps: [in.txt] }
  idle: { cmd: "echo idle >> log" }
  always: { cmd: "echo always >> log; echo 1 > always.txt", deps: [in.txt], outs: [always.txt], always_changed: true }
  after: { cmd: "echo after >> log; cat always.txt > after.txt", deps: [always.txt], outs: [after.txt] }
`,
    };
    const peer = peerOf(files);
    const ours = projectOf(files);
    const remove = (name: string): void => rmSync(ours.path(name), { recursive: true, force: true });
    const both = (
      edit: (write: (name: string, text: string) => void, drop: (name: string) => void) => void,
    ): void => {
      edit(peer.write, peer.remove);
      edit(ours.write, remove);
    };
    const edits: readonly (readonly [string, Parameters<typeof both>[0]])[] = [
      ['nothing at first', () => {}],
      ['nothing', () => {}],
      ['a parameter of nobody', (write) => write('params.yaml', 'lr: 1\nother: 2\n')],
      ['a parameter', (write) => write('params.yaml', 'lr: 2\nother: 2\n')],
      ['an input, first byte the same', (write) => write('in.txt', '12\n')],
      ['an input', (write) => write('in.txt', '3\n')],
      ['the input back', (write) => write('in.txt', '1\n')],
      ['a member of a folder', (write) => write('own/x.txt', 'y')],
      ['a new member', (write) => write('own/z.txt', 'z')],
      ['an output gone', (_, drop) => drop('c.txt')],
      ['a metric gone', (_, drop) => drop('m.json')],
      ['an output without cache gone', (_, drop) => drop('raw.txt')],
      ['an output changed', (write) => write('b.txt', 'by hand')],
      ['a command', (write) => write('dvc.yaml', files['dvc.yaml'].replace('head -c 1', 'head -c 2'))],
    ];
    for (const [name, edit] of edits) {
      both(edit);
      const theirs = peer.repro();
      ours.ran();
      expect((await ours.repro()).result.outcome, name).toBe('done');
      expect({ edit: name, ran: ours.ran() }).toEqual({ edit: name, ran: theirs });
      for (const file of ['c.txt', 'e1', 'raw.txt', 'keep.txt', 'm.json']) {
        expect(ours.read(file), `${file} after ${name}`).toBe(peer.read(file));
      }
    }
  });
});
