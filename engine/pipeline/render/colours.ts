import type { GraphStatus } from './status.ts';

/** Light fills that stay apart in print; the words stand beside them. */
export const COLOURS: { readonly [S in GraphStatus]: string } = {
  fresh: '#d9f2d9',
  restore: '#d6e9f8',
  restored: '#d6e9f8',
  run: '#fde9c8',
  ran: '#fde9c8',
  maybe: '#f7f3c6',
  failed: '#f8d0d0',
  skip: '#dddddd',
  skipped: '#e8e8e8',
  cancelled: '#e8e8e8',
};
