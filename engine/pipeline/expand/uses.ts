/** @file `uses:` and `run:` of a stage: a kind, a command, or another pipeline file. */
import { listed } from '../names.ts';
import type { Problems } from '../problems.ts';
import { childText, type Entry, type MapNode, type Range } from '../yaml/tree.ts';
import type { DraftTools, NestedDraft, TaskDraft } from './draft.ts';

export type Use = Pick<TaskDraft, 'form' | 'manifest'> | Pick<NestedDraft, 'form' | 'child'>;

/** Undefined after an error. */
export function useOf(node: MapNode, name: string, range: Range, tools: DraftTools): Use | undefined {
  const { problems } = tools;
  const uses = node.entries.get('uses');
  const run = node.entries.get('run');
  if (uses !== undefined && run !== undefined) {
    problems.error('uses-and-run', run.keyRange, `The stage "${name}" has both uses: and run:.`, {
      related: [{ message: 'uses: is here', range: uses.keyRange }],
      hint: 'keep one of them',
    });
    return undefined;
  }
  if (uses === undefined && run === undefined) {
    problems.error('missing-key', range, `The stage "${name}" has neither uses: nor run:.`, {
      hint: 'add uses: KIND, or run: with a command',
    });
    return undefined;
  }
  const word = childText(node, 'uses');
  const target = word === undefined ? undefined : targetOf(word);
  if (target !== 'pipeline') refuse(node, PIPELINE_KEYS, 'only-for-pipelines', pipelineHint, problems);
  if (run !== undefined) return { form: 'command', manifest: undefined };
  if (word === undefined || uses === undefined || target === undefined) return undefined;
  if (target === 'pipeline') {
    refuse(node, TASK_KEYS, 'not-for-pipelines', () => 'write it into the stages of that pipeline', problems);
    const child = tools.child(word, uses.value.range);
    return child && { form: 'pipeline', child };
  }
  refuse(node, ['shell', 'container'], 'only-for-commands', () => 'delete it', problems);
  return target === 'kind' ? kindOf(word, uses.value.range, tools) : elsewhere(word, target, uses, problems);
}

/** Keys that say how a task runs: a pipeline has no key and no process of its own. */
const TASK_KEYS = [
  'out',
  'shell',
  'env',
  'pass_env',
  'resources',
  'cache',
  'retries',
  'limits',
  'hardware',
  'container',
] as const;
const PIPELINE_KEYS = ['rounds', 'carry'] as const;

const pipelineHint = (key: string): string =>
  `${key}: repeats a pipeline: put the stages of a round in a file and write uses: ./round.yaml`;

const BELONGS: { readonly [code: string]: string } = {
  'only-for-commands': 'belongs to run: stages',
  'only-for-pipelines': 'belongs to stages that are pipelines',
  'not-for-pipelines': 'means nothing for a pipeline as a stage',
};

function refuse(
  node: MapNode,
  keys: readonly string[],
  code: keyof typeof BELONGS & string,
  hint: (key: string) => string,
  problems: Problems,
): void {
  for (const key of keys) {
    const entry = node.entries.get(key);
    if (entry !== undefined)
      problems.error(code, entry.keyRange, `${key}: ${BELONGS[code]}.`, { hint: hint(key) });
  }
}

type Target = 'kind' | 'pipeline' | 'folder' | 'remote' | 'bare-file';

function targetOf(word: string): Target {
  if (/^[a-z][a-z0-9+.-]*:/i.test(word) || word.startsWith('git@')) return 'remote';
  const path = /^(?:\.{1,2}\/|\/)/.test(word);
  if (/\.ya?ml$/i.test(word)) return path ? 'pipeline' : 'bare-file';
  return path || /[/\\]/.test(word) ? 'folder' : 'kind';
}

function elsewhere(
  word: string,
  target: Exclude<Target, 'kind' | 'pipeline'>,
  { value: { range } }: Entry,
  problems: Problems,
): undefined {
  switch (target) {
    case 'remote':
      problems.error(
        'remote-uses',
        range,
        `"${word}" is a remote address, and nothing is fetched to be run.`,
        {
          hint: 'copy the file into the project, read it, and write uses: ./file.yaml',
        },
      );
      return undefined;
    case 'bare-file':
      problems.error('bad-reference', range, `"${word}" is no kind; a pipeline file is named by its path.`, {
        hint: `write ./${word}`,
      });
      return undefined;
    case 'folder':
      problems.error('not-supported-yet', range, 'Kinds from a folder are not supported yet.', {
        hint: 'write the stages into this file, or use run: with a command',
      });
      return undefined;
  }
}

function kindOf(kind: string, range: Range, { problems, registry }: DraftTools): Use | undefined {
  const names = registry.kindNames().filter((name) => name !== 'command');
  const manifest = kind === 'command' ? undefined : registry.manifestOf(kind);
  if (manifest !== undefined) return { form: 'kind', manifest };
  const hint =
    kind === 'command'
      ? 'write run: with the command instead of uses:'
      : (problems.suggest(kind, names) ?? `kinds: ${listed(names, 20)}`);
  problems.error('unknown-kind', range, `There is no kind "${kind}".`, { hint });
  return undefined;
}
