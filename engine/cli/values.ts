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
      else wrong.push(value.error);
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
        problem('bad-override', `${flag} ${text} is not of the form name=value`, `write ${flag} name=value`),
      );
    else if (found.has(name))
      wrong.push(problem('duplicate-override', `${flag} gives "${name}" twice`, 'give it once'));
    else found.set(name, text.slice(at + 1));
  }
  return [...found];
}

async function yamlValue(flag: string, name: string, text: string): Promise<Result<Json, Diagnostic>> {
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text, { strict: true, uniqueKeys: true, merge: false });
  const complaint = document.errors[0] ?? document.warnings[0];
  if (complaint !== undefined) {
    const said = (complaint.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:$/, '');
    return err(
      problem(
        'bad-override',
        `the value of ${flag} ${name} is not one YAML value: ${said}`,
        'quote it for the shell',
      ),
    );
  }
  const value: unknown = document.toJS({ maxAliasCount: 0 });
  const wrong = unlikeJson(value);
  if (wrong === undefined) return ok(value as Json);
  return err(
    problem('bad-override', `the value of ${flag} ${name} holds ${wrong}`, 'write it as text, in quotes'),
  );
}

/** What YAML can say beyond JSON is refused, as in the file: named, or undefined if there is none of it. */
function unlikeJson(value: unknown): string | undefined {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return undefined;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return `${value}, which is no parameter`;
    return Number.isInteger(value) && !Number.isSafeInteger(value)
      ? `${value}, which a double cannot count to`
      : undefined;
  }
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return 'a value with a tag';
  for (const member of Object.values(value)) {
    const wrong = unlikeJson(member);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function problem(code: string, message: string, hint: string): Diagnostic {
  return { code, severity: 'error', message, hint };
}
