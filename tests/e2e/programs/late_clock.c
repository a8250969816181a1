// SPDX-License-Identifier: Apache-2.0
// Preloaded, it makes the clock of a program wrong by LATE_CLOCK_S seconds.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t id, struct timespec* now) {
  static int (*real)(clockid_t, struct timespec*);
  if (!real) *(void**)&real = dlsym(RTLD_NEXT, "clock_gettime");
  const int result = real(id, now);
  const char* const late = getenv("LATE_CLOCK_S");
  if (id == CLOCK_REALTIME && late) now->tv_sec -= atol(late);
  return result;
}
