import type { Stage } from '../pipeline/graph.ts';

/**
 * The strict environment of every stage: what is hashed (`env`), what is passed on request (`pass_env`), and a fixed
 * rest, so that a result does not hang on the terminal it was made in.
 */
export function strictEnvironment(
  stage: Stage,
  tmp: string,
  own: NodeJS.ProcessEnv,
): { [name: string]: string } {
  const env: { [name: string]: string } = {
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    PYTHONHASHSEED: '0',
    PYTHONDONTWRITEBYTECODE: '1',
    TMPDIR: tmp,
  };
  for (const name of ['PATH', 'HOME', 'USER', ...stage.passEnv]) {
    const value = own[name];
    if (value !== undefined) env[name] = value;
  }
  return { ...env, ...stage.env };
}

/** `max-rejects` -> `MAX_REJECTS` */
export function variableOf(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}
