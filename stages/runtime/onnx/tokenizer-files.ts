/** @file Writing tokenizer folders: what transformers needs beside tokenizer.json. */
import { access, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { JsonObject } from '../../../base/json.ts';

const MAIN = 'tokenizer.json';
const SETTINGS = 'tokenizer_config.json';
const OTHERS = ['special_tokens_map.json', 'added_tokens.json', 'tokenizer.model', 'chat_template.jinja'];

/** Special tokens as they stand in the vocabulary. */
export interface SpecialNames {
  readonly bos: string;
  readonly eos: string;
  readonly pad: string;
}

/** Writes tokenizer.json and the settings transformers reads; equal input gives equal bytes. */
export async function writeTokenizer(folder: string, json: JsonObject, special: SpecialNames): Promise<void> {
  await writeJson(join(folder, MAIN), json);
  await writeJson(join(folder, SETTINGS), settings(special));
}

/** Copies the files of a tokenizer; a folder without tokenizer_config.json gets one, or its special tokens would be lost. */
export async function copyTokenizer(source: string, folder: string, special: SpecialNames): Promise<void> {
  if (resolve(source) === resolve(folder)) return;
  for (const name of [MAIN, SETTINGS, ...OTHERS]) {
    // Not copyFile: a cached source is read-only and its copy would stay so.
    if (await isThere(join(source, name)))
      await writeFile(join(folder, name), await readFile(join(source, name)));
  }
  if (!(await isThere(join(folder, SETTINGS)))) await writeJson(join(folder, SETTINGS), settings(special));
}

export async function writeJson(file: string, value: JsonObject): Promise<void> {
  await writeFile(file, `${JSON.stringify(value, null, 2)}\n`);
}

function settings(special: SpecialNames): JsonObject {
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    bos_token: special.bos,
    eos_token: special.eos,
    pad_token: special.pad,
    clean_up_tokenization_spaces: false,
    // Special tokens spelled out in a text are text, as in warren's own encoder.
    split_special_tokens: true,
  };
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
