/** @file How this program starts its own modules: built ones with node alone, sources through tsx. */
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Arguments of `node` for a module beside `from`, named without its extension. */
export function nodeArguments(module: string, from: string): string[] {
  const extension = from.endsWith('.ts') ? '.ts' : '.js';
  const file = fileURLToPath(new URL(`${module}${extension}`, from));
  if (extension === '.js') return [file];
  const tsx = createRequire(from).resolve('tsx');
  return ['--import', pathToFileURL(tsx).href, file];
}
