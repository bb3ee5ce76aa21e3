import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Json } from '../../base/json.ts';
import { parseOverrides } from '../../engine/cli/values.ts';

it.each([
  ['1', 1],
  ['1.0e-05', 0.00001],
  ['[1, 2]', [1, 2]],
  ['{a: b}', { a: 'b' }],
  ['"1"', '1'],
  ['yes', 'yes'],
  ['null', null],
  ['', null],
  ['a=b', 'a=b'],
])('--with x=%s', async (text, value) => {
  const parsed = await parseOverrides({ with: [`x=${text}`] }, '/');
  expect(parsed).toMatchObject({ ok: true, value: { with: { x: value } } });
});

it.each([
  ['.nan'],
  ['-.inf'],
  ['12345678901234567890'],
  ['!!binary aGk='],
  ['&a [*a]'],
  ['{a: 1, a: 2}'],
  ['1\n---\n2'],
])('--with x=%s is refused', async (text) => {
  const parsed = await parseOverrides({ with: [`x=${text}`] }, '/');
  expect(parsed).toMatchObject({
    ok: false,
    error: [{ severity: 'error', message: expect.stringMatching(/^--with x: /) }],
  });
});

it('any JSON value is read back as it is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue({ maxDepth: 3 }), async (value) => {
      fc.pre(!JSON.stringify(value).includes('__proto__'));
      const parsed = await parseOverrides({ set: [`s.x=${JSON.stringify(value)}`] }, '/');
      const safe = parsed.ok ? parsed.value.set['s.x'] : unsafe(value as Json);
      expect(safe).toEqual(parsed.ok ? JSON.parse(JSON.stringify(value)) : true);
    }),
  );
});

/** Holds an integer that a double cannot count to: the one kind of JSON number that is refused. */
function unsafe(value: Json): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value);
  return value !== null && typeof value === 'object' && Object.values(value).some(unsafe);
}
