/** @file Commands on this machine, run to their end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { errnoOf } from '../../../cache/publish.ts';
import { send } from '../../executors/processes.ts';
import type { Answer } from '../requests.ts';
import type { Handler } from './handling.ts';

export const run: Handler<'run'> = (ask, stdin) =>
  new Promise((resolve) => {
    const [file = '', ...words] = ask.argv;
    const child = spawn(file, words, {
      ...(ask.cwd === undefined ? {} : { cwd: ask.cwd }),
      env: { ...process.env, ...ask.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    const out = gathering(child, 'stdout', ask.most);
    const errors = gathering(child, 'stderr', ask.most);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      if (child.pid !== undefined) send(-child.pid, 'SIGKILL');
    }, ask.limit * 1000);
    const end = (more: Pick<Answer<'run'>, 'code' | 'signal' | 'failed'>): void => {
      clearTimeout(timer);
      const [stdout, stderr] = [out(), errors()];
      const sizes = { stdout: stdout.length, stderr: stderr.length };
      resolve({ ...more, ...sizes, late, bytes: Buffer.concat([stdout, stderr]) });
    };
    child.once('error', (error) =>
      end({ code: null, signal: null, failed: errnoOf(error) ?? error.message }),
    );
    child.once('close', (code, signal) => end({ code, signal, failed: null }));
    child.stdin?.on('error', () => {});
    child.stdin?.end(stdin);
  });

function gathering(child: ChildProcess, name: 'stdout' | 'stderr', most: number): () => Buffer {
  const chunks: Buffer[] = [];
  let size = 0;
  child[name]?.on('data', (chunk: Buffer) => {
    if (size < most) chunks.push(chunk);
    size += chunk.length;
  });
  return () => Buffer.concat(chunks).subarray(0, most);
}
