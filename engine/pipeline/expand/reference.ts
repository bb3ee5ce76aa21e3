/** @file The grammar of an input's value (design section 2): a path, or a reference to an input or an output. */
import { err, ok, type Result } from '../../../base/result.ts';
import { isName, readBare, type Scalar, valueLabel } from '../names.ts';

/** A term of a selector; `*` alone stands for every axis that is not named. */
type Term = { readonly axis: string; readonly label: string | '*' };
export interface OutputRef {
  readonly kind: 'output';
  readonly stage: string;
  /** Undefined: no brackets were written. */
  readonly selector: { readonly rest: boolean; readonly terms: readonly Term[] } | undefined;
  readonly output: string;
  readonly subpath?: string;
}
export type Value =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'input'; readonly name: string; readonly subpath?: string }
  | OutputRef;

export interface Unreadable {
  readonly code: 'bad-reference' | 'not-supported-yet' | 'path-escapes';
  readonly message: string;
  readonly hint: string;
}

const bad = (message: string, hint: string): Result<never, Unreadable> =>
  err({ code: 'bad-reference', message, hint });

export function parseValue(text: string): Result<Value, Unreadable> {
  if (/^(?:\.{1,2}\/|\/)./.test(text)) return ok({ kind: 'path', path: text });
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return remote(text);
  if (text.startsWith('~'))
    return bad(`"${text}" is not a path: ~ is not expanded.`, 'write the path from / or from this file (./)');
  return reference(text);
}

function remote(text: string): Result<never, Unreadable> {
  if (/^(?:hf|https):\/\//.test(text)) {
    return err({
      code: 'not-supported-yet',
      message: `Inputs from ${text.slice(0, text.indexOf(':'))}:// are not supported yet.`,
      hint: 'download the file and give its path, e.g. ./data/file.jsonl',
    });
  }
  return bad(`"${text}" is no source of inputs.`, 'give a path: ./data/file.jsonl');
}

/** For text that was probably meant as a path. */
export function pathHint(text: string): string | undefined {
  const meant = /^[^[\]]*[/\\]|\.(?:jsonl?|gz|txt|csv|tsv|ya?ml|md|parquet)$/.test(text);
  return meant ? `a path begins with ./, ../ or /: ./${text}` : undefined;
}

const HEAD = /^([A-Za-z][A-Za-z0-9_-]*)(\[.*\])?\.([A-Za-z][A-Za-z0-9_-]*)(\/.*)?$/s;

function reference(text: string): Result<Value, Unreadable> {
  const match = HEAD.exec(text);
  if (match === null) {
    const hint = pathHint(text) ?? 'write stage.output, in.name, or a path that begins with ./';
    return bad(`"${text}" is neither a path nor a reference.`, hint);
  }
  const [, head, brackets, output, rest] = match as unknown as [
    string,
    string,
    string | undefined,
    string,
    string | undefined,
  ];
  const subpath = rest?.slice(1);
  if (subpath?.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    return err({
      code: 'path-escapes',
      message: `The subpath "${subpath}" of "${text}" is not a member of the artifact.`,
      hint: 'name a member without ., .. or empty parts',
    });
  }
  const tail = subpath === undefined ? {} : { subpath };
  if (head === 'in') {
    if (brackets !== undefined)
      return bad(`"${text}": an input of the pipeline has no axes.`, `write in.${output}`);
    return ok({ kind: 'input', name: output, ...tail });
  }
  if (brackets === undefined)
    return ok({ kind: 'output', stage: head, selector: undefined, output, ...tail });
  const selector = parseSelector(brackets.slice(1, -1));
  if (!selector.ok)
    return bad(
      `The selector of "${text}" cannot be read: ${selector.error}.`,
      'write [axis=value,axis=*] or [*]',
    );
  return ok({ kind: 'output', stage: head, selector: selector.value, output, ...tail });
}

const STRING = /^\s*("(?:[^"\\]|\\.)*")\s*(?:,|$)/s;
const WORD = /^\s*([^\s,="*[\]][^,="*[\]]*?)\s*(?:,|$)/;

/** term { "," term } with term = "*" | axis "=" ("*" | bare | jsonstring) */
function parseSelector(text: string): Result<{ rest: boolean; terms: Term[] }, string> {
  let left = text;
  let rest = false;
  const terms: Term[] = [];
  do {
    const star = /^\s*\*\s*(?:,|$)/.exec(left);
    if (star !== null) {
      rest = true;
      left = left.slice(star[0].length);
      if (star[0].endsWith(',') && left.trim() === '') return err('a term is missing after ","');
      continue;
    }
    const name = /^\s*([^\s=,]*)\s*=/.exec(left);
    if (name === null) return err(`"${left.trim()}" is no term`);
    const axis = name[1] as string;
    if (!isName(axis)) return err(`"${axis}" is no name of an axis`);
    if (terms.some((term) => term.axis === axis)) return err(`the axis "${axis}" is named twice`);
    left = left.slice(name[0].length);
    const value = axisValue(left);
    if (!value.ok) return value;
    terms.push({ axis, label: value.value.label });
    left = left.slice(value.value.length);
    if (value.value.comma && left.trim() === '') return err('a term is missing after ","');
  } while (left !== '');
  return ok({ rest, terms });
}

function axisValue(text: string): Result<{ label: string; length: number; comma: boolean }, string> {
  const star = /^\s*\*\s*(?:,|$)/.exec(text);
  if (star !== null) return ok({ label: '*', length: star[0].length, comma: star[0].endsWith(',') });
  const string = STRING.exec(text);
  if (string !== null) {
    let value: Scalar;
    try {
      value = JSON.parse(string[1] as string) as string;
    } catch {
      return err(`${string[1]} is no JSON string`);
    }
    return ok({ label: valueLabel(value), length: string[0].length, comma: string[0].endsWith(',') });
  }
  const word = WORD.exec(text);
  if (word === null) return err(`"${text.trim()}" is no value`);
  return ok({
    label: valueLabel(readBare(word[1] as string)),
    length: word[0].length,
    comma: word[0].endsWith(','),
  });
}
