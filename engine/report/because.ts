import { unreachable } from '../../base/result.ts';
import type { Because } from '../event.ts';

/** One reason, as it reads after "because". */
function becauseText(because: Because): string {
  switch (because.kind) {
    case 'new':
      return 'no earlier result';
    case 'forced':
      return '--force';
    case 'uncached':
      return because.detail ?? 'cache: false';
    case 'failed':
      return 'its last attempt failed';
    case 'lost':
      return `its result was lost (${because.detail})`;
    case 'temp':
      return `its temporary output ${because.output} is needed again`;
    case 'param':
      return `${because.name} ${because.before} -> ${because.after}`;
    case 'input':
      return because.detail === '' ? `in.${because.name} changed` : `in.${because.name} ${because.detail}`;
    case 'upstream':
      return `${because.stage}.${because.output} changed`;
    case 'code':
      return because.detail === '' ? 'its code changed' : `its code changed (${because.detail})`;
    case 'twin':
      return `it is the same work as ${because.stage}`;
    case 'other':
      return `${because.field} changed`;
    default:
      return unreachable(because);
  }
}

/** The first `most` reasons on one line; the rest is counted. Empty when there is none. */
export function becauseLine(because: readonly Because[], most = 3): string {
  if (because.length === 0) return '';
  const shown = because.slice(0, most).map(becauseText).join(', ');
  const rest = because.length - most;
  return `because ${shown}${rest > 0 ? ` and ${rest} more` : ''}`;
}
