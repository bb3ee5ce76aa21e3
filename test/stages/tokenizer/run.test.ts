import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Tokenizer } from '../../../stages/runtime/onnx/api.ts';
import { loadTokenizer } from '../../../stages/runtime/onnx/tokenizer.ts';
import { byteAlphabet, tokenizerJson } from '../../../stages/tokenizer/layout.ts';
import type { Params } from '../../../stages/tokenizer/params.generated.ts';
import { run } from '../../../stages/tokenizer/run.ts';
import { byteTokenizer } from '../../rigs/byte-tokenizer.ts';
import { folder, type Rig, rig } from '../../rigs/context.ts';

const pairs = Array.from({ length: 60 }, (_, i) => ({
  id: `${i}`,
  prompt: `\n\nHuman: How do I water ${i} tomatoes?\n\nAssistant:`,
  chosen: ' Water them early, and only the soil. Café crème 🍅.',
  rejected: ` Whatever you like, ${i * 7} times </s> a day.`,
}));

function textFile(lines: readonly string[]): string {
  const path = join(folder(), 'text');
  writeFileSync(path, lines.join('\n'));
  return path;
}
const records = (rows: readonly object[]): string => textFile(rows.map((row) => JSON.stringify(row)));

async function trained(
  text: string,
  parameters: Partial<Params>,
): Promise<{ stage: Rig<Params>; tokenizer: Tokenizer }> {
  const stage = rig<Params>('tokenizer', { text }, parameters);
  const result = await run(stage.ctx);
  if (!result.ok) throw new Error(result.error.message);
  const tokenizer = await loadTokenizer(stage.out('tokenizer'));
  if (!tokenizer.ok) throw new Error(tokenizer.error.message);
  return { stage, tokenizer: tokenizer.value };
}
const bytes = (stage: Rig<Params>): string =>
  readFileSync(join(stage.out('tokenizer'), 'tokenizer.json'), 'utf8');

test('equal text gives equal bytes; a smaller vocabulary is the beginning of a larger one', async () => {
  const text = records(pairs);
  const [first, again] = [await trained(text, { vocab_size: 320 }), await trained(text, { vocab_size: 320 })];
  expect(bytes(again.stage)).toBe(bytes(first.stage));
  const small = await trained(text, { vocab_size: 290 });
  expect(small.tokenizer.vocabSize).toBe(290);
  expect(first.tokenizer.vocabSize).toBe(320);
  const tokens = (one: Tokenizer, count: number): string[] =>
    Array.from({ length: count }, (_, id) => one.token(id));
  expect(tokens(first.tokenizer, 290)).toEqual(tokens(small.tokenizer, 290));
  expect(tokens(small.tokenizer, 3)).toEqual(['<pad>', '<s>', '</s>']);
  expect([small.tokenizer.pad, small.tokenizer.bos, small.tokenizer.eos]).toEqual([0, 1, 2]);
});

test('any text is read back, and none of it becomes a special token', async () => {
  const { tokenizer } = await trained(records(pairs), { vocab_size: 400 });
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    }),
  );
  const ids = tokenizer.encode('a</s><s><pad>b');
  expect(ids.every((id) => id > 2)).toBe(true);
  expect(tokenizer.decode(ids)).toBe('a</s><s><pad>b');
  // The training text holds "</s>" 60 times, which no merge may give the special id.
  expect(tokenizer.encode(pairs[0]?.rejected ?? '')).not.toContain(tokenizer.eos);
});

test('the native library that trained it reads it alike', async () => {
  const { stage, tokenizer } = await trained(records(pairs), { vocab_size: 380 });
  const { default: native } = await import('tokenizers');
  const other = native.Tokenizer.fromFile(join(stage.out('tokenizer'), 'tokenizer.json'));
  const texts = [
    ...pairs.flatMap(({ prompt, chosen }) => [prompt, chosen]),
    '',
    ' ',
    "don't  stop\n\n\n\tnow 12345 ünï",
  ];
  for (const text of texts) {
    const { ids } = { ids: (await other.encode(text, null, { addSpecialTokens: false })).getIds() };
    expect(tokenizer.encode(text)).toEqual(ids);
    expect(await other.decode(ids, true)).toBe(text);
  }
  expect((await other.encode('x')).getIds()[0]).toBe(tokenizer.bos);
});

test('too little text is said, no text fails', async () => {
  const { stage, tokenizer } = await trained(textFile(['abab abab']), { vocab_size: 4096, format: 'text' });
  expect(tokenizer.vocabSize).toBeLessThan(270);
  expect(stage.told.notes).toEqual([
    `The text gives ${tokenizer.vocabSize} tokens, ${tokenizer.vocabSize - 259} of them merges, not the 4096 asked for.`,
  ]);
  const empty = await run(rig<Params>('tokenizer', { text: textFile(['']) }, { format: 'text' }).ctx);
  expect(empty).toMatchObject({ ok: false, error: { code: 'tokenizer-no-text' } });
  const bad = await run(rig<Params>('tokenizer', { text: records([{ id: '1', prompt: 'x' }]) }).ctx);
  expect(bad).toMatchObject({ ok: false, error: { code: 'bad-record', row: 1 } });
});

test('demonstrations are read like pairs', async () => {
  const rows = pairs.map(({ id, prompt, chosen }) => ({ id, prompt, response: chosen }));
  const { tokenizer } = await trained(records(rows), { vocab_size: 300 });
  expect(tokenizer.encode(' Water').length).toBeLessThan(' Water'.length);
});

test('the alphabet is every byte once', () => {
  const alphabet = byteAlphabet();
  expect(new Set(alphabet).size).toBe(256);
  expect(alphabet).toEqual(alphabet.toSorted());
});

test('merges that would spell a special token are left out, with what builds on them', () => {
  const json = tokenizerJson(
    [
      ['<', 's'],
      ['<s', '>'],
      ['<s>', 'x'],
      ['a', 'b'],
    ],
    400,
  );
  expect((json['model'] as { merges: unknown }).merges).toEqual([
    ['<', 's'],
    ['a', 'b'],
  ]);
});

test('bytes that are no text, and a tokenizer folder that asks for code', async () => {
  const path = await byteTokenizer();
  const tokenizer = await loadTokenizer(path);
  if (!tokenizer.ok) throw new Error(tokenizer.error.message);
  expect(tokenizer.value.decode(tokenizer.value.encode('é').slice(0, 1))).toBe('\uFFFD');
  expect(tokenizer.value.decode([1, 2])).toBe('');
  writeFileSync(join(path, 'tokenizer_config.json'), JSON.stringify({ auto_map: {} }));
  expect(await loadTokenizer(path)).toMatchObject({ error: { code: 'remote-code' } });
  writeFileSync(join(path, 'tokenizer.json'), JSON.stringify({ model: { type: 'Nonsense' } }));
  writeFileSync(join(path, 'tokenizer_config.json'), '{}');
  expect(await loadTokenizer(path)).toMatchObject({ error: { code: 'tokenizer-invalid' } });
  mkdirSync(join(path, 'empty'));
  expect(await loadTokenizer(join(path, 'empty'))).toMatchObject({ error: { code: 'tokenizer-missing' } });
});
