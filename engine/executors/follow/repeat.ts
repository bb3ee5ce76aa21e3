/** @file Something done again and again, never twice at a time. */

export interface Repeated {
  /** Now, or once more right after the one that goes on. */
  now(): void;
  /** After so many milliseconds, unless it is due before that. */
  within(ms: number): void;
  stop(): void;
}

/** The action answers after how many milliseconds it is due again; undefined: only when it is asked for. */
export function repeat(action: () => Promise<number | undefined>, crash: (error: unknown) => void): Repeated {
  let timer: NodeJS.Timeout | undefined;
  let at = Number.POSITIVE_INFINITY;
  let running = false;
  let due = false;
  let stopped = false;

  const within = (ms: number): void => {
    const then = performance.now() + ms;
    if (stopped || then >= at) return;
    clearTimeout(timer);
    at = then;
    timer = setTimeout(now, ms);
  };
  const now = (): void => {
    if (stopped) return;
    clearTimeout(timer);
    at = Number.POSITIVE_INFINITY;
    due = true;
    if (!running) run().catch(crash);
  };
  async function run(): Promise<void> {
    running = true;
    try {
      while (due && !stopped) {
        due = false;
        const wait = await action();
        if (wait !== undefined) within(wait);
      }
    } finally {
      running = false;
    }
  }
  return {
    now,
    within,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
