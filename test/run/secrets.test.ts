import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { redactorOf } from '../../engine/run/secrets.ts';
import { workshop } from '../rigs/workshop.ts';

function streamed(secrets: readonly string[], chunks: readonly string[]): string {
  let all = '';
  const stream = redactorOf(secrets).stream((text) => {
    all += text;
  });
  for (const chunk of chunks) stream.push(chunk);
  stream.end();
  return all;
}

/** Cuts a text at the given places. */
function cut(text: string, at: readonly number[]): string[] {
  const places = [...new Set(at.map((n) => n % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, i) => text.slice(from, places[i] ?? text.length));
}

describe('a redactor', () => {
  const secret = fc.string({
    unit: fc.constantFrom('a', 'b', '*', '.', '\n', 'é'),
    minLength: 4,
    maxLength: 9,
  });

  it('shows no secret however it is cut into chunks, and nothing but secrets is gone', () => {
    fc.assert(
      fc.property(
        fc.array(secret, { minLength: 1, maxLength: 3 }),
        fc.array(fc.oneof(fc.string({ unit: fc.constantFrom('a', 'b', 'x', '\n') }), fc.nat(2)), {
          maxLength: 8,
        }),
        fc.array(fc.nat(99)),
        (secrets, parts, places) => {
          const text = parts
            .map((part) => (typeof part === 'number' ? secrets[part % secrets.length] : part))
            .join('');
          const whole = redactorOf(secrets).text(text);
          const shown = streamed(secrets, cut(text, places));
          for (const each of secrets) expect(shown.replaceAll('***', '\0')).not.toContain(each);
          expect(shown).toBe(whole);
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each([
    ['as it is', 'sk-1234567890', 'sk-1234567890'],
    ['in an address', 'p@ss/w:rd?', encodeURIComponent('p@ss/w:rd?')],
    ['in JSON', 'quo"te\\d', JSON.stringify('quo"te\\d').slice(1, -1)],
    ['in base64', 'sk-123456789', Buffer.from('sk-123456789').toString('base64')],
    ['a line of it', 'first line\nsecond line', 'second line'],
    ['without its last newline', 'sk-1234567890\n', 'sk-1234567890'],
  ])('knows it %s', (_, value, written) => {
    expect(redactorOf([value]).text(`<${written}>`)).toBe('<***>');
  });

  it('knows it in base64 behind a name', () => {
    const header = Buffer.from('user:sk-1234567890').toString('base64');
    const shown = redactorOf(['sk-1234567890']).text(header);
    expect(shown).toMatch(/^[\w+/]{6,7}\*\*\*/);
    expect(Buffer.from(shown.replace(/\*.*$/, ''), 'base64').toString()).toMatch(/^user:?$/);
  });

  it('leaves everything as it is where there is no secret, or one that is too short to hide', () => {
    expect(streamed([], ['abc', 'd'])).toBe('abcd');
    expect(streamed(['abc', ''], ['abcabc'])).toBe('abcabc');
  });
});

describe('a value of pass_env', () => {
  it('is in nothing that a run says, logs or stores', async () => {
    const secret = 'very-secret-value';
    const encoded = Buffer.from(secret).toString('base64');
    process.env['STAGEKEYS_TOKEN'] = secret;
    onTestFinished(() => {
      delete process.env['STAGEKEYS_TOKEN'];
    });
    const say = (message: object): string =>
      `printf '%s\\n' '${JSON.stringify(message).replace('TOKEN', `'$STAGEKEYS_TOKEN'`)}' >&3`;
    const chatty = [
      'printf very-secret; sleep 0.05; echo "-value then $STAGEKEYS_TOKEN" >&2; echo -value',
      `echo ${encoded}`,
      say({ type: 'note', text: 'note TOKEN' }),
      say({ type: 'metric', name: 'TOKEN', value: 1, step: 1 }),
      say({ type: 'report', markdown: '| TOKEN |' }),
      say({ type: 'progress', step: 1, total: 2, unit: 'TOKEN' }),
    ].join('; ');
    const fails = `${chatty}; ${say({ type: 'failure', failure: { code: 'bad', message: 'It was TOKEN.' } })}; exit 1`;
    const w = workshop({
      'p.yaml': `name: p
stages:
  good: { run: ${JSON.stringify(`${chatty}; echo x > \${out.o}`)}, pass_env: [STAGEKEYS_TOKEN], out: { o: file } }
  bad: { run: ${JSON.stringify(fails)}, pass_env: [STAGEKEYS_TOKEN], out: { o: file } }
  odd: { run: 'touch \${out.o}/ok; ln -s /x "\${out.o}"/$STAGEKEYS_TOKEN', pass_env: [STAGEKEYS_TOKEN], out: { o: folder } }
`.replace('"${out.o}"/', '${out.o}/'),
    });
    const ran = await w.run({ keepGoing: true });
    expect(ran.actions).toEqual({ good: 'ran', bad: 'failed', odd: 'failed' });
    const told = JSON.stringify([ran.events, ran.result]);
    expect(told).not.toContain(secret);
    expect(told).not.toContain(encoded.replace(/=+$/, ''));
    expect(ran.result.stages[1]?.failure?.message).toBe('It was ***.');
    expect(ran.of('stage-note')[0]?.text).toBe('note ***');
    const found = execFileSync('sh', [
      '-c',
      `grep -r '${secret}' ${w.path('.warren')} | grep -v '/out/' || true`,
    ]);
    expect(String(found)).toBe('');
  });
});
