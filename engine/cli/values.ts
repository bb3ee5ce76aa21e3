/** @file `--with k=v`, `--set stage.param=v`, `--in k=path`: text of the call into overrides. */
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { Json } from '../../base/json.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Overrides } from '../pipeline/load.ts';

export interface OverrideOptions {
  readonly with?: readonly string[];
  readonly set?: readonly string[];
  readonly in?: readonly string[];
}

/** All wrong options at once. A value is one YAML value: `0.1`, `[1, 2]`, `"text"`. */
export async function parseOverrides(
  options: OverrideOptions,
  cwd: string,
): Promise<Result<Overrides, Diagnostic[]>> {
  const wrong: Diagnostic[] = [];
  const values = async (flag: string, texts: readonly string[] = []): Promise<{ [name: string]: Json }> => {
    const found: { [name: string]: Json } = Object.create(null);
    for (const [name, text] of pairs(flag, texts, wrong)) {
      const value = await yamlValue(flag, name, text);
      if (value.ok) found[name] = value.value;
      else wrong.push(...value.error);
    }
    return found;
  };
  const overrides: Overrides = {
    with: await values('--with', options.with),
    set: await values('--set', options.set),
    in: Object.fromEntries(pairs('--in', options.in ?? [], wrong)),
    cwd,
  };
  return wrong.length > 0 ? err(wrong) : ok(overrides);
}

/** `k=v` split at the first `=`; a name given twice is an error, never the last one wins. */
function pairs(flag: string, texts: readonly string[], wrong: Diagnostic[]): [name: string, value: string][] {
  const found = new Map<string, string>();
  for (const text of texts) {
    const at = text.indexOf('=');
    const name = text.slice(0, at);
    if (at <= 0)
      wrong.push(
        problem('bad-override', `${flag} ${text} is not of the form name=value.`, `write ${flag} name=value`),
      );
    else if (found.has(name))
      wrong.push(problem('duplicate-override', `${flag} gives "${name}" twice.`, 'give it once'));
    else found.set(name, text.slice(at + 1));
  }
  return [...found];
}

/** Read as a value in the file would be, with the same refusals. */
async function yamlValue(
  flag: string,
  name: string,
  text: string,
): Promise<Result<Json, readonly Diagnostic[]>> {
  const [{ parseTree }, { problemsIn }, { toJson }] = await Promise.all([
    import('../pipeline/yaml/parse.ts'),
    import('../pipeline/problems.ts'),
    import('../pipeline/yaml/tree.ts'),
  ]);
  const problems = problemsIn(flag, text);
  const node = text === '' ? undefined : parseTree(text, problems);
  if (problems.errors.length === 0) return ok(node === undefined ? null : toJson(node));
  return err(
    problems.errors.map(({ code, severity, message, hint }) => {
      return { code, severity, message: `${flag} ${name}: ${message}`, hint };
    }),
  );
}

function problem(code: string, message: string, hint: string): Diagnostic {
  return { code, severity: 'error', message, hint };
}
