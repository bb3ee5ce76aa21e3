/** A command whose every step a test decides: `puppet.mjs SOCKET NAME [WORD...]`. */
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { connect } from 'node:net';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';

const [path, name, ...words] = process.argv.slice(2);
const socket = connect(path);
const say = (message) => socket.write(`${JSON.stringify(message)}\n`);
const { pid, env } = process;
say({ name, words, pid, env, cwd: process.cwd(), host: hostname() });

const steps = {
  write: ({ file, text }) => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  },
  copy: ({ file, target }) => copyFileSync(file, target),
  link: ({ file, target }) => symlinkSync(target, file),
  read: ({ file }) => (existsSync(file) ? readFileSync(file, 'utf8') : null),
  print: ({ text }) => process.stdout.write(text),
  bytes: ({ base64 }) => writeSync(1, Buffer.from(base64, 'base64')),
  /** On the descriptor of the stage protocol. */
  report: ({ text }) => writeSync(3, text),
  /** A child that keeps running, in its own session if asked, and does not care for SIGTERM. */
  leave: ({ detached }) =>
    spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'], {
      detached,
      stdio: 'ignore',
    }).pid,
  deaf: () => void process.on('SIGTERM', () => {}),
  /** On SIGTERM it writes this and ends, as a training that keeps a checkpoint. */
  save: ({ file, text }) =>
    void process.on('SIGTERM', () => {
      writeFileSync(file, text);
      process.exit(143);
    }),
  die: ({ signal }) => {
    process.kill(pid, signal);
  },
  exit: ({ code }) => {
    socket.end();
    process.exit(code);
  },
};
createInterface({ input: socket }).on('line', (line) => {
  const { step, ...rest } = JSON.parse(line);
  say({ done: steps[step](rest) ?? null });
});
