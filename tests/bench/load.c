/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTPS load with exact counts. One thread, OpenSSL linked into it and no symbols, so that no
 * capturer sees it.
 *
 * Usage: load PORT PATH CONNECTIONS SECONDS [RATE [TICK_MS]]
 * Without RATE (or 0) each connection asks as soon as it was answered. With it, RATE requests per
 * second are due at fixed times, and a request that finds no free connection has its wait counted
 * (an open loop). The path of request N is PATH with N in ten digits. With TICK_MS, "tick
 * MONOTONIC_NS REQUESTS" says how far it is; at the end one JSON line: requests answered, failed,
 * bytes of plain text out and in, seconds, p50_us, p99_us.
 */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

enum { MAX_CONNECTIONS = 256, DRAIN_S = 5 };

struct load {
  struct connection connections[MAX_CONNECTIONS];
  struct connection* idle[MAX_CONNECTIONS];
  unsigned idle_count;
  int epoll;
  uint64_t begin_ns, end_ns, period_ns; /* period 0: as fast as it goes */
  uint64_t asked, answered, failed;
  uint32_t* latency_us;
  size_t room;
};

static void* must(void* pointer) {
  if (!pointer) {
    fputs("load: out of memory\n", stderr);
    exit(1);
  }
  return pointer;
}

uint64_t now_ns(void) {
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static void keep_latency(struct load* load, uint64_t ns) {
  if (load->answered == load->room) {
    load->room = load->room ? 2 * load->room : 65536;
    load->latency_us = must(realloc(load->latency_us, load->room * sizeof *load->latency_us));
  }
  load->latency_us[load->answered++] = ns / 1000 > UINT32_MAX ? UINT32_MAX : (uint32_t)(ns / 1000);
}

/* The connection is free again, or gone. */
static void went_on(struct load* load, struct connection* conn, enum progress progress) {
  if (progress == ANSWERED) {
    keep_latency(load, now_ns() - conn->due_ns);
    load->idle[load->idle_count++] = conn;
  } else if (progress == FAILED) {
    ++load->failed;
    epoll_ctl(load->epoll, EPOLL_CTL_DEL, conn->fd, NULL);
  }
}

/* Asks what is due; returns the time of the next request, 0 = there is none for now. */
static uint64_t ask(struct load* load, uint64_t now) {
  while (now < load->end_ns) {
    const uint64_t due = load->period_ns ? load->begin_ns + load->asked * load->period_ns : now;
    struct connection* conn;

    if (due > now) return due;
    if (!load->idle_count) return 0;
    conn = load->idle[--load->idle_count];
    conn->due_ns = due;
    went_on(load, conn, connection_ask(conn, load->asked++));
  }
  return 0;
}

static int over(const struct load* load, uint64_t now) {
  if (now < load->end_ns) return load->failed && load->asked == load->answered + load->failed;
  return load->asked == load->answered + load->failed ||
         now > load->end_ns + DRAIN_S * 1000000000ULL;
}

static void run(struct load* load, uint64_t tick_ns) {
  uint64_t now = now_ns(), tick = tick_ns ? now : UINT64_MAX;

  while (!over(load, now)) {
    const uint64_t due = ask(load, now);
    uint64_t wake = due ? due : now + 100000000U;
    struct timespec wait;
    struct epoll_event events[MAX_CONNECTIONS];
    int n;

    if (now >= tick) {
      printf("tick %llu %llu\n", (unsigned long long)now, (unsigned long long)load->answered);
      fflush(stdout);
      tick += tick_ns;
    }
    if (wake > tick) wake = tick;
    if (now < load->end_ns && wake > load->end_ns) wake = load->end_ns;
    wait.tv_sec = (time_t)((wake > now ? wake - now : 0) / 1000000000U);
    wait.tv_nsec = (long)((wake > now ? wake - now : 0) % 1000000000U);
    n = epoll_pwait2(load->epoll, events, MAX_CONNECTIONS, &wait, NULL);
    for (int i = 0; i < n; ++i)
      went_on(load, events[i].data.ptr, connection_read(events[i].data.ptr));
    now = now_ns();
  }
}

static int by_value(const void* a, const void* b) {
  const uint32_t x = *(const uint32_t*)a, y = *(const uint32_t*)b;

  return (x > y) - (x < y);
}

static uint32_t percentile(const struct load* load, double share) {
  if (!load->answered) return 0;
  return load->latency_us[(size_t)((double)(load->answered - 1) * share)];
}

int main(int argc, char** argv) {
  struct load* load = must(calloc(1, sizeof *load));
  const unsigned count = argc > 4 ? (unsigned)atoi(argv[3]) : 0;
  const double rate = argc > 5 ? atof(argv[5]) : 0;
  SSL_CTX* ctx = SSL_CTX_new(TLS_client_method());
  uint64_t out = 0, in = 0, end;

  if (!count || count > MAX_CONNECTIONS || !ctx) {
    fputs("usage: load PORT PATH CONNECTIONS SECONDS [RATE [TICK_MS]]\n", stderr);
    return 2;
  }
  load->epoll = epoll_create1(EPOLL_CLOEXEC);
  for (unsigned i = 0; i < count; ++i) {
    struct connection* conn = &load->connections[i];
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};

    if (connection_open(conn, ctx, atoi(argv[1]), argv[2]) < 0 ||
        epoll_ctl(load->epoll, EPOLL_CTL_ADD, conn->fd, &event) < 0) {
      fputs("load: cannot connect\n", stderr);
      return 1;
    }
    load->idle[load->idle_count++] = conn;
  }
  load->begin_ns = now_ns();
  load->end_ns = load->begin_ns + (uint64_t)(atof(argv[4]) * 1e9);
  load->period_ns = rate > 0 ? (uint64_t)(1e9 / rate) : 0;
  run(load, argc > 6 ? (uint64_t)atoi(argv[6]) * 1000000U : 0);
  end = now_ns();
  for (unsigned i = 0; i < count; ++i) {
    out += load->connections[i].bytes_out;
    in += load->connections[i].bytes_in;
    connection_close(&load->connections[i]);
  }
  qsort(load->latency_us, load->answered, sizeof *load->latency_us, by_value);
  printf(
      "{\"requests\":%llu,\"failed\":%llu,\"bytes_out\":%llu,\"bytes_in\":%llu,\"seconds\":%.6f,"
      "\"p50_us\":%u,\"p99_us\":%u}\n",
      (unsigned long long)load->answered, (unsigned long long)(load->asked - load->answered),
      (unsigned long long)out, (unsigned long long)in, (double)(end - load->begin_ns) / 1e9,
      percentile(load, 0.5), percentile(load, 0.99));
  SSL_CTX_free(ctx);
  free(load->latency_us);
  free(load);
  return 0;
}
