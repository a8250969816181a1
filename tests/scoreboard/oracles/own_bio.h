/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCOREBOARD_OWN_BIO_H
#define SCOREBOARD_OWN_BIO_H

#include <openssl/bio.h>

/* Of BIOs that keep bytes and are none of OpenSSL's own; BIO_meth_free() when all of them are gone.
 */
BIO_METHOD* own_bio_method(void);

#endif /* SCOREBOARD_OWN_BIO_H */
