import type { Event, EventOf, EventType } from '../event.ts';

/** Renders events. `close` is called once, after the last event, also when the run ends by a bug. */
export interface Reporter {
  event(event: Event): void;
  close(): void;
}

/** A total table: a new event that a reporter does not handle will not compile. */
export type Handlers = { readonly [T in EventType]: (event: EventOf<T>) => void };

export function dispatch(handlers: Handlers, event: Event): void {
  const handle = handlers[event.type] as (event: Event) => void;
  handle(event);
}

/** For events that a reporter shows nowhere. */
export function ignore(): void {}

/** Where a reporter writes: a stream in use, a string in tests. */
export interface Sink {
  write(text: string): void;
}
