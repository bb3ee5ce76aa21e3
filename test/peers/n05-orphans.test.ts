import { describe, expect, it, onTestFinished } from 'vitest';
import { Tree } from '../rigs/program.ts';
import { startPuppets, untilGone } from '../rigs/puppets.ts';

/** SIGKILL is in test/e2e/run-kill.test.ts, at random moments in n01-kill.test.ts. */
describe('N5: an engine that is told to end in front of a stage that does not listen', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '%s leaves nobody alive and no result',
    async (signal) => {
      const p = await startPuppets();
      onTestFinished(() => p.close());
      const stage = `{ run: ${p.run('a', 'out.o')}, out: { o: file } }`;
      const tree = new Tree({ 'p.yaml': `name: orphans\nstages: { a: ${stage} }\nout: { a: a.o }\n` });
      const engine = tree.start(['run', 'p.yaml']);
      const a = await p.next('a');
      await a.deaf();
      const [child, hidden] = [await a.leave(false), await a.leave(true)];
      await a.write(a.words[0] as string, 'half');
      engine.kill(signal);
      // Asked a second time, the engine does not wait for the end of the grace.
      await engine.printed('Stopping', 'stderr');
      engine.kill(signal);
      const { code } = await engine.done;
      expect(code).toBe(130);
      for (const pid of [a.pid, child, hidden]) await untilGone(pid);
      expect(tree.has('out')).toBe(false);

      const status = await tree.json('status', 'p.yaml');
      expect(JSON.stringify(status.document)).not.toContain('"fresh"');
      const again = tree.start(['run', 'p.yaml']);
      const whole = await p.next('a');
      await whole.write(whole.words[0] as string, 'whole');
      whole.exit();
      expect((await again.done).code).toBe(0);
      expect(tree.read('out/orphans/a')).toBe('whole');
    },
  );
});
