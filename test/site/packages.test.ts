import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { filesIn, packagesOf } from '../../engine/site/packages.ts';
import { cellar } from '../rigs/cellar.ts';

function installed(packages: { readonly [path: string]: object }): ReturnType<typeof cellar> {
  const tree = cellar();
  for (const [path, manifest] of Object.entries(packages)) {
    tree.file(`${path}/package.json`, JSON.stringify(manifest));
  }
  return tree;
}

test('packages lie flat, each once, with all that they need; a second version lies below who needs it', () => {
  const tree = installed({
    'node_modules/a': { dependencies: { b: '1', c: '1' } },
    'node_modules/b': { dependencies: { a: '1' } },
    'node_modules/c': { dependencies: { b: '2' }, optionalDependencies: { absent: '1' } },
    'node_modules/c/node_modules/b': { dependencies: { '@s/d': '1' } },
    'node_modules/@s/d': {},
    'node_modules/unused': {},
  });
  const { packages, lacking } = packagesOf(['a'], tree.path('dist/stages'));
  expect(lacking).toBeUndefined();
  expect(packages.map(({ placed }) => placed)).toEqual([
    'node_modules/a',
    'node_modules/b',
    'node_modules/c',
    'node_modules/c/node_modules/b',
    'node_modules/@s/d',
  ]);
});

test('packages that are links to where an installer keeps them are found with theirs', () => {
  const tree = installed({ 'store/a@1/node_modules/a': { dependencies: { b: '1' } } });
  tree.file('store/a@1/node_modules/b/package.json', '{}');
  mkdirSync(dirname(tree.path('node_modules/a')), { recursive: true });
  symlinkSync('../store/a@1/node_modules/a', tree.path('node_modules/a'));
  expect(packagesOf(['a'], tree.path('dist')).packages.map(({ placed }) => placed)).toEqual([
    'node_modules/a',
    'node_modules/b',
  ]);
});

test('a package that is not there is told by its name', () => {
  const tree = installed({ 'node_modules/a': { dependencies: { 'not-there-at-all': '1' } } });
  expect(packagesOf(['a'], tree.path('dist')).lacking).toBe('not-there-at-all');
});

test('what only compilers and debuggers read stays here', () => {
  const tree = cellar();
  for (const name of ['index.js', 'index.d.ts', 'index.js.map', 'lib/x.json', 'node_modules/b/index.js']) {
    tree.file(`a/${name}`, '');
  }
  expect(filesIn(tree.path('a'))).toEqual(['index.js', 'lib/x.json']);
});
