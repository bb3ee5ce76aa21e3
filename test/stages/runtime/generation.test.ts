import { describe, expect, it } from 'vitest';
import { type GenerationParams, generateOptions, settingsOf } from '../../../stages/runtime/generation.ts';

const params: GenerationParams = {
  strategy: 'sample',
  temperature: 0.8,
  top_k: 0,
  top_p: 1,
  beams: null,
  groups: 4,
  diversity_penalty: 1,
  length_penalty: 1,
  max_new_tokens: 16,
  min_new_tokens: 1,
  stop: [],
  batch: 8,
};

describe('generateOptions', () => {
  it.each([
    ['greedy', {}, { n: 1, beams: 1, groups: 1 }],
    ['sample', {}, { n: 4, beams: 1, groups: 1 }],
    ['beam', {}, { n: 4, beams: 4, groups: 1, diversityPenalty: 0 }],
    ['beam', { beams: 6 }, { n: 6, beams: 6 }],
    ['diverse-beam', {}, { n: 4, beams: 4, groups: 4, diversityPenalty: 1 }],
    ['diverse-beam', { beams: 8 }, { n: 4, beams: 8, groups: 4 }],
  ] as const)('gives %s its own number of responses', (strategy, more, expected) => {
    expect(generateOptions({ ...params, strategy, ...more }, null)).toMatchObject({
      ok: true,
      value: expected,
    });
  });

  it('takes n where it is given', () => {
    expect(generateOptions({ ...params, strategy: 'beam' }, 3)).toMatchObject({ value: { n: 3, beams: 3 } });
    expect(generateOptions(params, 7)).toMatchObject({ value: { n: 7 } });
  });

  it.each([
    ['greedy with two responses', { strategy: 'greedy' }, 2],
    ['beams that do not divide', { strategy: 'diverse-beam', beams: 6 }, null],
    ['more responses than beams', { strategy: 'beam', beams: 2 }, 3],
    ['a least length above the most', { min_new_tokens: 17 }, null],
  ] as const)('refuses %s', (_, more, n) => {
    expect(generateOptions({ ...params, ...more }, n)).toMatchObject({
      ok: false,
      error: { code: 'bad-generation' },
    });
  });
});

describe('settingsOf', () => {
  it('names what had a say and nothing else', () => {
    const settings = (strategy: GenerationParams['strategy']): string[] => {
      const options = generateOptions({ ...params, strategy }, null);
      return options.ok ? Object.keys(settingsOf(options.value)).sort() : [];
    };
    expect(settings('greedy')).toEqual(['max_new_tokens', 'min_new_tokens', 'n', 'stop', 'strategy']);
    expect(settings('sample')).toContain('temperature');
    expect(settings('diverse-beam')).toContain('diversity_penalty');
    expect(settings('beam')).not.toContain('temperature');
  });
});
