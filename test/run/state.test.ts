import { describe, expect, it } from 'vitest';
import { type Workshop, workshop } from '../rigs/workshop.ts';

/** Says what it finds in its state, leaves a mark there, and fails as long as there is no file `go`. */
const RUN = `echo \${with.n}; ls -A "$WARREN_STATE" > \${out.o}; echo x > "$WARREN_STATE/mark"; test -e go`;

function marking(): Workshop {
  const stage = `{ run: ${JSON.stringify(RUN)}, with: { n: "\${with.n}" }, out: { o: file } }`;
  return workshop({ 'p.yaml': `name: one\nwith: { n: 1 }\nstages:\n  a: ${stage}\nout: { o: a.o }\n` });
}

describe('state', () => {
  it('of a failed attempt is what the next attempt of the key finds, and no other key', async () => {
    const w = marking();
    expect((await w.run()).actions).toEqual({ a: 'failed' });
    w.write('go', '');
    expect((await w.run({ with: { n: 2 } })).actions).toEqual({ a: 'ran' });
    expect(w.read('out/one/o')).toBe('');
    expect((await w.run()).actions).toEqual({ a: 'ran' });
    expect(w.read('out/one/o')).toBe('mark\n');
  });

  it('is empty again once the stage has succeeded, whichever attempt it was', async () => {
    const w = marking();
    await w.run();
    w.write('go', '');
    await w.run();
    for (const n of [2, 3]) {
      await w.run({ with: { n } });
      expect(w.read('out/one/o')).toBe('');
    }
  });

  it('is empty under force', async () => {
    const w = marking();
    await w.run();
    w.write('go', '');
    expect((await w.run({ force: true })).actions).toEqual({ a: 'ran' });
    expect(w.read('out/one/o')).toBe('');
  });
});
