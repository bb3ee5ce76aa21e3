/** @file Installs the peers into a folder of their own, so that they are no dependency of ours. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { timed } from '../measure/command.ts';

/** The installed folder's node_modules, or why there is none. */
export async function installPeers(
  folder: string,
  packages: readonly string[],
): Promise<{ readonly modules: string } | { readonly missing: string }> {
  writeFileSync(join(folder, 'package.json'), '{"private": true}\n');
  try {
    await timed(['npm', 'install', '--no-audit', '--no-fund', '--no-save', ...packages], { cwd: folder });
    return { modules: join(folder, 'node_modules') };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}
