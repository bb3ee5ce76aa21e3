/** @file What planning knows of the world. Everything is read once: what was read first holds for the whole run. */
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import type { Digest } from '../../base/ids.ts';
import type { Result } from '../../base/result.ts';
import { readOwns } from '../../cache/actions.ts';
import type { Artifact, ArtifactFault } from '../../cache/artifact.ts';
import type { Guard } from '../../cache/guards.ts';
import { type Pinned, pinInput } from '../../cache/inputs.ts';
import { type Memo, openMemo } from '../../cache/memo.ts';
import { firstLostAnywhere } from '../../cache/temporary.ts';
import { type LockEntries, NO_ENTRIES } from '../lock/format.ts';
import { builtinKinds, type Registry } from '../pipeline/registry.ts';
import type { Project } from '../project.ts';
import { codeOfKind, type KindCode, packageVersion } from './code.ts';
import { type CodeManifest, keepCode, readCode } from './code-manifest.ts';
import type { Elsewhere } from './elsewhere.ts';
import type { BackendFacts } from './fingerprint.ts';
import { type Machine, thisMachine } from './machine.ts';
import { openPast, type Past } from './past.ts';

export interface WorldOptions {
  /** CPU threads of kinds with a backend; part of their keys. Default: all of the machine. */
  readonly threads?: number | undefined;
  readonly registry?: Registry | undefined;
  /** Default: this one. */
  readonly machine?: Machine | undefined;
  /** What the lock file names. */
  readonly lock?: LockEntries | undefined;
  readonly elsewhere?: Elsewhere | undefined;
}

export interface World {
  readonly project: Project;
  readonly registry: Registry;
  readonly memo: Memo;
  readonly past: Past;
  readonly threads: number;
  readonly machine: Machine;
  /** The artifact at a user's path, as it was at first sight; `without` leaves out paths inside a folder. */
  pin(path: string, without?: readonly string[]): Result<Pinned, ArtifactFault>;
  /** Null for commands, whose code is the command itself. */
  codeOf(kind: string): Digest | null;
  /** What a digest of code is made of, if anybody still knows. */
  manifestOfCode(code: Digest): CodeManifest | undefined;
  /** Writes down what the kind's digest of code is made of, for `why` of later runs. */
  keepCode(kind: string): void;
  backendOf(kind: string): BackendFacts | null;
  readonly lock: LockEntries;
  /** The remote, if there is one to read from. */
  readonly elsewhere: Elsewhere | undefined;
  /** Whether all bytes of an artifact can be had without running anything. */
  isWithinReach(artifact: Artifact): boolean;
  /** Own digests of all results in the cache when first asked. */
  owns(): ReadonlySet<string>;
  /** Everything on disk, beside the cache, that the answers so far depend on. */
  guards(): Guard[];
  /** Files of code that were read. */
  codeFiles(): string[];
}

export function openWorld(project: Project, options: WorldOptions = {}): World {
  const registry = options.registry ?? builtinKinds;
  const threads = options.threads ?? availableParallelism();
  const memo = openMemo(join(project.home, 'memo'));
  const pins = new Map<string, Result<Pinned, ArtifactFault>>();
  const codes = new Map<string, KindCode | null>();
  const kept = new Set<string>();
  const backends = new Map<string, BackendFacts | null>();
  let owns: ReadonlySet<string> | undefined;

  const code = (kind: string): KindCode | null =>
    remember(codes, kind, () => (kind === 'command' ? null : codeOfKind(registry.entryOf(kind))));

  function backend(kind: string): BackendFacts | null {
    const name = registry.manifestOf(kind)?.backend;
    if (name === undefined) return null;
    const { version } = packageVersion(PACKAGES[name], dirname(registry.entryOf(kind)));
    return { name, version, device: 'cpu', threads };
  }

  return {
    project,
    registry,
    memo,
    past: openPast(project),
    threads,
    machine: options.machine ?? thisMachine(),
    pin: (path, without = []) =>
      remember(pins, [path, ...without].join('\0'), () => pinInput(path, memo, 'input', without)),
    codeOf: (kind) => code(kind)?.digest ?? null,
    manifestOfCode: (digest) =>
      [...codes.values()].find((known) => known?.digest === digest)?.manifest ??
      readCode(project.cache, digest),
    keepCode: (kind) => {
      const found = code(kind);
      if (found !== null && !kept.has(kind)) keepCode(project.cache, found.digest, found.manifest);
      kept.add(kind);
    },
    backendOf: (kind) => remember(backends, kind, () => backend(kind)),
    lock: options.lock ?? NO_ENTRIES,
    elsewhere: options.elsewhere,
    isWithinReach: (artifact) =>
      firstLostAnywhere(project.cache, artifact) === undefined || options.elsewhere?.has(artifact) === true,
    owns: () => {
      owns ??= readOwns(project.cache);
      return owns;
    },
    guards: () => [...pins.values()].flatMap((pin) => (pin.ok ? pin.value.guards : [])),
    codeFiles: () => [...codes.values()].flatMap((known) => known?.files ?? []),
  };
}

/** Package whose version stands for a backend. */
const PACKAGES: {
  readonly [B in NonNullable<NonNullable<ReturnType<Registry['manifestOf']>>['backend']>]: string;
} = {
  onnx: 'onnxruntime-node',
};

function remember<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
