import { argvOf } from '../../executors/command.ts';
import type { Launch } from '../../executors/executor.ts';
import type { Stage } from '../../pipeline/graph.ts';
import type { Project } from '../../project.ts';

/** In the environment of every command that runs in place: the mark of what was put aside for it. */
const MARK = 'WARREN_IN_PLACE';

/**
 * The command in its own folder, with the caller's whole environment: that is what such commands are written for.
 * DVC_STAGE and DVC_ROOT are as DVC sets them.
 */
export function launchInPlace(stage: Stage, mark: string, folder: string, project: Project): Launch {
  const { command } = stage;
  if (command === undefined) throw new Error(`Internal error: ${stage.id} has no command`);
  const argv = argvOf(command, ({ name }) => {
    throw new Error(`Internal error: the command of ${stage.id} has a placeholder ${name}`);
  });
  const env: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) env[name] = value;
  return {
    argv,
    cwd: stage.folder ?? folder,
    env: { ...env, DVC_STAGE: stage.id, DVC_ROOT: project.root, [MARK]: mark },
    stdin: 'none',
  };
}
