/** The built program on a tree of files in a folder of its own. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';

const MAIN = join(import.meta.dirname, '../../dist/engine/cli/main.js');

export interface Outcome {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly done: Promise<Outcome>;
  kill(signal: NodeJS.Signals): boolean;
  /** Until this text has come on stdout, or on the other stream. */
  printed(text: string, on?: 'stdout' | 'stderr'): Promise<void>;
}

export class Tree {
  readonly folder: string;

  /** `below`: where the folder is made. */
  constructor(files: { readonly [path: string]: string } = {}, below: string = tmpdir()) {
    if (!existsSync(MAIN)) throw new Error('build first: npm run build');
    this.folder = mkdtempSync(join(below, 'warren-e2e-'));
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }));
    for (const [path, text] of Object.entries({ 'warren.yaml': '', ...files })) this.write(path, text);
  }

  path(path: string): string {
    return join(this.folder, path);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), text);
  }

  read(path: string): string {
    return readFileSync(this.path(path), 'utf8');
  }

  has(path: string): boolean {
    return existsSync(this.path(path));
  }

  /** Starts the program without a terminal, in an environment that holds nothing of the caller's. */
  start(args: readonly string[], env: { readonly [name: string]: string } = {}): Started {
    const child = execa(process.execPath, [MAIN, ...args], {
      cwd: this.folder,
      env: { PATH: process.env['PATH'] ?? '', HOME: this.folder, ...env },
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
      // A signal is what the test sends, and nothing after it.
      forceKillAfterDelay: false,
    });
    return {
      done: child.then(({ exitCode, stdout, stderr }) => ({ code: exitCode, stdout, stderr })),
      kill: (signal) => child.kill(signal),
      printed: async (text, on = 'stdout') => {
        let seen = '';
        for await (const chunk of child[on].iterator({ destroyOnReturn: false })) {
          seen += String(chunk);
          if (seen.includes(text)) return;
        }
        throw new Error(`it ended without printing ${JSON.stringify(text)}: ${seen}`);
      },
    };
  }

  async warren(...args: readonly string[]): Promise<Outcome> {
    const { code, stdout, stderr } = await this.start(args).done;
    return { code, stdout: this.#anonymous(stdout), stderr: this.#anonymous(stderr) };
  }

  /** The one JSON line of `--json`. */
  async json(
    ...args: readonly string[]
  ): Promise<{ readonly code: number | undefined; readonly document: unknown }> {
    const { code, stdout } = await this.start([...args, '--json']).done;
    const lines = stdout.split('\n').filter((line) => line !== '');
    if (lines.length !== 1) throw new Error(`${lines.length} lines on stdout: ${stdout}`);
    return { code, document: JSON.parse(lines[0] ?? '') };
  }

  /** What differs from run to run is named, so that whole outputs can be compared. */
  #anonymous(text: string): string {
    return text
      .replaceAll(this.folder, 'TREE')
      .replace(/\b\d{8}T\d{9}-[0-9a-f]{4}\b/g, 'RUN')
      .replace(/\b\d+\.\ds\b/g, '0.0s');
  }
}
