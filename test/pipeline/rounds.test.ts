import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../base/digest.ts';
import type { Binding, Graph, Source, Stage } from '../../engine/pipeline/graph.ts';
import { fingerprintOf, keyOf, type ResolvedInput } from '../../engine/plan/fingerprint.ts';
import { type Extra, graphOf, load, stageOf, told } from './rig.ts';

const ROUND = `with: { n: 0, fixed: 1 }
in: { policy: null, rows: ./rows.jsonl }
stages:
  train: { run: [t, "\${in.x}", "\${with.n}"], in: { x: [in.policy, in.rows] }, out: { m: model } }
  curve: { run: [t], matrix: { k: [1, 2] }, env: { K: "\${matrix.k}" }, in: { x: train.m }, out: { o: metrics } }
  same: { run: [s, "\${with.fixed}"], in: { x: in.rows }, out: { o: file } }
out: { policy: train.m, curves: "curve[*].o", same: same.o }
`;
const files: Extra = {
  files: ['rows.jsonl', 'model/config.json', 'late/config.json'],
  children: { 'round.yaml': ROUND },
};
const beaver = (keys: string, rest = ''): string =>
  `with: { rounds: 3 }\nstages:\n  beaver: { uses: ./round.yaml, ${keys} }\n${rest}`;
const CARRY = 'rounds: 3, carry: { policy: policy }, in: { policy: ./model }, with: { n: "${round}" }';

const sourceOf = (graph: Graph, id: string, input = 'x'): string[] => {
  const binding = stageOf(graph, id).in[input] as Binding;
  const sources = binding.arity === 'one' ? [binding.source] : binding.items.map(([, source]) => source);
  return sources.map((one) => (one.kind === 'file' ? one.shown : `${one.stage}.${one.output}`));
};

describe('rounds', () => {
  it('feed the next one, and know which they are', async () => {
    const graph = await graphOf(beaver(CARRY), files);
    const trained = [1, 2, 3].map((round) => `beaver[round=${round}]/train`);
    expect(graph.stages.filter(({ name }) => name === 'beaver/train').map(({ id }) => id)).toEqual(trained);
    expect(trained.map((id) => sourceOf(graph, id)[0])).toEqual([
      './model',
      'beaver[round=1]/train.m',
      'beaver[round=2]/train.m',
    ]);
    expect(trained.map((id) => stageOf(graph, id).with)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(stageOf(graph, 'beaver[round=2]/train').within).toEqual([{ name: 'beaver', axes: { round: 2 } }]);
  });

  it('are an axis: one, all, the last one when nothing is said, the same one where it is shared', async () => {
    const rest = `  one: { run: [t], in: { x: "beaver[round=2].policy" } }
  last: { run: [t], in: { x: beaver.policy } }
  all: { run: [t], in: { x: "beaver[*].policy" } }
  groups: { run: [t], in: { x: "beaver[*].curves" } }
  each: { run: [t, "\${round}"], matrix: beaver, in: { x: beaver.policy } }
  some: { run: [t], matrix: { round: [1, 3] }, in: { x: beaver.policy } }
`;
    const graph = await graphOf(beaver(CARRY, rest), files);
    const trained = (round: number): string => `beaver[round=${round}]/train.m`;
    expect(sourceOf(graph, 'one')).toEqual([trained(2)]);
    expect(sourceOf(graph, 'last')).toEqual([trained(3)]);
    expect(sourceOf(graph, 'all')).toEqual([1, 2, 3].map(trained));
    const groups = stageOf(graph, 'groups').in['x'];
    expect(groups?.arity === 'many' && groups.items.map(([label]) => label).slice(0, 3)).toEqual([
      'round=1,k=1',
      'round=1,k=2',
      'round=2,k=1',
    ]);
    expect(sourceOf(graph, 'each[round=2]')).toEqual([trained(2)]);
    expect(stageOf(graph, 'each[round=2]').with).toEqual({ round: 2 });
    expect(sourceOf(graph, 'some[round=3]')).toEqual([trained(3)]);
  });

  it('cross with a matrix, each combination in rounds of its own', async () => {
    const keys =
      'rounds: "${with.rounds}", matrix: { seed: [5, 6] }, carry: { policy: policy }, with: { n: "${matrix.seed}" }';
    const graph = await graphOf(beaver(keys, '  t: { run: [t], in: { x: "beaver[seed=5].policy" } }\n'), {
      ...files,
      with: { rounds: 2 },
      children: { 'round.yaml': ROUND.replace('policy: null', 'policy: ./model') },
    });
    expect(sourceOf(graph, 'beaver[seed=6,round=2]/train')[0]).toBe('beaver[seed=6,round=1]/train.m');
    expect(sourceOf(graph, 'beaver[seed=6,round=1]/train')[0]).toBe('./model');
    expect(sourceOf(graph, 't')).toEqual(['beaver[seed=5,round=2]/train.m']);
  });

  it('may have values of their own, nearer than what is carried', async () => {
    const list = 'rounds: [{}, { with: { n: 7 } }, { in: { policy: ./late }, with: { n: "${round}" } }, {}]';
    const graph = await graphOf(beaver(`${list}, carry: { policy: policy }, in: { policy: ./model }`), files);
    const of = (round: number): unknown[] => {
      const id = `beaver[round=${round}]/train`;
      return [sourceOf(graph, id)[0], stageOf(graph, id).with['n']];
    };
    expect([1, 2, 3, 4].map(of)).toEqual([
      ['./model', 0],
      ['beaver[round=1]/train.m', 7],
      ['./late', 3],
      ['beaver[round=3]/train.m', 0],
    ]);
  });

  it('begin with nothing where the input is optional', async () => {
    const child =
      'in: { start: null }\nstages: { t: { uses: train, in: { records: ./rows.jsonl, model: in.start }, with: { lr: 1 } } }\nout: { m: t.model }\n';
    const text = 'stages: { c: { uses: ./c.yaml, rounds: 2, carry: { start: m } } }';
    const graph = await graphOf(text, { children: { 'c.yaml': child } });
    expect(Object.keys(stageOf(graph, 'c[round=1]/t').in)).toEqual(['records']);
    expect(sourceOf(graph, 'c[round=2]/t', 'model')).toEqual(['c[round=1]/t.model']);
  });

  it('can pass a value on through thousands of them', async () => {
    const child =
      'in: { x: null }\nstages: { s: { run: [t, "${in.x}"], in: { x: in.x } } }\nout: { x: in.x }\n';
    const text =
      'stages:\n  t: { run: [t, "${in.x}"], in: { x: c.x } }\n  c: { uses: ./c.yaml, rounds: 5000, carry: { x: x }, in: { x: ./rows.jsonl } }\n';
    const graph = await graphOf(text, { children: { 'c.yaml': child } });
    expect(sourceOf(graph, 't')).toEqual(['./rows.jsonl']);
    expect(graph.stages).toHaveLength(5001);
  });
});

describe('what is wrong with rounds', () => {
  const CARRIED = 'carry: { policy: policy }, in: { policy: ./model }';
  it.each([
    ['none', `rounds: 0, ${CARRIED}`, 'out-of-range 3:41 0'],
    ['a half', `rounds: 1.5, ${CARRIED}`, 'wrong-type 3:41 1.5'],
    ['words', `rounds: two, ${CARRIED}`, 'out-of-range 3:41 two'],
    ['an empty list', `rounds: [], ${CARRIED}`, 'out-of-range 3:41 []'],
    ['a list of numbers', `rounds: [1, 2], ${CARRIED}`, 'wrong-type 3:42 1'],
    ['another key', `rounds: [{ wiht: {} }], ${CARRIED}`, 'unknown-key 3:44 wiht'],
    ['a parameter that is no number', `rounds: "\${with.x}", ${CARRIED}`, 'unknown-name 3:42 ${with.x}'],
    ['too many', `rounds: 100001, ${CARRIED}`, 'too-many-stages 3:41 100001'],
    [
      'an unknown input',
      'rounds: 2, carry: { polcy: policy }, in: { policy: ./model }',
      'unknown-input 3:53 polcy',
    ],
    [
      'an unknown output',
      'rounds: 2, carry: { policy: m }, in: { policy: ./model }',
      'unknown-output 3:61 m',
    ],
    ['carry alone', CARRIED, 'missing-key 3:33 carry'],
    ['the same work', 'rounds: 2, in: { policy: ./model }', 'unused-axis 3:33 rounds'],
    ['an axis of that name', `rounds: 2, matrix: { round: [1, 2] }, ${CARRIED}`, 'reserved-name 3:54 round'],
    [
      'another type than it takes',
      'rounds: 2, carry: { policy: policy, rows: policy }, in: { policy: ./model }',
      undefined,
    ],
    ['a parameter of one round', `rounds: [{}, { with: { m: 1 } }], ${CARRIED}`, 'unknown-parameter 3:56 m'],
    ['nothing to begin with', 'rounds: 2, carry: { policy: policy }', 'missing-input 3:3 beaver'],
  ])('%s', async (_, keys, expected) => {
    const wrong = await told(beaver(keys), files);
    expect(wrong[0]).toBe(expected);
  });

  it('a round that is not there, and the round inside a child', async () => {
    const rest = '  t: { run: [t], in: { x: "beaver[round=4].policy" } }\n';
    expect(await told(beaver(CARRY, rest), files)).toEqual([
      'unknown-instance 4:27 "beaver[round=4].policy"',
    ]);
    const child = ROUND.replace('${with.n}', '${round}');
    const wrong = await told(beaver(CARRY), { ...files, children: { 'round.yaml': child } });
    expect(wrong).toEqual(['unknown-name round.yaml:4:33 ${round}']);
  });

  it('what is carried is of the type that is taken', async () => {
    const child =
      'in: { rows: ./rows.jsonl }\nstages: { d: { uses: data, in: { transcripts: in.rows } }, t: { uses: train, in: { records: d.train, model: in.m }, with: { lr: 1 } } }\nout: { train: d.train }\n';
    const text = 'stages:\n  c: { uses: ./c.yaml, rounds: 2, carry: { m: train } }\n';
    const wrong = await told(text, { children: { 'c.yaml': child.replace('in: {', 'in: { m: null,') } });
    expect(wrong).toEqual(['wrong-artifact-type 2:47 train']);
  });
});

/** Keys of all stages when every output's digest follows from its stage's key: what a run would compute. */
function keysOf(graph: Graph): Map<string, string> {
  const keys = new Map<string, string>();
  const resolve = (source: Source) =>
    source.kind === 'file'
      ? digestOf('file', source.path)
      : digestOf('output', [keys.get(source.stage) ?? '', source.output, source.subpath ?? '']);
  const input = (binding: Binding): ResolvedInput => {
    const items = binding.arity === 'one' ? [['', binding.source] as const] : binding.items;
    return {
      form: binding.arity === 'one' ? 'one' : binding.form,
      items: items.map(([label, source]) => ({
        label,
        suffix: '',
        artifact: { form: 'file', digest: resolve(source) },
      })),
    };
  };
  for (const stage of graph.stages)
    keys.set(stage.id, keyOf(fingerprintOf(stage as Stage, resolved(stage), null, null, machine)));
  return keys;

  function resolved(stage: Stage): { [name: string]: ResolvedInput } {
    return Object.fromEntries(Object.entries(stage.in).map(([name, binding]) => [name, input(binding)]));
  }
}

const machine = { cpu_model: 'c', arch: 'a', platform: 'p' };

interface Piece {
  readonly fanned: boolean;
  readonly inside: boolean;
  readonly needs: readonly { readonly of: number; readonly form: 'one' | 'list' | 'map' }[];
}

describe('a pipeline that is written out by hand', () => {
  const piece = fc.record({
    fanned: fc.boolean(),
    inside: fc.boolean(),
    needs: fc.array(fc.record({ of: fc.nat(6), form: fc.constantFrom('one', 'list', 'map') }), {
      maxLength: 3,
    }),
  });

  it('has the keys that it has as a stage', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 2, maxLength: 7 }), async (pieces) => {
        const flat = await graphOf(`stages:\n${pieces.map((_, i) => line(pieces, i, () => '')).join('')}`);
        const { parent, child } = split(pieces);
        const nested = await graphOf(parent, child === undefined ? {} : { children: { 'c.yaml': child } });
        const keys = keysOf(nested);
        const name = (id: string): string => (pieces[Number(id[1])]?.inside ? `c/${id}` : id);
        for (const [id, key] of keysOf(flat)) expect(keys.get(name(id))).toBe(key);
        expect(nested.stages).toHaveLength(flat.stages.length);
      }),
      { numRuns: 80 },
    );
  });

  const output = (pieces: readonly Piece[], of: number): string =>
    `s${of}${pieces[of]?.fanned ? '[*]' : ''}.o`;

  /** Stage `i`; `passed` names the reference where it crosses the border. */
  function line(pieces: readonly Piece[], i: number, passed: (of: number) => string): string {
    const { fanned, needs } = pieces[i] as Piece;
    const inputs = needs.flatMap(({ of, form }, n) => {
      if (of >= i) return [];
      const ref = JSON.stringify(passed(of) || output(pieces, of));
      return [`x${n}: ${form === 'one' ? ref : form === 'list' ? `[${ref}]` : `{ l: ${ref} }`}`];
    });
    const matrix = fanned ? 'matrix: { k: [1, 2] }, env: { K: "${matrix.k}" }, ' : '';
    return `  s${i}: { run: [t, "${i}"], ${matrix}in: { ${inputs.join(', ')} }, out: { o: file } }\n`;
  }

  function split(pieces: readonly Piece[]): { parent: string; child: string | undefined } {
    const given = new Set<number>();
    const taken = new Set<number>();
    const inside = (i: number): boolean => pieces[i]?.inside === true;
    const across = (to: number) => (of: number) => {
      if (inside(of) === inside(to)) return '';
      (inside(to) ? given : taken).add(of);
      return inside(to) ? `in.s${of}` : `c.s${of}`;
    };
    const lines = pieces.map((_, i) => line(pieces, i, across(i)));
    const of = (wanted: boolean): string => lines.filter((_, i) => inside(i) === wanted).join('');
    if (of(true) === '') return { parent: `stages:\n${of(false)}`, child: undefined };
    const face = (names: Set<number>, value: (i: number) => string): string =>
      [...names].map((i) => `s${i}: ${value(i)}`).join(', ');
    const quoted = (i: number): string => JSON.stringify(output(pieces, i));
    return {
      parent: `stages:\n${of(false)}  c: { uses: ./c.yaml, in: { ${face(given, quoted)} } }\n`,
      child: `in: { ${face(given, () => 'null')} }\nstages:\n${of(true)}out: { ${face(taken, quoted)} }\n`,
    };
  }
});

describe('ten thousand stages in a child', () => {
  it('load as they would in the file itself, all sharing what is passed in', async () => {
    const N = 10_000;
    const first = (i: number): string => (i + 1 < N ? `s${i + 1}.o` : './rows.jsonl');
    const lines = Array.from(
      { length: N },
      (_, i) => `  s${i}: { run: [t], in: { x: ${first(i)}, all: in.all }, out: { o: file } }\n`,
    );
    const child = `in: { all: null }\nstages:\n${lines.join('')}out: { o: s0.o }\n`;
    const text = `stages:\n  m: { run: [t, "\${matrix.k}"], matrix: { k: [${[...Array(100).keys()]}] }, out: { o: file } }\n  c: { uses: ./c.yaml, in: { all: "m[*].o" } }\n`;
    const loaded = await load(text, { children: { 'c.yaml': child } });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.error.slice(0, 3)));
    const { graph } = loaded.value;
    expect([graph.stages.length, graph.stages.at(-1)?.id]).toEqual([N + 100, 'c/s0']);
    const lists = ['c/s0', 'c/s1'].map((id) => stageOf(graph, id).in['all']);
    const [one, other] = lists.map((binding) => (binding?.arity === 'many' ? binding.items : undefined));
    expect(one).toHaveLength(100);
    expect(one).toBe(other);
  });
});
