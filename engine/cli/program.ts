import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { ColorMode } from '../report/paint.ts';
import type { Call } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { packageVersion } from './package.ts';

interface GlobalOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color: ColorMode;
  readonly cwd?: string;
}

/** Runs the command of `args` and answers its exit code. */
export async function callProgram(args: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  let help = '';
  const program = build(
    args,
    (exit) => {
      code = exit;
    },
    (text) => {
      help = text;
    },
  );
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return EXIT.done;
    const json = args.includes('--json');
    if (error.code === 'commander.help' && !json) {
      process.stderr.write(help);
      return EXIT.wrong;
    }
    const { refuseCall } = await import('./call.ts');
    const call: Call = { json, quiet: false, color: 'auto', cwd: process.cwd(), args };
    return refuseCall(
      call,
      usageCode(error),
      usageMessage(error),
      'warren --help lists commands and options',
    );
  }
}

/** `commander.unknownOption` -> `unknown-option` */
function usageCode(error: CommanderError): string {
  return error.code.replace('commander.', '').replace(/[A-Z]/g, (upper) => `-${upper.toLowerCase()}`);
}

function usageMessage(error: CommanderError): string {
  if (error.code === 'commander.help') return 'A command is needed.';
  const text = error.message
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .replace(/\.$/, '');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

const PROFILE = ['--profile <name>', 'a profile of warren.yaml: where stages run'] as const;

type Action = (call: Call, ...rest: never[]) => Promise<ExitCode>;

function build(
  args: readonly string[],
  exit: (code: ExitCode) => void,
  writeErr: (text: string) => void,
): Command {
  const program = new Command('warren')
    .description('A declarative pipeline engine for aligning language models from human preferences.')
    .version(packageVersion(), '--version', 'print the version')
    .option('--json', 'answer with exactly one JSON line on stdout')
    .option('--quiet', 'say only what went wrong')
    .addOption(
      new Option('--color <when>', 'colour the output').choices(['auto', 'always', 'never']).default('auto'),
    )
    .option('--cwd <folder>', 'work as if started in this folder')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeErr })
    .exitOverride();

  const add = (usage: string, description: string): Command =>
    program.command(usage).description(description).copyInheritedSettings(program);

  /** Calls `load()`'s function with the call, the positional arguments and the options. */
  const does =
    (load: () => Promise<Action>) =>
    async (...given: unknown[]): Promise<void> => {
      const command = given.at(-1) as Command;
      const globals = command.optsWithGlobals<GlobalOptions>();
      const call = await startCall(args, globals);
      if (call === undefined) return exit(EXIT.wrong);
      const action = (await load()) as (call: Call, ...rest: unknown[]) => Promise<ExitCode>;
      exit(await action(call, ...given.slice(0, -1)));
    };

  add('init [template]', 'write a commented pipeline to start from: command (default) or rrhf').action(
    does(async () => (await import('./init.ts')).init),
  );
  overridable(add('check <file>', 'find every mistake in a pipeline file'))
    .option(...PROFILE)
    .action(does(async () => (await import('./check.ts')).check));
  overridable(add('plan <file> [stages...]', 'show what would run, and why'))
    .option('--until <stage>', 'nothing that comes after this stage', collect)
    .option('--force', 'as if every stage had to run again')
    .option('--threads <n>', 'CPU threads for stages that compute', count)
    .option('--check', 'exit with 3 if anything would or may run')
    .option('--no-remote', 'ask no remote for what is not here')
    .option(...PROFILE)
    .action(does(async () => (await import('./plan.ts')).plan));
  overridable(add('run <file> [stages...]', 'run what changed, restore the rest'))
    .option('--until <stage>', 'nothing that comes after this stage', collect)
    .option('-j, --jobs <n>', 'stages at the same time', count)
    .option('--keep-going', 'after a failure, go on with what does not need it')
    .option('--force', 'run every stage again')
    .option('--frozen', 'exit with 3 if anything would or may run; run nothing')
    .option('--no-remote', 'ask no remote for what is not here')
    .option('--threads <n>', 'CPU threads for stages that compute', count)
    .option('--checkpoint-every <seconds>', 'seconds of work between two checkpoints', duration)
    .option(...PROFILE)
    .option('--detach', 'go on without this terminal; warren cancel ends it')
    .action(does(async () => (await import('./run.ts')).run));
  overridable(add('accept <file> <stages...>', 'say that earlier results of stages are the same on purpose'))
    .option('--field <field>', 'a parameter whose change is accepted, as why names it: with.lr', collect)
    .option('--dry-run', 'show what would be accepted; record nothing')
    .option('--threads <n>', 'CPU threads for stages that compute', count)
    .action(does(async () => (await import('./accept.ts')).accept));
  overridable(add('verify <file> [stages...]', 'run stages again beside the cache and compare bytes'))
    .option('--times <n>', 'how often each stage is run (default: 1)', count)
    .option('--tolerance <x>', 'how far numbers of results from another class of machine may be apart')
    .option('-j, --jobs <n>', 'stages at the same time', count)
    .option('--threads <n>', 'CPU threads for stages that compute', count)
    .action(does(async () => (await import('./verify.ts')).verify));
  add('why <stage...>', 'show what changed since the nearest earlier result of a stage')
    .usage('[options] [file] <stage...>')
    .option('--run <id>', 'the run to explain, in place of the latest')
    .option('--against <id>', 'the run to compare with, in place of the nearest earlier result')
    .action(does(async () => (await import('./why.ts')).why));
  add('status [run]', 'show the stages of the latest run, or of that of a pipeline file').action(
    does(async () => (await import('./status.ts')).status),
  );
  add('runs [file]', 'list the runs, newest first')
    .option('-n, --last <n>', 'how many (default: 20)', count)
    .action(does(async () => (await import('./runs.ts')).runs));
  add('cancel [run]', 'end the run that goes on, or that of a pipeline file')
    .option('--now', 'without time to save the state of what runs')
    .option('--left', 'end what earlier runs left with executors that outlive them')
    .action(does(async () => (await import('./cancel.ts')).cancel));
  add('logs <stage...>', 'print what a stage printed')
    .usage('[options] [file] <stage...>')
    .option('-f, --follow', 'go on while the stage runs')
    .option('--run <id>', 'the run to look into, in place of the latest')
    .action(does(async () => (await import('./logs.ts')).logs));
  overridable(add('graph <file>', 'draw the stages and their inputs'))
    .addOption(
      new Option('--format <format>', 'how').choices(['text', 'mermaid', 'dot', 'json']).default('text'),
    )
    .action(does(async () => (await import('./graph.ts')).graph));
  add('schema [kind]', 'print the JSON Schema of pipeline files, or what a kind takes and gives').action(
    does(async () => (await import('./schema.ts')).schema),
  );
  const cache = add('cache', 'look into the cache');
  cache
    .command('du')
    .description('show how much space results take')
    .copyInheritedSettings(program)
    .action(does(async () => (await import('./cache-du.ts')).cacheDu));
  cache
    .command('verify')
    .description('read every byte again and name what is bad')
    .option('--repair', 'remove what is bad, fetch it again where a remote has it')
    .copyInheritedSettings(program)
    .action(does(async () => (await import('./cache-verify.ts')).cacheVerify));
  cache
    .command('gc')
    .description('remove what no kept or running run needs')
    .option('--keep-last <n>', 'keep the last N runs of every pipeline', count)
    .option('--max-age <time>', 'keep what was used within a time such as 30d')
    .option('--max-size <size>', 'then remove what was used longest ago, until a size such as 50G is left')
    .option('--dry-run', 'only say what would be removed')
    .copyInheritedSettings(program)
    .action(does(async () => (await import('./cache-gc.ts')).cacheGc));
  cache
    .command('rm <key>')
    .description('remove the result of a key or of a stage of the last run')
    .copyInheritedSettings(program)
    .action(does(async () => (await import('./cache-rm.ts')).cacheRm));
  transfer(add('push <file> [stages...]', 'send results to a remote: what it lacks'))
    .option('--force', 'replace results that the remote has')
    .action(does(async () => (await import('./push.ts')).push));
  transfer(add('pull <file> [stages...]', 'bring results from a remote: what is needed and not here'))
    .option('--all', 'bring every result, needed or not')
    .action(does(async () => (await import('./pull.ts')).pull));
  const lock = add('lock', 'work on lock files');
  lock
    .command('merge <base> <ours> <theirs>')
    .description('merge lock files stage by stage, into OURS; a merge driver for git')
    .copyInheritedSettings(program)
    .action(does(async () => (await import('./lock-merge.ts')).lockMerge));
  add('doctor', 'say whether this machine and the profiles can run pipelines')
    .option('--profile <name>', 'look at this profile of warren.yaml alone')
    .action(does(async () => (await import('./doctor.ts')).doctor));
  return program;
}

function transfer(command: Command): Command {
  return overridable(command)
    .option('--remote <name>', 'a remote of warren.yaml, in place of the default one')
    .option('--dry-run', 'only say what would move')
    .option('--threads <n>', 'CPU threads for stages that compute', count);
}

function overridable(command: Command): Command {
  return command
    .option('--with <name=value>', 'parameter of the pipeline; one YAML value', collect)
    .option('--set <stage.param=value>', 'parameter of a stage; one YAML value', collect)
    .option('--in <name=path>', 'input of the pipeline', collect);
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function count(text: string): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || value < 1 || value > 4096)
    throw new InvalidArgumentError('Give a whole number from 1 to 4096.');
  return value;
}

function duration(text: string): number {
  if (!/^[0-9]+(\.[0-9]+)?$/.test(text))
    throw new InvalidArgumentError('Give a number of seconds, 0 or more.');
  return Number(text);
}

/** Enters `--cwd`; undefined if it cannot be entered (said already). */
async function startCall(args: readonly string[], options: GlobalOptions): Promise<Call | undefined> {
  const call = { json: options.json === true, quiet: options.quiet === true, color: options.color, args };
  if (options.cwd !== undefined) {
    try {
      process.chdir(options.cwd);
    } catch {
      const { refuseCall } = await import('./call.ts');
      refuseCall(
        { ...call, cwd: process.cwd() },
        'no-such-folder',
        `--cwd ${options.cwd} is not a folder that can be entered.`,
      );
      return undefined;
    }
  }
  return { ...call, cwd: process.cwd() };
}
