import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { JournalReader } from '../../engine/cli/journal-reader.ts';
import type { Event } from '../../engine/event.ts';
import { statusLines } from '../../engine/report/status.ts';
import { Tally } from '../../engine/report/tally.ts';
import { Story } from '../rigs/events.ts';

function journal(): string {
  const folder = mkdtempSync(join(tmpdir(), 'warren-journal-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'events.jsonl');
}

it('gives each event once, and one that is half written later', () => {
  const path = journal();
  const reader = new JournalReader(path);
  expect(reader.next()).toEqual([]);
  const note = { type: 'stage-note', at: 1, stage: 'a', text: 'café' };
  const line = Buffer.from(`${JSON.stringify(note)}\n`);
  const half = line.length - 4;
  appendFileSync(path, Buffer.concat([line, line.subarray(0, half)]));
  expect(reader.next()).toEqual([note]);
  expect(reader.next()).toEqual([]);
  appendFileSync(path, line.subarray(half));
  expect(reader.next()).toEqual([note]);
});

it('a character that lies across two reads is whole', () => {
  const path = journal();
  const reader = new JournalReader(path);
  const note = { type: 'stage-note', at: 1, stage: 'a', text: 'é' };
  const line = Buffer.from(`${JSON.stringify(note)}\n`);
  const inside = line.indexOf(0xc3) + 1;
  appendFileSync(path, line.subarray(0, inside));
  expect(reader.next()).toEqual([]);
  appendFileSync(path, line.subarray(inside));
  expect(reader.next()).toEqual([note]);
});

/** A run of each kind of event. */
function events(): Event[] {
  const said: Event[] = [];
  const story = new Story((event) => said.push(event));
  story.begin({ a: 'run', b: 'maybe', c: 'fresh' });
  story.start(1, 'a', [{ kind: 'param', name: 'lr', before: '1', after: '2' }]);
  story.progress(2, 'a', 1, 10, { loss: 1 });
  story.print(3, 'a', 'hello');
  story.end(4, 'a', 'failed', 3, { failure: { code: 'exit-non-zero', message: 'It exited with code 1.' } });
  story.end(4, 'b', 'skipped', 0, { reason: 'needs a' });
  story.end(4, 'c', 'fresh', 0, { from: '20261122T101500000-1a2b' });
  story.finish(5, 'failed');
  return said;
}

it('counts torn lines and events of later versions, and reads the rest', () => {
  const path = journal();
  const [first, ...rest] = events().map((event) => JSON.stringify(event));
  const later = '{"type":"stage-dreamt","at":1,"stage":"a"}';
  const action = JSON.stringify({ ...events().at(-2), action: 'adopted' });
  appendFileSync(path, [first, '{"type":"stage-st', later, action, 'null', '[]', ...rest, ''].join('\n'));
  const reader = new JournalReader(path);
  expect(reader.next()).toEqual(events());
  expect(reader.unread).toBe(5);
});

it('a reason that only a later version knows is shown by its name', () => {
  const path = journal();
  const [, started] = events();
  appendFileSync(path, `${JSON.stringify({ ...started, because: [{ kind: 'mood', of: 'moon' }] })}\n`);
  expect(new JournalReader(path).next()).toMatchObject([{ because: [{ kind: 'other', field: 'mood' }] }]);
});

it('whatever stands in a journal, readers show a run or nothing', () => {
  const lines = events().map((event) => JSON.stringify(event));
  const odd = fc.oneof(
    fc.jsonValue().map((value) => JSON.stringify(value)),
    fc.tuple(fc.constantFrom(...lines), fc.jsonValue(), fc.nat()).map(([text, value, at]) => {
      const event = JSON.parse(text) as { [field: string]: unknown };
      const fields = Object.keys(event).filter((field) => field !== 'type');
      return JSON.stringify({ ...event, [fields[at % fields.length] as string]: value });
    }),
    fc.tuple(fc.constantFrom(...lines), fc.nat(60)).map(([text, at]) => text.slice(0, at)),
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom(...lines), odd)), (text) => {
      const path = journal();
      appendFileSync(path, `${text.join('\n')}\n`);
      const reader = new JournalReader(path);
      const tally = new Tally();
      for (const event of reader.next()) tally.add(event);
      for (const alive of [true, false]) statusLines(tally, 0, alive, (shown) => shown);
      expect(reader.unread).toBeLessThanOrEqual(text.length);
    }),
    { numRuns: 300 },
  );
});
