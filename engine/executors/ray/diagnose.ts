/** @file What a profile of Ray lacks. */
import { diagnoseServer } from '../api/diagnose.ts';
import { text } from '../api/server.ts';
import type { Finding } from '../finding.ts';
import type { RaySettings } from '../settings.ts';
import { rayServer } from './ray.ts';

export async function diagnose(settings: RaySettings): Promise<readonly Finding[]> {
  const version = (body: Parameters<typeof text>[0]): string => text(body, 'ray_version') ?? 'it answers';
  return [await diagnoseServer('ray', rayServer(settings), '/api/version', version)];
}
