/**
 * @file Large files in parts. A name stands for its bytes, so that whoever finds an upload of it that was broken off
 * can go on with it: parts that are there already, by size and MD5, are not sent again.
 */
import { createHash, hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { err, ok, type Result } from '../../base/result.ts';
import { pieces } from './exchange.ts';
import { inParallel } from './limit.ts';
import type { RemoteFault, Remotely } from './remote.ts';
import type { Bucket } from './s3.ts';
import { blocks, isTruncated, textOf } from './xml.ts';

/** Parts of one file on their way at a time; each is held in memory. */
const AT_ONCE = 4;
/** What S3 allows in one upload. */
const MOST_PARTS = 10_000;
const MOST_LISTED = 1 << 20;

interface Part {
  readonly number: number;
  readonly etag: string;
}

interface Stored extends Part {
  readonly size: number;
}

export async function uploadInParts(
  bucket: Bucket,
  path: string,
  file: string,
  size: number,
  sent: (bytes: number) => void,
): Remotely<boolean> {
  const partSize = Math.max(bucket.options.part, Math.ceil(size / MOST_PARTS));
  const found = await findUpload(bucket, path);
  if (!found.ok) return found;
  const upload = found.value === undefined ? await startUpload(bucket, path) : ok(found.value);
  if (!upload.ok) return upload;
  const stored = found.value === undefined ? ok([]) : await storedParts(bucket, path, upload.value);
  if (!stored.ok) return stored;
  const there = new Map(stored.value.map((part) => [part.number, part]));
  const numbers = Array.from({ length: Math.ceil(size / partSize) }, (_, i) => i + 1);
  const handle = await open(file, 'r');
  let failed: RemoteFault | undefined;
  try {
    const parts = await inParallel(numbers, AT_ONCE, async (number) => {
      if (failed !== undefined) return undefined;
      const from = (number - 1) * partSize;
      const bytes = await readPart(handle, from, Math.min(partSize, size - from));
      const known = there.get(number);
      const part = isPart(known, bytes)
        ? ok(known)
        : await sendPart(bucket, path, upload.value, number, bytes);
      if (part.ok) sent(bytes.length);
      else failed ??= part.error;
      return part.ok ? part.value : undefined;
    });
    if (failed !== undefined) return err(failed);
    const whole = parts.filter((part) => part !== undefined);
    return await complete(bucket, path, upload.value, whole, size);
  } finally {
    await handle.close();
  }
}

async function readPart(handle: FileHandle, from: number, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await handle.read(bytes, at, size - at, from + at);
    if (bytesRead === 0) throw new Error('Internal error: an object of the cache became shorter');
    at += bytesRead;
  }
  return bytes;
}

/** The ETag of a part is its MD5, except with keys of the customer's own: then it is sent again. */
function isPart(part: Stored | undefined, bytes: Uint8Array): part is Stored {
  return (
    part !== undefined &&
    part.size === bytes.length &&
    part.etag.replaceAll('"', '') === createHash('md5').update(bytes).digest('hex')
  );
}

async function sendPart(
  bucket: Bucket,
  path: string,
  upload: string,
  number: number,
  body: Uint8Array<ArrayBuffer>,
): Remotely<Part> {
  const query = { partNumber: String(number), uploadId: upload };
  const headers = { 'x-amz-content-sha256': hash('sha256', body, 'hex') };
  const answer = await bucket.send('PUT', path, { query, headers, body }, [200]);
  if (!answer.ok) return answer;
  const etag = answer.value.headers.get('etag');
  await answer.value.body?.cancel();
  return etag === null ? err(odd(bucket)) : ok({ number, etag });
}

/** The upload of this very key that was begun first, if one was broken off. */
async function findUpload(bucket: Bucket, path: string): Remotely<string | undefined> {
  const key = bucket.keyOf(path);
  const answer = await bucket.send('GET', undefined, { query: { uploads: '', prefix: key } }, [200]);
  // A store that does not list uploads only costs what was sent before.
  if (!answer.ok) return answer.error.code === 'remote-answer' ? ok(undefined) : answer;
  const text = await shortText(answer.value, bucket);
  if (!text.ok) return text;
  const own = blocks(text.value, 'Upload').find((block) => textOf(block, 'Key') === key);
  return ok(own === undefined ? undefined : textOf(own, 'UploadId'));
}

async function storedParts(bucket: Bucket, path: string, upload: string): Remotely<Stored[]> {
  const parts: Stored[] = [];
  let marker = '0';
  for (let page = 0; page <= MOST_PARTS / 1000; page++) {
    const query = { uploadId: upload, 'part-number-marker': marker };
    const answer = await bucket.send('GET', path, { query }, [200]);
    if (!answer.ok) return answer;
    const text = await shortText(answer.value, bucket);
    if (!text.ok) return text;
    for (const block of blocks(text.value, 'Part')) {
      const [number, size] = [textOf(block, 'PartNumber'), textOf(block, 'Size')].map(Number);
      const etag = textOf(block, 'ETag');
      if (number !== undefined && size !== undefined && etag !== undefined)
        parts.push({ number, size, etag });
    }
    if (!isTruncated(text.value)) break;
    marker = textOf(text.value, 'NextPartNumberMarker') ?? marker;
  }
  return ok(parts);
}

async function startUpload(bucket: Bucket, path: string): Remotely<string> {
  const answer = await bucket.send('POST', path, { query: { uploads: '' } }, [200]);
  if (!answer.ok) return answer;
  const text = await shortText(answer.value, bucket);
  if (!text.ok) return text;
  const upload = textOf(text.value, 'UploadId');
  return upload === undefined ? err(odd(bucket)) : ok(upload);
}

/** The store may answer 200 first and fail later, in the body. */
async function complete(
  bucket: Bucket,
  path: string,
  upload: string,
  parts: readonly Part[],
  size: number,
): Remotely<boolean> {
  const listed = parts.map(
    ({ number, etag }) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`,
  );
  const body = `<CompleteMultipartUpload>${listed.join('')}</CompleteMultipartUpload>`;
  const headers = { 'content-type': 'application/xml' };
  const answer = await bucket.send('POST', path, { query: { uploadId: upload }, headers, body }, [200]);
  if (!answer.ok) return answer;
  const text = await shortText(answer.value, bucket);
  if (!text.ok) return text;
  if (text.value.includes('<Error>')) return err(odd(bucket));
  const head = await bucket.send('HEAD', path, {}, [200]);
  if (!head.ok) return head;
  return Number(head.value.headers.get('content-length')) === size ? ok(true) : err(odd(bucket));
}

async function shortText(response: Response, bucket: Bucket): Promise<Result<string, RemoteFault>> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of pieces(response, bucket.options.patience.wait)) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > MOST_LISTED) return err(odd(bucket));
    }
  } catch {
    return err(odd(bucket));
  }
  return ok(text);
}

function odd(bucket: Bucket): RemoteFault {
  const message = `${bucket.shown} answers an upload in parts in a way that is not understood.`;
  return { code: 'remote-answer', message };
}
