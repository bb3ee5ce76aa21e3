import { resolve } from 'node:path';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { findProject } from '../project.ts';
import { span } from '../report/line.ts';
import { plural } from '../report/quantity.ts';
import { answer, type Call, refuse, sourcesOf, warn } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { read } from './load.ts';
import { type ProfileOption, profileWarnings, settingsCalled } from './project-settings.ts';
import { type OverrideOptions, parseOverrides } from './values.ts';

interface CheckDocument {
  readonly schema: 'warren/check/1';
  readonly file: string;
  readonly ok: boolean;
  readonly stages: number;
  readonly diagnostics: readonly Diagnostic[];
}

/** `check FILE`: all mistakes at once; nothing is run and nothing is written. */
export async function check(
  call: Call,
  file: string,
  options: OverrideOptions & ProfileOption,
): Promise<ExitCode> {
  const overrides = await parseOverrides(options, call.cwd);
  if (!overrides.ok) return refuse(call, overrides.error);
  const path = resolve(call.cwd, file);
  const loaded = await read(call, file, options);
  const called = await settingsCalled(findProject(path), options);
  const ok = loaded.ok && called.ok;
  const strays = ok ? profileWarnings(called.value, loaded.value.graph) : [];
  const diagnostics = [
    ...(loaded.ok ? loaded.value.warnings : loaded.error),
    ...(called.ok ? strays : called.error),
  ];
  const stages = loaded.ok ? loaded.value.graph.stages.length : 0;
  const document: CheckDocument = {
    schema: 'warren/check/1',
    file: path,
    ok,
    stages,
    diagnostics,
  };
  if (!call.json) warn(call, diagnostics);
  answer(call, document, () =>
    ok && !call.quiet
      ? [
          [
            span(sourcesOf(call.cwd).show(path)),
            span(' is right', 'good'),
            span(`: ${plural(stages, 'stage')}`),
          ],
        ]
      : [],
  );
  return ok ? EXIT.done : EXIT.wrong;
}
