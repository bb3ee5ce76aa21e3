/** @file One request and its answer, with time limits and retries. Redirects are refused: they could lead anywhere. */
import { err, ok } from '../../base/result.ts';
import type { RemoteFault, Remotely } from './remote.ts';

export interface Patience {
  /** Tries of one request, the first included; one that nobody answered in time counts twice. */
  readonly tries: number;
  /** Milliseconds until an answer begins, and between two pieces of it. */
  readonly wait: number;
}

/** Milliseconds before the second try; doubled for each later one. */
const BACK_OFF = 100;
const MOST_BACK_OFF = 4000;

/** What is sent: signed anew for every try, since a signature carries its time. */
export type Sign = () => Promise<Request>;

/** Statuses that the caller understands come back as answers; all others become faults. */
export async function exchange(
  sign: Sign,
  understood: readonly number[],
  { tries, wait }: Patience,
  shown: string,
): Remotely<Response> {
  let spent = 0;
  for (let attempt = 1; ; attempt++) {
    const answer = await once(sign, understood, wait, shown);
    spent += !answer.ok && answer.error.late ? 2 : 1;
    if (answer.ok || !answer.error.again || spent >= tries) {
      return answer.ok ? answer : err(answer.error.fault);
    }
    await pause(Math.min(BACK_OFF * 2 ** (attempt - 1), MOST_BACK_OFF));
  }
}

interface Failed {
  readonly fault: RemoteFault;
  /** Another try may go better. */
  readonly again: boolean;
  /** There was no answer in time. */
  readonly late?: boolean;
}

async function once(sign: Sign, understood: readonly number[], wait: number, shown: string) {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), wait);
  let response: Response;
  try {
    response = await fetch(await sign(), { redirect: 'manual', signal: limit.signal });
  } catch (error) {
    const message = `${shown} cannot be reached: ${limit.signal.aborted ? `no answer within ${wait / 1000} s` : causeOf(error)}.`;
    const late = limit.signal.aborted;
    return err<Failed>({ fault: { code: 'remote-unreachable', message }, again: true, late });
  } finally {
    clearTimeout(timer);
  }
  if (understood.includes(response.status)) return ok(response);
  return err<Failed>(await refusal(response, shown));
}

async function refusal(response: Response, shown: string): Promise<Failed> {
  const { status } = response;
  if (status >= 300 && status < 400) {
    await drop(response);
    const message = `${shown} answers with a redirect (${status}), which is not followed.`;
    const hint = 'name the endpoint and region that serve the bucket';
    return { fault: { code: 'remote-redirect', message, hint }, again: false };
  }
  const said = codeIn(await beginning(response));
  const answer = said === '' ? `status ${status}` : `${status} ${said}`;
  if (status === 401 || status === 403) {
    const message = `${shown} denies access (${answer}).`;
    return { fault: { code: 'remote-denied', message, hint: 'look at the credentials' }, again: false };
  }
  const fault = { code: 'remote-answer', message: `${shown} answers ${answer}.` } as const;
  return { fault, again: status >= 500 || status === 429 || status === 408 || status === 409 };
}

/** The first few kilobytes of a body: an error's text is short, and a hostile one has no end. */
async function beginning(response: Response): Promise<string> {
  let text = '';
  try {
    const decoder = new TextDecoder();
    for await (const chunk of pieces(response, 5000)) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > 4096) break;
    }
  } catch {}
  return text.slice(0, 4096);
}

/** Bytes a second below which a server only keeps us waiting. */
const SLOWEST = 1024;

/** The body's pieces. A pause longer than `wait`, or a trickle, ends it with an error, as a lost connection does. */
export async function* pieces(response: Response, wait: number): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  let waited = 0;
  let bytes = 0;
  try {
    for (;;) {
      const began = performance.now();
      const { done, value } = await within(reader.read(), wait);
      if (done) return;
      waited += performance.now() - began;
      bytes += value.length;
      if (waited > wait && bytes < (SLOWEST * waited) / 1000) throw new Error('it comes too slowly');
      yield value;
    }
  } finally {
    // Without waiting: a server that hangs would hold the answer to this, too.
    reader.cancel().catch(() => {});
  }
}

async function within<T>(work: Promise<T>, wait: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came for ${wait / 1000} s`)), wait);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Lets go of an answer whose body nobody reads. */
export async function drop(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => {});
}

/** S3 says what went wrong in `<Code>`; only its own alphabet is shown. */
function codeIn(text: string): string {
  return /<Code>([A-Za-z0-9.]{1,64})<\/Code>/.exec(text)?.[1] ?? '';
}

/** `fetch failed` says nothing; its cause does. */
function causeOf(error: unknown): string {
  const { cause, message } = error as Error;
  const inner = cause instanceof AggregateError ? cause.errors[0] : cause;
  return inner instanceof Error ? inner.message : message;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
