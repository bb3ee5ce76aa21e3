import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { Graph } from '../../engine/pipeline/graph.ts';
import { loadPipeline, type Overrides } from '../../engine/pipeline/load.ts';

const folder = join(import.meta.dirname, '../../pipelines');
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const none: Overrides = { with: {}, in: {}, set: {}, cwd: folder };

async function graphOf(file: string, overrides: Partial<Overrides> = {}): Promise<Graph> {
  const loaded = await loadPipeline(join(folder, file), { ...none, ...overrides });
  if (!loaded.ok)
    throw new Error(loaded.error.map(({ code, message }: Diagnostic) => `${code}: ${message}`).join('\n'));
  expect(loaded.value.warnings).toEqual([]);
  return loaded.value.graph;
}

const ids = (graph: Graph, name: string): string[] =>
  graph.stages.filter((stage) => stage.name === name).map((stage) => stage.id);

describe('the pipelines of the repository', () => {
  test.each(files)('%s loads without a warning', async (file) => {
    const graph = await graphOf(file);
    expect(graph.stages.length).toBeGreaterThan(0);
  });

  test('rrhf.yaml trains one policy a seed', async () => {
    const graph = await graphOf('rrhf.yaml', { with: { seeds: [1, 2, 3] } });
    expect(ids(graph, 'rrhf')).toEqual(['rrhf[seed=1]', 'rrhf[seed=2]', 'rrhf[seed=3]']);
  });

  test('rrhf.yaml truncates alike wherever text becomes tokens', async () => {
    const graph = await graphOf('rrhf.yaml');
    const of = (name: string): unknown[] => [
      ...new Set(graph.stages.filter((stage) => name in stage.with).map((stage) => stage.with[name])),
    ];
    expect(of('max_query_tokens')).toHaveLength(1);
    expect(of('truncate_query')).toEqual(['left']);
    expect([...new Set([...of('max_response_tokens'), ...of('max_new_tokens')])]).toHaveLength(1);
  });

  test('policies.yaml crosses four policies with three seeds', async () => {
    const graph = await graphOf('policies.yaml');
    expect(ids(graph, 'rrhf')).toHaveLength(12);
    expect(ids(graph, 'sft')).toHaveLength(3);
  });
});
