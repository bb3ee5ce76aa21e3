import { chmodSync } from 'node:fs';
import { afterEach, expect, it, vi } from 'vitest';
import { whereTo } from '../../engine/run/where.ts';
import type { Profile } from '../../engine/settings/profiles.ts';
import { workshop } from '../rigs/workshop.ts';

afterEach(() => vi.unstubAllEnvs());

const PIPELINE = `stages:
  a: { run: 'true', out: { o: file } }
  b: { run: 'true', out: { o: file } }
`;

it('a host that does not answer holds up nobody, and hides nothing of the others', async () => {
  const w = workshop({ 'p.yaml': PIPELINE, 'warren.yaml': '', ssh: '#!/bin/sh\nexec sleep 3\n' });
  chmodSync(w.path('ssh'), 0o755);
  vi.stubEnv('PATH', `${w.root}:${process.env['PATH']}`);
  const lab: Profile = {
    name: 'lab',
    settings: { executor: 'ssh', hosts: [{ host: 'nowhere' }] },
    resources: {},
    kinds: new Map(),
    stages: new Map([['a', { profile: 'local', settings: {}, resources: {} }]]),
  };
  const { stages } = await w.graph();
  const options = { profiles: new Map([['lab', lab]]), profile: 'lab' };
  const { of, unanswered } = await whereTo(w.project, options, stages, 300);
  expect(unanswered).toBe(true);
  expect(Object.fromEntries(of)).toEqual({
    a: { profile: 'local', executor: 'local', fits: 'now', why: null, fault: null },
    b: {
      profile: 'lab',
      executor: null,
      fits: 'unknown',
      why: expect.stringContaining('0.3 s'),
      fault: null,
    },
  });
});
