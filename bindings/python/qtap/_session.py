# SPDX-License-Identifier: Apache-2.0
"""Sessions: configure, start, poll, iterate."""
import collections
import ctypes
import ipaddress

from . import _abi
from ._model import Connection, Data, Event, Message, Object, Transaction
from ._sink import make_ops
from ._values import QtapError, check, text_of

_lib = _abi.lib
_PHASES = ("open", "update", "close")
_DIRECTIONS = ("sent", "received")
_MESSAGE_FLAGS = {name: _abi.OTHER[f"QTAP_MSG_{name.upper()}"]
                  for name in ("compressed", "truncated", "incomplete", "after_loss", "undecoded", "bad")}


def _direction(word):
    if word not in _DIRECTIONS:
        raise ValueError(f"direction: {word!r} is neither 'sent' nor 'received'")
    return _DIRECTIONS.index(word)


class Config:
    """Options by name (docs/options.md): Config({"tap.direction": "egress"}), Config(yaml="...")."""

    def __init__(self, options=None, yaml=None, logger=None):
        self._handle = ctypes.c_void_p()
        check(_lib.qtap_config_new(ctypes.byref(self._handle)), "make a configuration")
        self._logger = None
        if yaml is not None:
            raw = yaml.encode()
            self._check(_lib.qtap_config_parse(self._handle, raw, len(raw)))
        for key, value in (options or {}).items():
            self.set(key, value)
        if logger:
            self._logger = _abi.LOG(lambda level, message, _user: logger(level, message.decode("utf-8", "replace")))
            _lib.qtap_config_set_logger(self._handle, self._logger, None)

    def __del__(self):
        if getattr(self, "_handle", None):
            _lib.qtap_config_free(self._handle)
            self._handle = None

    def _check(self, status):
        return check(status, lambda: _lib.qtap_config_error(self._handle).decode("utf-8", "replace"))

    def set(self, key, value):
        text = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
        self._check(_lib.qtap_config_set(self._handle, key.encode(), str(text).encode()))


class Session:
    """A capture. Use it as a context manager: it starts on entry and is freed on exit.

    Callbacks are set as keyword arguments or attributes before start: on_connection(conn, phase), on_data(conn, data),
    on_transaction(tx), on_event(event), on_object(object), on_message(message): those of gRPC calls, WebSockets and
    server-sent events while their stream is open. Iterating gives transactions as they come, events() events:
    those from the moment on at which the iterator was made. An exception in a callback ends the poll that it came from
    and is raised there. Bodies are kept for whoever iterates; capture.body_buffer=0 saves that.
    """

    def __init__(self, options=None, *, config=None, yaml=None, logger=None, **callbacks):
        self._handle = ctypes.c_void_p()
        self._config = config or Config(options, yaml, logger)  # its logger must live as long as the session
        self._config._check(_lib.qtap_session_new(ctypes.byref(self._handle), self._config._handle))
        self._callbacks, self._failure, self._depth = None, None, 0
        self._sinks = {}  # the C tables, until each is closed
        self._queues = {Transaction: [], Event: []}  # one per living iterator
        for name in ("on_connection", "on_data", "on_transaction", "on_event", "on_object", "on_message"):
            setattr(self, name, callbacks.pop(name, None))
        if callbacks:
            raise TypeError(f"Session has no callback {sorted(callbacks)[0]!r}")

    # ---- life

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_exception):
        self.close()

    def __del__(self):
        self.close()

    def close(self):
        """Stops, detaches and frees; a closed session refuses every other call."""
        if getattr(self, "_handle", None):
            if self._depth:
                raise QtapError(_abi.STATUS["QTAP_ERR_BUSY"], "close: not from inside a callback; call stop() there")
            _lib.qtap_session_free(self._handle)
            self._handle = None

    def _open(self):
        if not self._handle:
            raise QtapError(_abi.STATUS["QTAP_ERR_STATE"], "the session is closed")
        return self._handle

    @property
    def error(self):
        """The text of the last error or warning."""
        return _lib.qtap_session_error(self._open()).decode("utf-8", "replace")

    def _check(self, status):
        if self._failure and not self._depth:
            failure, self._failure = self._failure, None
            raise failure
        return check(status, lambda: self.error)

    def start(self):
        """True: everything is attached. False: only a part (see .error). QtapError: nothing."""
        self._install_callbacks()
        return self._check(_lib.qtap_session_start(self._open())) != _abi.STATUS["QTAP_WARN_PARTIAL"]

    def add_sink(self, sink):
        """Storage of your own, before start. sink.name is its id; each method is optional: put_event(event),
        put_object(object) (raise qtap.Again to be asked again; any other exception drops it, counted), put_body(chunk)
        (the same; bodies of any length in BodyChunks, of transactions kept in full), locate(object) gives the URL or None, flush(timeout_ms), close(). They come one at a time from a thread of the session."""
        ops = make_ops(sink, lambda: self._sinks.pop(id(sink), None))
        self._sinks[id(sink)] = ops
        try:
            self._check(_lib.qtap_session_add_sink(self._open(), ctypes.byref(ops), None))
        except QtapError:
            del self._sinks[id(sink)]
            raise

    # ---- callbacks

    def _guard(self, call):
        def guarded(*args):
            self._depth += 1
            try:
                return call(*args)
            except BaseException as failure:  # C cannot carry it: raised again by the call that polled
                self._failure = self._failure or failure
                return _abi.STATUS["QTAP_ERR_CALLBACK"]
            finally:
                self._depth -= 1
        return guarded

    def _install_callbacks(self):
        def connection(handle, phase, _user):
            return 1 if self.on_connection(Connection(handle), _PHASES[phase]) == "ignore" else 0

        def data(handle, piece, _user):
            p = piece.contents
            raw = ctypes.string_at(p.bytes, p.len) if p.len else b""
            self.on_data(Connection(handle), Data(_DIRECTIONS[p.direction], bool(p.is_tls), p.time_ns, p.offset,
                                                  p.lost_before, raw))
            return 0

        def message(conn, tx, told, _user):
            m = told.contents
            self.on_message(Message(
                Connection(conn), Transaction(tx), ("", "grpc", "websocket", "sse")[m.protocol],
                ("request", "response")[m.message], _DIRECTIONS[m.direction], m.opcode, m.close_code,
                frozenset(name for name, bit in _MESSAGE_FLAGS.items() if m.flags & bit), m.index, m.length,
                m.wire_length, m.missing, m.first_ns, m.last_ns, text_of(m.type), text_of(m.id),
                ctypes.string_at(m.bytes, m.len) if m.len else b""))
            return 0

        def noun(kind, name):
            def call(handle, _user):
                callback, queues = getattr(self, name), self._queues.get(kind)
                if callback or queues:
                    made = kind(handle)
                    for queue in queues or ():
                        queue.append(made)
                    if callback:
                        callback(made)
                return 0
            return _abi.ON_NOUN(self._guard(call))

        table = _abi.Callbacks(size=ctypes.sizeof(_abi.Callbacks))
        if self.on_connection:
            table.on_connection = _abi.ON_CONNECTION(self._guard(connection))
        if self.on_data:
            table.on_data = _abi.ON_DATA(self._guard(data))
        table.on_transaction = noun(Transaction, "on_transaction")
        table.on_event = noun(Event, "on_event")
        if self.on_object:
            table.on_object = noun(Object, "on_object")
        if self.on_message:
            table.on_message = _abi.ON_MESSAGE(self._guard(message))
        self._callbacks = table  # ctypes would free the trampolines
        self._check(_lib.qtap_session_set_callbacks(self._open(), ctypes.byref(table), None))

    # ---- running

    def fileno(self):
        """For select and event loops: readable when poll(0) has something to do."""
        return _lib.qtap_session_fd(self._open())

    def poll(self, timeout_ms=-1):
        """Handles what there is; the number of records."""
        return self._check(_lib.qtap_session_poll(self._open(), timeout_ms))

    @property
    def done(self):
        return bool(_lib.qtap_session_done(self._open()))

    def run(self):
        while not self.done:
            self.poll(100)

    def stop(self):
        """Any thread, any callback, any signal handler."""
        _lib.qtap_session_stop(self._open())

    def flush(self, timeout_ms=-1):
        self._check(_lib.qtap_session_flush(self._open(), timeout_ms))

    def __iter__(self):
        """Transactions, until the session is done."""
        return self._iterate(Transaction)

    def events(self):
        """Events, until the session is done."""
        return self._iterate(Event)

    def _iterate(self, kind):
        queue = collections.deque()
        self._queues[kind].append(queue)  # now, not when the first one is asked for
        return _Iterator(self, kind, queue)

    @property
    def stats(self):
        """Counters since start, by name (struct qtap_stats)."""
        stats = _abi.Stats(size=ctypes.sizeof(_abi.Stats))
        self._check(_lib.qtap_session_stats(self._open(), ctypes.byref(stats)))
        return {name: getattr(stats, name) for name, _ in stats._fields_[1:]}

    @property
    def attached(self):
        lines = []
        while (line := _lib.qtap_session_attached_at(self._open(), len(lines))) is not None:
            lines.append(line.decode())
        return lines

    def feed(self, time_ns=0, **peer):
        """Opens a connection whose bytes you give (capture.source=feed); see Feed."""
        return Feed(self, time_ns, **peer)


class _Iterator:
    """What a session hands out of one kind, polled for; nothing is queued any more once it is gone."""

    def __init__(self, session, kind, queue):
        self._session, self._kind, self._queue = session, kind, queue

    def __iter__(self):
        return self

    def __next__(self):
        while not self._queue:
            if not self._session._handle or self._session.done:
                raise StopIteration
            self._session.poll(100)  # so that Ctrl-C is noticed
        return self._queue.popleft()

    def __del__(self):
        queues = self._session._queues
        queues[self._kind] = [other for other in queues[self._kind] if other is not self._queue]


class Feed:
    """A connection of your own: session.feed(t, exe="/usr/bin/curl", is_tls=True, remote=("10.0.0.2", 443))."""

    def __init__(self, session, time_ns, *, pid=0, uid=0, exe="", comm="", user="", container_id="", role="",
                 is_tls=False, local=None, remote=None):
        self._session, self._time_ns = session, time_ns
        texts = [text.encode() for text in (exe, comm, user, container_id)]
        buffers = [ctypes.create_string_buffer(text, len(text) or 1) for text in texts]
        strs = [_abi.Str(ctypes.addressof(b), len(t)) for b, t in zip(buffers, texts)]
        record = _abi.Peer(size=ctypes.sizeof(_abi.Peer), pid=pid, uid=uid, exe=strs[0], comm=strs[1],
                           user_name=strs[2], container_id=strs[3], role=("", "client", "server").index(role),
                           is_tls=is_tls)
        for name, end in (("local", local), ("remote", remote)):
            if end:
                address = ipaddress.ip_address(end[0])
                record.family = 2 if address.version == 4 else 10  # AF_INET, AF_INET6
                setattr(record, f"{name}_ip", (ctypes.c_uint8 * 16)(*address.packed))
                setattr(record, f"{name}_port", end[1])
        ident = ctypes.c_uint64()
        session._check(_lib.qtap_feed_open(session._open(), ctypes.byref(record), time_ns, ctypes.byref(ident)))
        self.id = ident.value

    def _now(self, time_ns):
        self._time_ns = self._time_ns if time_ns is None else time_ns
        return self._time_ns

    def data(self, direction, raw, time_ns=None):
        self._session._check(_lib.qtap_feed_data(self._session._open(), self.id, _direction(direction),
                                                 self._now(time_ns), bytes(raw), len(raw)))

    def gap(self, direction, length):
        self._session._check(_lib.qtap_feed_gap(self._session._open(), self.id, _direction(direction), length))

    def close(self, time_ns=None):
        self._session._check(_lib.qtap_feed_close(self._session._open(), self.id, self._now(time_ns)))
