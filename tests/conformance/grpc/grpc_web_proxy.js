// SPDX-License-Identifier: Apache-2.0
// A server of gRPC-Web, binary and in base64: npm's @grpc-web/middleware in front of connect-node, which it asks by gRPC.
// Prints {"port": N} first, then the log of connect-node.   grpc_web_proxy.js
'use strict';
const {spawn} = require('child_process');
const http = require('http');
const path = require('path');
const readline = require('readline');
const grpcWeb = require('@grpc-web/middleware');

const log = (line) => process.stdout.write(line + '\n');
const server = spawn(process.execPath, [path.join(__dirname, 'connect.js'), 'serve', '2'], {stdio: ['ignore', 'pipe', 'inherit']});
let translate = null;
readline.createInterface({input: server.stdout}).on('line', (line) => {
  if (translate) return log(line);
  translate = grpcWeb(`http://127.0.0.1:${JSON.parse(line).port}`);
  const front = http.createServer((request, response) => translate(request, response, () => response.writeHead(404).end()));
  front.listen(0, '127.0.0.1', () => log(JSON.stringify({port: front.address().port})));
});
process.on('SIGTERM', () => {
  server.kill();
  process.exit(0);
});
