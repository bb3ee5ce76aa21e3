/** A JSON value, as parameters and records are. Numbers are doubles. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };
