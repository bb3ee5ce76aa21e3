declare const brand: unique symbol;
type Brand<T, B extends string> = T & { readonly [brand]: B };

/** `sha256:<64 hex>` of an artifact's bytes (a file) or of its canonical tree object (a folder). */
export type Digest = Brand<string, 'Digest'>;
/** `sha256:<64 hex>` of a stage's fingerprint. */
export type Key = Brand<string, 'Key'>;
/** A concrete stage: `rrhf`, `rrhf[seed=1]`. */
export type StageId = Brand<string, 'StageId'>;
/** One invocation: sortable by time, `20261122T101500-1a2b`. */
export type RunId = Brand<string, 'RunId'>;
