/** A pipeline of kinds and commands has the same keys and the same bytes wherever it ran. */
import { describe, expect, it } from 'vitest';
import { type Stand, stand } from '../../rigs/stand.ts';
import { TARGETS, targets } from '../../rigs/targets.ts';

const WORDS = ['cat', 'dog', 'owl', 'bee', 'ant', 'elk', 'fox', 'hen'];
const FILES = {
  'rows.jsonl': WORDS.map(
    (word, i) =>
      `${JSON.stringify({ id: `${i}`, prompt: `\n\nHuman: ${word}?\n\nAssistant:`, chosen: ` a ${word}`, rejected: ' no' })}\n`,
  ).join(''),
  'p.yaml': `name: kinds
in: { rows: ./rows.jsonl }
stages:
  tokenizer: { uses: tokenizer, in: { text: in.rows }, with: { vocab_size: 280 } }
  sft:
    uses: sft
    matrix: { seed: [1, 2] }
    in: { records: in.rows, tokenizer: tokenizer.tokenizer }
    with:
      architecture: { hidden_size: 32, intermediate_size: 64, num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 2, max_position_embeddings: 64 }
      epochs: 2
      batch: 2
      seed: "\${matrix.seed}"
  reward: { uses: reward-model, in: { pairs: in.rows, model: "sft[seed=1].model" }, with: { epochs: 1 } }
  sample:
    uses: sample
    in: { models: { one: "sft[seed=1].model", two: "sft[seed=2].model" }, prompts: in.rows }
    with: { n: 2, batch: 8, max_new_tokens: 8 }
  count: { run: "wc -l < \${in.responses} > \${out.n}", in: { responses: sample.responses }, out: { n: file } }
out: { responses: sample.responses, reward: reward.model, n: count.n }
`,
};

const [local] = TARGETS;

describe.each(targets(({ name }) => name !== 'local'))('$name', (target) => {
  it.skipIf(target.missing !== undefined)('same keys, same outputs, as local', async () => {
    if (local === undefined) throw new Error('there is always local');
    const [here, there] = [stand(local, FILES), stand(target, FILES)];
    const ends = await Promise.all([here.run(), there.run()]);
    expect(ends.map(({ code }) => code)).toEqual([0, 0]);
    expect(made(there)).toEqual(made(here));
    expect(there.tree.read('p.lock.yaml')).toBe(here.tree.read('p.lock.yaml'));
    // What one has made is the other's result, too.
    expect(await there.run('--profile', 'local')).toMatchObject({
      code: 0,
      stages: { tokenizer: { action: 'fresh' }, sample: { action: 'fresh' } },
    });
  });
});

function made(s: Stand): { readonly [stage: string]: unknown } {
  return Object.fromEntries(
    s.events('stage-done').map(({ stage, key, action, outputs }) => [stage, { key, action, outputs }]),
  );
}
