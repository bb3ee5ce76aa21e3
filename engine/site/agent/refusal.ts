import type { ExecutorFault } from '../../executors/contract.ts';

/** Thrown where a request is refused for a reason that people should read. */
class Refusal extends Error {
  readonly fault: ExecutorFault;
  constructor(fault: ExecutorFault) {
    super(fault.message);
    this.fault = fault;
  }
}

export function refuse(code: string, message: string, more: Partial<ExecutorFault> = {}): Refusal {
  return new Refusal({ code, message, passing: false, ...more });
}

export function isFault(error: unknown): error is Refusal {
  return error instanceof Refusal;
}
