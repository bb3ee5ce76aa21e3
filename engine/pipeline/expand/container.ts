/** @file `container:` of a stage: an image by its digest, or {image, runtime, options, network}. */
import type { Digest } from '../../../base/ids.ts';
import { CONTAINER_RUNTIMES, type Container, type ContainerRuntime } from '../graph.ts';
import type { Problems } from '../problems.ts';
import type { MapNode, Node } from '../yaml/tree.ts';

/** What a registry, a tag and a digest may be written with; nothing that a runtime could take for an option. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._:/-]*$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Undefined without one, and after an error. */
export function containerOf(stage: MapNode, problems: Problems): Container | undefined {
  const node = stage.entries.get('container')?.value;
  if (node === undefined || problems.errorAt(node.range)) return undefined;
  if (node.kind !== 'map') return imageOf(node, problems);
  const at = (key: string): Node | undefined => node.entries.get(key)?.value;
  const image = at('image');
  const parsed = image === undefined ? undefined : imageOf(image, problems);
  const runtime = runtimeOf(at('runtime'), problems);
  const options = node.entries.get('options');
  if (options !== undefined && at('runtime') === undefined) {
    problems.error('missing-key', options.keyRange, 'Options are words of one runtime, and none is named.', {
      hint: `add runtime: ${CONTAINER_RUNTIMES.join(' or ')}`,
    });
  }
  const network = at('network');
  if (network?.kind === 'scalar' && typeof network.value !== 'boolean' && !problems.errorAt(network.range)) {
    problems.error('wrong-type', network.range, 'container.network must be true or false.', {
      hint: 'write network: true',
    });
  }
  return (
    parsed && {
      ...parsed,
      ...(runtime === undefined ? {} : { runtime }),
      options: options?.value.kind === 'list' ? options.value.items.map(wordOf) : [],
      network: network?.kind === 'scalar' && network.value === true,
    }
  );
}

function imageOf(node: Node, problems: Problems): Container | undefined {
  if (problems.errorAt(node.range)) return undefined;
  const text = wordOf(node);
  const [name = '', digest, ...rest] = text.split('@');
  if (NAME.test(name) && digest !== undefined && DIGEST.test(digest) && rest.length === 0) {
    return { image: text, digest: digest as Digest, options: [], network: false };
  }
  if (NAME.test(text)) {
    problems.error('missing-digest', node.range, `The image "${text}" is not named by its digest.`, {
      hint: `write IMAGE@sha256:..., as told by: podman pull ${text} && podman image inspect --format '{{.Digest}}' ${text}`,
    });
    return undefined;
  }
  problems.error('wrong-format', node.range, 'An image must be written as IMAGE@sha256: and 64 digits.', {
    hint: 'write container: docker.io/library/python@sha256:<64 hexadecimal digits>',
  });
  return undefined;
}

function runtimeOf(node: Node | undefined, problems: Problems): ContainerRuntime | undefined {
  if (node === undefined || problems.errorAt(node.range)) return undefined;
  const name = wordOf(node);
  if (CONTAINER_RUNTIMES.includes(name as ContainerRuntime)) return name as ContainerRuntime;
  problems.error('unknown-value', node.range, `"${name}" is no container runtime that is known.`, {
    hint: problems.suggest(name, CONTAINER_RUNTIMES) ?? `runtimes: ${CONTAINER_RUNTIMES.join(', ')}`,
  });
  return undefined;
}

function wordOf(node: Node): string {
  return node.kind === 'scalar' ? (node.written ?? String(node.value)) : '';
}
