/**
 * @file Entry of the supervisor process: `supervisor TOKEN GRACE`. Its stdin is a pipe from the engine that says which
 * process groups live. When the pipe ends, the engine has ended, in whatever way: what is left is told to end, then
 * killed. Processes are found by their group and, on Linux, by the token in their environment.
 */
import { isGroupAlive, processesMarked, send } from './processes.ts';

const [token = '', grace = '0'] = process.argv.slice(2);
const groups = new Set<number>();
/** The engine's last word: its stages have ended, and what is left has had its time. */
let ended = false;
let rest = '';

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk: string) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop() ?? '';
  for (const line of lines) {
    const group = Number(line.slice(1));
    if (line === 'end') ended = true;
    else if (line.startsWith('+')) groups.add(group);
    else groups.delete(group);
  }
});
process.stdin.on('close', () => void takeDown());

async function takeDown(): Promise<void> {
  const deadline = performance.now() + (ended ? 0 : Number(grace));
  signalAll('SIGTERM');
  // Twice nothing: a process forked while we looked shows up the second time.
  for (let quiet = 0; quiet < 2; ) {
    quiet = isQuiet() ? quiet + 1 : 0;
    if (performance.now() > deadline) signalAll('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  process.exit(0);
}

function signalAll(signal: NodeJS.Signals): void {
  for (const group of groups) send(-group, signal);
  for (const pid of marked()) send(pid, signal);
}

function isQuiet(): boolean {
  for (const group of groups) if (!isGroupAlive(group)) groups.delete(group);
  return groups.size === 0 && marked().length === 0;
}

function marked(): number[] {
  return processesMarked(`WARREN_ENGINE=${token}`);
}
