/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP bytes to messages, without a session and without root. Usage: http_parse [REQUESTS
 * RESPONSES]: two files with what each side of one connection sent (HTTP/1 or HTTP/2, found out by
 * itself). Without files it reads a conversation of its own. Exit code 1: something was wrong.
 */
#include <qtap/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char requests[] =
    "GET /orders?id=7 HTTP/1.1\r\nHost: shop.example\r\n\r\n"
    "POST /orders HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 2\r\n\r\n{}";
static const char responses[] =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
    "Transfer-Encoding: chunked\r\n\r\n8\r\n{\"id\":7}\r\n0\r\n\r\n"
    "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";

static void print_fields(const qtap_http_exchange* exchange, int which, const char* mark) {
  struct qtap_str name, value;
  size_t i;

  for (i = 0; qtap_http_field_at(exchange, which, i, &name, &value) == 0; i++) {
    /* What is not known has no data: it was sent before the first byte that was seen. */
    printf("%s %.*s: %.*s\n", mark, name.data ? (int)name.len : 1, name.data ? name.data : "?",
           value.data ? (int)value.len : 1, value.data ? value.data : "?");
  }
}

static void on_exchange(const qtap_http_exchange* exchange, void* user) {
  struct qtap_http_message request = {0}, response = {0};

  (void)user;
  request.size = sizeof request;
  response.size = sizeof response;
  qtap_http_message_get(exchange, QTAP_HTTP_REQUEST, &request);
  qtap_http_message_get(exchange, QTAP_HTTP_RESPONSE, &response);
  printf("> %.*s %.*s\n", (int)request.method.len, request.method.data, (int)request.target.len,
         request.target.data);
  print_fields(exchange, QTAP_HTTP_REQUEST, ">");
  printf("< %d, body of %llu bytes, %s\n", response.status, (unsigned long long)response.body_bytes,
         response.flags & QTAP_HTTP_COMPLETE ? "complete" : "not complete");
  print_fields(exchange, QTAP_HTTP_RESPONSE, "<");
}

static void on_error(const struct qtap_http_error* error, void* user) {
  int* errors = user;

  ++*errors;
  printf("! direction %d, byte %llu: %s\n", error->direction, (unsigned long long)error->offset,
         error->reason);
}

static int feed_file(qtap_http_parser* parser, int direction, const char* path) {
  char block[65536];
  size_t len;
  FILE* file = fopen(path, "rb");

  if (!file) {
    perror(path);
    return -1;
  }
  while ((len = fread(block, 1, sizeof block, file)) > 0) {
    if (qtap_http_parser_data(parser, direction, 0, block, len) < 0) break;
  }
  fclose(file);
  return len > 0 ? -1 : 0;
}

int main(int argc, char** argv) {
  struct qtap_http_options options = {0};
  struct qtap_http_callbacks callbacks = {0};
  qtap_http_parser* parser;
  int errors = 0, status;

  if (argc != 1 && argc != 3) {
    fprintf(stderr, "usage: %s [REQUESTS RESPONSES]\n", argv[0]);
    return 2;
  }
  options.size = sizeof options;
  options.flags = QTAP_HTTP_ZERO_ASKS;
  callbacks.size = sizeof callbacks;
  callbacks.on_exchange = on_exchange;
  callbacks.on_error = on_error;
  status = qtap_http_parser_new(&options, &callbacks, &errors, &parser);
  if (status < 0) {
    fprintf(stderr, "make a parser: %s\n", qtap_status_name(status));
    return 1;
  }
  if (argc == 3) {
    status = feed_file(parser, 0, argv[1]) < 0 || feed_file(parser, 1, argv[2]) < 0 ? -1 : 0;
  } else {
    status = qtap_http_parser_data(parser, 0, 0, requests, sizeof requests - 1);
    if (status == 0) status = qtap_http_parser_data(parser, 1, 0, responses, sizeof responses - 1);
  }
  if (status == 0) status = qtap_http_parser_end(parser, 0, 1);
  qtap_http_parser_free(parser);
  return status < 0 || errors > 0;
}
