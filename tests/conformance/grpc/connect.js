// SPDX-License-Identifier: Apache-2.0
// connect-node as server or client of echo.js, which logs a JSON line for each call.
//   connect.js serve 1|2       gRPC and gRPC-Web over this HTTP version; prints {"port": N} first
//   connect.js ask grpc|web1|web2 PORT     gRPC over HTTP/2, gRPC-Web over HTTP/1.1 or HTTP/2
// connect-node does not know application/grpc-web-text: here it is made of its gRPC-Web as Envoy does it, in base64 of
// each piece of the body.
'use strict';
const http = require('http');
const http2 = require('http2');
const connect = require('@connectrpc/connect');
const node = require('@connectrpc/connect-node');
const {ASKED, METHODS, bytes, log, logCall, message, service, streamsIn, streamsOut} = require('./echo.js');

const TEXT = 'application/grpc-web-text';
const BINARY = 'application/grpc-web';
const localName = (name) => name[0].toLowerCase() + name.slice(1);
const fail = () => new connect.ConnectError('nothing at all: ä%', connect.Code.NotFound, {'x-end': 'one'});

function implementation(name) {
  async function* answers(requests, context) {
    const came = [], went = [];
    const say = (value) => went[went.push(message(value)) - 1];
    context.responseTrailer.set('x-end', 'one');
    try {
      for await (const request of requests) {
        came.push(request);
        if (Buffer.from(request.value).toString() === 'fail') throw fail();
        if (name.startsWith('Bidi')) yield say(Buffer.concat([bytes('echo '), request.value]));
      }
      if (name.startsWith('ServerStream')) {
        const count = Number(Buffer.from(came[0].value));
        for (let i = 0; i < count; ++i) yield say(bytes(`part ${i} `, i + 1));
        if (name.endsWith('Fail')) throw fail();
      } else if (!name.startsWith('Bidi')) {
        yield say(Buffer.concat([bytes('got '), ...came.map((one) => one.value)]));
      }
      logCall(name, came, went, 0);
    } catch (error) {
      logCall(name, came, went, connect.ConnectError.from(error).code);
      throw error;
    }
  }
  const many = (requests, context) => answers(streamsIn(name) ? requests : [requests], context);
  if (streamsOut(name)) return many;
  return async (requests, context) => {
    let response;
    for await (const one of many(requests, context)) response = one;
    return response;
  };
}

// Of groups of four characters: a piece may be cut anywhere.
async function* decoded(body) {
  let text = '';
  for await (const piece of body) {
    text += Buffer.from(piece).toString('latin1');
    const whole = text.length - text.length % 4;
    if (whole) yield new Uint8Array(Buffer.from(text.slice(0, whole), 'base64'));
    text = text.slice(whole);
  }
}

async function* encoded(body) {
  for await (const piece of body) yield Buffer.from(Buffer.from(piece).toString('base64'));
}

function serve(version) {
  const options = {
    compressMinBytes: 0,
    acceptCompression: [node.compressionGzip, node.compressionBrotli],
    routes: (router) => router.service(service, Object.fromEntries(
      METHODS.filter((name) => !name.endsWith('Missing')).map((name) => [localName(name), implementation(name)]))),
  };
  const router = connect.createConnectRouter(options);
  options.routes(router);
  const plain = node.connectNodeAdapter(options);
  const inText = async (req, res) => {
    const asked = node.universalRequestFromNodeRequest(req, res, undefined, undefined);
    asked.header.set('content-type', req.headers['content-type'].replace(TEXT, BINARY));
    asked.body = decoded(asked.body);
    const answer = await router.handlers.find((one) => one.requestPath === req.url)(asked);
    answer.header.set('content-type', answer.header.get('content-type').replace(BINARY, TEXT));
    if (answer.body) answer.body = encoded(answer.body);
    await node.universalResponseToNodeResponse(answer, res);
  };
  const handle = (req, res) => ((req.headers['content-type'] || '').startsWith(TEXT) ? inText : plain)(req, res);
  const server = version === '2' ? http2.createServer(handle) : http.createServer(handle);
  server.listen(0, '127.0.0.1', () => log({port: server.address().port}));
}

async function call(client, name, requests) {
  const responses = [];
  let status = 0, text = '';
  try {
    const feed = async function* () { yield* requests; };
    const answer = client[localName(name)](streamsIn(name) ? feed() : requests[0]);
    if (streamsOut(name)) for await (const one of answer) responses.push(one);
    else responses.push(await answer);
  } catch (error) {
    status = connect.ConnectError.from(error).code;
    text = connect.ConnectError.from(error).rawMessage;
  }
  logCall(name, requests, responses, status, text);
}

async function ask(how, port) {
  const httpVersion = how === 'web1' ? '1.1' : '2';
  const baseUrl = `http://127.0.0.1:${port}`;
  const make = how === 'grpc' ? node.createGrpcTransport : node.createGrpcWebTransport;
  const sessionManager = httpVersion === '2' ? new node.Http2SessionManager(baseUrl) : undefined;
  // Without a coding of its own a call accepts none, so that messages are compressed in both directions or in none.
  const client = (coding) => connect.createClient(service, make({
    baseUrl, httpVersion, sessionManager, compressMinBytes: 0, sendCompression: coding,
    acceptCompression: coding ? [coding] : []}));
  const clients = {Gzip: client(node.compressionGzip), Brotli: client(node.compressionBrotli), '': client(undefined)};
  const asked = ASKED.filter(([name]) => httpVersion === '2' || !name.startsWith('Bidi'));
  await Promise.all(asked.map(([name, requests]) => call(clients[(/Gzip|Brotli/.exec(name) || [''])[0]], name, requests)));
  if (sessionManager) sessionManager.abort();
}

const [role, ...words] = process.argv.slice(2);
({serve, ask})[role](...words);
