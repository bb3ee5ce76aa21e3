/** @file Who answers which request. */
import { ATTEMPT_HANDLERS } from '../../run/away/there/handlers.ts';
import { run } from './commands.ts';
import { write } from './files.ts';
import type { Handlers } from './handling.ts';
import { hostFacts } from './machine.ts';
import { objectRead, objectsStored, objectWrite, recordWrite } from './objects.ts';
import { program, programThere } from './program.ts';

export const HANDLERS: Handlers = {
  ping: () => ({}),
  facts: (_ask, _bytes, { root }) => hostFacts(root),
  run,
  write,
  'objects-stored': objectsStored,
  'object-read': objectRead,
  'object-write': objectWrite,
  'record-write': recordWrite,
  'program-there': programThere,
  program,
  ...ATTEMPT_HANDLERS,
};
