// SPDX-License-Identifier: Apache-2.0
// grpc-js as server or client of test.Echo, whose messages are plain bytes; method names and log lines are those of
// tests/e2e/servers/grpc_server.py and tests/e2e/clients/grpc_client.py. NODE_PATH names the folder that has grpc-js.
//   grpc_js.js serve        prints {"port": N} first, then a JSON line for each call that is over
//   grpc_js.js ask PORT     makes all calls at once, on a connection for each coding; a line for each
'use strict';
const grpc = require('@grpc/grpc-js');

const log = (line) => process.stdout.write(JSON.stringify(line) + '\n');
const same = (bytes) => bytes;
const hex = (many) => many.map((bytes) => bytes.toString('hex'));
const bytes = (text, times = 1) => Buffer.from(text.repeat(times));

const METHODS = ['Unary', 'UnaryGzip', 'UnaryDeflate', 'UnaryFail', 'UnaryHang', 'ClientStream', 'ServerStream',
                 'ServerStreamFail', 'Bidi', 'BidiGzip', 'BidiFail', 'BidiHang'];
const streamsIn = (name) => /^(ClientStream|Bidi)/.test(name);
const streamsOut = (name) => /^(ServerStream|Bidi)/.test(name);
const TRAILERS = new grpc.Metadata();
TRAILERS.set('x-end', 'one');
TRAILERS.set('x-end-bin', Buffer.from([0, 255, 7]));

class Call {
  constructor(name, call, callback) {
    Object.assign(this, {name, call, callback, came: [], went: [], over: false});
    call.on('cancelled', () => this.log(grpc.status.CANCELLED));
    if (!streamsIn(name)) {
      this.take(call.request);
      this.end();
      return;
    }
    call.on('data', (message) => this.take(message));
    call.on('end', () => this.end());
    if (name === 'BidiHang') this.send(bytes('begun'));
  }

  log(status) {
    if (this.over) return;
    this.over = true;
    log({method: this.name, requests: hex(this.came), responses: hex(this.went), status});
  }

  take(message) {
    this.came.push(message);
    if (message.toString() === 'fail') this.fail();
    else if (this.name.startsWith('Bidi') && !this.over) this.send(Buffer.concat([bytes('echo '), message]));
  }

  send(message) {
    this.went.push(message);
    if (streamsOut(this.name)) this.call.write(message);
    else this.callback(null, message, TRAILERS);
  }

  fail() {
    this.log(grpc.status.NOT_FOUND);
    const error = {code: grpc.status.NOT_FOUND, details: 'nothing at all: ä%', metadata: TRAILERS};
    if (streamsOut(this.name)) this.call.emit('error', error);
    else this.callback(error);
  }

  end() {
    if (this.over || this.name.endsWith('Hang')) return;
    if (this.name.startsWith('ServerStream')) {
      for (let i = 0; i < Number(this.came[0]); ++i) this.send(bytes(`part ${i} `, i + 1));
      if (this.name.endsWith('Fail')) return this.fail();
    } else if (!this.name.startsWith('Bidi')) {
      this.send(Buffer.concat([bytes('got '), ...this.came.flatMap((one, i) => i ? [bytes('+'), one] : [one])]));
    }
    this.log(grpc.status.OK);
    if (streamsOut(this.name)) this.call.end(TRAILERS);
  }
}

const definition = (name) => ({
  path: `/test.Echo/${name}`, requestStream: streamsIn(name), responseStream: streamsOut(name), requestSerialize: same,
  requestDeserialize: same, responseSerialize: same, responseDeserialize: same});

function serve() {
  const server = new grpc.Server();
  const each = (make) => Object.fromEntries(METHODS.map((name) => [name, make(name)]));
  server.addService(each(definition), each((name) => (call, callback) => new Call(name, call, callback)));
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    log({port});
  });
}

const ASKED = [
  ['Unary', [bytes('one')]],
  ['Unary', [bytes('')]],
  ['Unary', [Buffer.from(Array.from({length: 512000}, (_, i) => i & 255))]],
  ['ClientStream', [bytes('a'), bytes('b', 20000), bytes(''), bytes('c')]],
  ['ServerStream', [bytes('40')]],
  ['ServerStream', [bytes('0')]],
  ['Bidi', Array.from({length: 30}, (_, i) => bytes(`x${i}`, i + 1))],
  ['UnaryGzip', [bytes('compress me ', 100)]],
  ['BidiGzip', [bytes('compress me too ', 50), bytes('tiny'), bytes('')]],
  ['UnaryDeflate', [bytes('deflate me ', 100)]],
  ['UnaryFail', [bytes('fail')]],
  ['BidiFail', [bytes('good'), bytes('fail')]],
  ['ServerStreamFail', [bytes('3')]],
  ['UnaryMissing', [bytes('nobody implements this')]],
  ['UnaryHang', [bytes('until the deadline')]],
  ['BidiHang', [bytes('until cancelled')]],
];

// The coding is an option of a channel, so there is one for each.
function ask(port) {
  const client = (coding) => new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
    'grpc.default_compression_algorithm': coding, 'grpc.enable_retries': 0});
  const clients = {Gzip: client(2), Deflate: client(1), '': client(0)};  // CompressionAlgorithms of grpc-js
  // A call whose deadline comes before the connection would never be sent.
  clients[''].waitForReady(Date.now() + 60000, (error) => {
    if (error) throw error;
    makeCalls(clients);
  });
}

function makeCalls(clients) {
  let open = ASKED.length;
  for (const [name, requests] of ASKED) {
    const from = clients[(/Gzip|Deflate/.exec(name) || [''])[0]];
    const responses = [];
    const options = {deadline: Date.now() + (name === 'UnaryHang' ? 500 : 60000)};
    const then = (error, response) => { if (!error) responses.push(response); };
    const args = [`/test.Echo/${name}`, same, same];
    const one = streamsIn(name) ? [] : [requests[0]];
    const kind = {false: {false: 'makeUnaryRequest', true: 'makeServerStreamRequest'},
                  true: {false: 'makeClientStreamRequest', true: 'makeBidiStreamRequest'}}[streamsIn(name)][streamsOut(name)];
    const call = from[kind](...args, ...one, new grpc.Metadata(), options, ...(streamsOut(name) ? [] : [then]));
    if (streamsOut(name)) {
      call.on('data', (message) => {
        responses.push(message);
        // The echo of what was asked: both ends know of two messages.
        if (name === 'BidiHang' && responses.length === 2) call.cancel();
      });
      call.on('error', () => {});  // the status says it
    }
    // Behind the callback of a unary call, which comes with the status.
    call.on('status', ({code, details}) => setImmediate(() => {
      log({method: name, requests: hex(requests), responses: hex(responses), status: code, message: details});
      if (--open === 0) Object.values(clients).forEach((client) => client.close());
    }));
    if (streamsIn(name)) {
      requests.forEach((request) => call.write(request));
      if (name !== 'BidiHang') call.end();
    }
  }
}

const [role, port] = process.argv.slice(2);
({serve, ask: () => ask(port)})[role]();
