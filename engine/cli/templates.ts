/** @file What `init` writes. */
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { packageRoot } from './package.ts';

export interface Template {
  /** File name below `pipelines/`. */
  readonly name: string;
  readonly text: string;
  /** Files to copy below `pipelines/`: from an absolute path, to a relative one. */
  readonly data: readonly { readonly from: string; readonly to: string }[];
}

const COMMAND = `# yaml-language-server: $schema=../schemas/pipeline.schema.json
# Every stage has three faces: in (files and results), with (parameters), out (results).
# A stage runs again only when what it reads has other bytes, or a parameter or its command has changed.
name: hello

# Parameters and their defaults: warren run pipelines/hello.yaml --with who=moon
with:
  greeting: hello
  who: world

stages:
  greet:
    with: { text: "\${with.greeting}, \${with.who}" }
    # A string runs in /bin/sh; a list [program, argument] runs without a shell.
    # \${in.x}, \${out.x} and \${with.x} become exactly one quoted word each.
    run: printf '%s\\n' \${with.text} > \${out.text}
    out: { text: { type: file, name: greeting.txt } }

  shout:
    in: { text: greet.text } # every edge comes from in:
    run: tr a-z A-Z < \${in.text} > \${out.text}
    out: { text: { type: file, name: shout.txt } }

# What people get, at out/hello/.
out:
  shout: shout.text
`;

const TEMPLATES: Readonly<Record<string, () => Promise<Template>>> = {
  command: () => Promise.resolve({ name: 'hello.yaml', text: COMMAND, data: [] }),
  rrhf: async () => {
    const folder = join(packageRoot(), 'pipelines');
    const text = readFileSync(join(folder, 'rrhf.yaml'), 'utf8');
    return { name: 'rrhf.yaml', text, data: await dataOf(text, folder) };
  },
};

export const TEMPLATE_NAMES: readonly string[] = Object.keys(TEMPLATES);

export function templateOf(name: string): Promise<Template> | undefined {
  return Object.hasOwn(TEMPLATES, name) ? TEMPLATES[name]?.() : undefined;
}

/** Copies a file without ever overwriting one; false if it was there already. */
export function copyNew(from: string, to: string): boolean {
  if (existsSync(to)) return false;
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
  return true;
}

/** The files that a shipped pipeline names in its `in:`, so that the copy runs where it lies. */
async function dataOf(text: string, folder: string): Promise<Template['data']> {
  const { parse } = await import('yaml');
  const { in: inputs = {} } = parse(text) as { in?: { readonly [name: string]: unknown } };
  return Object.values(inputs)
    .filter((value): value is string => typeof value === 'string' && value.startsWith('./'))
    .map((path) => ({ from: join(folder, path), to: normalize(path) }));
}
