import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { Tree } from '../rigs/program.ts';

const YAML = `name: kept
with: { spare: 1 }
stages:
  a: { run: "echo 1 > \${out.o}", out: { o: file } }
`;

it('leaves nothing behind where there is no state folder', async () => {
  const tree = new Tree({ 'p.yaml': YAML });
  expect((await tree.warren('check', 'p.yaml')).code).toBe(0);
  expect(tree.has('.warren')).toBe(false);
});

it('answers from a kept plan as from the file, and never for another file', async () => {
  const tree = new Tree({ 'p.yaml': YAML });
  await tree.warren('run', 'p.yaml', '--quiet');
  const first = await tree.warren('check', 'p.yaml');
  const [name = '', ...others] = readdirSync(tree.path('.warren/plans'));
  expect(others).toEqual([]);
  expect(first.stderr).toContain('Nothing uses with.spare');
  expect(await tree.warren('check', 'p.yaml')).toEqual(first);
  const plan = tree.read(`.warren/plans/${name}`);
  const spoilt = plan.replace('"name":"kept"', '"name":"liar"');
  expect(spoilt).not.toBe(plan);
  tree.write(`.warren/plans/${name}`, spoilt);
  expect((await tree.warren('graph', 'p.yaml', '--format', 'json')).stdout).toContain('"name":"kept"');
  tree.write('p.yaml', YAML.replace('out.o', 'out.x'));
  const wrong = await tree.warren('check', 'p.yaml');
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain('p.yaml:4:');
});
