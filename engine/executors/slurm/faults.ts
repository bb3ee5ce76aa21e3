/** @file Why one of Slurm's commands failed, from what it printed. */
import type { ExecutorFault } from '../contract.ts';
import { type Answer, type Ask, faultOf } from '../shell.ts';

/** The controller is away or overworked: it may have done what it was asked all the same. */
const AWAY =
  /Unable to contact slurm controller|Socket timed out|Zero Bytes were transmitted|Connection (?:refused|timed out|reset)|Communication connection failure|Transport endpoint|Slurm backup controller|slurm_persist_conn|temporarily (?:unable|unavailable)|Slurmctld has been started|controller is (?:busy|not responding)/i;
interface Refusal {
  readonly sign: RegExp;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  /** It refuses now what it may take later. */
  readonly passing?: true;
}

const PARTITION = 'see `sinfo` for those there are, and `partition:` of the profile';
const LOWER = 'lower the resources of the stage, or choose another partition';

/** By the words of Slurm's errors, the first that fits: a reason that is named before the general word after it. */
const REFUSALS: readonly Refusal[] = [
  {
    sign: /establish a configuration source|process configuration file|cannot stat file|DNS SRV lookup failed/i,
    code: 'slurm-unconfigured',
    message: 'Slurm has no configuration here.',
    hint: 'set SLURM_CONF, or call warren on a machine of the cluster; `via:` of a profile submits from one',
  },
  {
    sign: /munge|Protocol authentication error|Invalid authentication credential|auth_g_create/i,
    code: 'slurm-auth',
    message: 'Slurm does not accept who asks.',
    hint: 'see whether munged runs here (`munge -n`), with the key of the cluster',
  },
  {
    // Of the general word the cause stands before it, and waiting for a limit on size would be for ever.
    sign: /(?:Wall|TRES|Gres|Cpus?|Nodes?|Mem)\w*(?:PerJob|PerNode|MinsPer\w+)\w*|(?:QOS|Assoc)Min\w+/,
    code: 'over-policy',
    message: 'A policy of the site gives no job of this account so much.',
    hint: 'see `sacctmgr show qos` and `sacctmgr show assoc user=$USER`; lower the resources of the stage',
  },
  {
    sign: /(?:MaxSubmit|MaxJobs|GrpSubmit|GrpJobs|MaxJobCount)\w*|Job submission limit|violates accounting|Too many|resource limit.*exceeded/i,
    code: 'submit-limit',
    message: 'A limit of the site on jobs is reached.',
    hint: 'if it stays, the stage asks for more than the account is given: see `sacctmgr show assoc user=$USER`',
    passing: true,
  },
  {
    sign: /partition not available|partition.*(?:inactive|drain|is down)|nodes are busy|not available at (?:this|the) (?:time|moment)/i,
    code: 'partition-down',
    message: 'The partition takes no jobs at the moment.',
    hint: 'see `sinfo` for its state',
    passing: true,
  },
  {
    sign: /account\/partition combination|invalid account/i,
    code: 'no-account',
    message: 'Slurm does not take jobs of this account there.',
    hint: 'see `sacctmgr show assoc user=$USER`, and `account:` of the profile',
  },
  {
    sign: /invalid partition/i,
    code: 'no-partition',
    message: 'Slurm has no such partition.',
    hint: PARTITION,
  },
  {
    sign: /invalid qos/i,
    code: 'no-qos',
    message: 'Slurm does not have this quality of service for the account.',
    hint: 'see `sacctmgr show qos`, and `qos:` of the profile',
  },
  {
    sign: /group not permitted|Access\/permission denied|Access denied|Invalid user id|User not allowed/i,
    code: 'slurm-denied',
    message: 'Slurm does not let you do that.',
    hint: PARTITION,
  },
  {
    sign: /reservation/i,
    code: 'no-reservation',
    message: 'Slurm does not have this reservation for you, or not now.',
    hint: 'see `scontrol show reservation`, and `flags:` of the profile',
  },
  {
    sign: /time limit is invalid|Requested time limit|PartitionTimeLimit/i,
    code: 'time-over-limit',
    message: 'The stage asks for more time than the partition gives, or for none where it has to.',
    hint: 'set or lower resources.time, or choose another partition',
  },
  {
    sign: /Node count specification|PartitionNodeLimit|more than MaxNodes|less than MinNodes/i,
    code: 'node-count',
    message: 'The partition takes no job of so many nodes.',
    hint: 'change resources.nodes, or choose another partition',
  },
  {
    sign: /generic resource/i,
    code: 'no-such-gpu',
    message: 'Slurm does not know the GPUs, or the other generic resources, that are asked for.',
    hint: 'see `sinfo -o %G`, and `flags:` of the profile',
  },
  {
    sign: /node configuration is not available|Requested partition configuration|Memory (?:required by task|specification)|CPU count per node|More processors requested|Requested nodes? not in this partition/i,
    code: 'request-too-large',
    message: 'No node of the cluster can ever meet the request.',
    hint: LOWER,
  },
  {
    sign: /unrecognized option|invalid option|unknown option|ambiguous|Invalid --|is not a valid|Invalid (?:time|feature|node name|license|dependency|mail|argument)|requires an argument|Job dependency problem/i,
    code: 'bad-flag',
    message: 'Slurm does not take a flag of the profile.',
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
    const { code, message, hint, passing = false } = refusal;
    return faultOf(code, message, passing, ask, answer, hint);
  }
  const hint = 'call the command by hand on the same machine';
  return faultOf('submit-refused', `${program} failed.`, false, ask, answer, hint);
}

/** Whether a submission that failed so may have been taken all the same. */
export function isInDoubt(answer: Answer): boolean {
  if (answer.failed === 'missing') return false;
  return answer.failed !== undefined || answer.code === 0 || AWAY.test(`${answer.stderr}\n${answer.stdout}`);
}
