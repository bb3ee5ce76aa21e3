import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { codeOfKind, readSources } from '../../engine/plan/code.ts';
import { stripComments } from '../../engine/plan/strip.ts';

describe('stripComments', () => {
  it.each([
    ['a; // x\nb', 'a;\nb\n'],
    ['a /* x */ b', 'a   b\n'],
    ['a /* x\n y */\n\nb', 'a\nb\n'],
    ["const u = 'http://x'; // y", "const u = 'http://x';\n"],
    ['const s = "a\\"// b";', 'const s = "a\\"// b";\n'],
    ['const r = /[/*]\\/\\/ /g; // y', 'const r = /[/*]\\/\\/ /g;\n'],
    ['const q = a / b; // c / d', 'const q = a / b;\n'],
    ['return /\\/\\*/.test(x); /* y */', 'return /\\/\\*/.test(x);\n'],
    [
      'const t = `a // \x24{b /* c */ + `// \x24{d}` } // e`; // f',
      'const t = `a // \x24{b   + `// \x24{d}` } // e`;\n',
    ],
  ])('%s', (source, stripped) => {
    expect(stripComments(source)).toBe(stripped);
  });

  it('keeps every line of code of our own sources', () => {
    const { files } = readSources([join(import.meta.dirname, '../../stages/host.ts')]);
    expect(files.length).toBeGreaterThan(4);
  });
});

/** A kind in a folder of its own. */
function kind(files: { readonly [name: string]: string }): {
  entry: string;
  write(name: string, text: string): void;
} {
  const root = mkdtempSync(join(tmpdir(), 'kind-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  };
  for (const [name, text] of Object.entries(files)) write(name, text);
  return { entry: join(root, 'stages/k/run.ts'), write };
}

describe("the digest of a kind's code", () => {
  const FILES = {
    'stages/k/run.ts':
      "import { a } from '../shared/a.ts';\nimport type { T } from 'lib';\nexport const run = a;\n",
    'stages/shared/a.ts': "import data from './data.json' with { type: 'json' };\nexport const a = data;\n",
    'stages/shared/data.json': '{"x": 1}',
    'stages/k/aside.ts': 'export const unused = 1;\n',
    'node_modules/lib/package.json': '{"version": "1.0.0"}',
  };

  it('changes with what is reached, and with the versions of packages', () => {
    const { entry, write } = kind(FILES);
    const seen = [codeOfKind(entry).digest];
    for (const [name, text] of [
      [
        'stages/shared/a.ts',
        "import data from './data.json' with { type: 'json' };\nexport const a = [data];\n",
      ],
      ['stages/shared/data.json', '{"x": 2}'],
      ['node_modules/lib/package.json', '{"version": "1.0.1"}'],
    ] as const) {
      write(name, text);
      seen.push(codeOfKind(entry).digest);
    }
    expect(new Set(seen).size).toBe(4);
  });

  it('does not change with comments, empty lines, what is not reached, or the place', () => {
    const one = kind(FILES);
    const before = codeOfKind(one.entry).digest;
    one.write('stages/k/aside.ts', 'export const unused = 2;\n');
    one.write('stages/shared/a.ts', `// why\n\n${FILES['stages/shared/a.ts']}/* end */\n`);
    expect(codeOfKind(one.entry).digest).toBe(before);
    expect(codeOfKind(kind(FILES).entry).digest).toBe(before);
  });

  it('is read from the record of a built kind', () => {
    const source = kind(FILES);
    const built = kind({
      'stages/k/run.js': 'anything',
      'stages/k/code.json': JSON.stringify(readSources([source.entry]).code),
      'node_modules/lib/package.json': '{"version": "1.0.0"}',
    });
    const inBuilt = codeOfKind(built.entry.replace('.ts', '.js')).digest;
    const { code } = readSources([source.entry]);
    expect(code.packages).toEqual(['lib']);
    source.write('stages/k/code.json', JSON.stringify(code));
    expect(codeOfKind(source.entry).digest).toBe(inBuilt);
  });
});
