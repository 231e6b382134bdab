/* SPDX-License-Identifier: BSD-2-Clause */
#include "dice/token.h"
#include "base/string.h"

static const struct {
	u8 kty, crv, size;
} curves[DICE_CURVES] = {
	[DICE_P256]	= { COSE_KTY_EC2, COSE_CRV_P256, 32 },
	[DICE_P384]	= { COSE_KTY_EC2, COSE_CRV_P384, 48 },
	[DICE_X25519]	= { COSE_KTY_OKP, COSE_CRV_X25519, 32 },
	[DICE_ED25519]	= { COSE_KTY_OKP, COSE_CRV_ED25519, 32 },
};

size_t dice_coordinate(u32 curve)
{
	return curves[curve].size;
}

bool dice_has_y(u32 curve)
{
	return curves[curve].kty == COSE_KTY_EC2;
}

struct dice_public dice_public_of(const struct dice_key *key)
{
	struct dice_public p = { .curve = DICE_P384 };

	memcpy(p.x, key->x, sizeof(p.x));
	memcpy(p.y, key->y, sizeof(p.y));
	return p;
}

bool dice_public_id(const struct dice_public *key, u8 id[COVE_CDI_ID_SIZE])
{
	size_t n = dice_coordinate(key->curve);
	u8 point[1 + 2 * COVE_KEY_SIZE] = { 4 };

	if (!dice_has_y(key->curve))
		return dice_id(key->x, n, id);
	memcpy(point + 1, key->x, n);
	memcpy(point + 1 + n, key->y, n);
	return dice_id(point, 1 + 2 * n, id);
}

void token_key(struct cbor_out *o, const struct dice_public *key)
{
	u8 data[2 * COVE_KEY_SIZE + 16];
	struct cbor_out k = cbor_out(data, sizeof(data));
	size_t n = dice_coordinate(key->curve);
	bool y = dice_has_y(key->curve);

	cbor_head(&k, CBOR_MAP, y ? 4 : 3);
	cbor_int(&k, COSE_KEY_KTY);
	cbor_int(&k, curves[key->curve].kty);
	cbor_int(&k, COSE_KEY_CRV);
	cbor_int(&k, curves[key->curve].crv);
	cbor_int(&k, COSE_KEY_X);
	cbor_bytes(&k, key->x, n);
	if (y) {
		cbor_int(&k, COSE_KEY_Y);
		cbor_bytes(&k, key->y, n);
	}
	o->full |= k.full;
	cbor_bytes(o, data, k.used);
}

static void decimal(struct cbor_out *o, u32 number)
{
	char text[11] = { 0 };
	char *p = text + sizeof(text) - 1;

	do
		*--p = (char)('0' + number % 10);
	while (number /= 10);
	cbor_text(o, p);
}

void token_component(struct cbor_out *o, const struct token_component *c)
{
	static const u8 nobody[SHA384_SIZE];

	cbor_head(o, CBOR_MAP, c->manifest ? 6 : 5);
	cbor_int(o, COVE_COMPONENT_TYPE);
	cbor_text(o, c->type);
	cbor_int(o, COVE_COMPONENT_MEASUREMENT);
	cbor_bytes(o, c->measurement, SHA384_SIZE);
	cbor_int(o, COVE_COMPONENT_SVN);
	decimal(o, c->svn);
	if (c->manifest) {
		cbor_int(o, COVE_COMPONENT_MANIFEST);
		cbor_bytes(o, c->manifest, SHA384_SIZE);
	}
	cbor_int(o, COVE_COMPONENT_SIGNER);
	cbor_bytes(o, nobody, sizeof(nobody));
	cbor_int(o, COVE_COMPONENT_HASH);
	cbor_text(o, COVE_HASH_NAME);
}

/* Sig_structure of RFC 9052, 4.4, hashed as it is written. */
static void sig_structure(u8 digest[SHA384_SIZE], const struct cbor_out *protected,
			  const u8 *tag, size_t tag_size, const struct cbor_out *claims)
{
	u8 data[64];
	struct cbor_out o = cbor_out(data, sizeof(data));
	struct sha384_ctx ctx;

	cbor_head(&o, CBOR_ARRAY, 4);
	cbor_text(&o, COSE_SIGN1_CONTEXT);
	cbor_bytes(&o, protected->data, protected->used);
	cbor_bytes(&o, "", 0);
	cbor_head(&o, CBOR_BYTES, tag_size + claims->used);
	sha384_init(&ctx);
	sha384_update(&ctx, data, o.used);
	sha384_update(&ctx, tag, tag_size);
	sha384_update(&ctx, claims->data, claims->used);
	sha384_finish(&ctx, digest);
}

void token_sign(struct cbor_out *o, const struct cbor_out *claims, const struct dice_key *key,
		const u8 *kid)
{
	u8 header[32], tag[CBOR_HEAD_MAX], digest[SHA384_SIZE];
	struct cbor_out protected = cbor_out(header, sizeof(header));
	struct cbor_out cwt = cbor_out(tag, sizeof(tag));
	struct dice_signature signature;

	cbor_head(&protected, CBOR_MAP, kid ? 2 : 1);
	cbor_int(&protected, COSE_HEADER_ALG);
	cbor_int(&protected, COSE_ALG_ES384);
	if (kid) {
		cbor_int(&protected, COSE_HEADER_KID);
		cbor_bytes(&protected, kid, COVE_CDI_ID_SIZE);
	}
	cbor_head(&cwt, CBOR_TAG, CBOR_TAG_CWT);
	sig_structure(digest, &protected, tag, cwt.used, claims);
	o->full |= claims->full || protected.full || !dice_sign(key, digest, &signature);

	cbor_head(o, CBOR_TAG, CBOR_TAG_COSE_SIGN1);
	cbor_head(o, CBOR_ARRAY, 4);
	cbor_bytes(o, header, protected.used);
	cbor_head(o, CBOR_MAP, 0);
	cbor_head(o, CBOR_BYTES, cwt.used + claims->used);
	cbor_raw(o, tag, cwt.used);
	cbor_raw(o, claims->data, claims->used);
	cbor_bytes(o, &signature, sizeof(signature));
}
