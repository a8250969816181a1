/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts and stops a live session COUNT times. Usage: cycles COUNT
 * Prints "warm" after the first cycle and "done" after the last, with the numbers of open
 * descriptors and of threads, and waits for a line on stdin each time, so that the test can look
 * into the kernel.
 */
#include <dirent.h>
#include <qtap/qtap.h>
#include <stdio.h>
#include <stdlib.h>

static int entries(const char* path) {
  DIR* dir = opendir(path);
  int count = 0;

  if (!dir) return -1;
  while (readdir(dir)) ++count;
  closedir(dir);
  return count;
}

static int cycle(void) {
  qtap_config* config = NULL;
  qtap_session* session = NULL;
  int status;

  if (qtap_config_new(&config) < 0) return -1;
  status = qtap_session_new(&session, config);
  qtap_config_free(config);
  if (status == 0) status = qtap_session_start(session);
  if (status >= 0) status = qtap_session_poll(session, 0);
  if (status < 0 && session) fprintf(stderr, "cycles: %s\n", qtap_session_error(session));
  qtap_session_free(session);
  return status < 0 ? status : 0;
}

static void report(const char* when) {
  printf("%s: %d descriptors, %d threads\n", when, entries("/proc/self/fd"),
         entries("/proc/self/task"));
  fflush(stdout);
  getchar();
}

int main(int argc, char** argv) {
  int i, count = argc > 1 ? atoi(argv[1]) : 1;

  for (i = 0; i < count; ++i) {
    if (cycle() < 0) return 1;
    if (i == 0) report("warm");
  }
  report("done");
  return 0;
}
