import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutAtStop, splitPair, splitTranscript } from '../../stages/objectives/index.ts';

const one = '\n\nHuman: Hi\n\nAssistant: Hello';
const two = `${one}\n\nHuman: Bye\n\nAssistant: Farewell`;

describe('splitTranscript', () => {
  it('splits at the last assistant turn and keeps the leading space', () => {
    expect(splitTranscript(two)).toEqual({
      ok: true,
      value: { prompt: `${one}\n\nHuman: Bye\n\nAssistant:`, response: ' Farewell' },
    });
  });

  it('loses no character', () => {
    const text = fc.string({ minLength: 1 }).filter((s) => s.trim() !== '' && !s.includes('\n'));
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 4 }), (turns) => {
        const transcript = turns.map(([h, a]) => `\n\nHuman: ${h}\n\nAssistant: ${a}`).join('');
        const split = splitTranscript(transcript);
        expect(split.ok && split.value.prompt + split.value.response).toBe(transcript);
        expect(split.ok && split.value.response).toBe(` ${turns.at(-1)?.[1]}`);
      }),
    );
  });

  it.each([
    ['ends on a human turn', `${one}\n\nHuman: Bye`, 'wrong-roles'],
    ['has two human turns in a row', '\n\nHuman: a\n\nHuman: b\n\nAssistant: c', 'wrong-roles'],
    ['has two assistant turns in a row', '\n\nHuman: a\n\nAssistant: b\n\nAssistant: c', 'wrong-roles'],
    ['starts with the assistant', '\n\nAssistant: a', 'wrong-roles'],
    ['has no turn', 'Just text', 'wrong-roles'],
    ['is empty', '', 'wrong-roles'],
    ['has an empty response', '\n\nHuman: a\n\nAssistant: ', 'empty-response'],
  ])('refuses a transcript that %s', (_, transcript, code) => {
    expect(splitTranscript(transcript)).toMatchObject({ ok: false, error: { code } });
  });
});

describe('splitPair', () => {
  it('gives the common prompt and both responses', () => {
    expect(splitPair(one, '\n\nHuman: Hi\n\nAssistant: Go away')).toEqual({
      ok: true,
      value: { prompt: '\n\nHuman: Hi\n\nAssistant:', chosen: ' Hello', rejected: ' Go away' },
    });
  });

  it.each([
    ['prompts differ in words', one, '\n\nHuman: Ho\n\nAssistant: Hello', 'prompts-differ'],
    ['prompts differ in turns', one, two, 'prompts-differ'],
    ['one response is empty', one, '\n\nHuman: Hi\n\nAssistant:', 'empty-response'],
    ['responses are the same', one, one, 'identical-responses'],
    ['both end on a human turn', `${one}\n\nHuman: x`, `${one}\n\nHuman: y`, 'wrong-roles'],
  ])('refuses a pair whose %s', (_, chosen, rejected, code) => {
    expect(splitPair(chosen, rejected)).toMatchObject({ ok: false, error: { code } });
  });

  it('says which side is wrong without quoting it', () => {
    const result = splitPair(one, '\n\nHuman: Hi\n\nAssistant: \n');
    expect(result.ok ? '' : result.error.message).toBe('The last assistant turn of rejected is empty.');
  });
});

describe('cutAtStop', () => {
  it('cuts before the earliest stop string and trims nothing', () => {
    expect(cutAtStop(' yes \n\nHuman: no\n\nAssistant:', ['\n\nAssistant:', '\n\nHuman:'])).toEqual({
      text: ' yes ',
      stop: '\n\nHuman:',
    });
  });

  it('leaves other text whole', () => {
    expect(cutAtStop('Human', ['Human:'])).toEqual({ text: 'Human', stop: null });
    expect(cutAtStop('abc', [])).toEqual({ text: 'abc', stop: null });
  });

  it('names the longest of two that start together', () => {
    expect(cutAtStop('x##y', ['#', '##'])).toEqual({ text: 'x', stop: '##' });
  });

  it('cuts at most once and for good', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'c') });
    const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 3 }));
    fc.assert(
      fc.property(texts, stops, (text, list) => {
        const { text: kept, stop } = cutAtStop(text, list);
        expect(list.some((s) => kept.includes(s))).toBe(false);
        expect(text.startsWith(kept + (stop ?? ''))).toBe(true);
      }),
    );
  });

  it('refuses an empty stop string', () => {
    expect(() => cutAtStop('a', [''])).toThrow('must not be empty');
  });
});
