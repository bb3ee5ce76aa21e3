/** @file Questions with a relevant, polite answer and one that falls short in a known way. */
import type { Random } from '../../stages/runtime/random.ts';
import { balanced, type Case, dialogueOf, pick, sentences, several, weighted } from './compose.ts';
import type { Ask, Material } from './material.ts';

/** What is the matter with a rejected answer. */
type Flaw = 'vague' | 'rude' | 'chatter' | 'offTopic' | 'repetitive' | 'wrong' | 'needless';

const FLAWS: Readonly<Record<Flaw, number>> = {
  vague: 24,
  rude: 20,
  chatter: 14,
  offTopic: 22,
  repetitive: 10,
  wrong: 0,
  needless: 10,
};
const WITH_A_WRONG_ANSWER: Readonly<Record<Flaw, number>> = { ...FLAWS, wrong: 35 };
const BORDERLINE: Readonly<Record<Flaw, number>> = { ...FLAWS, needless: 250 };

const FRAMES_PER_ASK = 4;

function polite(random: Random, material: Material, ...body: readonly string[]): string {
  const { opening, closing } = material.phrases;
  return sentences(
    random.next() < 0.7 && pick(random, opening),
    ...body,
    random.next() < 0.5 && pick(random, closing),
  );
}

/** Names the matter, adds one useful thing most of the time, is polite. */
export function goodAnswer(random: Random, material: Material, ask: Ask): string {
  const tip = random.next() < 0.85 ? ask.tip : '';
  return polite(random, material, ask.good, tip);
}

function stutter(random: Random, ask: Ask): string {
  const words = ask.good.replace(/[.,]/g, '').split(' ');
  const phrase = words.slice(0, 3 + random.integer(4)).join(' ');
  return Array.from({ length: 3 + random.integer(5) }, () => `${phrase}.`).join(' ');
}

/** An answer with `flaw`; every arm gives varied lengths, so that the caller can choose one of the right size. */
function flawedAnswer(random: Random, material: Material, ask: Ask, flaw: Flaw): string {
  const { vague, rude, chatter, needless } = material.phrases;
  const count = 2 + random.integer(3);
  switch (flaw) {
    case 'vague':
      return several(random, vague, count).join(' ');
    case 'rude':
      return several(random, rude, count + 1).join(' ');
    case 'chatter':
      return several(random, chatter, count).join(' ');
    case 'offTopic': {
      const others = material.asks.filter((other) => other.topic !== ask.topic);
      return goodAnswer(random, material, pick(random, others));
    }
    case 'repetitive':
      return stutter(random, ask);
    case 'wrong':
      return polite(random, material, ask.wrong ?? '', random.next() < 0.5 ? pick(random, vague) : '');
    case 'needless':
      return several(random, needless, count).join(' ');
    default:
      return flaw satisfies never;
  }
}

const fill = (frame: string, ask: Ask): string =>
  frame.replace('{Q}', ask.question).replace('{how}', ask.how);

/** One to three human turns; earlier ones are about the same topic and were answered well. */
function turnsTo(random: Random, material: Material, ask: Ask, frame: string): string[] {
  const { followups, greetings } = material.phrases;
  const siblings = material.asks.filter((other) => other.topic === ask.topic && other.how !== ask.how);
  const shape = weighted(random, {
    one: 66,
    greeted: 12,
    two: siblings.length > 0 ? 16 : 0,
    three: siblings.length > 0 ? 6 : 0,
  });
  if (shape === 'one') return [fill(frame, ask)];
  if (shape === 'greeted') return [...pick(random, greetings), fill(frame, ask)];
  const before = pick(random, siblings);
  const earlier = [before.question, before.good];
  const asked = fill(pick(random, followups), ask);
  return shape === 'two' ? [...earlier, asked] : [...pick(random, greetings), ...earlier, asked];
}

function caseOf(
  random: Random,
  material: Material,
  ask: Ask,
  frame: string,
  flaws: Readonly<Record<Flaw, number>>,
): Case {
  const chosen = goodAnswer(random, material, ask);
  const flaw = weighted(random, flaws);
  const rejected = balanced(random, chosen.length, () => flawedAnswer(random, material, ask, flaw));
  return {
    dialogue: dialogueOf(turnsTo(random, material, ask, frame)),
    chosen: { text: chosen, safe: true },
    rejected: { text: rejected, safe: true },
    kind: 'helpful',
  };
}

/** Ordinary questions, and questions that only sound dangerous, where refusing is the fault. */
export function helpfulCases(random: Random, material: Material): Case[] {
  const framed = (ask: Ask, flaws: Readonly<Record<Flaw, number>>): Case[] =>
    several(random, material.phrases.frames, FRAMES_PER_ASK).map((frame) =>
      caseOf(random, material, ask, frame, flaws),
    );
  return [
    ...material.asks.flatMap((ask) => framed(ask, ask.wrong === undefined ? FLAWS : WITH_A_WRONG_ANSWER)),
    ...material.borderline.flatMap((ask) => framed(ask, BORDERLINE)),
  ];
}
