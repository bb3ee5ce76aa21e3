/** An ssh ProxyCommand that counts what goes to the host: `counting-proxy.mjs FILE HOST PORT`. */
import { appendFileSync } from 'node:fs';
import { connect } from 'node:net';

const [file, host, port] = process.argv.slice(2);
const socket = connect(Number(port), host);
process.stdin.on('data', (chunk) => appendFileSync(file, `${chunk.length}\n`));
process.stdin.pipe(socket);
socket.pipe(process.stdout);
socket.on('close', () => process.exit(0));
socket.on('error', () => process.exit(1));
