import { expect, it } from 'vitest';
import type { StageId } from '../../base/ids.ts';
import { GRAPH_FORMATS, renderGraph } from '../../engine/pipeline/render.ts';
import { graphOf } from './rig.ts';

const TEXT = `stages:
  data: { uses: data, in: { transcripts: ./rows.jsonl } }
  end: { uses: train, matrix: { seed: [1, 2] }, in: { records: data.train }, with: { lr: 1, seed: "\${matrix.seed}" } }
  test: { uses: evaluate, in: { models: { m: "end[*].model" }, prompts: data.test } }
out: { best: "end[seed=1].model", all: "end[*].metrics" }
`;
const status = new Map([
  ['data', 'fresh'],
  ['end[seed=1]', 'run'],
  ['end[seed=2]', 'fresh'],
] as [StageId, 'fresh' | 'run'][]);

it('shows a matrix as one node', async () => {
  const graph = await graphOf(TEXT);
  expect(renderGraph(graph, 'text', status)).toMatchInlineSnapshot(`
    "data          data      fresh
    end[seed] x2  train     1 run, 1 fresh  <- data.train
    test          evaluate                  <- end[*].model, data.test
    out.best                                <- end.model
    out.all                                 <- end[*].metrics"
  `);
  expect(renderGraph(graph, 'mermaid', status)).toMatchInlineSnapshot(`
    "flowchart TD
      s0["data<br/>fresh"]
      s1["end[seed] x2<br/>train<br/>1 run, 1 fresh"]
      s2["test<br/>evaluate"]
      s0 -->|train| s1
      s1 ==>|model| s2
      s0 -->|test| s2
      o0(["best"])
      o1(["all"])
      s1 -.->|model| o0
      s1 -.->|metrics| o1
      classDef fresh fill:#d9f2d9,stroke:#555,color:#111
      classDef run fill:#fde9c8,stroke:#555,color:#111
      class s0 fresh
      class s1 run"
  `);
  expect(renderGraph(graph, 'dot')).toMatchInlineSnapshot(`
    "digraph "p" {
      rankdir=TB; node [shape=box, style="rounded,filled", fillcolor=white];
      "data" [label="data"];
      "end" [label="end[seed] x2\\ntrain"];
      "test" [label="test\\nevaluate"];
      "data" -> "end" [label="train"];
      "end" -> "test" [label="model", style=bold];
      "data" -> "test" [label="test"];
      "out.best" [label="best", shape=ellipse];
      "out.all" [label="all", shape=ellipse];
      "end" -> "out.best" [label="model", style=dashed];
      "end" -> "out.all" [label="metrics", style=dashed];
    }"
  `);
});

it('lists every instance as JSON', async () => {
  const graph = await graphOf(TEXT);
  expect(JSON.parse(renderGraph(graph, 'json', status))).toMatchObject({
    schema: 'warren/graph/1',
    stages: [
      { id: 'data', needs: [], status: 'fresh' },
      { id: 'end[seed=1]', axes: { seed: 1 }, needs: ['data'], status: 'run' },
      { id: 'end[seed=2]' },
      { id: 'test', needs: ['end[seed=1]', 'end[seed=2]', 'data'] },
    ],
    out: ['best', 'all'],
  });
});

it('draws thousands of instances as one, in every format', async () => {
  const seeds = Array.from({ length: 2000 }, (_, i) => i);
  const graph = await graphOf(
    `with: { seeds: [${seeds}] }\nstages:\n  a: { matrix: { s: "\${with.seeds}" }, run: [t, "\${matrix.s}"], out: { o: file } }\n  b: { matrix: a, run: [t, "\${matrix.s}"], in: { x: "a[*].o" } }\n`.replace(
      'matrix: a, run',
      'matrix: { s: [1, 2] }, run',
    ),
  );
  expect(graph.stages).toHaveLength(2002);
  for (const format of GRAPH_FORMATS.filter((one) => one !== 'json')) {
    expect(renderGraph(graph, format).split('\n').length).toBeLessThan(12);
  }
});
