import { renderGraph } from '../pipeline/render.ts';
import { line } from '../report/line.ts';
import { answer, type Call } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { load } from './load.ts';
import type { OverrideOptions } from './values.ts';

interface GraphOptions extends OverrideOptions {
  readonly format: 'text' | 'mermaid' | 'dot' | 'json';
}

/** `graph FILE --format F`: `--json` and `--format json` are the same. */
export async function graph(call: Call, file: string, options: GraphOptions): Promise<ExitCode> {
  const loaded = await load(call, file, options);
  if (!loaded.ok) return loaded.error;
  const text = renderGraph(loaded.value.graph, options.format);
  answer(call, { schema: 'warren/graph/1' }, () => text.split('\n').map((each) => line(each)));
  return EXIT.done;
}
