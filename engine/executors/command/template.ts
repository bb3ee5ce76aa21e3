/** @file Commands of a profile with placeholders in their words. No shell reads them. */
import { err, ok, type Result } from '../../../base/result.ts';
import type { Resources } from '../../pipeline/graph.ts';
import type { TemplateWord } from '../settings.ts';

/** Of a placeholder: one value, or several. `undefined`: it means nothing here. */
export type Values = { readonly [name: string]: string | readonly string[] | undefined };

/** Numbers that a stage may leave open. */
const REQUESTS = ['cpus', 'memory_mb', 'gpus', 'time_minutes'] as const;

const PLACEHOLDER = /\{([a-z_]+)\}/g;

/**
 * Each word stays one word, whatever is in it; only `{ids}` and `{names}` alone are a word for each. Within a word several
 * values are joined by commas.
 */
export function fill(template: readonly TemplateWord[], values: Values): [string, ...string[]] {
  const words = template.flatMap((part) => {
    if (typeof part === 'string') return fillWord(part, values);
    const asked = placeholdersIn(part).every((name) => !isRequest(name) || values[name] !== '0');
    return asked ? part.flatMap((word) => fillWord(word, values)) : [];
  });
  const [first, ...rest] = words;
  if (first === undefined) throw new Error('Internal error: a command of a profile without words');
  return [first, ...rest];
}

function fillWord(word: string, values: Values): readonly string[] {
  const alone = /^\{([a-z_]+)\}$/.exec(word)?.[1];
  const value = alone === undefined ? undefined : values[alone];
  if (typeof value === 'object') return value;
  return [
    word.replaceAll(PLACEHOLDER, (whole, name: string) => {
      const one = values[name];
      return one === undefined ? whole : typeof one === 'string' ? one : one.join(',');
    }),
  ];
}

function placeholdersIn(template: readonly TemplateWord[]): string[] {
  return template.flat().flatMap((word) => [...word.matchAll(PLACEHOLDER)].map((match) => match[1] ?? ''));
}

function isRequest(name: string): boolean {
  return (REQUESTS as readonly string[]).includes(name);
}

export function requestValues({ cpus, memory, gpus, time }: Resources): Values {
  return {
    cpus: String(Math.ceil(cpus)),
    memory_mb: String(Math.ceil(memory / 2 ** 20)),
    gpus: String(gpus),
    time_minutes: String(Math.ceil(time / 60)),
  };
}

/** Whether the command can say what the stage asks for. Its time is kept by the wrapper in any case. */
export function expressed(
  template: readonly TemplateWord[],
  resources: Resources,
): Result<undefined, string> {
  const names = new Set(placeholdersIn(template));
  const { nodes, gpuType, gpuMemory } = resources;
  if (nodes > 1) return err('several nodes');
  if (gpuType !== undefined || gpuMemory > 0) return err('a type of GPU or its memory');
  if (resources.gpus > 0 && !names.has('gpus')) return err('GPUs: {gpus}');
  if (resources.memory > 0 && !names.has('memory_mb')) return err('memory: {memory_mb}');
  if (resources.cpus > 1 && !names.has('cpus')) return err('cores: {cpus}');
  return ok(undefined);
}
