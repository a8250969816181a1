/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of the baseline capturer: throws everything away, after it has counted. Usage:
 * baseline LIBSSL Prints "ready", and at SIGTERM or SIGINT one JSON line: records, bytes, requests
 * (received records that begin with "GET "), lost.
 */
#include <bpf/libbpf.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "records.h"

#include <baseline_bpf.skel.h>

struct totals {
  unsigned long long records, bytes, requests;
};

static volatile sig_atomic_t stop;

static void on_signal(int number) {
  (void)number;
  stop = 1;
}

static int on_record(void* context, void* data, size_t size) {
  struct totals* totals = context;
  const struct record* record = data;

  (void)size;
  ++totals->records;
  totals->bytes += record->head.copied;
  if (record->head.direction == RECEIVED && record->head.copied >= 4 &&
      !memcmp(record->data, "GET ", 4))
    ++totals->requests;
  return 0;
}

static int attach(const struct bpf_program* program, int at_return, const char* library,
                  const char* function) {
  struct bpf_uprobe_opts opts;

  memset(&opts, 0, sizeof opts);
  opts.sz = sizeof opts;
  opts.func_name = function;
  opts.retprobe = at_return;
  if (bpf_program__attach_uprobe_opts(program, -1, library, 0, &opts)) return 0;
  fprintf(stderr, "baseline: %s of %s cannot be probed\n", function, library);
  return -1;
}

static int attach_all(const struct baseline_bpf* kernel, const char* library) {
  const struct {
    const char* function;
    const struct bpf_program *enter, *leave;
  } places[] = {
      {"SSL_write", kernel->progs.enter_plain, kernel->progs.leave_write},
      {"SSL_read", kernel->progs.enter_plain, kernel->progs.leave_read},
      {"SSL_write_ex", kernel->progs.enter_ex, kernel->progs.leave_write},
      {"SSL_read_ex", kernel->progs.enter_ex, kernel->progs.leave_read},
  };

  for (size_t i = 0; i < sizeof places / sizeof *places; ++i) {
    if (attach(places[i].enter, 0, library, places[i].function) < 0 ||
        attach(places[i].leave, 1, library, places[i].function) < 0)
      return -1;
  }
  return 0;
}

int main(int argc, char** argv) {
  struct totals totals = {0};
  struct baseline_bpf* kernel = argc == 2 ? baseline_bpf__open_and_load() : NULL;
  struct ring_buffer* reader;

  if (!kernel || attach_all(kernel, argv[1]) < 0) {
    fputs("baseline: usage: baseline LIBSSL, as root\n", stderr);
    return 1;
  }
  reader = ring_buffer__new(bpf_map__fd(kernel->maps.ring), on_record, &totals, NULL);
  if (!reader) return 1;
  signal(SIGTERM, on_signal);
  signal(SIGINT, on_signal);
  puts("ready");
  fflush(stdout);
  while (!stop) ring_buffer__poll(reader, 100);
  ring_buffer__consume(reader);
  printf("{\"records\":%llu,\"bytes\":%llu,\"requests\":%llu,\"lost\":%llu}\n", totals.records,
         totals.bytes, totals.requests, (unsigned long long)kernel->bss->lost);
  ring_buffer__free(reader);
  baseline_bpf__destroy(kernel); /* the links end with the process */
  return 0;
}
