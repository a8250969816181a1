/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the C oracles share: the plan of an exchange, the bytes of a stream, and the truth about
 * them.
 *
 * A stream is its nonce (16 characters), then a block of 65521 bytes derived from the nonce, over
 * and over. So whoever knows the nonce can say what belongs at any offset, and the comparison can
 * check also the pieces of a stream that was captured with gaps. The length of the block is prime:
 * a piece that is off by any usual buffer size does not match.
 */
#ifndef SCOREBOARD_ORACLE_H
#define SCOREBOARD_ORACLE_H

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdint.h>

enum { NONCE_BYTES = 16, BLOCK_BYTES = 65521, READ_BYTES = 64 << 10 };

/* The same words for all oracles, also those in Python and JavaScript; see usage() in oracle.c. */
struct plan {
  int is_server;
  int port;
  const char *cert, *key;
  unsigned conns;
  unsigned threads; /* of a blocking client; a blocking server has one per connection */
  unsigned rounds;  /* request and answer, so many times */
  uint64_t up, down;
  uint64_t write;  /* bytes of one write call at most */
  unsigned phases; /* each phase is a stream of its own, with its own nonce */
  int hold;        /* before each phase but the first: print "held", wait for a line on stdin */
  int abrupt;      /* end the process without telling TLS or freeing anything */
  enum { BIO_SOCKET, BIO_MEMORY, BIO_OWN } bio;
};

struct flow {
  char nonce[NONCE_BYTES + 1];
  unsigned char* block;
  EVP_MD_CTX* hash;
  uint64_t bytes;
};

struct conn {
  SSL* ssl;
  int fd;
  unsigned index;
  struct flow sent, received;
  unsigned phase, round;
  int sending;           /* whose turn it is in this round */
  uint64_t message_done; /* bytes of the message at hand */
};

enum step { STEP_SEND, STEP_RECEIVE, STEP_DONE };

struct plan plan_parse(int argc, char** argv);
SSL_CTX* plan_context(const struct plan* plan);
int plan_listen(const struct plan* plan); /* prints the port */
int plan_connect(const struct plan* plan);
void plan_hold(void);

void conn_begin(struct conn* conn, const struct plan* plan, SSL_CTX* ctx, int fd, unsigned index);
/* What is to be done next, with how many bytes at most; STEP_DONE: the phase is over. */
enum step conn_step(const struct conn* conn, const struct plan* plan, uint64_t* max);
/* The bytes of the sent stream that follow what was sent. */
void conn_fill(const struct conn* conn, unsigned char* buffer, uint64_t n);
/* One call each, in turn the classic and the _ex function; the result of SSL_write or SSL_read. */
int conn_send(struct conn* conn, const struct plan* plan, const unsigned char* buffer, uint64_t n);
int conn_receive(struct conn* conn, const struct plan* plan, unsigned char* buffer, uint64_t n);
/* Prints the truth of a phase and begins the next one. */
void conn_tell(struct conn* conn, const struct plan* plan);
void conn_free(struct conn* conn);
/* Calls made and processor time used since the start. */
void tell_cost(void);

void* must(void* pointer); /* ends the program, with OpenSSL's reason, when it is NULL */
void die(const char* what);

#endif /* SCOREBOARD_ORACLE_H */
