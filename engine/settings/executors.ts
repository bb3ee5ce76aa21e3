/** @file What each executor can be told in `warren.yaml`. A total table: a setting without a row here does not compile. */

import { COMMAND_STATES, type ExecutorSettings } from '../executors/settings.ts';
import { CONTAINER_RUNTIMES } from '../pipeline/graph.ts';
import {
  address,
  choice,
  cores,
  count,
  type Field,
  labels,
  path,
  pathThere,
  program,
  required,
  size,
  sizes,
  truth,
  word,
  words,
} from './fields.ts';
import { gpus, host, hosts } from './hosts.ts';
import { choices, pattern, SUBMIT_PLACEHOLDERS, template } from './templates.ts';

export type ExecutorName = ExecutorSettings['executor'];

type FieldsOf<S> = { readonly [K in Exclude<keyof S, 'executor'>]-?: Field<NonNullable<S[K]>> };

const config = path('An ssh configuration file, in place of ~/.ssh/config');
const root = pathThere('Folder on the hosts for objects, programs and attempts; default ~/.cache/warren');
const container = choice(
  'What stages with container: are run by; default: the first that is there',
  CONTAINER_RUNTIMES,
);
const node = program('Node.js on the hosts; default: node of their PATH');

const EXECUTORS: {
  readonly [E in ExecutorName]: FieldsOf<Extract<ExecutorSettings, { readonly executor: E }>>;
} = {
  local: {
    cpus: cores('Cores to use; default: all'),
    memory: size('Memory to use: bytes, or a size such as 40G; default: all'),
    gpus: gpus('GPUs to use: all (the default), none, or indices or UUIDs'),
    cap_memory: truth('Hold stages to their resources.memory'),
    container,
  },
  ssh: {
    hosts: hosts('Hosts without a scheduler: names, or {host, cpus, memory, gpus}'),
    config,
    root,
    node,
    container,
  },
  slurm: {
    via: host('A login node to submit from over SSH'),
    config,
    root,
    node,
    partition: word('Partition, as of sbatch --partition'),
    account: word('Account, as of sbatch --account'),
    qos: word('Quality of service, as of sbatch --qos'),
    gpu_types: sizes('Memory of each GPU by type, as Slurm names it, such as {h100: 80G}'),
    flags: words('Further words of sbatch, such as [--exclusive]'),
    array: count('Most attempts in one array; 1: no arrays'),
    container,
  },
  command: {
    submit: required(
      template('Command that submits {script} and prints an id, as a list of words', SUBMIT_PLACEHOLDERS),
    ),
    id: pattern(
      'Regular expression whose first group is the id in what submit prints; default: its first word',
    ),
    poll: required(template('Command that prints a line "ID STATE" for each of {ids}', ['ids'])),
    states: choices('What words of poll mean, beside the usual ones', COMMAND_STATES),
    cancel: required(template('Command that cancels {ids}', ['ids'])),
    find: template('Command that prints a line "ID NAME" for each known job of {names}', ['names']),
    container,
  },
  kubernetes: {
    url: required(address('Address of the API server')),
    namespace: required(word('Namespace of the jobs')),
    image: required(word('Image of the containers; it has /bin/sh')),
    claim: required(word('PersistentVolumeClaim that pods and this machine share')),
    mount: required(path('Where it is mounted, in pods as here')),
    token_env: word('Variable that holds the token; default: the file of the service account'),
    ca: path('File of certificates that the API server is checked against'),
    secret: word('Secret of the namespace with the variables of pass_env'),
    queue: word('Queue of Kueue'),
    node_selector: labels('Labels of the nodes that jobs may go to'),
  },
  ray: {
    url: required(address('Address of the dashboard, such as http://HOST:8265')),
    token_env: word('Variable that holds the token, where the cluster asks for one'),
  },
};

export const EXECUTOR_NAMES = Object.keys(EXECUTORS) as readonly ExecutorName[];

/** The fields of an executor by name, for code that reads them one by one. */
export function fieldsOf(executor: ExecutorName): { readonly [key: string]: Field<unknown> } {
  return EXECUTORS[executor];
}
