/** A command whose every step a test decides: `puppet.mjs SOCKET NAME [WORD...]`. */
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';

const [path, name, ...words] = process.argv.slice(2);
const socket = connect(path);
const say = (message) => socket.write(`${JSON.stringify(message)}\n`);
const { pid, env } = process;
say({ name, words, pid, env, cwd: process.cwd() });

const steps = {
  write: ({ file, text }) => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  },
  copy: ({ file, target }) => copyFileSync(file, target),
  link: ({ file, target }) => symlinkSync(target, file),
  print: ({ text }) => process.stdout.write(text),
  /** A child that keeps running, in its own session if asked, and does not care for SIGTERM. */
  leave: ({ detached }) =>
    spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'], {
      detached,
      stdio: 'ignore',
    }).pid,
  deaf: () => void process.on('SIGTERM', () => {}),
  exit: ({ code }) => {
    socket.end();
    process.exit(code);
  },
};
createInterface({ input: socket }).on('line', (line) => {
  const { step, ...rest } = JSON.parse(line);
  say({ done: steps[step](rest) ?? null });
});
