import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkPositions,
  encodeSequence,
  type Truncation,
  truncationTally,
} from '../../../stages/runtime/text.ts';
import { letterTokenizer, tinyModel } from '../../rigs/tiny-model.ts';

const tokenizer = letterTokenizer(23);
const { bos, eos } = tokenizer;
const keepAll: Truncation = { max_query_tokens: 99, truncate_query: 'left', max_response_tokens: 99 };

function encode(
  prompt: string,
  response: string | null,
  truncation: Partial<Truncation> = {},
  finish = 'given' as const,
) {
  const encoded = encodeSequence(tokenizer, prompt, response, { ...keepAll, ...truncation }, finish);
  if (!encoded.ok) throw new Error(encoded.error.message);
  return encoded.value;
}

describe('encodeSequence', () => {
  it('is BOS and query, then response and EOS, tokenised apart', () => {
    const query = tokenizer.encode('abc');
    const response = tokenizer.encode('de');
    expect(encode('abc', 'de')).toEqual({
      query: [bos, ...query],
      response: [...response, eos],
      truncatedQuery: false,
      truncatedResponse: false,
      eos: true,
    });
  });

  it('cuts a long query on the side it is told, and keeps BOS', () => {
    const ids = tokenizer.encode('abcdef');
    expect(encode('abcdef', null, { max_query_tokens: 4 }).query).toEqual([bos, ...ids.slice(2)]);
    const right = encode('abcdef', null, { max_query_tokens: 4, truncate_query: 'right' });
    expect(right).toMatchObject({ query: [bos, ...ids.slice(0, 4)], truncatedQuery: true, response: [] });
  });

  it('refuses to cut where it is told to', () => {
    const refused = encodeSequence(tokenizer, 'abcdef', null, {
      max_query_tokens: 4,
      truncate_query: 'refuse',
    });
    expect(refused).toMatchObject({ ok: false, error: { code: 'query-too-long' } });
    expect(encode('abcd', null, { max_query_tokens: 4, truncate_query: 'refuse' }).truncatedQuery).toBe(
      false,
    );
  });

  it('leaves EOS out of a response that did not end', () => {
    const cut = encode('a', 'bcdef', { max_response_tokens: 3 });
    expect(cut).toMatchObject({ response: tokenizer.encode('bcd'), truncatedResponse: true, eos: false });
    const open = encodeSequence(tokenizer, 'a', 'bc', keepAll, 'length');
    expect(open).toMatchObject({
      value: { response: tokenizer.encode('bc'), truncatedResponse: false, eos: false },
    });
    const whole = encode('a', 'bcd', { max_response_tokens: 3 });
    expect(whole).toMatchObject({ truncatedResponse: false, eos: true });
  });

  it('never exceeds its limits, and has EOS exactly when nothing was cut', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 12 });
    fc.assert(
      fc.property(
        letters,
        letters,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        (q, r, mq, mr) => {
          const made = encode(q, r, { max_query_tokens: mq, max_response_tokens: mr });
          expect(made.query.length).toBeLessThanOrEqual(mq + 1);
          expect(made.response.length).toBeLessThanOrEqual(mr + 1);
          expect(made.response.at(-1) === eos).toBe(r.length <= mr);
          expect(made.truncatedQuery).toBe(q.length > mq);
        },
      ),
    );
  });
});

describe('truncationTally', () => {
  it('is silent when nothing was cut and counts otherwise', () => {
    const truncation: Truncation = { max_query_tokens: 2, truncate_query: 'left', max_response_tokens: 2 };
    const tally = truncationTally(truncation);
    tally.add(encode('ab', 'c', truncation));
    expect(tally.note('rows')).toBeNull();
    tally.add(encode('abc', 'c', truncation));
    tally.add(encode('abc', 'abc', truncation));
    expect(tally.note('rows')).toBe(
      '2 queries cut to 2 tokens (their first tokens dropped), 1 responses cut to 2 tokens and left without EOS, of 3 rows.',
    );
  });
});

describe('checkPositions', () => {
  it('fails above the positions of the model', () => {
    const model = tinyModel({ max_position_embeddings: 8 });
    expect(checkPositions(model, 8).ok).toBe(true);
    expect(checkPositions(model, 9)).toMatchObject({ error: { code: 'sequence-too-long' } });
  });
});
