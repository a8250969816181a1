// SPDX-License-Identifier: Apache-2.0
// The HTTP interface of ClickHouse, as far as the tests need it, over the engine itself (npm's chdb).
// Usage: chdb_server.js FOLDER USER PASSWORD; prints "port N".
'use strict';
const http = require('http');
const zlib = require('zlib');
const { Session } = require('chdb');

const [folder, user, password] = process.argv.slice(2);
const session = new Session(folder);
// What is not about the connection is a setting, as in the real one.
const parameters = ['query', 'database', 'user', 'password'];

class Refused extends Error {
  constructor(code, message) {
    super(`Code: ${code}. DB::Exception: ${message}`);
    this.clickhouseCode = code;
  }
}

function quoted(text) {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function run(request, body) {
  if (request.headers['x-clickhouse-user'] !== user || (request.headers['x-clickhouse-key'] || '') !== password) {
    throw new Refused(516, `${request.headers['x-clickhouse-user']}: Authentication failed: password is incorrect, ` +
                           'or there is no user with such name. (AUTHENTICATION_FAILED)');
  }
  const url = new URL(request.url, 'http://host');
  if (request.headers['content-encoding'] === 'gzip') body = zlib.gunzipSync(body);
  const database = url.searchParams.get('database') || 'default';
  const known = session.query(`SELECT count() FROM system.databases WHERE name = ${quoted(database)}`, 'TabSeparated');
  if (known.trim() !== '1') throw new Refused(81, `Database ${database} does not exist. (UNKNOWN_DATABASE)`);
  session.query(`USE \`${database}\``);
  for (const [name, value] of url.searchParams) {
    if (!parameters.includes(name)) session.query(`SET ${name} = ${quoted(value)}`);
  }
  const query = `${url.searchParams.get('query') || ''}\n${body.toString()}`.trim();
  return session.query(query, 'JSONEachRow') || '';
}

const statuses = { 516: 403, 497: 403, 60: 404, 81: 404 };
const server = http.createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece)).on('end', () => {
    try {
      response.end(run(request, Buffer.concat(pieces)));
    } catch (error) {
      const code = error.clickhouseCode || Number((/Code: (\d+)/.exec(error.message) || [])[1]);
      response.statusCode = statuses[code] || 400;
      response.setHeader('X-ClickHouse-Exception-Code', code || 0);
      response.end(`${error.message.replace('Query failed: ', '')}\n`);
    }
  });
});
server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
