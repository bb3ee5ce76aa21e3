/** Which paths an agent takes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { below, objectIn, recordIn } from '../../engine/site/agent/paths.ts';

const ROOT = '/far/base';
const HEX = 'a'.repeat(62);

describe('a path', () => {
  test.each([
    ['a', '/far/base/a'],
    ['a/../b', '/far/base/b'],
    ['..a/b', '/far/base/..a/b'],
    ['/far/base/a', '/far/base/a'],
  ])('%s is below the root', (path, whole) => {
    expect(below(ROOT, path)).toBe(whole);
  });

  test.each([
    '',
    '.',
    '..',
    '../root',
    'a/../..',
    '/far/base',
    '/far/baseed/a',
    '/etc/passwd',
    '../rooted',
    'a\0b',
  ])('%j is not', (path) => {
    expect(() => below(ROOT, path)).toThrow();
  });

  test('whatever it is made of never leads out of the root', () => {
    const part = fc.constantFrom('..', '.', '', 'a', '...', '/', 'far', 'root', '\0', '~');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        let whole: string;
        try {
          whole = below(ROOT, parts.join('/'));
        } catch {
          return;
        }
        expect(whole.startsWith(`${ROOT}/`)).toBe(true);
        expect(whole.split('/')).not.toContain('..');
      }),
      { numRuns: 1000 },
    );
  });

  test('of an object or a record has one form', () => {
    expect(objectIn(`objects/aa/${HEX}.x`)).toEqual({ store: '', digest: `sha256:aa${HEX}`, form: 'exec' });
    expect(objectIn(`temp/objects/aa/${HEX}`)).toMatchObject({ store: 'temp', form: 'file' });
    expect(recordIn(ROOT, `actions/aa/${HEX}.json`)).toBe(`${ROOT}/actions/aa/${HEX}.json`);
    for (const wrong of [
      `objects/../${HEX}`,
      `x/objects/aa/${HEX}`,
      `objects/aa/${HEX}/..`,
      `objects/aa/${HEX}\n`,
    ]) {
      expect(() => objectIn(wrong), wrong).toThrow();
    }
    for (const wrong of ['actions/../x.json', `actions/aa/${HEX}`, `../actions/aa/${HEX}.json`]) {
      expect(() => recordIn(ROOT, wrong), wrong).toThrow();
    }
  });
});
