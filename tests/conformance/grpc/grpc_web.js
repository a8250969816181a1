// SPDX-License-Identifier: Apache-2.0
// The client of the gRPC-Web project, in a browser's place, with xhr2 as the browser's XMLHttpRequest. It logs a JSON line
// for each call.   grpc_web.js text|binary PORT     binary: it has no streams then
'use strict';
globalThis.XMLHttpRequest = require('xhr2');
const grpcWeb = require('grpc-web');
const {ASKED, decode, encode, logCall, streamsIn, streamsOut} = require('./echo.js');

const [format, port] = process.argv.slice(2);
const client = new grpcWeb.GrpcWebClientBase({format});

function call(name, request) {
  const path = `/test.Echo/${name}`;
  const type = streamsOut(name) ? grpcWeb.MethodType.SERVER_STREAMING : grpcWeb.MethodType.UNARY;
  const method = new grpcWeb.MethodDescriptor(path, type, Object, Object, encode, decode);
  const url = `http://127.0.0.1:${port}${path}`;
  const responses = [];
  const done = ({code, message}) => logCall(name, [request], responses, code, message);
  if (!streamsOut(name)) {
    client.rpcCall(url, request, {}, method, (error, response) => {
      if (response) responses.push(response);
      done(error || {code: 0, message: ''});
    });
    return;
  }
  const stream = client.serverStreaming(url, request, {}, method);
  let failure = {code: 0, message: ''};
  stream.on('data', (response) => responses.push(response));
  stream.on('error', (error) => { failure = error; done(failure); });
  stream.on('end', () => { if (!failure.code) done(failure); });
}

for (const [name, [request]] of ASKED) {
  if (!streamsIn(name) && !/Gzip|Brotli/.test(name) && (format === 'text' || !streamsOut(name))) call(name, request);
}
