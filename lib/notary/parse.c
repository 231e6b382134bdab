/* SPDX-License-Identifier: BSD-2-Clause */
/* COSE_Key (RFC 9052, 7) as a TVM writes it: docs/attestation.md, "The TVM's key". */
#include "notary/notary.h"
#include "base/string.h"

struct cose_key {
	s64 kty, crv;
	const u8 *x, *y;
	size_t x_size, y_size;
};

static bool seen(const s64 *labels, u64 count, s64 label)
{
	for (u64 i = 0; i < count; i++)
		if (labels[i] == label)
			return true;
	return false;
}

static void entry(struct cbor_in *in, s64 label, struct cose_key *k)
{
	switch (label) {
	case COSE_KEY_KTY:
		k->kty = cbor_read_int(in);
		break;
	case COSE_KEY_CRV:
		k->crv = cbor_read_int(in);
		break;
	case COSE_KEY_X:
		k->x = cbor_read_bytes(in, &k->x_size);
		break;
	case COSE_KEY_Y:
		k->y = cbor_read_bytes(in, &k->y_size);
		break;
	case COSE_KEY_D:
		in->bad = true;
		break;
	default:
		cbor_skip_plain(in);
	}
}

static bool curve_of(const struct cose_key *k, u32 *curve)
{
	static const struct {
		u8 kty, crv;
	} known[DICE_CURVES] = {
		[DICE_P256]	= { COSE_KTY_EC2, COSE_CRV_P256 },
		[DICE_P384]	= { COSE_KTY_EC2, COSE_CRV_P384 },
		[DICE_X25519]	= { COSE_KTY_OKP, COSE_CRV_X25519 },
		[DICE_ED25519]	= { COSE_KTY_OKP, COSE_CRV_ED25519 },
	};

	for (*curve = 0; *curve < DICE_CURVES; ++*curve)
		if (k->kty == known[*curve].kty && k->crv == known[*curve].crv)
			return true;
	return false;
}

bool notary_parse_key(const u8 *data, size_t size, struct dice_public *key)
{
	struct cbor_in in = cbor_in(data, size);
	u64 entries = cbor_read_head(&in, CBOR_MAP);
	s64 labels[NOTARY_KEY_ENTRIES];
	struct cose_key k = { 0 };
	u32 curve;

	if (entries > NOTARY_KEY_ENTRIES)
		return false;
	for (u64 i = 0; i < entries && !in.bad; i++) {
		labels[i] = cbor_read_int(&in);
		if (seen(labels, i, labels[i]))
			return false;
		entry(&in, labels[i], &k);
	}
	if (!cbor_read_done(&in) || !curve_of(&k, &curve))
		return false;
	if (!k.x || k.x_size != dice_coordinate(curve))
		return false;
	if (dice_has_y(curve) ? !k.y || k.y_size != k.x_size : k.y != NULL)
		return false;
	memset(key, 0, sizeof(*key));
	key->curve = curve;
	memcpy(key->x, k.x, k.x_size);
	if (k.y)
		memcpy(key->y, k.y, k.y_size);
	return true;
}
