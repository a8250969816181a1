/* SPDX-License-Identifier: Apache-2.0 */
/** @file qtap.h All of libqtap. */
#ifndef QTAP_QTAP_H
#define QTAP_QTAP_H

#include <qtap/base.h>
#include <qtap/config.h>
#include <qtap/http.h>
#include <qtap/input.h>
#include <qtap/model.h>
#include <qtap/rulekit.h>
#include <qtap/s3.h>
#include <qtap/session.h>
#include <qtap/sink.h>
#include <qtap/value.h>

#endif /* QTAP_QTAP_H */
