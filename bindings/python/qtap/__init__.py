# SPDX-License-Identifier: Apache-2.0
"""What a Linux machine really says over the network: libqtap from Python.

    import qtap
    with qtap.Session({"tap.direction": "egress"}) as session:
        for tx in session:
            print(tx["http.req.method"], tx["http.req.url"], tx.get("http.res.status"))
"""
from ._session import Config, Feed, QtapError, Session
from ._model import BodyChunk, Connection, Data, DecodedBody, Event, Message, Object, Transaction
from ._sink import Again
from ._rule import Rule, RuleHit, RuleIssue, RuleResult, RuleSet, RuleWarning
from ._rule_library import RuleError, RuleLibrary
from ._tables import fields, options, version
from ._values import Hex, Mac, Regex
from . import http, s3

__all__ = ["Again", "BodyChunk", "Config", "Connection", "Data", "DecodedBody", "Event", "Feed", "Hex", "Mac", "Message", "Object",
           "QtapError", "Regex", "Rule", "RuleError", "RuleHit", "RuleIssue", "RuleLibrary", "RuleResult", "RuleSet",
           "RuleWarning", "Session", "Transaction", "fields", "http", "options", "s3", "version"]
