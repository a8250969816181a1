/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signs the upload of a file to S3, without sending anything and without a session.
 * Usage: s3_sign HOST TARGET REGION < BODY, with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and
 * AWS_SESSION_TOKEN) in the environment. Prints the request up to its body. Without arguments it
 * signs the example of Amazon's documentation, and checks that the signature is the one told there.
 */
#include <qtap/s3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXAMPLE_SIGNATURE "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"

static struct qtap_str str(const char* text) {
  struct qtap_str s = {NULL, 0};

  if (text) s.data = text, s.len = strlen(text);
  return s;
}

static void print_request(const struct qtap_s3_request* request, const qtap_s3_signed* made) {
  struct qtap_s3_header header;
  struct qtap_str target = qtap_s3_signed_text(made, QTAP_S3_TARGET);
  size_t i;

  printf("%s %.*s HTTP/1.1\r\n", request->method.data, (int)target.len, target.data);
  for (i = 0; i < request->header_count; i++) {
    printf("%s: %s\r\n", request->headers[i].name.data, request->headers[i].value.data);
  }
  for (i = 0; qtap_s3_signed_header_at(made, i, &header) == 0; i++) {
    printf("%.*s: %.*s\r\n", (int)header.name.len, header.name.data, (int)header.value.len,
           header.value.data);
  }
  printf("content-length: %zu\r\n\r\n", request->body.len);
}

static int sign(const struct qtap_s3_options* options, const struct qtap_s3_request* request,
                const char* expected) {
  struct qtap_s3_error error = {sizeof error, ""};
  qtap_s3_signer* signer = NULL;
  qtap_s3_signed* made = NULL;
  int failed = 1;

  if (qtap_s3_signer_new(options, &signer, &error) < 0 ||
      qtap_s3_sign(signer, request, &made, &error) < 0) {
    fprintf(stderr, "%s\n", error.text);
  } else {
    struct qtap_str signature = qtap_s3_signed_text(made, QTAP_S3_SIGNATURE);

    print_request(request, made);
    failed = expected && (signature.len != strlen(expected) ||
                          memcmp(signature.data, expected, signature.len) != 0);
  }
  qtap_s3_signed_free(made);
  qtap_s3_signer_free(signer);
  return failed;
}

int main(int argc, char** argv) {
  static char body[1 << 20];
  struct qtap_s3_options options = {0};
  struct qtap_s3_request request = {0};
  struct qtap_s3_header headers[2] = {{{0}, {0}}, {{0}, {0}}};

  options.size = sizeof options;
  request.size = sizeof request;
  request.headers = headers;
  headers[0].name = str("host");
  if (argc == 1) {
    options.access_key_id = str("AKIAIOSFODNN7EXAMPLE");
    options.secret_access_key = str("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    options.region = str("us-east-1");
    headers[0].value = str("examplebucket.s3.amazonaws.com");
    headers[1].name = str("range");
    headers[1].value = str("bytes=0-9");
    request.header_count = 2;
    request.method = str("GET");
    request.target = str("/test.txt");
    request.time_s = 1369353600; /* 2013-05-24 */
    return sign(&options, &request, EXAMPLE_SIGNATURE);
  }
  if (argc != 4) {
    fprintf(stderr, "usage: %s [HOST TARGET REGION]\n", argv[0]);
    return 2;
  }
  options.access_key_id = str(getenv("AWS_ACCESS_KEY_ID"));
  options.secret_access_key = str(getenv("AWS_SECRET_ACCESS_KEY"));
  options.session_token = str(getenv("AWS_SESSION_TOKEN"));
  options.region = str(argv[3]);
  headers[0].value = str(argv[1]);
  request.header_count = 1;
  request.method = str("PUT");
  request.target = str(argv[2]);
  request.time_s = time(NULL);
  request.body.data = body;
  request.body.len = fread(body, 1, sizeof body, stdin);
  if (request.body.len == sizeof body) {
    fprintf(stderr, "%s: reads bodies of less than 1 MiB\n", argv[0]);
    return 1;
  }
  return sign(&options, &request, NULL);
}
