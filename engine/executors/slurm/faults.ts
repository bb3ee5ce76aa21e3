/** @file Why one of Slurm's commands failed, from what it printed. */
import type { ExecutorFault } from '../contract.ts';
import { type Answer, type Ask, faultOf } from '../shell.ts';

/** The controller is away or overworked: it may have done what it was asked all the same. */
const AWAY =
  /Unable to contact slurm controller|Socket timed out|Zero Bytes were transmitted|Connection (?:refused|timed out|reset)|Communication connection failure|Transport endpoint|Slurm backup controller|slurm_persist_conn|temporarily (?:unable|unavailable)|Slurmctld has been started|controller is (?:busy|not responding)/i;
/** It refuses now what it may take later. */
const LIMITED =
  /(?:MaxSubmit|MaxJobs|GrpSubmit|GrpJobs)\w*|Job submission limit|Too many|resource limit.*exceeded/i;

interface Refusal {
  readonly sign: RegExp;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

const REFUSALS: readonly Refusal[] = [
  {
    sign: /invalid partition/i,
    code: 'no-partition',
    message: 'Slurm has no such partition.',
    hint: 'see `sinfo` for those there are, and `partition:` of the profile',
  },
  {
    sign: /invalid account|account\/partition combination|User's group not permitted/i,
    code: 'no-account',
    message: 'Slurm does not take jobs of this account there.',
    hint: 'see `sacctmgr show assoc user=$USER`, and `account:` of the profile',
  },
  {
    sign: /invalid qos/i,
    code: 'no-qos',
    message: 'Slurm does not have this quality of service for the account.',
    hint: 'see `sacctmgr show qos`, and `qos:` of the profile',
  },
  {
    sign: /time limit is invalid|Requested time limit|PartitionTimeLimit/i,
    code: 'time-over-limit',
    message: 'The stage asks for more time than the partition gives.',
    hint: 'lower resources.time, or choose another partition',
  },
  {
    sign: /node configuration is not available|Requested partition configuration|Invalid generic resource|Memory (?:required by task|specification)|CPU count per node|More processors requested|Node count specification|PartitionNodeLimit/i,
    code: 'request-too-large',
    message: 'No node of the cluster can ever meet the request.',
    hint: 'lower the resources of the stage, or choose another partition',
  },
  {
    sign: /unrecognized option|invalid option|unknown option|ambiguous|Invalid --/i,
    code: 'bad-flag',
    message: 'A flag of the profile is none of sbatch.',
    hint: 'see `flags:` of the profile',
  },
];

export function slurmFault(ask: Pick<Ask, 'argv'>, answer: Answer): ExecutorFault {
  const [program] = ask.argv;
  const text = `${answer.stderr}\n${answer.stdout}`;
  if (answer.failed === 'missing') {
    const message = `There is no ${program} to be found.`;
    return faultOf('no-slurm', message, false, ask, answer, "load the site's Slurm commands into PATH");
  }
  if (answer.failed === 'unreachable') {
    return faultOf('host-unreachable', 'The login node does not answer.', true, ask, answer);
  }
  if (answer.failed === 'late' || AWAY.test(text)) {
    return faultOf('slurm-away', 'The controller of Slurm does not answer.', true, ask, answer);
  }
  const refusal = REFUSALS.find(({ sign }) => sign.test(text));
  if (refusal !== undefined) {
    return faultOf(refusal.code, refusal.message, false, ask, answer, refusal.hint);
  }
  if (LIMITED.test(text)) {
    return faultOf('submit-limit', 'A limit of the site on submitted jobs is reached.', true, ask, answer);
  }
  return faultOf('submit-refused', `${program} failed.`, false, ask, answer);
}

/** Whether a submission that failed so may have been taken all the same. */
export function isInDoubt(answer: Answer): boolean {
  if (answer.failed === 'missing') return false;
  return answer.failed !== undefined || answer.code === 0 || AWAY.test(`${answer.stderr}\n${answer.stdout}`);
}
