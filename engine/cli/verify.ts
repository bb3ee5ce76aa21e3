import type { StageId } from '../../base/ids.ts';
import type { Event } from '../event.ts';
import { findProject } from '../project.ts';
import type { Line } from '../report/line.ts';
import { span } from '../report/line.ts';
import { Tally } from '../report/tally.ts';
import { type Verified, verifyStages } from '../verify/verify.ts';
import { answer, type Call, refuse, refuseCall, writeLines } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { watchInterrupts } from './interrupts.ts';
import { loadTargets } from './load.ts';
import { settingsCalled } from './project-settings.ts';
import type { OverrideOptions } from './values.ts';
import { verifyLines } from './verify-lines.ts';

interface VerifyCall extends OverrideOptions {
  readonly times?: number;
  readonly tolerance?: string;
  readonly jobs?: number;
  readonly threads?: number;
}

interface VerifyDocument {
  readonly schema: 'warren/verify/1';
  readonly pipeline: string;
  readonly file: string;
  /** Every stage that was asked for and can be verified at all is equal. */
  readonly equal: boolean;
  readonly stages: readonly Verified[];
}

/** `verify FILE [STAGE...]`: run again beside the cache, and compare bytes. 1 if anything differs or could not be run. */
export async function verify(
  call: Call,
  file: string,
  stages: readonly string[],
  options: VerifyCall,
): Promise<ExitCode> {
  const loaded = await loadTargets(call, file, stages, options);
  if (!loaded.ok) return loaded.error;
  const { graph, targets } = loaded.value;
  const { times = 1, tolerance: text = '0', jobs, threads } = options;
  const tolerance = Number(text);
  if (!(tolerance >= 0 && tolerance < 1))
    return refuseCall(call, 'bad-option', `--tolerance ${text} is not a number from 0 to 1.`, 'e.g. 1e-5');
  const project = findProject(graph.file);
  const called = await settingsCalled(project, {});
  if (!called.ok) return refuse(call, called.error);
  const { profiles, profile } = called.value;
  const tally = new Tally();
  const emit = (event: Event): void => {
    tally.add(event);
    if (call.json || call.quiet) return;
    const said = progressLine(event);
    if (said !== undefined) writeLines(process.stderr, call, [said]);
  };
  const { stop, kill, release } = watchInterrupts(emit);
  let verified: Verified[];
  try {
    const settings = { targets, times, tolerance, jobs, threads, profiles, profile, stop, kill };
    verified = await verifyStages(graph, project, settings, emit);
  } finally {
    release();
  }
  const equal = verified.every(({ verdict }) => verdict === 'equal' || verdict === 'skipped');
  const { name: pipeline, file: path } = graph;
  const document: VerifyDocument = {
    schema: 'warren/verify/1',
    pipeline,
    file: path,
    equal,
    stages: verified,
  };
  const printed = (id: StageId): readonly string[] => tally.tails.get(id)?.lines ?? [];
  answer(call, document, () => (call.quiet && equal ? [] : verifyLines(verified, printed)));
  if (verified.some(({ verdict }) => verdict === 'cancelled')) return EXIT.interrupted;
  return equal ? EXIT.done : EXIT.failed;
}

function progressLine(event: Event): Line | undefined {
  if (event.type === 'stage-started') return [span(event.stage, 'strong'), span('  runs again', 'dim')];
  if (event.type === 'stage-waiting')
    return [span(event.stage, 'strong'), span(`  waits: ${event.detail}`, 'dim')];
  if (event.type === 'warning') return [span('warning', 'warn'), span(`: ${event.diagnostic.message}`)];
  return undefined;
}
