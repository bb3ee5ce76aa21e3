/** A link to a host of the SSH rig: connecting, asking, and what can be wrong with a host. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { printable } from '../../engine/site/faults.ts';
import { sshConfig, startCable } from '../rigs/cable.ts';
import { onHost, type SshRig, sshRig } from '../rigs/services.ts';
import { link, place } from '../rigs/sites.ts';

const { rig: found, missing } = sshRig();
const rig = found as SshRig;

/** A file that both sides see. */
function script(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'script-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'node'), text);
  chmodSync(join(folder, 'node'), 0o755);
  return join(folder, 'node');
}

async function fails(line: Parameters<typeof link>[0]): Promise<unknown> {
  const opened = await link(line).open();
  return opened.ok ? opened.value : opened.error;
}

describe.skipIf(missing !== undefined)(`a link${missing === undefined ? '' : ` (${missing})`}`, () => {
  test('brings its agent at the first connection, and nothing at the second', async () => {
    const { host, root, shown } = place(rig);
    const cable = await startCable(rig, host);
    const line = { host, config: cable.config, root };
    const first = await link(line).open();
    expect(first).toMatchObject({ ok: true, value: { root, skew: 0, warnings: [] } });
    const brought = cable.sent();
    expect(readdirSync(join(shown, 'programs'))).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    expect((await link(line).open()).ok).toBe(true);
    expect(cable.sent() - brought).toBeLessThan(brought / 2);
  });

  test('says what the host is', async () => {
    const { host, root } = place(rig);
    const facts = await link({ host, config: rig.config, root }).call('facts', {});
    expect(facts).toMatchObject({
      ok: true,
      value: { hostname: host, platform: 'linux', arch: process.arch },
    });
  });

  test('runs commands with their words, stdin and environment', async () => {
    const { host, root } = place(rig);
    const argv = ['sh', '-c', 'cat; printf "%s" "$1" "$GIVEN" >&2; exit 3', 'sh', `it's "$HOME" \`x\``];
    const ask = { argv, env: { GIVEN: 'a\nb' }, limit: 20, most: 1000 };
    const ran = await link({ host, config: rig.config, root }).call('run', ask, { bytes: Buffer.from('in') });
    expect(ran).toMatchObject({ ok: true, value: { code: 3, signal: null, late: false, stdout: 2 } });
    expect(ran.ok && ran.value.bytes.toString()).toBe(`init's "$HOME" \`x\`a\nb`);
  });

  test('ends a command whose time is over, and says what never started', async () => {
    const { host, root } = place(rig);
    const one = link({ host, config: rig.config, root });
    const ask = { env: {}, most: 1000 };
    const late = await one.call('run', { ...ask, argv: ['sh', '-c', 'echo on; sleep 1000'], limit: 0.3 });
    expect(late).toMatchObject({ ok: true, value: { signal: 'SIGKILL', late: true, stdout: 3 } });
    const none = await one.call('run', { ...ask, argv: ['no-such-program'], limit: 9 });
    expect(none).toMatchObject({ ok: true, value: { failed: 'ENOENT', code: null } });
  });

  test('asks again what a lost connection left without an answer', async () => {
    const { host, root } = place(rig);
    const cable = await startCable(rig, host);
    const one = link({ host, config: cable.config, root });
    await one.open();
    cable.cut();
    const calls = [1, 2, 3].map(() => one.call('facts', {}));
    cable.sever();
    cable.heal();
    const answers = await Promise.all(calls);
    expect(answers.map(({ ok }) => ok)).toEqual([true, true, true]);
    expect(cable.connections()).toBeGreaterThan(1);
  });

  test('waits while nothing goes through, and goes on when it does', async () => {
    const { host, root } = place(rig);
    const cable = await startCable(rig, host);
    const one = link({ host, config: cable.config, root });
    await one.open();
    cable.cut();
    const call = one.call('facts', {});
    const hurried = await one.call('facts', {}, { patience: 0 });
    // The signs of life that do not come end the first connection; the next one hangs.
    expect(hurried).toMatchObject({ ok: false, error: { code: 'host-unreachable', passing: true } });
    await vi.waitFor(() => expect(cable.connections()).toBeGreaterThan(1), 20_000);
    cable.heal();
    expect((await call).ok).toBe(true);
  });

  test('does not send again what must not run twice', async () => {
    const { host, root } = place(rig);
    const cable = await startCable(rig, host);
    const one = link({ host, config: cable.config, root });
    await one.open();
    const mark = join(root, 'runs');
    const argv = ['sh', '-c', `echo $$ >>${mark}; exec sleep 1000`];
    const ran = one.call('run', { argv, env: {}, limit: 30, most: 0 }, { repeat: false });
    await vi.waitFor(() => onHost(rig, host, `test -s ${mark}`), 10_000);
    cable.sever();
    expect(await ran).toMatchObject({ ok: false, error: { code: 'answer-lost', passing: true } });
    expect((await one.call('facts', {})).ok).toBe(true);
    expect(onHost(rig, host, `cat ${mark}; kill $(cat ${mark})`)).toMatch(/^\d+\n$/);
  });

  test('its agent ends with it, and closing fails what waits', async () => {
    const { host, root } = place(rig);
    const one = link({ host, config: rig.config, root });
    const ask = { env: {}, limit: 30, most: 100 };
    const told = await one.call('run', { ...ask, argv: ['sh', '-c', 'echo $PPID'] });
    const pid = Number(told.ok && told.value.bytes.toString());
    expect(onHost(rig, host, `cat /proc/${pid}/comm`)).toBe('node\n');
    const waits = one.call('run', { ...ask, argv: ['sleep', '20'] });
    one.close();
    expect(await waits).toMatchObject({ ok: false, error: { code: 'link-closed' } });
    await vi.waitFor(() => onHost(rig, host, `! test -d /proc/${pid}`), 10_000);
  });

  describe('faults', () => {
    test('a name that ssh would take for an option', async () => {
      expect(await fails({ host: '-oProxyCommand=false' })).toMatchObject({ code: 'host-name' });
    });

    test('a host that nobody knows, and one that refuses', async () => {
      expect(await fails({ host: 'no-such-host.invalid', config: rig.config })).toMatchObject({
        code: expect.stringMatching(/^host-(unknown|unreachable)$/),
        command: `ssh -F ${rig.config} -o BatchMode=yes -- no-such-host.invalid true`,
        output: expect.stringContaining('resolve'),
      });
      const { host } = place(rig);
      const config = sshConfig(rig, host, ['Port 1']);
      expect(await fails({ host, config })).toMatchObject({
        code: 'host-unreachable',
        passing: true,
        output: expect.stringContaining('refused'),
      });
    });

    test('a wrong key, and a key of the host that is not known', async () => {
      const { host, root } = place(rig);
      const folder = mkdtempSync(join(tmpdir(), 'keys-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'id')]);
      const wrong = sshConfig(rig, host, [`IdentityFile ${join(folder, 'id')}`]);
      // ssh tries every file that is named: the right one must not be.
      execFileSync('sed', ['-i', `s|Include .*|Include ${join(folder, 'rest')}|`, wrong]);
      const rest = execFileSync('grep', ['-v', 'IdentityFile', rig.config], { encoding: 'utf8' });
      writeFileSync(join(folder, 'rest'), rest);
      expect(await fails({ host, config: wrong, root })).toMatchObject({
        code: 'auth-refused',
        passing: false,
        output: expect.stringContaining('Permission denied'),
      });
      const unknown = sshConfig(rig, host, [`UserKnownHostsFile ${join(folder, 'none')}`]);
      expect(await fails({ host, config: unknown, root })).toMatchObject({
        code: 'host-key-unknown',
        passing: false,
      });
    });

    test('no Node.js, and one that is too old', async () => {
      const { host, root } = place(rig);
      const line = { host, config: rig.config, root };
      expect(await fails({ ...line, node: 'no-such-node' })).toMatchObject({
        code: 'no-node',
        output: expect.stringContaining('PATH=/'),
      });
      expect(await fails({ ...line, node: script('#!/bin/sh\necho v18.20.4\n') })).toMatchObject({
        code: 'node-too-old',
        message: `Node.js of ${host} is too old: v18.20.4.`,
      });
    });

    test('a root that cannot be written', async () => {
      const { host } = place(rig);
      expect(await fails({ host, config: rig.config, root: '/proc/warren' })).toMatchObject({
        code: 'remote-not-writable',
        hint: expect.stringContaining('root'),
      });
    });

    /** Answers as an agent does, and then with these bytes. */
    function hostile(answer: string, ahead = 0): string {
      const program = [
        `console.log(JSON.stringify({ now: Date.now() + ${ahead}, have: true }));`,
        'console.log(JSON.stringify({ ready: true }));',
        'process.stdin.once("data", () => process.stdout.write(frame()));',
        `function frame() { ${answer} }`,
        'function made(header, ...lengths) { const text = Buffer.from(header), head = Buffer.alloc(13);',
        '  [text.length, ...lengths].forEach((n, i) => head.writeUInt32BE(n, i * 4)); return Buffer.concat([head, text]); }',
      ].join('\n');
      const file = script(program);
      return script(
        `#!/bin/sh\nif [ "$1" = --version ]; then echo v20.19.0; else exec '${process.execPath}' '${file}'; fi\n`,
      );
    }

    test('a request that ends the agent again and again is given up', async () => {
      const { host, root } = place(rig);
      const one = link({ host, config: rig.config, root, node: hostile('process.exit(7)') });
      const told = await one.call('facts', {});
      expect(told).toMatchObject({ ok: false, error: { code: 'host-unreachable', passing: true } });
      expect(!told.ok && told.error.message).toBe(`The agent on ${host} ended by itself (exit 7).`);
    });

    test.each([
      ['a frame without end', 'return made("{}", 2 ** 32 - 1, 2 ** 32 - 1)', 'remote-answer'],
      ['no frame', 'return Buffer.from("Segmentation fault, says the login shell")', 'remote-answer'],
      ['an answer that is none', String.raw`return made("{\"id\":1,\"answer\":[]}", 0, 0)`, 'remote-answer'],
    ])('%s', async (_, answer, code) => {
      const { host, root } = place(rig);
      const one = link({ host, config: rig.config, root, node: hostile(answer) });
      const told = await one.call('facts', {});
      expect(told).toMatchObject({ ok: false, error: { code, passing: false } });
    });

    test('a clock that is an hour ahead is a warning', async () => {
      const { host, root } = place(rig);
      const answer = String.raw`return made("{\"id\":1,\"answer\":{}}", 0, 0)`;
      const opened = await link({ host, config: rig.config, root, node: hostile(answer, 3_600_000) }).open();
      const message = expect.stringMatching(/^The clock of .* is 3\d{3} s ahead of this machine's\.$/);
      expect(opened).toMatchObject({ ok: true, value: { warnings: [{ code: 'clock-skew', message }] } });
    });

    test('what a fault says cannot command a terminal', async () => {
      const { host, root } = place(rig);
      const fault = String.raw`{\"id\":1,\"fault\":{\"code\":\"x y\",\"message\":\"\\u001b[2Jhi\",\"passing\":false}}`;
      const one = link({ host, config: rig.config, root, node: hostile(`return made("${fault}", 0, 0)`) });
      const told = await one.call('facts', {});
      expect(told).toMatchObject({ ok: false, error: { code: 'remote-answer', message: '[2Jhi' } });
      expect(printable('\u001b')).toBe('');
    });
  });
});
