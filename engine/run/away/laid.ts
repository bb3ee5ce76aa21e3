/** @file An attempt as it was laid out on a host: kept beside it here, and what is launched there. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Digest } from '../../../base/ids.ts';
import { readTree } from '../../../cache/tree.ts';
import { runtimeOf } from '../../executors/container.ts';
import type { Launch } from '../../executors/executor.ts';
import type { ExecutorSettings } from '../../executors/settings.ts';
import type { Laid } from '../../executors/site.ts';
import type { Stage } from '../../pipeline/graph.ts';
import type { ResolvedInputs } from '../../plan/fingerprint.ts';
import type { RunContext } from '../context.ts';
import { launchOf } from '../launch.ts';
import type { Given } from '../traced.ts';

const NAME = 'laid.json';

export function keepLaid(folder: string, laid: Laid): Laid {
  writeFileSync(join(folder, NAME), JSON.stringify(laid));
  return laid;
}

export function keptLaid(folder: string): Laid {
  return JSON.parse(readFileSync(join(folder, NAME), 'utf8')) as Laid;
}

/** The program's own folder here: the host has it under `premises.program`. */
const PROGRAM = fileURLToPath(new URL('../../../', import.meta.url));

/** What is started there, with the paths that the host has; files that go with it are added to `files`. */
export function launchThere(
  { world, options }: Pick<RunContext, 'world' | 'options'>,
  stage: Stage,
  { folder, state, inputs, outputs, premises }: Laid,
  tries: number,
  files: { [name: string]: string },
  settings: ExecutorSettings,
): Launch {
  const { node, program, own } = premises;
  const { PATH: _path, HOME: _home, USER: _user, ...passed } = process.env;
  const staged = {
    attempt: { folder, state },
    tries,
    inputs,
    outputs,
    checkpointSeconds: options.checkpointSeconds,
  };
  return launchOf(stage, staged, world, {
    // Only what `in:` names has come with it.
    cwd: join(folder, 'work'),
    runtime: [node, join(program, 'stages', 'host.js')],
    entryOf: (kind) => join(program, relative(PROGRAM, world.registry.entryOf(kind)).replace(/\.ts$/, '.js')),
    own: { ...passed, ...own },
    containers: runtimeOf(settings),
    outside: own,
    write: (name, text) => {
      files[name] = text;
    },
  });
}

/** What `traced` needs to know of the inputs of a failure that names a file there. */
export function givenOf({ inputs: staged }: Laid, inputs: ResolvedInputs, cache: string): Given {
  const handed = Object.entries(inputs).flatMap(([name, { items }]) => {
    const { path, many } = staged[name] ?? { path: '', many: undefined };
    const places = many?.map(([, each]) => each) ?? [path];
    return items.flatMap(({ artifact: { form, digest } }, i) => {
      const at = places[i] ?? '';
      if (form !== 'tree') return [{ path: at, cache, digest, form }];
      return (readTree(cache, digest) ?? []).flatMap(([member, kind, value]) =>
        kind === 'file' || kind === 'exec'
          ? [{ path: join(at, member), cache, digest: value as Digest, form: kind }]
          : [],
      );
    });
  });
  return { staged, handed };
}
