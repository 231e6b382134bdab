/* SPDX-License-Identifier: BSD-2-Clause */
/* X.509 certificates (RFC 5280), from the last field to the first. */
#include "dice/token.h"
#include "base/string.h"
#include "dice/der.h"

static void critical(struct der_out *d)
{
	static const u8 yes = 0xff;

	der_item(d, DER_BOOLEAN, &yes, 1);
}

static void basic_constraints(struct der_out *d, s32 path_len)
{
	size_t ext = der_size(d);
	u8 n = (u8)path_len;

	if (path_len >= 0)
		der_number(d, &n, 1);
	critical(d);
	der_wrap(d, DER_SEQUENCE, ext);
	der_wrap(d, DER_OCTETS, ext);
	critical(d);
	der_oid(d, OID_BASIC_CONSTRAINTS);
	der_wrap(d, DER_SEQUENCE, ext);
}

static void key_usage(struct der_out *d)
{
	static const u8 cert_sign[] = { 2, 0x04 };	/* bit 5 of 6 */
	size_t ext = der_size(d);

	der_item(d, DER_BIT_STRING, cert_sign, sizeof(cert_sign));
	der_wrap(d, DER_OCTETS, ext);
	critical(d);
	der_oid(d, OID_KEY_USAGE);
	der_wrap(d, DER_SEQUENCE, ext);
}

static void key_ids(struct der_out *d, const u8 *issuer, const u8 *subject)
{
	size_t ext = der_size(d);

	der_item(d, DER_OCTETS, subject, COVE_CDI_ID_SIZE);
	der_wrap(d, DER_OCTETS, ext);
	der_oid(d, OID_SUBJECT_KEY_ID);
	der_wrap(d, DER_SEQUENCE, ext);

	ext = der_size(d);
	der_item(d, DER_IMPLICIT_0, issuer, COVE_CDI_ID_SIZE);
	der_wrap(d, DER_SEQUENCE, ext);
	der_wrap(d, DER_OCTETS, ext);
	der_oid(d, OID_AUTHORITY_KEY_ID);
	der_wrap(d, DER_SEQUENCE, ext);
}

static void uccs_evidence(struct der_out *d, const u8 *evidence, size_t size)
{
	u8 head[CBOR_HEAD_MAX];
	struct cbor_out tag = cbor_out(head, sizeof(head));
	size_t ext = der_size(d);

	cbor_head(&tag, CBOR_TAG, CBOR_TAG_UCCS);
	der_raw(d, evidence, size);
	der_raw(d, head, tag.used);
	der_wrap(d, DER_OCTETS, ext);
	critical(d);
	der_oid(d, OID_TCG_UCCS_EVIDENCE);
	der_wrap(d, DER_SEQUENCE, ext);
}

static void public_key(struct der_out *d, const struct dice_public *key)
{
	size_t n = dice_coordinate(key->curve), info = der_size(d), algorithm;

	if (dice_has_y(key->curve))
		der_raw(d, key->y, n);
	der_raw(d, key->x, n);
	if (dice_has_y(key->curve))
		der_raw(d, "\x04", 1);
	der_wrap_bits(d, info);
	algorithm = der_size(d);
	switch ((enum dice_curve)key->curve) {
	case DICE_P256:
		der_oid(d, OID_P256);
		der_oid(d, OID_EC_PUBLIC_KEY);
		break;
	case DICE_P384:
		der_oid(d, OID_P384);
		der_oid(d, OID_EC_PUBLIC_KEY);
		break;
	case DICE_X25519:
		der_oid(d, OID_X25519);
		break;
	case DICE_ED25519:
		der_oid(d, OID_ED25519);
		break;
	case DICE_CURVES:
		break;
	}
	der_wrap(d, DER_SEQUENCE, algorithm);
	der_wrap(d, DER_SEQUENCE, info);
}

static void name(struct der_out *d, const u8 *id)
{
	char text[DICE_ID_TEXT + 1];
	size_t before = der_size(d);

	dice_id_text(id, text);
	der_text(d, DER_PRINTABLE, text);
	der_oid(d, OID_AT_SERIAL_NUMBER);
	der_wrap(d, DER_SEQUENCE, before);
	der_wrap(d, DER_SET, before);
	der_wrap(d, DER_SEQUENCE, before);
}

static void validity(struct der_out *d)
{
	size_t before = der_size(d);

	der_text(d, DER_GENERALIZED_TIME, COVE_NOT_AFTER);
	der_text(d, DER_UTC_TIME, COVE_NOT_BEFORE);
	der_wrap(d, DER_SEQUENCE, before);
}

static void signature_algorithm(struct der_out *d)
{
	size_t before = der_size(d);

	der_oid(d, OID_ECDSA_SHA384);
	der_wrap(d, DER_SEQUENCE, before);
}

static void to_be_signed(struct der_out *d, const struct cert_plan *c)
{
	u8 issuer[COVE_CDI_ID_SIZE], subject[COVE_CDI_ID_SIZE];
	static const u8 v3 = 2;
	size_t before;

	d->full |= !dice_key_id(c->issuer, issuer) || !dice_public_id(c->subject, subject);
	if (c->evidence)
		uccs_evidence(d, c->evidence, c->evidence_size);
	basic_constraints(d, c->path_len);
	key_usage(d);
	key_ids(d, issuer, subject);
	der_wrap(d, DER_SEQUENCE, 0);
	der_wrap(d, DER_CONTEXT_3, 0);
	public_key(d, c->subject);
	name(d, subject);
	validity(d);
	name(d, issuer);
	signature_algorithm(d);
	der_number(d, issuer, sizeof(issuer));
	before = der_size(d);
	der_number(d, &v3, 1);
	der_wrap(d, DER_CONTEXT_0, before);
	der_wrap(d, DER_SEQUENCE, 0);
}

static void sign(struct der_out *d, const struct dice_key *key, const struct der_out *tbs)
{
	struct dice_signature signature = { 0 };
	u8 digest[SHA384_SIZE];

	sha384(tbs->at, der_size(tbs), digest);
	d->full |= tbs->full || !dice_sign(key, digest, &signature);
	der_number(d, signature.s, sizeof(signature.s));
	der_number(d, signature.r, sizeof(signature.r));
	der_wrap(d, DER_SEQUENCE, 0);
	der_wrap_bits(d, 0);
}

void cert_write(struct cbor_out *o, const struct cert_plan *c, u8 *work, size_t work_size)
{
	struct der_out tbs = der_out(work, work_size);
	u8 tail[160];
	struct der_out end = der_out(tail, sizeof(tail));
	u8 head[8];
	struct der_out begin = der_out(head, sizeof(head));
	size_t size;

	to_be_signed(&tbs, c);
	sign(&end, c->issuer, &tbs);
	signature_algorithm(&end);
	/* The two follow each other: only the head of the whole is missing. */
	size = der_size(&tbs) + der_size(&end);
	der_head(&begin, DER_SEQUENCE, size);
	o->full |= tbs.full || end.full;
	cbor_raw(o, begin.at, der_size(&begin));
	cbor_raw(o, tbs.at, der_size(&tbs));
	cbor_raw(o, end.at, der_size(&end));
}
