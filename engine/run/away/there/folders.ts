/** @file Where attempts lie on a host: `<root>/projects/<project>/attempts/<key>/<n>`, beside them `state`. */
import { join, relative, sep } from 'node:path';
import { hexOf } from '../../../../base/digest.ts';
import type { Key } from '../../../../base/ids.ts';

/** Of all attempts of a project. */
export function projectFolder(root: string, project: string): string {
  return join(root, 'projects', project, 'attempts');
}

export function keyFolder(root: string, project: string, key: Key): string {
  return join(projectFolder(root, project), hexOf(key));
}

/** Whether a folder that a request names is an attempt's, whoever asks: nothing else is ever read or removed. */
export function isAttempt(root: string, folder: string): boolean {
  const parts = relative(root, folder).split(sep);
  const [projects, project = '', attempts, key = '', number = '', ...rest] = parts;
  return (
    join(folder) === folder &&
    rest.length === 0 &&
    projects === 'projects' &&
    attempts === 'attempts' &&
    /^[0-9a-f]{8,64}$/.test(project) &&
    /^[0-9a-f]{64}$/.test(key) &&
    /^[1-9]\d*$/.test(number)
  );
}
