import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { closest, distance } from 'fastest-levenshtein';
import { kindNames, manifestOf } from '../pipeline/registry.ts';
import { type Call, refuseCall } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { packageRoot } from './package.ts';

/** `schema [KIND]`: JSON, indented and ready to be redirected into a file; under `--json` in one versioned line. */
export function schema(call: Call, kind?: string): Promise<ExitCode> {
  return Promise.resolve(printSchema(call, kind));
}

function printSchema(call: Call, kind: string | undefined): ExitCode {
  const document = kind === undefined ? pipelineSchema() : manifestOf(kind);
  if (document === undefined) {
    const near = closest(kind ?? '', [...kindNames()]);
    const meant = distance(kind ?? '', near) <= 2 ? `, did you mean "${near}"?` : '';
    return refuseCall(
      call,
      'unknown-kind',
      `There is no kind "${kind}"${meant === '' ? '.' : meant}`,
      `kinds: ${kindNames().join(', ')}`,
    );
  }
  const text = call.json
    ? JSON.stringify({ schema: 'warren/schema/1', kind: kind ?? null, document })
    : JSON.stringify(document, null, 2);
  process.stdout.write(`${text}\n`);
  return EXIT.done;
}

function pipelineSchema(): unknown {
  return JSON.parse(readFileSync(join(packageRoot(), 'schemas', 'pipeline.schema.json'), 'utf8'));
}
