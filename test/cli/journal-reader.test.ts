import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { JournalReader } from '../../engine/cli/journal-reader.ts';

function journal(): string {
  const folder = mkdtempSync(join(tmpdir(), 'warren-journal-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'events.jsonl');
}

it('gives each event once, and one that is half written later', () => {
  const path = journal();
  const reader = new JournalReader(path);
  expect(reader.next()).toEqual([]);
  const line = Buffer.from('{"type":"stage-note","text":"café"}\n');
  const half = line.length - 4;
  appendFileSync(path, Buffer.concat([line, line.subarray(0, half)]));
  expect(reader.next()).toEqual([{ type: 'stage-note', text: 'café' }]);
  expect(reader.next()).toEqual([]);
  appendFileSync(path, line.subarray(half));
  expect(reader.next()).toEqual([{ type: 'stage-note', text: 'café' }]);
});

it('a character that lies across two reads is whole', () => {
  const path = journal();
  const reader = new JournalReader(path);
  const line = Buffer.from('{"text":"é"}\n');
  const inside = line.indexOf(0xc3) + 1;
  appendFileSync(path, line.subarray(0, inside));
  expect(reader.next()).toEqual([]);
  appendFileSync(path, line.subarray(inside));
  expect(reader.next()).toEqual([{ text: 'é' }]);
});
