/**
 * @file What runs on the other machine before a program of ours does: a little POSIX sh that looks for Node.js, then a
 * little Node.js that takes in the agent, if it is not there yet, and starts it. Written without quotes, backslashes, line
 * breaks and `!`, so that every login shell hands it on as it is; and for any Node.js, so that an old one can say so.
 */
import { quoteWord } from '../executors/command.ts';

/** Stands alone on a line: what a login shell prints before it is no concern of ours. */
export const MARK = 'warren-site/1';

/** Arguments: root, node, digest of the agent, a word to know the answer by, the loader. */
const PROBE = [
  'root="$1"',
  'case "$root" in "~") root="$HOME";; "~/"*) root="$HOME/${root#??}";; /*) ;; *) root="$HOME/$root";; esac',
  'echo',
  `echo "${MARK} $4"`,
  'echo "uname=$(uname -sm 2>&1)"',
  'node="$2"',
  'case "$node" in "~/"*) node="$HOME/${node#??}";; esac',
  'node=$(command -v "$node" 2>/dev/null)',
  'if [ -z "$node" ]; then echo "path=$PATH"; echo "node="; exit 0; fi',
  'echo "version=$("$node" --version 2>&1)"',
  'echo "root=$root"',
  'echo "node=$node"',
  'exec "$node" -e "$5" "$root" "$3"',
].join('; ');

/**
 * Says what it found on one line of JSON. Without the agent it takes in a length, and that many bytes of gzip: the JSON
 * of the agent's files, whose digest is the agent's name. They get that name as a whole.
 */
const LOADER = [
  'var fs = require("fs"), path = require("path"), crypto = require("crypto"), url = require("url")',
  'var root = process.argv[1], digest = process.argv[2], home = path.join(root, "programs", digest)',
  'function say(what) { fs.writeSync(1, JSON.stringify(what) + String.fromCharCode(10)); }',
  'function take(n) { var b = Buffer.alloc(n), at = 0, got; while (at < n) { try { got = fs.readSync(0, b, at, n - at, null); } ' +
    'catch (e) { if (e.code === "EAGAIN") { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5); continue; } throw e; } ' +
    'if (got === 0) process.exit(4); at += got; } return b; }',
  // Not the recursive one of Node.js, which never ends where nothing may be made.
  'function make(folder) { try { fs.mkdirSync(folder, 448); } catch (e) { if (e.code === "EEXIST") return; ' +
    'if (e.code === "ENOENT" && path.dirname(folder).length < folder.length) { make(path.dirname(folder)); fs.mkdirSync(folder, 448); } else throw e; } }',
  'function start() { say({ ready: true }); process.argv = [process.argv[0], path.join(home, "engine", "site", "agent.js"), root]; ' +
    'import(url.pathToFileURL(process.argv[1]).href); }',
  'function bring() { var raw = require("zlib").gunzipSync(take(take(4).readUInt32BE(0))); ' +
    'if (crypto.createHash("sha256").update(raw).digest("hex") === digest) {} else throw new Error("The agent did not arrive whole"); ' +
    'var made = home + ".part-" + process.pid + "-" + crypto.randomBytes(4).toString("hex"); ' +
    'try { JSON.parse(raw.toString("utf8")).forEach(function (file) { var to = path.join(made, file[0]); ' +
    'fs.mkdirSync(path.dirname(to), { recursive: true }); fs.writeFileSync(to, file[1]); }); ' +
    'try { fs.renameSync(made, home); } catch (e) { if (fs.existsSync(home)) {} else throw e; } } ' +
    'finally { fs.rmSync(made, { recursive: true, force: true }); } }',
  'try { make(root); fs.accessSync(root, fs.constants.W_OK); ' +
    'var have = fs.existsSync(home); say({ now: Date.now(), have: have }); if (have) {} else bring(); start(); } ' +
    'catch (e) { say({ fault: String(e.code), message: String(e.message) }); process.exit(3); }',
].join('; ');

/** The words for `ssh`: any login shell makes the same of them. */
export function bootstrap(root: string, node: string, agent: string, word: string): string {
  return ['exec sh -c', ...[PROBE, 'warren', root, node, agent, word, LOADER].map(quoteWord)].join(' ');
}
