/** @file One host of a profile: its link, what it has, and since when it does not answer. */
import { err, ok, type Result } from '../../../base/result.ts';
import { type Link, openLink } from '../../site/link.ts';
import { placeProgram, programOf } from '../../site/program.ts';
import type { HostFacts } from '../../site/requests.ts';
import type { ExecutorFault } from '../contract.ts';
import type { HostSettings, SshSettings } from '../settings.ts';
import type { Premises } from '../site.ts';

/** What a host has for jobs. */
export interface Capacity {
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
}

export interface Host {
  readonly name: string;
  readonly settings: HostSettings;
  readonly link: Link;
  /** What it has, once that is known; the fault of the last try to find out. */
  known(): Capacity | ExecutorFault | undefined;
  /** It answered once, so that it is worth waiting for. */
  met(): boolean;
  /** Asks what it has, unless that is known or being asked. */
  ask(): Promise<Result<Capacity, ExecutorFault>>;
  /** It answered, and does not any more. */
  forget(fault: ExecutorFault): void;
  /** How processes are started there; for a kind, this program is brought there first. */
  premises(kind: string | undefined, signal: AbortSignal): Promise<Result<Premises, ExecutorFault>>;
  /** The fault as it is to be told: `lab/gpu2 cannot be reached since 20 s: ...`; undefined resets the clock. */
  silent(fault: ExecutorFault | undefined): string;
}

/** Milliseconds that a first connection may take. */
const PATIENCE = 15_000;

export function openHost(
  settings: HostSettings,
  { config, root, node }: Pick<SshSettings, 'config' | 'root' | 'node'>,
  profile: string,
  warn?: (fault: ExecutorFault) => void,
): Host {
  const name = settings.host;
  const link = openLink({ host: name, config, root, node }, { warn });
  let known: Capacity | ExecutorFault | undefined;
  let asking: Promise<Result<Capacity, ExecutorFault>> | undefined;
  let premises: Promise<Result<Premises, ExecutorFault>> | undefined;
  const programs = new Map<string, string>();
  let bringing: Promise<unknown> = Promise.resolve();
  let facts: HostFacts | undefined;
  let since: number | undefined;

  async function ask(): Promise<Result<Capacity, ExecutorFault>> {
    if (known !== undefined && 'cpus' in known) return ok(known);
    const asked = await link.call('facts', {}, { patience: PATIENCE });
    if (asked.ok) facts = asked.value;
    known = asked.ok ? capacityOf(settings, asked.value) : asked.error;
    return 'cpus' in known ? ok(known) : err(known);
  }

  async function find(): Promise<Result<Premises, ExecutorFault>> {
    const welcome = await link.open({ patience: PATIENCE });
    if (!welcome.ok) return welcome;
    const variables = await link.call('variables', {});
    if (!variables.ok) return variables;
    return ok({ node: welcome.value.node, program: '', own: variables.value.own });
  }

  async function bring(kind: string, signal: AbortSignal): Promise<Result<string, ExecutorFault>> {
    const there = programs.get(kind);
    if (there !== undefined) return ok(there);
    const asked = facts === undefined ? await ask() : undefined;
    if (asked?.ok === false) return asked;
    const program = await programOf([kind], facts as HostFacts);
    if (!program.ok) return program;
    const placed = await placeProgram(link, program.value, { signal });
    if (!placed.ok) return placed;
    programs.set(kind, placed.value.folder);
    return ok(placed.value.folder);
  }

  return {
    name,
    settings,
    link,
    known: () => known,
    met: () => facts !== undefined,
    ask: () => {
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      return asking;
    },
    forget: (fault) => {
      known = fault;
    },
    premises: async (kind, signal) => {
      premises ??= find();
      const found = await premises;
      if (!found.ok) premises = undefined;
      if (!found.ok || kind === undefined) return found;
      // One after the other: the second finds most of it there.
      const mine = bringing.then(() => bring(kind, signal));
      bringing = mine;
      const brought = await mine;
      return brought.ok ? ok({ ...found.value, program: brought.value }) : brought;
    },
    silent: (fault) => {
      if (fault === undefined) {
        since = undefined;
        return '';
      }
      since ??= Date.now();
      const seconds = Math.round((Date.now() - since) / 1000);
      const why = fault.output === undefined || fault.output === '' ? fault.message : fault.output;
      return `${profile}/${name} cannot be reached since ${seconds} s: ${firstLine(why)}`;
    },
  };
}

function capacityOf(settings: HostSettings, facts: HostFacts): Capacity {
  return { cpus: settings.cpus ?? facts.cores, memory: settings.memory ?? facts.memory };
}

function firstLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
