/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of mbedTLS is built: hashes, key derivation, deterministic ECDSA on P-384, ASN.1, and an
 * allocator over memory that the caller names. There is no heap, no clock, no file and no entropy
 * source behind it.
 */
#ifndef CRYPTO_MBEDTLS_CONFIG_H
#define CRYPTO_MBEDTLS_CONFIG_H

#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C
/* The rolled form: a sixth of the size. Pages are hashed by our own code. */
#define MBEDTLS_SHA512_SMALLER
#define MBEDTLS_MD_C
#define MBEDTLS_HKDF_C
#define MBEDTLS_HMAC_DRBG_C

#define MBEDTLS_BIGNUM_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
/* Long computations stop in between: lib/dice pauses there. */
#define MBEDTLS_ECP_RESTARTABLE
#define MBEDTLS_ECDSA_C
#define MBEDTLS_ECDSA_DETERMINISTIC
#define MBEDTLS_CHACHA20_C
#define MBEDTLS_POLY1305_C
#define MBEDTLS_CHACHAPOLY_C
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C

#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_PLATFORM_NO_STD_FUNCTIONS
#define MBEDTLS_MEMORY_BUFFER_ALLOC_C
#define MBEDTLS_PLATFORM_EXIT_MACRO(status)	__builtin_trap()
#define MBEDTLS_PLATFORM_PRINTF_MACRO(...)	((void)0)

#endif
