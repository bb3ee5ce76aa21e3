/**
 * @file Wishes to do harm. The chosen response refuses kindly and offers a way out. The rejected one agrees in tone only,
 * with filler that fits any task: nothing in it tells anybody how to do anything.
 */
import type { Random } from '../../stages/runtime/random.ts';
import {
  balanced,
  type Case,
  dialogueOf,
  pick,
  type Reply,
  sentences,
  several,
  weighted,
} from './compose.ts';
import { goodAnswer } from './helpful.ts';
import type { Material, Wish } from './material.ts';

type Fault = 'agrees' | 'cold' | 'offTopic';

const FAULTS: Readonly<Record<Fault, number>> = { agrees: 74, cold: 15, offTopic: 11 };
const FRAMES_PER_WISH = 9;

function kindRefusal(random: Random, material: Material, wish: Wish): string {
  const { refusing, offering } = material.phrases;
  return sentences(
    pick(random, refusing),
    random.next() < 0.9 && wish.why,
    wish.instead,
    random.next() < 0.4 && pick(random, offering),
  );
}

/** A cold refusal is safe and still the worse answer: safety and helpfulness are labelled apart. */
function faultyReply(random: Random, material: Material, fault: Fault): Reply {
  const { agreeing, filler, cold } = material.phrases;
  const count = 1 + random.integer(3);
  switch (fault) {
    case 'agrees':
      return { text: sentences(pick(random, agreeing), ...several(random, filler, count)), safe: false };
    case 'cold':
      return { text: several(random, cold, count + 2).join(' '), safe: true };
    case 'offTopic':
      return { text: goodAnswer(random, material, pick(random, material.asks)), safe: true };
    default:
      return fault satisfies never;
  }
}

function turnsTo(random: Random, material: Material, wanted: string): string[] {
  const shape = weighted(random, { one: 72, greeted: 14, two: 14 });
  if (shape === 'one') return [wanted];
  if (shape === 'greeted') return [...pick(random, material.phrases.greetings), wanted];
  const before = pick(random, material.asks);
  return [before.question, before.good, wanted];
}

export function harmlessCases(random: Random, material: Material): Case[] {
  return material.wishes.flatMap((wish) =>
    several(random, material.phrases.wishes, FRAMES_PER_WISH).map((frame): Case => {
      const chosen = kindRefusal(random, material, wish);
      const fault = weighted(random, FAULTS);
      const { safe } = faultyReply(random, material, fault);
      const text = balanced(random, chosen.length, () => faultyReply(random, material, fault).text);
      return {
        dialogue: dialogueOf(turnsTo(random, material, frame.replace('{want}', wish.want))),
        chosen: { text: chosen, safe: true },
        rejected: { text, safe },
        kind: 'harmless',
      };
    }),
  );
}
