import { expect, it } from 'vitest';
import { renderDiagnostics } from '../../engine/report/diagnostics.ts';
import { problemsOf } from './rig.ts';

/** What a person reads, whole. */
async function shown(text: string): Promise<string> {
  const lines = renderDiagnostics(await problemsOf(text), { read: () => text, show: (path) => path });
  return `\n${lines.map((line) => line.map((part) => (typeof part === 'string' ? part : part.text)).join('')).join('\n')}\n`;
}

it('a file with three mistakes', async () => {
  const text = `with: { lr: 0.1 }
stages:
  data: { uses: data, in: { transcripts: ./rows.jsonl } }
  sft:
    uses: train
    in: { records: data.rejects }
    wiht: { lr: "\${with.lrr}" }
`;
  expect(await shown(text)).toMatchInlineSnapshot(`
    "
    p.yaml:6:20 error[wrong-artifact-type]: Input "records" of "sft" takes records(pairs) or records(demonstrations), but data.rejects is records(rejects).
      > 6 |     in: { records: data.rejects }
          |                    ^^^^^^^^^^^^
      hint: fitting: data.train, data.test
    p.yaml:7:5 error[unknown-key]: Unknown key "wiht" in stage "sft".
      > 7 |     wiht: { lr: "\${with.lrr}" }
          |     ^^^^
      hint: did you mean "with"?
    p.yaml:7:18 error[unknown-name]: No parameter "lrr" for \${with.lrr}.
      > 7 |     wiht: { lr: "\${with.lrr}" }
          |                  ^^^^^^^^^^^
      hint: did you mean "lr"?
    3 errors
    "
  `);
});

it('a cycle', async () => {
  const text = `stages:
  a: { run: [t], in: { x: b.o }, out: { o: file } }
  b: { run: [t], in: { x: a.o }, out: { o: file } }
`;
  expect(await shown(text)).toMatchInlineSnapshot(`
    "
    p.yaml:2:27 error[cycle]: These stages need each other in a circle: a -> b -> a; here "a" needs "b".
      > 2 |   a: { run: [t], in: { x: b.o }, out: { o: file } }
          |                           ^^^
      p.yaml:3:27 "b" needs "a"
      > 3 |   b: { run: [t], in: { x: a.o }, out: { o: file } }
          |                           ^^^
      hint: take one of these inputs away
    "
  `);
});

it('a value that came from elsewhere', async () => {
  const text = `with: { lr: -1 }
stages:
  data: { uses: data, in: { transcripts: ./rows.jsonl } }
  sft: { uses: train, in: { records: data.train }, with: { lr: "\${with.lr}" } }
`;
  expect(await shown(text)).toMatchInlineSnapshot(`
    "
    p.yaml:4:64 error[out-of-range]: with.lr of stage "sft" must be greater than 0, but is -1 (from with.lr).
      > 4 |   sft: { uses: train, in: { records: data.train }, with: { lr: "\${with.lr}" } }
          |                                                                ^^^^^^^^^^^^
      hint: Learning rate.
    "
  `);
});
