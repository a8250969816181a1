/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TLS client over a BIO of its own, which keeps what it is given: the ciphertext goes to the
 * socket after the call. Usage: custom_bio PORT. Reads one line of standard input before each of
 * two requests.
 */
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned char kept[65536];
static int kept_bytes, fd;
static BIO* incoming;

static int bio_write(BIO* bio, const char* data, int len) {
  (void)bio;
  if (len < 0 || len > (int)sizeof kept - kept_bytes) return -1;
  memcpy(kept + kept_bytes, data, (size_t)len);
  kept_bytes += len;
  return len;
}

static long bio_ctrl(BIO* bio, int command, long number, void* pointer) {
  (void)bio, (void)number, (void)pointer;
  return command == BIO_CTRL_FLUSH;
}

static void flush_kept(void) {
  if (kept_bytes && write(fd, kept, (size_t)kept_bytes) != kept_bytes) exit(1);
  kept_bytes = 0;
}

static void move(SSL* ssl, int result) {
  unsigned char buffer[16384];
  ssize_t n;

  flush_kept();
  if (result > 0) return;
  if (SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ) exit(1);
  n = read(fd, buffer, sizeof buffer);
  if (n <= 0) exit(1);
  BIO_write(incoming, buffer, (int)n);
}

int main(int argc, char** argv) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  SSL* ssl = SSL_new(SSL_CTX_new(TLS_client_method()));
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "custom");
  BIO* outgoing;
  char line[64], request[128], response[4096];
  int result;

  if (argc != 2 || !ssl || !method) return 1;
  BIO_meth_set_write(method, bio_write);
  BIO_meth_set_ctrl(method, bio_ctrl);
  outgoing = BIO_new(method);
  BIO_set_init(outgoing, 1);
  incoming = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(incoming, -1);
  SSL_set_bio(ssl, incoming, outgoing);
  SSL_set_connect_state(ssl);
  address.sin_port = htons((unsigned short)atoi(argv[1]));
  fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr*)&address, sizeof address) < 0) return 1;
  do {
    result = SSL_do_handshake(ssl);
    move(ssl, result);
  } while (result != 1);
  puts("connected");
  fflush(stdout);
  for (int i = 1; fgets(line, sizeof line, stdin); ++i) {
    result = snprintf(request, sizeof request, "GET /%d HTTP/1.1\r\nHost: x\r\n\r\n", i);
    if (SSL_write(ssl, request, result) != result) return 1;
    flush_kept();
    do {
      result = SSL_read(ssl, response, sizeof response);
      move(ssl, result);
    } while (result <= 0);
    puts("done");
    fflush(stdout);
  }
  return 0;
}
