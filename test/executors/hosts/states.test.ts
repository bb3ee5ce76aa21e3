import { describe, expect, it } from 'vitest';
import type { JobLook } from '../../../engine/executors/ssh/requests.ts';
import { stateOfLook } from '../../../engine/executors/ssh/states.ts';

const start = {
  host: 'gpu1',
  node: undefined,
  pid: 7,
  born: '1',
  boot: 'b',
  id: undefined,
  restarts: 0,
  gpus: [],
  at: 1000,
};
const exit = {
  code: 0,
  signal: undefined,
  cause: undefined,
  asked: undefined,
  missing: undefined,
  seconds: 1,
};
const look = (more: Partial<JobLook>, records: Partial<JobLook['records']> = {}): JobLook => ({
  alive: true,
  rebooted: false,
  sizes: [0, 0, 0],
  ...more,
  records: {
    started: true,
    start,
    exit: undefined,
    batch: undefined,
    gang: false,
    beat: undefined,
    skew: 0,
    ...records,
  },
});

describe('what a host sees of a job', () => {
  it.each([
    ['runs', look({}), 0, 'running'],
    ['has its record', look({ alive: false }, { exit }), 0, 'ended'],
    ['is gone, its record may be on its way', look({ alive: false }), 100, 'running'],
    ['is gone without a record', look({ alive: false }), 5000, 'lost'],
    ['is of another boot', look({ alive: false, rebooted: true }), 0, 'lost'],
    ['never began', look({ alive: false }, { started: false, start: undefined }), 5000, 'ended'],
  ])('%s', (_, seen, gone, kind) => {
    expect(stateOfLook(seen, 'gpu1', gone).kind).toBe(kind);
  });

  it('tells where and why it was lost', () => {
    expect(stateOfLook(look({ alive: false, rebooted: true }), 'gpu1', 0)).toMatchObject({
      evidence: expect.stringContaining('gpu1 was started again'),
    });
  });
});
