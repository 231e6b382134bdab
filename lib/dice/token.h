/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tokens and certificates of docs/attestation.md, byte by byte. Writers set the output's flag
 * `full` when something did not fit or could not be signed.
 */
#ifndef DICE_TOKEN_H
#define DICE_TOKEN_H

#include "cbor/cbor.h"
#include "dice/key.h"

/* A public key that somebody else made: nothing here computes with it. */
enum dice_curve {
	DICE_P256,
	DICE_P384,
	DICE_X25519,
	DICE_ED25519,
	DICE_CURVES,
};

struct dice_public {
	u32 curve;			/* enum dice_curve */
	u32 reserved;
	u8 x[COVE_KEY_SIZE];		/* as many bytes as the curve's coordinates have */
	u8 y[COVE_KEY_SIZE];		/* P-256 and P-384 */
};

/* Bytes of one coordinate. */
size_t dice_coordinate(u32 curve);
bool dice_has_y(u32 curve);
struct dice_public dice_public_of(const struct dice_key *key);
bool dice_public_id(const struct dice_public *key, u8 id[COVE_CDI_ID_SIZE]);

/* A byte string that holds the COSE_Key. */
void token_key(struct cbor_out *o, const struct dice_public *key);

struct token_component {
	const char *type;
	const u8 *measurement;
	const u8 *manifest;		/* NULL: none */
	u32 svn;
};

void token_component(struct cbor_out *o, const struct token_component *c);

/* COSE_Sign1 around tag 61 and @claims, a map. @kid: COVE_CDI_ID_SIZE bytes or NULL. */
void token_sign(struct cbor_out *o, const struct cbor_out *claims, const struct dice_key *key,
		const u8 *kid);

/* X.509 */

struct cert_plan {
	const struct dice_key *issuer;
	const struct dice_public *subject;
	s32 path_len;			/* negative: none is named */
	const u8 *evidence;		/* the UccsEvidence extension's value, or NULL */
	size_t evidence_size;
};

/* @work: as large as the certificate. The certificate is appended to @o. */
void cert_write(struct cbor_out *o, const struct cert_plan *c, u8 *work, size_t work_size);

#endif
