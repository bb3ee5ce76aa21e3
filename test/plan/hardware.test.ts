import { describe, expect, it } from 'vitest';
import { labels, workshop } from '../rigs/workshop.ts';

const yaml = (hardware: string): string => `name: p
stages:
  a: { run: "echo a > \${out.o}", out: { o: file } ${hardware} }
`;
const here = { cpu_model: 'One', arch: 'x64', platform: 'linux' };

describe('hardware', () => {
  it('facts that are asked for are part of the key, and why names them', async () => {
    const w = workshop({ 'p.yaml': yaml(', hardware: [cpu_model, arch]') });
    await w.run({ machine: here });
    expect(labels(await w.plan({ machine: { ...here, platform: 'darwin' } }))).toEqual({ a: 'fresh' });
    const plan = await w.plan({ machine: { ...here, cpu_model: 'Two' } });
    expect(plan.stages[0]?.because).toEqual([
      { kind: 'param', name: 'hardware.cpu_model', before: '"One"', after: '"Two"' },
    ]);
    w.write('p.yaml', yaml(', hardware: [arch, cpu_model]'));
    expect(labels(await w.plan({ machine: here }))).toEqual({ a: 'fresh' });
    w.write('p.yaml', yaml(''));
    expect(labels(await w.plan({ machine: here }))).toEqual({ a: 'run' });
  });

  it('others are not', async () => {
    const w = workshop({ 'p.yaml': yaml('') });
    await w.run({ machine: here });
    expect(labels(await w.plan({ machine: { ...here, cpu_model: 'Two' } }))).toEqual({ a: 'fresh' });
  });
});
