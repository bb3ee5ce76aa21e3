/** The longest wait that a timer of node can hold; what is longer would fire at once. Milliseconds. */
const MOST = 2 ** 31 - 1;

/** Calls `action` after `ms`, however long that is, until the returned function is called. */
export function after(ms: number, action: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (left: number): void => {
    timer = setTimeout(() => (left > MOST ? wait(left - MOST) : action()), Math.min(left, MOST));
  };
  wait(ms);
  return () => clearTimeout(timer);
}
