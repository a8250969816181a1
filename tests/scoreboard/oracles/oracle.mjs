// SPDX-License-Identifier: Apache-2.0
// The oracle in JavaScript: `node oracle.mjs server|client ...`, flags as in oracle.c. All connections run on node's one
// event loop, over memory BIOs.
import crypto from "node:crypto";
import fs from "node:fs";
import tls from "node:tls";

const NONCE_BYTES = 16, BLOCK_BYTES = 65521, DEADLINE_MS = 300_000;

const [role, ...rest] = process.argv.slice(2);
const plan = {port: "0", conns: "1", rounds: "1", up: "1024", down: "1024", write: "16384", cert: "", key: ""};
for (let i = 0; i < rest.length; i += 2) plan[rest[i].slice(2)] = rest[i + 1];
const isServer = role === "server";
const [conns, rounds, up, down, write] = ["conns", "rounds", "up", "down", "write"].map((name) => Number(plan[name]));
let closed = 0, calls = 0, listener;

const emit = (line) => fs.writeSync(1, JSON.stringify(line) + "\n");

class Flow {
  constructor(nonce = Buffer.alloc(0)) {
    this.nonce = nonce;
    this.hash = crypto.createHash("sha256");
    this.bytes = 0;
    if (nonce.length) {
      const block = crypto.createHash("shake128", {outputLength: BLOCK_BYTES}).update(nonce).digest();
      this.twice = Buffer.concat([block, block]);
    }
  }
  add(data) {
    if (this.nonce.length < NONCE_BYTES) {
      this.nonce = Buffer.concat([this.nonce, data.subarray(0, NONCE_BYTES - this.nonce.length)]);
    }
    this.hash.update(data);
    this.bytes += data.length;
  }
  following(count) {
    const parts = [this.nonce.subarray(this.bytes, this.bytes + count)];
    for (let have = parts[0].length; have < count; have += parts.at(-1).length) {
      const at = (this.bytes + have - NONCE_BYTES) % BLOCK_BYTES;
      parts.push(this.twice.subarray(at, at + Math.min(BLOCK_BYTES, count - have)));
    }
    return Buffer.concat(parts);
  }
}

function exchange(socket) {
  const sent = new Flow(Buffer.from(crypto.randomBytes(NONCE_BYTES / 2).toString("hex")));
  const received = new Flow();
  const local = `${socket.localAddress}:${socket.localPort}`, remote = `${socket.remoteAddress}:${socket.remotePort}`;
  let round = 0, expected = isServer ? up : down, told = false;

  function tell() {
    told = true;
    for (const [dir, flow] of [["sent", sent], ["received", received]]) {
      emit({ev: "truth", pid: process.pid, role, phase: 0, local, remote, dir, nonce: flow.nonce.toString("latin1"),
            bytes: flow.bytes, sha256: flow.hash.digest("hex")});
    }
  }
  function send(left, then) {
    if (left === 0) return then();
    const data = sent.following(Math.min(left, write));
    sent.add(data);
    ++calls;
    socket.write(data, () => send(left - data.length, then));
  }
  function received_all() {
    if (isServer) {
      send(down, () => { if (++round === rounds) tell(); });
    } else if (++round === rounds) {
      tell();
      socket.end();
    } else {
      send(up, () => {});
    }
  }
  socket.on("data", (data) => {
    ++calls;
    received.add(data);
    expected -= data.length;
    if (expected > 0) return;
    expected = isServer ? up : down;
    received_all();
  });
  socket.on("error", (error) => { if (!told) { console.error(error); process.exit(1); } });
  socket.on("close", () => {
    if (++closed < conns) return;
    listener?.close();
    const {user, system} = process.cpuUsage();
    emit({ev: "cost", calls, cpu_ns: (user + system) * 1000});
    process.exit(0);
  });
  if (!isServer) send(up, () => {});
}

setTimeout(() => process.exit(1), DEADLINE_MS).unref();
if (isServer) {
  listener = tls.createServer({cert: fs.readFileSync(plan.cert), key: fs.readFileSync(plan.key)}, exchange);
  listener.listen({port: Number(plan.port), host: "127.0.0.1", backlog: 1024},
                  () => emit({ev: "listening", port: listener.address().port}));
} else {
  for (let i = 0; i < conns; ++i) {
    const socket = tls.connect({port: Number(plan.port), host: "127.0.0.1", rejectUnauthorized: false},
                               () => exchange(socket));
  }
}
