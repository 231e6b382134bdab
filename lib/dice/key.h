/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Key derivation and P-384 keys of the DICE chain (docs/attestation.md), over mbedTLS. Everything
 * here but dice_kdf() takes the memory that dice_heap() was given; false: it did not suffice, or
 * the input is no key. All secrets that it makes on the way are wiped.
 */
#ifndef DICE_KEY_H
#define DICE_KEY_H

#include "base/types.h"
#include "cove/claims.h"
#include "crypto/sha384.h"

struct dice_key {
	u8 d[COVE_KEY_SIZE];		/* zeros: only the public half is known */
	u8 x[COVE_KEY_SIZE];
	u8 y[COVE_KEY_SIZE];
};

struct dice_signature {
	u8 r[COVE_KEY_SIZE];
	u8 s[COVE_KEY_SIZE];
};

/* Key material in two parts. */
struct dice_input {
	const void *first;
	size_t first_size;
	const void *second;
	size_t second_size;
};

enum {
	DICE_HEAP_SIZE	= 8192,	/* enough for every function here */
	DICE_PIECE	= 200,
	DICE_IKM_MAX	= 256,		/* of both parts of an input */
	DICE_ID_TEXT	= 2 * COVE_CDI_ID_SIZE,
};

/* The memory that mbedTLS works in, until it is called again. One user at a time. */
void dice_heap(void *memory, size_t size);
/* Overwrites it: what was computed in it is gone. */
void dice_heap_wipe(void);

/*
 * Called between two pieces of a long computation, of DICE_PIECE units of mbedTLS each (a unit is
 * about one multiplication in the field). Does nothing where nobody defines it.
 */
void dice_pause(void);

void dice_wipe(void *secret, size_t size);

/* At most DICE_IKM_MAX bytes of input. */
bool dice_kdf(const char *label, const struct dice_input *in, void *out, size_t size);

/* Key(label, input) with its public half. */
bool dice_key_derive(const char *label, const struct dice_input *in, struct dice_key *key);

/*
 * ECDH: the x coordinate of Key(label, input) times the point @peer (x, y). False: it is not on the
 * curve.
 */
bool dice_agree(const char *label, const struct dice_input *in, const u8 peer[2 * COVE_KEY_SIZE],
		u8 shared[COVE_KEY_SIZE]);

/* Deterministic ECDSA (RFC 6979) over a digest. */
bool dice_sign(const struct dice_key *key, const u8 digest[SHA384_SIZE],
	       struct dice_signature *signature);

/* CDI_ID of a public key in its uncompressed form (0x04, x, y) or, for OKP, of its bytes. */
bool dice_id(const void *public_key, size_t size, u8 id[COVE_CDI_ID_SIZE]);
bool dice_key_id(const struct dice_key *key, u8 id[COVE_CDI_ID_SIZE]);
/* The id in lowercase hex, with a final zero. */
void dice_id_text(const u8 id[COVE_CDI_ID_SIZE], char text[DICE_ID_TEXT + 1]);

#endif
