/** An expected outcome: a value, or a failure that is itself data. Bugs throw; expected failures are returned. */
export type Result<T, E> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E };

export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

export function err<E>(error: E): { readonly ok: false; readonly error: E } {
  return { ok: false, error };
}

/** For the arm of a switch that the types say is never reached. */
export function unreachable(value: never): never {
  throw new Error(`Internal error: unreachable value ${JSON.stringify(value)}`);
}
