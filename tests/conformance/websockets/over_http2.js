// SPDX-License-Identifier: Apache-2.0
// ws opens its connections over HTTP/1.1 only; what it frames, any duplex stream carries: here one of HTTP/2. How it
// agrees on compression it does not export, so that comes from the files of the package.
'use strict';
const path = require('path');
const WebSocket = require('ws');

const inside = (name) => require(path.join(path.dirname(require.resolve('ws')), 'lib', name));
const extension = inside('extension');
const PerMessageDeflate = inside('permessage-deflate');
const NAME = PerMessageDeflate.extensionName;
const FIELD = 'sec-websocket-extensions';

class Side {
  constructor(isServer, deflate, maxPayload) {
    Object.assign(this, {isServer, maxPayload, isAgreed: false});
    this.codec = deflate && new PerMessageDeflate(deflate, isServer, maxPayload);
  }

  offer() {  // of a client: fields of its request
    return this.codec ? {[FIELD]: extension.format({[NAME]: this.codec.offer()})} : {};
  }

  answer(offered) {  // of a server: fields of its response
    this.take(offered);
    return this.isAgreed ? {[FIELD]: extension.format({[NAME]: [this.codec.params]})} : {};
  }

  take(field) {
    const words = this.codec && extension.parse(field || '')[NAME];
    this.isAgreed = Boolean(words);
    if (words) this.codec.accept(words);
  }

  open(stream) {
    const socket = new WebSocket(null);
    socket._isServer = this.isServer;  // without an address it takes itself for one
    if (this.isAgreed) socket._extensions[NAME] = this.codec;
    stream.setNoDelay = () => {};  // sockets have it
    setImmediate(() => socket.setSocket(stream, Buffer.alloc(0), {maxPayload: this.maxPayload, skipUTF8Validation: false}));
    return socket;
  }
}

module.exports = {Side};
