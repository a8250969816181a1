// SPDX-License-Identifier: Apache-2.0
// The npm package ws as server or client of one connection. Both ends say the script below and log a JSON line for
// each message that they sent and that they received, and for the close.
//   ws.js serve SETUP [PORT]   SETUP: JSON {deflate: null or options of permessage-deflate, closer, code, reason,
//   ws.js ask SETUP PORT       isShort: without the largest}; the server prints {"port": N} first
//   ws.js serve2 | ask2 ...    the same over HTTP/2 (RFC 8441): node's streams carry what ws frames
'use strict';
const http2 = require('http2');
const WebSocket = require('ws');
const {Side} = require('./over_http2.js');

const [word, setupText, port] = process.argv.slice(2);
const isOverHttp2 = word.endsWith('2');
const role = word.replace('2', '');
const setup = JSON.parse(setupText);
const log = (line) => process.stdout.write(JSON.stringify(line) + '\n');

// The same bytes in each run: a linear congruence (Numerical Recipes, 7.1), not the machine's randomness.
let state = role === 'serve' ? 7 : 1;
const next = (below) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor(state / 4294967296 * below);
};
const noise = (size) => Buffer.from(Array.from({length: size}, () => next(256)));
const WORDS = ['alpha', 'beta', 'gämma', '漢字', '😀', ' ', '\n', '0'.repeat(50)];
const words = (count) => Array.from({length: count}, () => WORDS[next(WORDS.length)]).join('');

function send(socket, parts, compress = true) {
  const binary = Buffer.isBuffer(parts[0]);
  parts.forEach((part, i) => socket.send(part, {binary, compress, fin: i === parts.length - 1}));
  log({sent: binary ? 'binary' : 'text', frames: parts.length, deflated: compress && setup.deflate !== null,
       hex: Buffer.concat(parts.map((part) => Buffer.from(part))).toString('hex')});
}

function ping(socket) {
  const payload = noise(next(126));
  socket.ping(payload);
  log({sent: 'ping', hex: payload.toString('hex')});
}

function talk(socket) {
  for (const size of [0, 1, 125, 126, 127, 65535, 65536, 200000]) {
    send(socket, [noise(size)]);
    send(socket, ['x'.repeat(size)]);
  }
  if (!setup.isShort) {
    send(socket, [noise(1500000)]);
    // Large, and not as dense as a bomb: 1.5 MB of one letter end at limits.decode_ratio, by intent.
    send(socket, [words(200000)]);
  }
  for (let i = 0; i < 60; ++i) {
    const text = words(next(200));
    send(socket, [text], i % 5 !== 0);
    send(socket, Array.from({length: 1 + next(6)}, () => words(next(30))), i % 7 !== 0);
    ping(socket);
    send(socket, Array.from({length: 1 + next(6)}, () => noise(next(300))));
  }
  send(socket, ['done']);
}

function run(socket, then) {
  socket.on('message', (data, isBinary) => {
    log({received: isBinary ? 'binary' : 'text', hex: data.toString('hex')});
    if (setup.closer !== role || data.toString() !== 'done') return;
    if (setup.code) socket.close(setup.code, setup.reason);
    else socket.close();
  });
  socket.on('ping', (data) => log({received: 'ping', hex: data.toString('hex')}));
  socket.on('pong', (data) => log({received: 'pong', hex: data.toString('hex')}));
  socket.on('close', (code, reason) => {
    log({closed: code, reason: reason.toString()});
    then();
  });
  if (socket.readyState === WebSocket.OPEN) talk(socket);
  else socket.on('open', () => talk(socket));
}

function serve2() {
  const server = http2.createServer({settings: {enableConnectProtocol: true}});
  server.listen(0, '127.0.0.1', () => log({port: server.address().port}));
  server.on('stream', (stream, asked) => {
    if (asked[':method'] !== 'CONNECT' || asked[':protocol'] !== 'websocket') throw new Error('no WebSocket');
    const side = new Side(true, perMessageDeflate, maxPayload);
    stream.respond({':status': 200, ...side.answer(asked['sec-websocket-extensions'])});
    run(side.open(stream), () => server.close());
  });
}

function ask2() {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on('remoteSettings', (settings) => {
    if (!settings.enableConnectProtocol) throw new Error('no extended CONNECT');
    const side = new Side(false, perMessageDeflate, maxPayload);
    const stream = session.request({':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':path': '/chat?x=1',
                                    ':authority': `127.0.0.1:${port}`, 'sec-websocket-version': '13', ...side.offer()});
    stream.on('response', (headers) => {
      side.take(headers['sec-websocket-extensions']);
      run(side.open(stream), () => session.close());
    });
  });
}

// The smallest messages are compressed too: the threshold of 1024 bytes is the library's own choice, not the protocol's.
const perMessageDeflate = setup.deflate === null ? false : {threshold: 0, ...setup.deflate};
const maxPayload = 16 * 1024 * 1024;
if (isOverHttp2) {
  ({serve: serve2, ask: ask2})[role]();
} else if (role === 'serve') {
  const server = new WebSocket.Server({port: 0, host: '127.0.0.1', perMessageDeflate, maxPayload});
  server.on('listening', () => log({port: server.address().port}));
  server.on('connection', (socket) => run(socket, () => server.close()));
} else {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, {perMessageDeflate, maxPayload});
  socket.on('open', () => run(socket, () => {}));
}
