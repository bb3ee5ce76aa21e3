import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { digestBytes } from '../../base/digest.ts';

/** Only the built program has threads. */
const BUILT = join(import.meta.dirname, '../../dist/base/threads.js');

async function built(): Promise<typeof import('../../base/threads.ts')> {
  return (await import(BUILT)) as typeof import('../../base/threads.ts');
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'threads-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test('a thread gives the digests of the bytes, in order', async () => {
  const { digestOnThread } = await built();
  const at = folder();
  // Around the size of a piece that is read at once, where an error would hide.
  const size = fc.oneof(fc.nat(100), fc.integer({ min: 262_100, max: 262_200 }), fc.nat(600_000));
  await fc.assert(
    fc.asyncProperty(fc.array(size, { minLength: 1, maxLength: 4 }), async (sizes) => {
      const files = sizes.map((length, i) => {
        const bytes = Buffer.alloc(length, `${length} `);
        writeFileSync(join(at, String(i)), bytes);
        return { path: join(at, String(i)), digest: digestBytes(bytes) };
      });
      expect(await digestOnThread(files.map(({ path }) => path))).toEqual(files.map(({ digest }) => digest));
    }),
    { numRuns: 15 },
  );
});

test('a file that cannot be read is the error of the system', async () => {
  const { digestOnThread } = await built();
  await expect(digestOnThread([join(folder(), 'absent')])).rejects.toMatchObject({ code: 'ENOENT' });
});
