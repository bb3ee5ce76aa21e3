import type { Action, PlanLabel } from '../../event.ts';

/** What is expected of a stage, or what became of it. */
export type GraphStatus = PlanLabel | Action;
