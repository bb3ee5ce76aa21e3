/** @file warren on the tree. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { warren } from '../measure/warren.ts';
import { below, SEED_FILE, type TreeEngine } from './tree.ts';

const FILE = 'tree.yaml';

/** A stage as a user writes it: inputs by reference, one output, the command in a shell. */
export function stageText(i: number, size: number): string {
  const children = below(i, size);
  const inputs =
    children.length === 0 ? ['a: in.seed'] : children.map((child, at) => `${'ab'.charAt(at)}: s${child}.o`);
  const reads = inputs.map((input) => `\${in.${input.charAt(0)}}`).join(' ');
  const command = `cat ${reads} > \${out.o}; echo ${i} >> \${out.o}`;
  return `  s${i}: { run: ${JSON.stringify(command)}, in: { ${inputs.join(', ')} }, out: { o: file } }\n`;
}

export function treeText(size: number): string {
  const stages = Array.from({ length: size }, (_, i) => stageText(i, size)).join('');
  return `name: tree\nin: { seed: ./${SEED_FILE} }\nstages:\n${stages}out: { root: s0.o }\n`;
}

export function ours(version: string): TreeEngine {
  return {
    name: 'warren',
    version,
    write: async (folder, size) => {
      writeFileSync(join(folder, SEED_FILE), 'seed\n');
      // Marks the project, so that nothing above the folder is taken for it.
      writeFileSync(join(folder, 'warren.yaml'), '');
      writeFileSync(join(folder, FILE), treeText(size));
    },
    run: (folder) => warren(['run', FILE, '--quiet'], { cwd: folder }),
  };
}
