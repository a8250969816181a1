/* SPDX-License-Identifier: Apache-2.0 */
/* What the baseline capturer sends from the kernel: one record per call. */
#ifndef BASELINE_RECORDS_H
#define BASELINE_RECORDS_H

enum {
  MAX_COPIED = 16384, /* of one call; a power of two */
  SENT = 0,
  RECEIVED = 1
};

struct head {
  unsigned long long time_ns;
  unsigned int pid, tid;
  unsigned int len; /* what the call moved */
  unsigned int copied;
  unsigned int direction;
  char comm[16];
};

struct record {
  struct head head;
  unsigned char data[MAX_COPIED];
};

#endif /* BASELINE_RECORDS_H */
