import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { expect, it } from 'vitest';
import { Tree } from '../rigs/program.ts';

const SCHEMAS = join(import.meta.dirname, '../../schemas/outputs');

const PIPELINE = `stages:
  a: { run: 'echo hi; echo 1 > \${out.n}', out: { n: file } }
  b: { in: { n: a.n }, with: { x: 1 }, run: 'cat \${in.n} > \${out.n}', out: { n: file } }
out: { n: b.n }
`;

/** Validates a document against the schema that it names. */
function faults(document: unknown): unknown {
  const name = (document as { schema: string }).schema.split('/')[1];
  const schema = JSON.parse(readFileSync(join(SCHEMAS, `${name}.schema.json`), 'utf8')) as object;
  const validate = new Ajv({ allErrors: true, strictSchema: true }).compile(schema);
  return validate(document) ? [] : validate.errors;
}

it('every command answers in the shape that its schema states', async () => {
  const tree = new Tree({
    'p.yaml': PIPELINE,
    'slow.yaml': 'stages: { a: { run: sleep 60, out: { n: file } } }\n',
    'wrong.yaml': 'stages: { a: { rnu: x } }\n',
    'warren.yaml': 'remotes: { origin: ./elsewhere }\n',
    'elsewhere/README': '',
  });
  const calls: [expected: string, ...args: string[]][] = [
    ['check', 'check', 'p.yaml'],
    ['check', 'check', 'wrong.yaml'],
    ['error', 'run', 'wrong.yaml'],
    ['error', 'rnu'],
    ['plan', 'plan', 'p.yaml'],
    ['run', 'run', 'p.yaml', '--frozen'],
    ['run', 'run', 'p.yaml'],
    ['run', 'run', 'p.yaml'],
    ['plan', 'plan', 'p.yaml'],
    ['status', 'status'],
    ['status', 'status', 'p.yaml'],
    ['runs', 'runs'],
    ['verify', 'verify', 'p.yaml', '--times', '2'],
    ['accept', 'accept', 'p.yaml', 'b', '--set', 'b.x=2', '--field', 'with.x'],
    ['accept', 'accept', 'p.yaml', 'a'],
    ['error', 'accept', 'p.yaml', 'b', '--set', 'b.x=3'],
    ['logs', 'logs', 'a'],
    ['why', 'why', 'p.yaml', 'b'],
    ['graph', 'graph', 'p.yaml'],
    ['schema', 'schema', 'sft'],
    ['cache-du', 'cache', 'du'],
    ['cache-verify', 'cache', 'verify'],
    ['cache-gc', 'cache', 'gc', '--keep-last', '1', '--dry-run'],
    ['cache-rm', 'cache', 'rm', 'b'],
    ['cache-gc', 'cache', 'gc', '--max-age', '30d', '--max-size', '1G'],
    ['init', 'init'],
    ['push', 'push', 'p.yaml'],
    ['pull', 'pull', 'p.yaml'],
    ['lock-merge', 'lock', 'merge', 'p.lock.yaml', 'p.lock.yaml', 'p.lock.yaml'],
    ['doctor', 'doctor'],
    ['detach', 'run', 'slow.yaml', '--detach'],
    ['cancel', 'cancel'],
    ['error', 'cancel'],
  ];
  for (const [expected, ...args] of calls) {
    const { document } = await tree.json(...args);
    expect([args, document]).toEqual([args, expect.objectContaining({ schema: `warren/${expected}/1` })]);
    expect([args, faults(document)]).toEqual([args, []]);
  }
});
