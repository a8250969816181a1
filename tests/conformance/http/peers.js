// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 and HTTP/2 of node, as peers that log each exchange as a JSON line: what was asked, the status, the
// SHA-256 of both bodies as sent, and of the response without its content coding.
//   peers.js serve1|serve2           prints {"port": N} first
//   peers.js ask1|ask2 PORT METHOD:PATH...
'use strict';
const crypto = require('crypto');
const http = require('http');
const http2 = require('http2');
const zlib = require('zlib');

const sha = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');
const log = (line) => process.stdout.write(JSON.stringify(line) + '\n');
const text = (size) => Buffer.from('0123456789 the quick brown fox '.repeat(size / 31 + 1).slice(0, size));

const CODINGS = {
  gzip: [(t) => zlib.gzipSync(t), 'gzip'],
  deflate: [(t) => zlib.deflateSync(t), 'deflate'],
  raw: [(t) => zlib.deflateRawSync(t), 'deflate'],
  br: [(t) => zlib.brotliCompressSync(t), 'br'],
  stacked: [(t) => zlib.brotliCompressSync(zlib.gzipSync(t)), 'gzip, br'],
};

function collect(stream, then) {
  const parts = [];
  stream.on('data', (part) => parts.push(part));
  stream.on('end', () => then(Buffer.concat(parts)));
}

// /text/N, /gzip/N, ..., /chunks/N (a write each), /status/N, /trailers, /echo
function answer(req, body, res) {
  const [, kind, number] = req.url.split('?')[0].split('/');
  const headers = {'content-type': 'text/plain; charset=utf-8'};
  let plain = Buffer.alloc(0), status = 200;
  if (kind === 'status') status = Number(number);
  else if (kind === 'echo') plain = body;
  else if (kind === 'trailers') plain = text(1000);
  else plain = text(Number(number || 0));
  let sent = plain;
  if (CODINGS[kind]) {
    sent = CODINGS[kind][0](plain);
    headers['content-encoding'] = CODINGS[kind][1];
  }
  if (req.method === 'HEAD') sent = plain = Buffer.alloc(0);
  else if (!['chunks', 'trailers', 'status'].includes(kind)) headers['content-length'] = sent.length;
  if (kind === 'trailers') headers['trailer'] = 'x-sum';
  res.writeHead(status, headers);
  if (kind === 'chunks') for (let i = 0; i < sent.length; i += 100) res.write(sent.subarray(i, i + 100));
  else if (sent.length) res.write(sent);
  if (kind === 'trailers') res.addTrailers({'x-sum': sha(sent)});
  res.end();
  log({method: req.method, path: req.url, request: sha(body), status, response: sha(sent), text: sha(plain)});
}

function serve(create) {
  const server = create((req, res) => collect(req, (body) => answer(req, body, res)));
  server.listen(0, '127.0.0.1', () => log({port: server.address().port}));
}

const bodyOf = (method) => method === 'POST' ? text(100000) : Buffer.alloc(0);

function ask2(port, asked) {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  let open = asked.length;
  for (const [method, path] of asked) {
    const body = bodyOf(method);
    const stream = session.request({':method': method, ':path': path}, {endStream: !body.length});
    let status = 0;
    stream.on('response', (headers) => { status = headers[':status']; });
    collect(stream, (bytes) => {
      log({method, path, request: sha(body), status, response: sha(bytes)});
      if (--open === 0) session.close();
    });
    if (body.length) stream.end(body);
  }
}

function ask1(port, asked) {
  const agent = new http.Agent({keepAlive: true, maxSockets: 2});
  let open = asked.length;
  for (const [method, path] of asked) {
    const body = bodyOf(method);
    const req = http.request({port, host: '127.0.0.1', method, path, agent}, (res) => collect(res, (bytes) => {
      log({method, path, request: sha(body), status: res.statusCode, response: sha(bytes)});
      if (--open === 0) agent.destroy();
    }));
    req.end(body);
  }
}

const [what, port, ...words] = process.argv.slice(2);
const asked = words.map((word) => [word.slice(0, word.indexOf(':')), word.slice(word.indexOf(':') + 1)]);
({serve1: () => serve(http.createServer), serve2: () => serve(http2.createServer),
  ask1: () => ask1(port, asked), ask2: () => ask2(port, asked)})[what]();
