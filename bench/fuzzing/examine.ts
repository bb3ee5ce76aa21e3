/** @file What has to be true of every file, however broken: it is explained, or it is taken and can be shown and planned. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { loadPipeline } from '../../engine/pipeline/load.ts';
import { GRAPH_FORMATS, renderGraph } from '../../engine/pipeline/render.ts';
import { planRun } from '../../engine/plan/asking.ts';
import { findProject } from '../../engine/project.ts';
import { renderDiagnostics } from '../../engine/report/diagnostics.ts';

export interface Examined {
  readonly accepted: boolean;
  readonly codes: readonly string[];
  /** What is wrong with the answer itself. */
  readonly fault: string | undefined;
}

/** Loads `text` as `p.yaml` of a folder that holds `rows.jsonl`. */
export async function examine(text: string, folder: string): Promise<Examined> {
  writeFileSync(join(folder, 'p.yaml'), text);
  let accepted = false;
  const codes: string[] = [];
  try {
    const loaded = await loadPipeline('p.yaml', { with: {}, in: {}, set: {}, cwd: folder });
    const told = loaded.ok ? loaded.value.warnings : loaded.error;
    codes.push(...told.map(({ code }) => code));
    renderDiagnostics(told, { read: () => text, show: (path) => path });
    const fault = told.map((each) => diagnosticFault(each, text)).find((each) => each !== undefined);
    if (fault !== undefined) return { accepted: loaded.ok, codes, fault };
    if (!loaded.ok)
      return { accepted, codes, fault: told.length > 0 ? undefined : 'refused without a reason' };
    accepted = true;
    const { graph } = loaded.value;
    for (const format of GRAPH_FORMATS) renderGraph(graph, format);
    const { stages } = await planRun(graph, findProject(graph.file, {}), { threads: 1 });
    const planned =
      stages.length >= graph.stages.length ? undefined : 'the plan has fewer stages than the graph';
    return { accepted, codes, fault: planned };
  } catch (error) {
    return {
      accepted,
      codes,
      fault: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}

/** Undefined for one that has a code, a sentence and, if any, a place that is in the file. */
function diagnosticFault(
  { code, message, place, related = [] }: Diagnostic,
  text: string,
): string | undefined {
  if (!/^[a-z][a-z0-9-]+$/.test(code)) return `the code ${code}`;
  if (!/[.!?]$/.test(message)) return `${code}: no sentence: ${message}`;
  const lines = text.split(/\r\n|\n/);
  for (const each of [place, ...related.map((one) => one.place)]) {
    if (each === undefined || !each.file.endsWith('p.yaml')) continue;
    const line = lines[each.line - 1];
    if (line === undefined || each.column > line.length + 2 || each.length < 1)
      return `${code}: ${each.line}:${each.column} is not in the file`;
  }
  return undefined;
}
