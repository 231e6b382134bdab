/* SPDX-License-Identifier: BSD-2-Clause */
/* The TVM's token, the three layers together, and the certificates around them. */
#include "notary/notary.h"
#include "base/string.h"
#include "cove/attest.h"

static struct dice_key tsm_key(const struct cove_handoff *h)
{
	struct dice_key key;

	memcpy(key.d, h->private_key, sizeof(key.d));
	memcpy(key.x, h->public_key, sizeof(key.x));
	memcpy(key.y, h->public_key + COVE_KEY_SIZE, sizeof(key.y));
	return key;
}

/* The page is the TSM's own, but a length that leads out of it is not followed. */
static void append_piece(struct cbor_out *o, const struct cove_handoff *h, u32 n)
{
	const struct cove_handoff_piece *p = &h->piece[n];

	if (p->offset > sizeof(h->tail) || p->size > sizeof(h->tail) - p->offset)
		o->full = true;
	else
		cbor_raw(o, h->tail + p->offset, p->size);
}

static void measurements(struct cbor_out *o, s64 label, const struct notary_evidence *e, u32 first,
			 u32 count)
{
	cbor_int(o, label);
	cbor_head(o, CBOR_ARRAY, count);
	for (u32 i = first; i < first + count; i++) {
		cbor_head(o, CBOR_MAP, 3);
		cbor_int(o, COVE_MEASUREMENT_INDEX);
		cbor_int(o, i);
		cbor_int(o, COVE_MEASUREMENT_VALUE);
		cbor_bytes(o, e->mr[i], COVE_MR_SIZE);
		cbor_int(o, COVE_MEASUREMENT_HASH);
		cbor_text(o, COVE_HASH_NAME);
	}
}

static void tvm_claims(struct cbor_out *o, const struct notary_evidence *e)
{
	static const u8 none[sizeof(e->identity)];
	bool identity = memcmp(e->identity, none, sizeof(none)) != 0;

	cbor_head(o, CBOR_MAP, identity ? 6 : 5);
	cbor_int(o, EAT_NONCE);
	cbor_bytes(o, e->challenge, sizeof(e->challenge));
	if (identity) {
		cbor_int(o, COVE_CLAIM_TVM_IDENTITY);
		cbor_bytes(o, e->identity, sizeof(e->identity));
	}
	cbor_int(o, COVE_CLAIM_TVM_KEY);
	token_key(o, &e->subject);
	measurements(o, COVE_CLAIM_INITIAL, e, 0, COVE_MR_INITIAL_COUNT);
	measurements(o, COVE_CLAIM_RUNTIME, e, COVE_MR_INITIAL_COUNT, COVE_MR_RUNTIME_COUNT);
	cbor_int(o, COVE_CLAIM_DEVICES);
	cbor_int(o, e->devices);
}

static void layers(struct cbor_out *o, const struct notary_evidence *e, const struct dice_key *key,
		   const struct cbor_out *claims)
{
	cbor_head(o, CBOR_MAP, 1);
	cbor_int(o, EAT_SUBMODS);
	cbor_head(o, CBOR_MAP, 3);
	cbor_text(o, COVE_SUBMOD_PLATFORM);
	append_piece(o, &e->handoff, COVE_HANDOFF_PLATFORM_TOKEN);
	cbor_text(o, COVE_SUBMOD_TSM);
	append_piece(o, &e->handoff, COVE_HANDOFF_TSM_TOKEN);
	cbor_text(o, COVE_SUBMOD_TVM);
	token_sign(o, claims, key, NULL);
}

static void claim_id(struct cbor_out *o, s64 label, const u8 *id)
{
	char text[DICE_ID_TEXT + 1];

	dice_id_text(id, text);
	cbor_int(o, label);
	cbor_text(o, text);
}

static void cbor_certificate(struct cbor_out *o, const struct notary_evidence *e,
			     const struct dice_key *key, const struct cbor_out *evidence,
			     struct notary_work *w)
{
	u8 issuer[COVE_CDI_ID_SIZE] = { 0 }, subject[COVE_CDI_ID_SIZE] = { 0 };
	struct cbor_out claims = cbor_out(w->cert, sizeof(w->cert));

	o->full |= !dice_key_id(key, issuer) || !dice_public_id(&e->subject, subject);
	cbor_head(&claims, CBOR_MAP, 3);
	claim_id(&claims, CWT_ISS, issuer);
	claim_id(&claims, CWT_SUB, subject);
	cbor_int(&claims, COVE_CLAIM_EVIDENCE);
	cbor_raw(&claims, evidence->data, evidence->used);
	token_sign(o, &claims, key, NULL);
}

static void certificates(struct cbor_out *o, const struct notary_evidence *e,
			 const struct dice_key *key, const struct cbor_out *evidence,
			 struct notary_work *w)
{
	const struct cert_plan plan = {
		.issuer = key,
		.subject = &e->subject,
		.evidence = evidence->data,
		.evidence_size = evidence->used,
	};

	cert_write(o, &plan, w->cert, sizeof(w->cert));
	append_piece(o, &e->handoff, COVE_HANDOFF_TSM_CERT);
	append_piece(o, &e->handoff, COVE_HANDOFF_PLATFORM_CERT);
}

bool notary_make_evidence(const struct notary_evidence *e, struct notary_work *w,
			  struct cbor_out *o)
{
	struct cbor_out claims = cbor_out(w->token, sizeof(w->token));
	struct cbor_out evidence = cbor_out(w->evidence, sizeof(w->evidence));
	struct dice_key key = tsm_key(&e->handoff);

	if (e->subject.curve >= DICE_CURVES)
		return false;
	tvm_claims(&claims, e);
	layers(&evidence, e, &key, &claims);
	o->full |= evidence.full;
	if (e->format == COVE_CERT_X509)
		certificates(o, e, &key, &evidence, w);
	else
		cbor_certificate(o, e, &key, &evidence, w);
	dice_wipe(&key, sizeof(key));
	return !o->full;
}
