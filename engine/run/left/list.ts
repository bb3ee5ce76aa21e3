/** @file Attempts that earlier runs left with executors that outlive them: what is known of each here, without asking anybody. */
import type { Key } from '../../../base/ids.ts';
import { lockPath } from '../../../cache/layout.ts';
import { isAlive, readOwner } from '../../../cache/owner.ts';
import { readRecords } from '../../executors/records/records.ts';
import type { Project } from '../../project.ts';
import { type Pending, pendingAttempts } from '../intents.ts';

export interface Left extends Pending {
  readonly key: Key;
  /** Of the attempt, here. */
  readonly folder: string;
  /** Where it runs, as far as that is written here. */
  readonly host: string | undefined;
  /** It left its own record of that; where files are not shared nobody here can know. */
  readonly ended: boolean;
  /** An engine has it in hand. */
  readonly followed: boolean;
}

export interface Lefts {
  /** Oldest first. */
  readonly attempts: readonly Left[];
  /** Folders of which cannot be read what was submitted. */
  readonly unreadable: readonly string[];
}

export function leftAttempts(project: Project): Lefts {
  const { pending, unreadable } = pendingAttempts(project);
  const attempts = pending.map((each): Left => {
    const { start, exit } = readRecords(each.folder);
    const host = each.intent.host ?? start?.node ?? start?.host;
    return { ...each, host, ended: exit !== undefined, followed: isFollowed(project, each.key) };
  });
  return { attempts, unreadable };
}

/** On another machine nobody here can know whether its engine lives: then it is believed to. */
function isFollowed({ cache }: Project, key: Key): boolean {
  const owner = readOwner(lockPath(cache, key));
  return owner !== undefined && isAlive(owner) !== false;
}
