import type { Diagnostic } from '../../base/diagnostic.ts';
import { codeFrame, placeText } from './frame.ts';
import { type Line, span } from './line.ts';
import { plural } from './quantity.ts';

export interface Sources {
  /** Text of a file for its code frame, or undefined if it cannot be read. */
  read(file: string): string | undefined;
  /** A path as people read it: relative to where they stand. */
  show(path: string): string;
}

/** All diagnostics with frames, related places and hints, then how many there are. Empty for none. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], sources: Sources): Line[] {
  if (diagnostics.length === 0) return [];
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const counts = [
    ...(errors > 0 ? [plural(errors, 'error')] : []),
    ...(warnings > 0 ? [plural(warnings, 'warning')] : []),
  ].join(', ');
  const all = diagnostics.flatMap((each) => renderDiagnostic(each, sources));
  return diagnostics.length === 1 ? all : [...all, [span(counts, errors > 0 ? 'bad' : 'warn')]];
}

/** One diagnostic: place, severity, code, sentence; frame; related places; the next step. */
export function renderDiagnostic(diagnostic: Diagnostic, sources: Sources): Line[] {
  const { place, severity, code, message, related = [], hint } = diagnostic;
  const lines: Line[] = [
    [
      ...(place === undefined ? [] : [span(`${placeText(place, sources.show)} `, 'strong')]),
      span(`${severity}[${code}]`, severity === 'error' ? 'bad' : 'warn'),
      span(`: ${message}`),
    ],
  ];
  if (place !== undefined) lines.push(...frameOf(place, sources));
  for (const other of related) {
    lines.push([span(`  ${placeText(other.place, sources.show)} `, 'dim'), span(other.message)]);
    lines.push(...frameOf(other.place, sources));
  }
  if (hint !== undefined) lines.push([span('  hint: ', 'info'), span(hint)]);
  return lines;
}

function frameOf(place: NonNullable<Diagnostic['place']>, sources: Sources): Line[] {
  const text = sources.read(place.file);
  return text === undefined ? [] : codeFrame(text, place);
}
