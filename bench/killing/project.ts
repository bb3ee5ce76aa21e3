/** @file The project that is killed: outputs of one byte to hundreds of megabytes, each known from the parameters alone. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes SIZE bytes that follow from SEED: 64 KiB blocks, each beginning with its number. */
const FILL = `import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
const [seed, size, path] = process.argv.slice(2);
const block = Buffer.alloc(65536);
const once = createHash('sha512').update(seed).digest();
for (let at = 0; at < block.length; at += once.length) once.copy(block, at);
const file = openSync(path, 'w');
for (let left = Number(size), n = 0; left > 0; left -= block.length, n += 1) {
  block.writeUInt32LE(n, 0);
  writeSync(file, block, 0, Math.min(left, block.length));
}
closeSync(file);
`;

/** Writes a folder with COUNT files, one that can be executed, an empty folder and a link. */
const MANY = `import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
const [seed, count, path] = process.argv.slice(2);
for (let i = 0; i < Number(count); i += 1) {
  const folder = join(path, String(i % 7));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, i + '.txt'), (seed + ' ' + i + '\\n').repeat(1 + (i % 50)));
}
mkdirSync(join(path, 'empty'));
writeFileSync(join(path, 'tool'), '#!/bin/sh\\necho ' + seed + '\\n');
chmodSync(join(path, 'tool'), 0o755);
symlinkSync('tool', join(path, 'link'));
`;

/** One digest for all that is at the paths given: what a stage sees of its inputs. */
const JOIN = `import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
const [out, ...paths] = process.argv.slice(2);
const state = createHash('sha256');
const add = (path, name) => {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink() && name !== '') return void state.update('l ' + name + ' ' + readlinkSync(path) + '\\n');
  if (stat.isDirectory()) {
    state.update('d ' + name + '\\n');
    for (const one of readdirSync(path).sort()) add(join(path, one), name + '/' + one);
    return;
  }
  const bytes = readFileSync(path);
  state.update('f ' + name + ' ' + bytes.length + ' ' + (stat.mode & 0o100 ? 'x' : '-') + '\\n').update(bytes);
};
for (const path of paths) add(path, '');
writeFileSync(out, state.digest('hex') + '\\n');
`;

const PIPELINE = `name: killed
with: { v: 0, size: 1, count: 10 }
in: { fill: ./fill.mjs, many: ./many.mjs, join: ./join.mjs }
stages:
  tiny:
    run: [node, "\${in.s}", "tiny \${with.v}", 1, "\${out.o}"]
    in: { s: in.fill }
    with: { v: "\${with.v}" }
    out: { o: file }
  large:
    run: [node, "\${in.s}", "large \${with.v}", "\${with.size}", "\${out.o}"]
    in: { s: in.fill }
    with: { v: "\${with.v}", size: "\${with.size}" }
    out: { o: file }
  many:
    run: [node, "\${in.s}", "many \${with.v}", "\${with.count}", "\${out.o}"]
    in: { s: in.many }
    with: { v: "\${with.v}", count: "\${with.count}" }
    out: { o: folder }
  both:
    run: node \${in.s} "both" 40000 \${out.a} && node \${in.m} both \${with.count} \${out.b} && cat \${in.t} >> \${out.a}
    in: { s: in.fill, m: in.many, t: tiny.o }
    with: { count: "\${with.count}" }
    out: { a: file, b: folder }
  joined:
    run: [node, "\${in.s}", "\${out.o}", "\${in.tiny}", "\${in.large}", "\${in.many}", "\${in.a}", "\${in.b}"]
    in: { s: in.join, tiny: tiny.o, large: large.o, many: many.o, a: both.a, b: both.b }
    out: { o: file }
out: { joined: joined.o, large: large.o, many: many.o }
`;

export const FILE = 'killed.yaml';

export function writeProject(folder: string): void {
  mkdirSync(folder, { recursive: true });
  // Marks the project, so that nothing above the folder is taken for it.
  const files = {
    'warren.yaml': '',
    [FILE]: PIPELINE,
    'fill.mjs': FILL,
    'many.mjs': MANY,
    'join.mjs': JOIN,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

export interface Settings {
  readonly v: number;
  readonly size: number;
  readonly count: number;
}

export function argumentsOf({ v, size, count }: Settings): string[] {
  return ['run', FILE, '--with', `v=${v}`, '--with', `size=${size}`, '--with', `count=${count}`, '--json'];
}
