import { type GraphFormat, renderGraph } from '../pipeline/render.ts';
import { line } from '../report/line.ts';
import { type Call, writeLines } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { load } from './load.ts';
import type { OverrideOptions } from './values.ts';

interface GraphOptions extends OverrideOptions {
  readonly format: GraphFormat;
}

/** `graph FILE --format F`. Under `--json` every instance, whatever the format. */
export async function graph(call: Call, file: string, options: GraphOptions): Promise<ExitCode> {
  const loaded = await load(call, file, options);
  if (!loaded.ok) return loaded.error;
  const text = renderGraph(loaded.value.graph, call.json ? 'json' : options.format);
  if (call.json) process.stdout.write(`${JSON.stringify(JSON.parse(text))}\n`);
  else
    writeLines(
      process.stdout,
      call,
      text.split('\n').map((each) => line(each)),
    );
  return EXIT.done;
}
