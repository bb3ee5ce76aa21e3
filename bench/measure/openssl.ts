/** @file openssl's own rate of SHA-256 on one core. */
import { timed } from './command.ts';

/** Bytes a second with blocks of 16 MiB; undefined where openssl is missing. */
export async function opensslRate(): Promise<number | undefined> {
  const args = ['speed', '-evp', 'sha256', '-bytes', String(2 ** 24), '-seconds', '3'] as const;
  try {
    const { stdout } = await timed(['openssl', ...args]);
    const [, thousands] = /^sha256\s+([\d.]+)k/m.exec(stdout) ?? [];
    return thousands === undefined ? undefined : Number(thousands) * 1000;
  } catch {
    return undefined;
  }
}
