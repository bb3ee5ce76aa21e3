import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { NOISE, type Row, rows, transcripts } from '../../pipelines/data/generate.ts';
import { directQuestion } from '../../pipelines/data/material.ts';

const MARK = '\n\nAssistant:';
const all = rows();
const promptOf = (transcript: string): string =>
  transcript.slice(0, transcript.lastIndexOf(MARK) + MARK.length);
const responseOf = (transcript: string): string => transcript.slice(promptOf(transcript).length);
const wordsIn = (text: string): number => text.trim().split(/\s+/).length;
const share = (of: readonly Row[], holds: (row: Row) => boolean): number =>
  of.filter(holds).length / of.length;

describe('the committed preference set', () => {
  test('is byte for byte what the generator writes', () => {
    const file = join(import.meta.dirname, '../../pipelines/data/transcripts.jsonl');
    expect(readFileSync(file, 'utf8') === transcripts()).toBe(true);
  });

  test('has at least 1,600 prompts, all different', () => {
    expect(new Set(all.map((row) => promptOf(row.chosen))).size).toBe(all.length);
    expect(all.length).toBeGreaterThanOrEqual(1600);
  });

  test('pairs share their prompt and differ in their response', () => {
    expect(all.filter((row) => promptOf(row.chosen) !== promptOf(row.rejected))).toEqual([]);
    expect(all.filter((row) => responseOf(row.chosen) === responseOf(row.rejected))).toEqual([]);
  });

  test('is written in HH turns: human first, alternating, one to three human turns, no empty turn', () => {
    const shape = /^(\n\nHuman: [^\n]+\n\nAssistant: [^\n]+){1,3}$/;
    expect(all.filter((row) => !shape.test(row.chosen) || !shape.test(row.rejected))).toEqual([]);
    const turns = new Set(all.map((row) => row.chosen.split('\n\nHuman:').length - 1));
    expect(turns).toEqual(new Set([1, 2, 3]));
  });

  test('keeps responses short', () => {
    const lengths = all.flatMap((row) => [
      wordsIn(responseOf(row.chosen)),
      wordsIn(responseOf(row.rejected)),
    ]);
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(8);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(50);
  });

  test('does not give the answer away by length', () => {
    const longer = share(all, (row) => responseOf(row.chosen).length > responseOf(row.rejected).length);
    expect(Math.abs(longer - 0.5)).toBeLessThan(0.05);
  });

  test('holds helpfulness and harmlessness, and pairs in which both responses are safe', () => {
    const harmless = all.filter((row) => row.kind === 'harmless');
    expect(harmless.length / all.length).toBeGreaterThan(0.2);
    expect(harmless.some((row) => row.chosen_safe && row.rejected_safe)).toBe(true);
    expect(all.filter((row) => row.kind === 'helpful' && !(row.chosen_safe && row.rejected_safe))).toEqual(
      [],
    );
  });

  test('turns around about one preference in twenty', () => {
    const unsafe = all.filter((row) => !(row.chosen_safe && row.rejected_safe));
    const turned = share(unsafe, (row) => !row.chosen_safe);
    expect(Math.abs(turned - NOISE)).toBeLessThan(0.04);
  });

  test('another seed gives other rows from the same material', () => {
    expect(transcripts(18)).not.toBe(transcripts());
    expect(rows(18).length).toBe(all.length);
  });
});

describe('a direct question', () => {
  test.each([
    ['how to prune roses', 'How do I prune roses?'],
    ['when to prune roses', 'When should I prune roses?'],
    ['how often to water tomatoes', 'How often should I water tomatoes?'],
  ])('%s', (how, question) => expect(directQuestion(how)).toBe(question));

  test('needs "to" in its embedded form', () => {
    expect(() => directQuestion('why the wind blows')).toThrow('needs a q of its own');
  });
});
