/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of mbedTLS is built: hashes. There is no heap, no clock, no file and no entropy source
 * behind it. Elliptic curves and X.509 join here with attestation.
 */
#ifndef CRYPTO_MBEDTLS_CONFIG_H
#define CRYPTO_MBEDTLS_CONFIG_H

#define MBEDTLS_SHA224_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C

#endif
