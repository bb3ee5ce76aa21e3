/** What an agent does for attempts, on folders of this machine. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Key } from '../../../base/ids.ts';
import { storeArtifact } from '../../../cache/store.ts';
import type { Layout } from '../../../engine/executors/site.ts';
import { projectId } from '../../../engine/executors/ssh/project-id.ts';
import { collectThere, removeThere, spoiledThere } from '../../../engine/run/away/there/collect.ts';
import { isAttempt } from '../../../engine/run/away/there/folders.ts';
import { layOut } from '../../../engine/run/away/there/lay-out.ts';
import { once } from '../../../engine/run/away/there/once.ts';

const KEY = `sha256:${'a'.repeat(64)}` as Key;
const PROJECT = '0123456789abcdef';

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'warren-there-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const layout: Layout = {
  key: KEY,
  attempt: 1,
  in: {},
  out: { o: { type: 'file' }, f: { type: 'folder' } },
  keepState: true,
  apart: false,
};

async function laidOut(root: string, more: Partial<Layout> = {}) {
  const laid = layOut(root, PROJECT, { ...layout, ...more });
  if (!laid.ok) throw new Error(laid.error);
  return laid.value;
}

describe('work that is asked for again', () => {
  it('is done once, however many ask', async () => {
    const at = folder();
    let count = 0;
    const work = async () => {
      count += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
      return { count };
    };
    const answers = await Promise.all([once(at, 'x', work), once(at, 'x', work), once(at, 'x', work)]);
    expect(answers).toEqual([{ count: 1 }, { count: 1 }, { count: 1 }]);
  });

  it('is nobody’s when who began with it is gone', async () => {
    const at = folder();
    const dead = { pid: 2 ** 22 + 1, start: '1', boot: 'x', host: '', since: '' };
    const { hostname } = await import('node:os');
    writeFileSync(join(at, 'x.by'), JSON.stringify({ ...dead, host: hostname() }));
    expect(await once(at, 'x', async () => ({}))).toBeUndefined();
  });
});

describe('an attempt on a host', () => {
  it('has its inputs under the names that they have at home, as objects', async () => {
    const root = folder();
    const file = join(root, 'rows');
    writeFileSync(file, 'rows\n');
    const stored = await storeArtifact(root, file);
    if (!stored.ok) throw new Error(stored.error.message);
    const item = { label: 'x/y', artifact: stored.value, suffix: '.jsonl' };
    const { inputs, folder: at } = await laidOut(root, {
      in: { one: { form: 'one', items: [item] }, many: { form: 'map', items: [item] } },
    });
    expect(inputs['one']?.path).toBe(join(at, 'in/one.jsonl'));
    expect(readFileSync(inputs['one']?.path as string, 'utf8')).toBe('rows\n');
    expect(inputs['many']?.many).toEqual([['x/y', join(at, 'in/many/x%2Fy.jsonl')]]);
  });

  it('is not laid out without all of them: the one that lacks is named', () => {
    const digest = `sha256:${'b'.repeat(64)}` as never;
    const items = [{ label: '', artifact: { form: 'file', digest } as const, suffix: '' }];
    const laid = layOut(folder(), PROJECT, { ...layout, in: { x: { form: 'one', items } } });
    expect(laid).toEqual({ ok: false, error: digest });
  });

  it('gives its outputs once, and the same answer for ever', async () => {
    const root = folder();
    const { folder: at, outputs } = await laidOut(root);
    writeFileSync(outputs['o'] as string, 'made');
    writeFileSync(join(outputs['f'] as string, 'member'), 'made');
    const first = await collectThere(root, at, layout.out);
    expect(first.kind).toBe('outputs');
    expect(existsSync(outputs['o'] as string)).toBe(false);
    expect(await collectThere(root, at, layout.out)).toEqual(first);
  });

  it('does not give what was half taken in when the host went down', async () => {
    const root = folder();
    const { folder: at } = await laidOut(root);
    const { hostname } = await import('node:os');
    writeFileSync(
      join(at, 'collected.by'),
      JSON.stringify({ pid: 2 ** 22 + 1, start: '1', boot: 'x', host: hostname(), since: '' }),
    );
    expect(await collectThere(root, at, layout.out)).toEqual({ kind: 'broken' });
  });

  it('keeps its folder while its job may use it, and tidies up those before', async () => {
    const root = folder();
    const { folder: first } = await laidOut(root);
    writeFileSync(join(first, 'out/o'), 'left over');
    const { folder: second, state } = await laidOut(root, { attempt: 2 });
    expect([existsSync(first), existsSync(second)]).toEqual([false, true]);
    mkdirSync(join(second, 'job/started'));
    writeFileSync(join(second, 'out/o'), 'being written');
    await laidOut(root, { attempt: 2 });
    expect(readFileSync(join(second, 'out/o'), 'utf8')).toBe('being written');
    writeFileSync(join(state, 'step'), '3');
    expect(removeThere(second, false)).toBe(true);
    expect(existsSync(join(state, 'step'))).toBe(true);
    await laidOut(root, { attempt: 3, keepState: false });
    expect(existsSync(join(state, 'step'))).toBe(false);
    expect(removeThere(join(state, '../3'), true)).toBe(false);
    expect(existsSync(join(state, '..'))).toBe(false);
  });

  it('has nothing to say of inputs that nobody touched', async () => {
    const { folder: at } = await laidOut(folder());
    expect(await spoiledThere(at)).toBeUndefined();
  });

  it.each([
    ['/scratch', false],
    [`/scratch/projects/${PROJECT}/attempts/${'a'.repeat(64)}/1`, true],
    [`/scratch/projects/${PROJECT}/attempts/${'a'.repeat(64)}/1/in`, false],
    [`/scratch/projects/${PROJECT}/attempts/${'a'.repeat(64)}/../1`, false],
    [`/scratch/projects/../attempts/${'a'.repeat(64)}/1`, false],
    [`/elsewhere/projects/${PROJECT}/attempts/${'a'.repeat(64)}/1`, false],
  ])('is what lies in its place and nothing else: %s', (path, answer) => {
    expect(isAttempt('/scratch', path)).toBe(answer);
  });
});

describe('the id of a project', () => {
  it('stays, and a copy of the project gets its own', async () => {
    const home = join(folder(), '.warren');
    mkdirSync(home);
    const id = projectId({ home });
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect(projectId({ home })).toBe(id);
    const copy = join(folder(), '.warren');
    await cp(home, copy, { recursive: true });
    expect(projectId({ home: copy })).not.toBe(id);
  });
});
