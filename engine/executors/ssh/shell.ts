/** @file Commands of a scheduler on the machine that a link leads to. */
import type { Link } from '../../site/link.ts';
import type { ExecutorFault } from '../contract.ts';
import type { Shell } from '../shell.ts';

/** Bytes of each stream of an answer. */
const MOST = 1900 * 1024;

/** `once`: commands that must not be called again when their answer got lost. */
export function linkShell(link: Link, once: readonly string[]): Shell {
  return async ({ argv, stdin = '', env = {}, limit }) => {
    const answer = await link.call(
      'run',
      { argv, env, limit: limit / 1000, most: MOST },
      { bytes: Buffer.from(stdin), most: 2 * MOST, repeat: !once.includes(argv[0]), patience: limit },
    );
    if (!answer.ok) return unreachable(answer.error);
    const { code, failed, late, stdout, stderr, bytes } = answer.value;
    const out = bytes.toString('utf8', 0, stdout);
    const told = bytes.toString('utf8', stdout, stdout + stderr);
    if (failed === 'ENOENT' || failed === 'EACCES') {
      return { code: undefined, stdout: out, stderr: told, failed: 'missing' };
    }
    if (stdout >= MOST) return unreachable({ message: `It answers more than ${MOST} bytes` });
    if (late) return { code: undefined, stdout: out, stderr: told, failed: 'late' };
    return { code: code ?? undefined, stdout: out, stderr: told };
  };
}

function unreachable({
  message,
  output,
}: Pick<ExecutorFault, 'message' | 'output'>): Awaited<ReturnType<Shell>> {
  return { code: undefined, stdout: '', stderr: output ?? message, failed: 'unreachable' };
}
