/** @file Generated pipelines of many trivial stages. */
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandOptions, Timed } from '../measure/command.ts';
import { peakOf } from '../measure/peak.ts';
import { warren } from '../measure/warren.ts';

export interface Project {
  readonly folder: string;
  /** `warren COMMAND p.yaml --quiet` there. */
  call(command: 'run' | 'plan' | 'check', options?: CommandOptions): Promise<Timed>;
  peak(): Promise<number>;
  touch(file: string): void;
}

export const SEED_FILE = 'seed.txt';

/** A project with one pipeline and one input. */
export function project(folder: string, text: string): Project {
  mkdirSync(folder, { recursive: true });
  // Marks the project, so that nothing above the folder is taken for it.
  writeFileSync(join(folder, 'warren.yaml'), '');
  writeFileSync(join(folder, SEED_FILE), 'seed\n');
  writeFileSync(join(folder, 'p.yaml'), text);
  return {
    folder,
    call: (command, options) => warren([command, 'p.yaml', '--quiet'], { ...options, cwd: folder }),
    peak: async () => (await peakOf(['run', 'p.yaml', '--quiet'], folder)).peakBytes,
    touch: (file) => {
      const now = new Date();
      utimesSync(join(folder, file), now, now);
    },
  };
}

const HEAD = `name: p\nin: { seed: ./${SEED_FILE} }\nstages:\n`;

export function chainText(size: number): string {
  const stages = Array.from({ length: size }, (_, i) => {
    const input = i === 0 ? 'in.seed' : `s${i - 1}.o`;
    return `  s${i}: { run: "echo ${i} > \${out.o}", in: { a: ${input} }, out: { o: file } }\n`;
  });
  return `${HEAD}${stages.join('')}out: { last: s${size - 1}.o }\n`;
}

const list = (size: number): string => `[${Array.from({ length: size }, (_, i) => i).join(', ')}]`;

/** size^3 stages, all of which are results. */
export function matrixText(size: number): string {
  const axes = `{ a: ${list(size)}, b: ${list(size)}, c: ${list(size)} }`;
  const word = '${matrix.a}-${matrix.b}-${matrix.c}';
  return `${HEAD}  s: { run: "echo \${with.x} > \${out.o}", matrix: ${axes}, with: { x: "${word}" }, in: { a: in.seed }, out: { o: file } }\nout: { all: "s[*].o" }\n`;
}

/** Each stage of the second row reads all of the first. */
export function allToAllText(size: number): string {
  const row = (name: string, axis: string, input: string): string =>
    `  ${name}: { run: "echo \${with.x} > \${out.o}", matrix: { ${axis}: ${list(size)} }, with: { x: "\${matrix.${axis}}" }, in: { a: "${input}" }, out: { o: file } }\n`;
  return `${HEAD}${row('a', 'i', 'in.seed')}${row('b', 'j', 'a[*].o')}out: { first: "b[j=0].o" }\n`;
}
