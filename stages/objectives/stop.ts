export interface Cut {
  readonly text: string;
  /** The stop string that ended it, or null. */
  readonly stop: string | null;
}

/** Text before the earliest stop string; nothing is trimmed. At one position the longest stop string is named. */
export function cutAtStop(text: string, stops: readonly string[]): Cut {
  let at = text.length;
  let found: string | null = null;
  for (const stop of stops) {
    if (stop === '') throw new RangeError('A stop string must not be empty');
    const index = text.indexOf(stop);
    if (index === -1 || index > at) continue;
    if (index === at && found !== null && found.length >= stop.length) continue;
    at = index;
    found = stop;
  }
  return { text: text.slice(0, at), stop: found };
}
