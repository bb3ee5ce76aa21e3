/** @file JSON for stages. Exponents print as `1.0e-07`: `1e-07` is a string to YAML 1.1 readers, PyYAML among them. */
import type { Json, JsonObject } from '../../base/json.ts';

export function numberText(value: number): string {
  const [mantissa = '', exponent] = JSON.stringify(value).split('e');
  if (exponent === undefined) return mantissa;
  const sign = exponent.startsWith('-') ? '-' : '+';
  const digits = exponent.replace(/^[+-]/, '').padStart(2, '0');
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}e${sign}${digits}`;
}

export function stageJson(value: Json): string {
  if (typeof value === 'number') return numberText(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(stageJson).join(', ')}]`;
  const members = Object.entries(value as JsonObject).map(
    ([k, v]) => `${JSON.stringify(k)}: ${stageJson(v)}`,
  );
  return `{${members.join(', ')}}`;
}

/** A parameter as a word of a command: strings as they are, everything else as JSON. */
export function wordText(value: Json): string {
  return typeof value === 'string' ? value : stageJson(value);
}
