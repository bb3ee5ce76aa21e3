import { expect, test } from 'vitest';
import { fitOf } from '../../engine/site/native.ts';
import type { Machine } from '../../engine/site/requests.ts';

const linux: Machine = { platform: 'linux', arch: 'x64', libc: 'glibc' };
const alpine: Machine = { platform: 'linux', arch: 'x64', libc: 'musl' };
const mac: Machine = { platform: 'darwin', arch: 'arm64', libc: 'none' };

test.each([
  ['lib/index.js', 'any', 'any', 'any'],
  ['bin/napi-v6/linux/x64/libonnxruntime.so.1', 'named', 'other', 'other'],
  ['bin/napi-v6/linux/arm64/onnxruntime_binding.node', 'other', 'other', 'other'],
  ['bin/napi-v6/darwin/arm64/libonnxruntime.1.dylib', 'other', 'other', 'named'],
  ['tokenizers.linux-x64-gnu.node', 'named', 'other', 'other'],
  ['tokenizers.linux-x64-musl.node', 'other', 'named', 'other'],
  ['tokenizers.darwin-universal.node', 'other', 'other', 'named'],
  ['tokenizers.win32-x64-msvc.node', 'other', 'other', 'other'],
  ['build/Release/binding.node', 'here', 'here', 'here'],
])('%s', (path, ...fits) => {
  expect([linux, alpine, mac].map((machine) => fitOf(path, machine))).toEqual(fits);
});
