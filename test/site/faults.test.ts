import { expect, test } from 'vitest';
import { cutFault, diskFault, printable, sshFault } from '../../engine/site/faults.ts';

test.each([
  ['host-unreachable', true, 'ssh: connect to host 10.0.0.1 port 22: Connection refused'],
  ['host-unreachable', true, 'ssh: connect to host far port 22: Connection timed out'],
  ['host-unreachable', true, 'Timeout, server far not responding.'],
  ['host-unreachable', true, 'ssh: Could not resolve hostname far: Temporary failure in name resolution'],
  ['host-unreachable', true, 'kex_exchange_identification: Connection closed by remote host'],
  ['host-unknown', false, 'ssh: Could not resolve hostname far: Name or service not known'],
  ['auth-refused', false, 'me@far: Permission denied (publickey,password).'],
  ['host-key-unknown', false, 'No ED25519 host key is known for far.\nHost key verification failed.'],
  ['host-key-unknown', false, '@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @'],
  ['ssh-config', false, "Can't open user config file /x: No such file or directory"],
])('%s', (code, passing, said) => {
  const fault = sshFault({ host: 'far', config: '/etc/my config' }, said);
  expect(fault).toMatchObject({ code, passing, output: said });
  expect(fault.command).toBe("ssh -F '/etc/my config' -o BatchMode=yes -- far true");
});

test('what an agent printed tells nothing of keys', () => {
  const fault = cutFault({ host: 'far' }, 'open /x: Permission denied', 1);
  expect(fault).toMatchObject({ code: 'host-unreachable', passing: true });
  expect(cutFault({ host: 'far' }, '', 255).message).toBe('The connection to far was lost.');
});

test.each([
  ['ENOSPC', 'remote-disk-full'],
  ['EDQUOT', 'remote-disk-full'],
  ['EROFS', 'remote-not-writable'],
  ['EACCES', 'remote-not-writable'],
  ['EIO', 'remote-io'],
])('%s is %s', (errno, code) => {
  expect(diskFault('far', errno, 'it failed').code).toBe(code);
});

test('what another machine says cannot command a terminal', () => {
  expect(printable('\u001b[31mred\u001b[0m\u0007\u009b2J\u202egnp\n')).toBe('[31mred[0m2Jgnp');
  expect(printable('x'.repeat(5000))).toHaveLength(2000);
});
