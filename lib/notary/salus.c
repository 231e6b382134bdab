/* SPDX-License-Identifier: BSD-2-Clause */
/* The certificate that guests of Salus get (ABI.md 15.5), from its last field to its first. */
#include "notary/notary.h"
#include "base/string.h"
#include "dice/der.h"
#include "notary/ed25519.h"

static void critical(struct der_out *d)
{
	static const u8 yes = 0xff;

	der_item(d, DER_BOOLEAN, &yes, 1);
}

/* The extension that was begun at @ext; its value is written. */
#define EXTENSION(d, ext, oid, is_critical) do {		\
	der_wrap(d, DER_OCTETS, ext);				\
	if (is_critical)					\
		critical(d);					\
	der_oid(d, oid);					\
	der_wrap(d, DER_SEQUENCE, ext);				\
} while (0)

/* Eight digests in [6] and nothing else. */
static void tcb_info(struct der_out *d, const struct notary_salus *s)
{
	size_t ext = der_size(d);

	for (u32 i = NOTARY_FWIDS; i--;) {
		size_t before = der_size(d);

		der_item(d, DER_OCTETS, s->fwid[i], COVE_MR_SIZE);
		der_oid(d, OID_SHA384);
		der_wrap(d, DER_SEQUENCE, before);
	}
	der_wrap(d, DER_CONTEXT_6, ext);
	der_wrap(d, DER_SEQUENCE, ext);
	EXTENSION(d, ext, OID_SALUS_TCB_INFO, true);
}

static void extensions(struct der_out *d, const struct notary_salus *s, const char *issuer)
{
	static const u8 usage[] = { 3, 0x28 };	/* keyEncipherment and keyAgreement, bits 2 and 4 of 5 */
	size_t all = der_size(d), ext;

	tcb_info(d, s);
	ext = der_size(d);
	der_item(d, DER_IMPLICIT_0, issuer, DICE_ID_TEXT);
	der_wrap(d, DER_SEQUENCE, ext);
	EXTENSION(d, ext, OID_AUTHORITY_KEY_ID, false);
	ext = der_size(d);
	der_wrap(d, DER_SEQUENCE, ext);		/* cA is false, its default */
	EXTENSION(d, ext, OID_BASIC_CONSTRAINTS, true);
	ext = der_size(d);
	der_item(d, DER_BIT_STRING, usage, sizeof(usage));
	EXTENSION(d, ext, OID_KEY_USAGE, true);
	der_wrap(d, DER_SEQUENCE, all);
	der_wrap(d, DER_CONTEXT_3, all);
}

static void algorithm(struct der_out *d)
{
	size_t before = der_size(d);

	der_oid(d, OID_ED25519);
	der_wrap(d, DER_SEQUENCE, before);
}

static void subject_key(struct der_out *d, const u8 key[ED25519_PUBLIC])
{
	size_t before = der_size(d);

	der_raw(d, key, ED25519_PUBLIC);
	der_wrap_bits(d, before);
	algorithm(d);
	der_wrap(d, DER_SEQUENCE, before);
}

static void validity_and_issuer(struct der_out *d, const char *issuer)
{
	size_t before = der_size(d);

	der_text(d, DER_UTC_TIME, "491231235959Z");
	der_text(d, DER_UTC_TIME, COVE_NOT_BEFORE);
	der_wrap(d, DER_SEQUENCE, before);
	before = der_size(d);
	der_text(d, DER_UTF8, issuer);
	der_oid(d, OID_AT_SURNAME);
	der_wrap(d, DER_SEQUENCE, before);
	der_wrap(d, DER_SET, before);
	der_wrap(d, DER_SEQUENCE, before);
}

static void to_be_signed(struct der_out *d, const struct notary_salus *s, const char *issuer, const char *serial)
{
	static const u8 v3 = 2;
	size_t before;

	extensions(d, s, issuer);
	subject_key(d, s->applicant.key);
	der_raw(d, s->applicant.name, s->applicant.name_size);
	validity_and_issuer(d, issuer);
	algorithm(d);
	/* The digits themselves: longer than RFC 5280 has it, as Salus writes it. */
	der_number(d, (const u8 *)serial, DICE_ID_TEXT);
	before = der_size(d);
	der_number(d, &v3, 1);
	der_wrap(d, DER_CONTEXT_0, before);
	der_wrap(d, DER_SEQUENCE, 0);
}

static bool id_text(const u8 key[ED25519_PUBLIC], char text[DICE_ID_TEXT + 1])
{
	struct dice_public public = { .curve = DICE_ED25519 };
	u8 id[COVE_CDI_ID_SIZE];

	memcpy(public.x, key, ED25519_PUBLIC);
	if (!dice_public_id(&public, id))
		return false;
	dice_id_text(id, text);
	return true;
}

/* The TSM's key for these certificates. */
static bool signing_key(const u8 cdi[COVE_CDI_SIZE], u8 secret[ED25519_SECRET])
{
	struct dice_input in = { .first = cdi, .first_size = COVE_CDI_SIZE };
	u8 seed[ED25519_SEED];
	bool ok = dice_kdf(COVE_KDF_SALUS_KEY, &in, seed, sizeof(seed));

	if (ok)
		ed25519_key(seed, secret);
	dice_wipe(seed, sizeof(seed));
	return ok;
}

bool notary_make_salus(const struct notary_salus *s, struct notary_work *w, struct cbor_out *o)
{
	char issuer[DICE_ID_TEXT + 1], serial[DICE_ID_TEXT + 1];
	u8 secret[ED25519_SECRET], signature[ED25519_SIGNATURE];
	struct der_out tbs = der_out(w->cert, sizeof(w->cert)), whole = der_out(w->evidence, sizeof(w->evidence));

	if (s->applicant.name_size > sizeof(s->applicant.name) || !signing_key(s->cdi, secret))
		return false;
	if (!id_text(secret + ED25519_SEED, issuer) || !id_text(s->applicant.key, serial))
		return false;
	to_be_signed(&tbs, s, issuer, serial);
	ed25519_sign(secret, tbs.at, der_size(&tbs), signature);
	dice_wipe(secret, sizeof(secret));
	der_raw(&whole, signature, sizeof(signature));
	der_wrap_bits(&whole, 0);
	algorithm(&whole);
	der_raw(&whole, tbs.at, der_size(&tbs));
	der_wrap(&whole, DER_SEQUENCE, 0);
	cbor_raw(o, whole.at, der_size(&whole));
	return !tbs.full && !whole.full && !o->full;
}
