import { expect, test } from 'vitest';
import type { ExecutorFault } from '../../engine/executors/contract.ts';
import { type Greeting, greeter } from '../../engine/site/greeting.ts';

function greeted(lines: readonly string[], chunk = 7): { said: string[]; left: string | undefined } {
  const said: string[] = [];
  const push = greeter({ host: 'far' }, 'word', Date.now() - 1000, {
    send: () => said.push('send'),
    ready: (greeting: Greeting) => said.push(`ready ${JSON.stringify(greeting)}`),
    fault: (fault: ExecutorFault) => said.push(fault.code),
  }).push;
  const bytes = Buffer.from(lines.join('\n'));
  let left: Buffer | undefined;
  for (let at = 0; at < bytes.length; at += chunk) left = push(bytes.subarray(at, at + chunk));
  return { said, left: left?.toString() };
}

const MARK = 'warren-site/1 word';
const NODE = ['version=v20.19.0', 'root=/r', 'node=/n'];
const now = (ahead: number): string => JSON.stringify({ now: Date.now() + ahead, have: true });

test('what a login shell prints before is left out', () => {
  const { said } = greeted([
    'Welcome to far!',
    '{"ready":true}',
    // Of another call, in a file that the shell shows.
    'warren-site/1 other',
    'root=/elsewhere',
    MARK,
    ...NODE,
    now(0),
    '{"ready":true}',
    '',
  ]);
  expect(said).toEqual(['ready {"root":"/r","node":"/n","version":"v20.19.0","skew":0}']);
});

test('what comes behind it is not part of it', () => {
  expect(greeted([MARK, ...NODE, now(0), '{"ready":true}', 'frames\n'], 1000).left).toBe('frames\n');
});

test('an agent that is not there is sent', () => {
  expect(greeted([MARK, ...NODE, '{"now":1,"have":false}', '']).said).toEqual(['send']);
});

test.each([
  [-500, 0],
  [90_000, 89],
  [-90_000, -89],
])('a clock that is %i ms ahead is %i s ahead at least', (ahead, least) => {
  const [ready = ''] = greeted([MARK, ...NODE, now(ahead), '{"ready":true}', '']).said;
  const { skew } = JSON.parse(ready.replace('ready ', '')) as Greeting;
  expect(Math.abs(skew - least)).toBeLessThanOrEqual(1);
});

test.each([
  ['no-node', ['path=/bin', 'node=']],
  ['no-node', ['version=cannot execute binary file', 'node=/n']],
  ['node-too-old', ['version=v18.20.4', 'node=/n']],
  ['node-too-old', ['version=v20.18.3', 'node=/n']],
  ['remote-disk-full', [...NODE, '{"fault":"ENOSPC","message":"no space left"}']],
  ['remote-not-writable', [...NODE, '{"fault":"EROFS","message":"read-only"}']],
  ['remote-answer', ['version=v20.19.0', 'root=elsewhere', 'node=/n', now(0), '{"ready":true}']],
])('%s', (code, lines) => {
  expect(greeted([MARK, ...lines, '']).said).toEqual([code]);
});

test('a greeting without end is none', () => {
  expect(greeted(['x'.repeat(70_000)], 70_000).said).toEqual(['host-unreachable']);
  expect(greeted(Array(3000).fill('a line of no concern at all'), 1000).said[0]).toBe('host-unreachable');
});
