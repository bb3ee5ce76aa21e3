import fc from 'fast-check';
import { expect, test } from 'vitest';
import { window } from '../../engine/site/window.ts';

test('never more than fits goes at a time, in order, and all of it goes', async () => {
  const weights = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(weights, fc.infiniteStream(fc.nat()), async (given, picks) => {
      const room = window(20);
      const going: { readonly weight: number; readonly leave: () => void }[] = [];
      const order: number[] = [];
      for (const [i, weight] of given.entries()) {
        void room.enter(weight).then((leave) => {
          order.push(i);
          going.push({ weight, leave });
        });
      }
      for (let left = given.length; left > 0; left--) {
        await new Promise((resolve) => setImmediate(resolve));
        const total = going.reduce((sum, { weight }) => sum + weight, 0);
        expect(going.length === 1 || total <= 20).toBe(true);
        const [one] = going.splice((picks.next().value as number) % going.length, 1);
        one?.leave();
        one?.leave();
      }
      expect(order).toEqual(given.map((_, i) => i));
    }),
  );
});
