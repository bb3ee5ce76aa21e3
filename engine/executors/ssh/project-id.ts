/** @file What a project is called on other machines: random, and its own even where its folder was copied with it. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomic } from '../../../cache/publish.ts';
import type { Project } from '../../project.ts';

/** 16 hex digits. */
export function projectId({ home }: Pick<Project, 'home'>): string {
  const path = join(home, 'project-id');
  const [id = '', of] = read(path).split(' ');
  if (/^[0-9a-f]{16}$/.test(id) && of?.trim() === home) return id;
  const made = randomBytes(8).toString('hex');
  writeAtomic(path, `${made} ${home}\n`);
  return read(path).split(' ')[0] ?? made;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
