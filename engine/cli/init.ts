import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Line, span } from '../report/line.ts';
import { answer, type Call, refuseCall } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { packageRoot } from './package.ts';
import { copyNew, TEMPLATE_NAMES, templateOf } from './templates.ts';

interface InitDocument {
  readonly schema: 'warren/init/1';
  readonly created: readonly string[];
  /** Files that were there already and were left as they are. */
  readonly kept: readonly string[];
  readonly next: string;
}

const PROJECT = `# yaml-language-server: $schema=schemas/project.schema.json
# This file marks the project: state lives in .warren/ beside it, results in out/.
# Hosts, clusters and GPUs go under profiles:, remotes under remotes:.
`;
const SCHEMAS = [join('schemas', 'project.schema.json'), join('schemas', 'pipeline.schema.json')];
const IGNORED = ['.warren/', 'out/'];

/** `init [TEMPLATE]`: writes what is missing, overwrites nothing. */
export async function init(call: Call, name = 'command'): Promise<ExitCode> {
  const template = await templateOf(name);
  if (template === undefined) {
    return refuseCall(
      call,
      'unknown-template',
      `There is no template "${name}".`,
      `templates: ${TEMPLATE_NAMES.join(', ')}`,
    );
  }
  const pipeline = join('pipelines', template.name);
  const made: [path: string, created: boolean][] = [
    ['warren.yaml', writeNew(call, 'warren.yaml', PROJECT)],
    ...SCHEMAS.map((path): [string, boolean] => [
      path,
      copyNew(join(packageRoot(), path), join(call.cwd, path)),
    ]),
    ...template.data.map(({ from, to }): [string, boolean] => {
      const path = join('pipelines', to);
      return [path, copyNew(from, join(call.cwd, path))];
    }),
    [pipeline, writeNew(call, pipeline, template.text)],
    ['.gitignore', ignoreState(call)],
  ];
  const created = made.filter(([, isNew]) => isNew).map(([path]) => path);
  const kept = made.filter(([, isNew]) => !isNew).map(([path]) => path);
  const next = `warren run ${pipeline}`;
  const document: InitDocument = { schema: 'warren/init/1', created, kept, next };
  answer(call, document, (): Line[] => {
    if (call.quiet) return [];
    return [
      ...created.map((path): Line => [span('created  ', 'good'), span(path)]),
      ...kept.map((path): Line => [span('kept     ', 'dim'), span(path)]),
      [span('next:    ', 'info'), span(next)],
    ];
  });
  return EXIT.done;
}

function writeNew(call: Call, path: string, text: string): boolean {
  const file = join(call.cwd, path);
  if (existsSync(file)) return false;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { flag: 'wx' });
  return true;
}

/** Adds the entries that .gitignore lacks; true if it was changed. */
function ignoreState(call: Call): boolean {
  const file = join(call.cwd, '.gitignore');
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const lines = new Set(before.split(/\r?\n/).map((line) => line.trim()));
  const missing = IGNORED.filter((entry) => !lines.has(entry) && !lines.has(entry.slice(0, -1)));
  if (missing.length === 0) return false;
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  appendFileSync(file, `${gap}${missing.join('\n')}\n`);
  return true;
}
