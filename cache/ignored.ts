/** What a folder input never contains: state of tools, rewritten without anybody's intent. */
export function isIgnored(name: string): boolean {
  return name === '.git' || name === '.warren' || name === '__pycache__' || name.endsWith('.pyc');
}
