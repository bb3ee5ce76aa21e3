import type { Answer, Ask, Op } from '../requests.ts';

/** What every request is answered with. */
export interface Host {
  /** Absolute. */
  readonly root: string;
}

type Handled<O extends Op> = Answer<O> & { readonly bytes?: Uint8Array | undefined };

/** Throws the system's errors and refusals: they go back as faults. */
export type Handler<O extends Op> = (
  ask: Ask<O>,
  bytes: Buffer,
  host: Host,
) => Promise<Handled<O>> | Handled<O>;

export type Handlers = { readonly [O in Op]: Handler<O> };
