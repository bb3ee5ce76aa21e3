/** @file Whether a server of jobs answers, and what it refuses, for `doctor`. */
import type { Json } from '../../../base/json.ts';
import type { Finding } from '../finding.ts';
import { call, faultOf, type Server } from './server.ts';

/** Asks for one page; `found` makes a line of it. */
export async function diagnoseServer(
  what: string,
  server: Server,
  path: string,
  found: (body: Json | undefined) => string,
): Promise<Finding> {
  const reply = await call(server, 'GET', path);
  if (reply.status === 200) return { what, ok: true, found: found(reply.body) };
  const { message, hint, command, output } = faultOf(server, `GET ${path}`, reply);
  return { what, ok: false, found: message, hint, command, output };
}
