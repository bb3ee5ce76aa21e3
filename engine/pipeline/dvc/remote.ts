/** `s3://bucket/x`, `https://...`, `remote://name/x`, `ds://name`: not a path of this machine. */
export function isRemote(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text);
}
