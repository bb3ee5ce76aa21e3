/** @file One attempt on one host that files are not shared with: laid out, looked at, collected, removed. */
import { err, ok, type Result } from '../../../base/result.ts';
import type { Artifact } from '../../../cache/artifact.ts';
import { openLocks } from '../../../cache/locks.ts';
import { fetchArtifacts } from '../../../cache/remotes/fetch.ts';
import type { RemoteFault } from '../../../cache/remotes/remote.ts';
import { temporaryStore } from '../../../cache/temporary.ts';
import type { Link } from '../../site/link.ts';
import { siteRemote } from '../../site/objects.ts';
import type { ExecutorFault } from '../contract.ts';
import type { Berth, Brought, Layout, Order, PrepareFault } from '../site.ts';
import type { LaidOut } from './requests.ts';
import { sendGoods } from './sending.ts';

/** Objects that are collected there between the two are sent again so often. */
const TRIES = 3;

/** Brings what is lacking, and lays the attempt out. */
export async function layOutThere(
  link: Link,
  project: string,
  { layout, goods }: Pick<Order, 'layout' | 'goods'>,
  signal: AbortSignal,
): Promise<Result<LaidOut, PrepareFault>> {
  for (let left = TRIES; ; left--) {
    const sent = await sendGoods(link, goods, signal);
    if (!sent.ok) return sent;
    const laid = await link.call('lay-out', { project, layout }, { signal });
    if (!laid.ok) return err({ kind: 'fault', fault: laid.error });
    if (laid.value.laid !== null) return ok(laid.value.laid);
    if (left <= 1) {
      const message = `${link.host} does not keep what is sent to it: ${laid.value.lacks}.`;
      return err({ kind: 'fault', fault: { code: 'remote-answer', message, passing: false } });
    }
  }
}

/** Most bytes of one request. */
const MOST = 4 * 2 ** 20;

export async function writeThere(
  link: Link,
  { folder }: Pick<Berth, 'folder'>,
  files: { readonly [name: string]: string },
): Promise<Result<undefined, ExecutorFault>> {
  const texts = Object.entries(files).map(([name, text]) => [name, Buffer.from(text)] as const);
  for (const [name, bytes] of texts) {
    if (bytes.length > MOST) {
      const message = `${name} of the attempt has ${bytes.length} bytes, more than can be sent to a host.`;
      const hint = 'give large values as files: in:';
      return err({ code: 'job-too-large', message, hint, passing: false });
    }
    const file = { path: `${folder}/${name}`, size: bytes.length, executable: false };
    const written = await link.call('write', { files: [file] }, { bytes });
    if (!written.ok) return written;
  }
  return ok(undefined);
}

/** Outputs into the host's store, and what is lacking from there into the cache here. */
export async function bringOutputs(
  link: Link,
  { folder }: Pick<Berth, 'folder'>,
  out: Layout['out'],
  cache: string,
  stop: AbortSignal,
): Promise<Result<Brought, ExecutorFault>> {
  const collected = await link.call('collect', { folder, out });
  if (!collected.ok) return collected;
  const { kind, artifacts = {}, code, message, hint } = collected.value;
  switch (kind) {
    case 'refused':
      return ok({ kind, code: code ?? 'output-invalid', message: message ?? 'An output was refused.', hint });
    case 'broken': {
      const told = `${link.host} went down while it took in the outputs.`;
      return err({ code: 'node-lost', message: told, passing: false });
    }
    case 'full': {
      const told = `The store of ${link.host} cannot take the outputs: ${message}.`;
      const free = `ssh ${link.host} df -h shows what is left: free some, or name another root in the profile`;
      return err({ code: 'remote-disk-full', message: told, hint: free, passing: false });
    }
    case 'outputs':
      return fetchOutputs(link, artifacts, out, cache, stop);
  }
}

async function fetchOutputs(
  link: Link,
  artifacts: { readonly [name: string]: Artifact },
  out: Layout['out'],
  cache: string,
  stop: AbortSignal,
): Promise<Result<Brought, ExecutorFault>> {
  const names = Object.keys(out);
  const missing = names.find((name) => artifacts[name] === undefined);
  if (missing !== undefined || Object.keys(artifacts).length !== names.length) {
    return err({ code: 'remote-answer', message: `${link.host} collected other outputs.`, passing: false });
  }
  for (const temporary of [false, true]) {
    const own = names.filter((name) => (out[name]?.temp === true) === temporary);
    if (own.length === 0) continue;
    const store = temporary ? temporaryStore(cache) : cache;
    const locks = openLocks(store);
    try {
      const way = { cache: store, remote: siteRemote(link, { temporary }), locks, stop, got: () => {} };
      const fetched = await fetchArtifacts(
        way,
        own.flatMap((name) => artifacts[name] ?? []),
      );
      const [fault] = fetched.faults;
      if (fault !== undefined) return err(asExecutor(fault));
      if (stop.aborted) return err({ code: 'interrupted', message: 'It was interrupted.', passing: true });
      const [lost] = fetched.missing;
      if (lost !== undefined) {
        const message = `${link.host} lacks ${lost.digest.slice(0, 19)} of what it collected.`;
        return err({ code: 'remote-answer', message, passing: false });
      }
    } finally {
      locks.close();
    }
  }
  return ok({ kind: 'outputs', artifacts });
}

const PASSING: ReadonlySet<RemoteFault['code']> = new Set(['remote-unreachable', 'remote-truncated']);

function asExecutor({ code, message, hint }: RemoteFault): ExecutorFault {
  return { code, message, hint, passing: PASSING.has(code) };
}
