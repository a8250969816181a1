// SPDX-License-Identifier: Apache-2.0
// The service test.Echo with google.protobuf.BytesValue as its messages, for peers that want a descriptor; no code is
// generated. Method names say the kind of the call, as in grpc_js.js.
'use strict';
const {create, createFileRegistry, fromBinary, toBinary} = require('@bufbuild/protobuf');
const wkt = require('@bufbuild/protobuf/wkt');

const streamsIn = (name) => /^(ClientStream|Bidi)/.test(name);
const streamsOut = (name) => /^(ServerStream|Bidi)/.test(name);
const METHODS = ['Unary', 'UnaryGzip', 'UnaryBrotli', 'UnaryFail', 'UnaryMissing', 'ClientStream', 'ServerStream',
                 'ServerStreamGzip', 'ServerStreamFail', 'Bidi', 'BidiGzip', 'BidiFail'];
const TYPE = '.google.protobuf.BytesValue';

const file = create(wkt.FileDescriptorProtoSchema, {
  name: 'echo.proto', package: 'test', syntax: 'proto3', dependency: ['google/protobuf/wrappers.proto'],
  service: [{name: 'Echo', method: METHODS.map((name) => ({
    name, inputType: TYPE, outputType: TYPE, clientStreaming: streamsIn(name), serverStreaming: streamsOut(name)}))}]});
const registry = createFileRegistry(file, () => wkt.file_google_protobuf_wrappers);

const bytes = (text, times = 1) => Buffer.from(text.repeat(times));
const message = (value) => create(wkt.BytesValueSchema, {value});
const encode = (one) => Buffer.from(toBinary(wkt.BytesValueSchema, one));
const decode = (raw) => fromBinary(wkt.BytesValueSchema, raw);

// Messages are logged as they are encoded: what an observer sees.
const log = (line) => process.stdout.write(JSON.stringify(line) + '\n');
const logCall = (method, requests, responses, status, message = '') => log({
  method, requests: requests.map((one) => encode(one).toString('hex')),
  responses: responses.map((one) => encode(one).toString('hex')), status, message});

const ASKED = [
  ['Unary', [bytes('one')]],
  ['Unary', [bytes('')]],
  ['Unary', [Buffer.from(Array.from({length: 300000}, (_, i) => i & 255))]],
  ['UnaryGzip', [bytes('compress me ', 100)]],
  ['UnaryBrotli', [bytes('squeeze me ', 100)]],
  ['UnaryFail', [bytes('fail')]],
  ['UnaryMissing', [bytes('nobody implements this')]],
  ['ServerStream', [bytes('40')]],
  ['ServerStream', [bytes('0')]],
  ['ServerStreamGzip', [bytes('5')]],
  ['ServerStreamFail', [bytes('3')]],
  ['ClientStream', [bytes('a'), bytes('b', 20000), bytes(''), bytes('c')]],
  ['Bidi', Array.from({length: 30}, (_, i) => bytes(`x${i}`, i + 1))],
  ['BidiGzip', [bytes('compress me too ', 50), bytes('tiny'), bytes('')]],
  ['BidiFail', [bytes('good'), bytes('fail')]],
].map(([name, requests]) => [name, requests.map(message)]);

module.exports = {ASKED, METHODS, bytes, decode, encode, log, logCall, message, service: registry.getService('test.Echo'),
                  streamsIn, streamsOut};
