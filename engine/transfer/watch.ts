import type { Emit } from '../event.ts';
import type { Moved } from '../plan/elsewhere.ts';

/** Hears how far a transfer is. */
export type Watch = (moved: Moved) => void;

/** Milliseconds between two events of a transfer. */
const BEAT = 250;

/** Turns progress into events, not more often than people can read; `end` says the last word if anything moved. */
export function watchTransfer(
  direction: 'pull' | 'push',
  remote: string,
  emit: Emit,
): { readonly moved: Watch; end(): void } {
  let began: number | undefined;
  let said = 0;
  let latest: Moved = { objects: 0, of: 0, bytes: 0 };
  const say = (done: boolean): void => {
    const seconds = (performance.now() - (began ?? 0)) / 1000;
    emit({ type: 'transfer', at: Date.now(), direction, remote, ...latest, seconds, done });
  };
  return {
    moved: (moved) => {
      began ??= performance.now();
      latest = { ...moved };
      if (performance.now() - said < BEAT) return;
      said = performance.now();
      say(false);
    },
    end: () => {
      if (began !== undefined && latest.bytes > 0) say(true);
    },
  };
}
