const TOOLS: ReadonlySet<string> = new Set(['.git', '.warren', '__pycache__']);

/** What a folder input never contains: state of tools, rewritten without anybody's intent. */
export function isIgnored(name: string): boolean {
  // A lock file among the inputs of the stages that it names would change with every run, and they with it.
  return TOOLS.has(name) || name.endsWith('.pyc') || name.endsWith('.lock.yaml');
}
