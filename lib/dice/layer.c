/* SPDX-License-Identifier: BSD-2-Clause */
#include "dice/layer.h"
#include "base/string.h"
#include "dice/token.h"

enum { TOKEN_WORK = 1024 };

struct chain {
	struct dice_key rot, platform, tsm, sealing;
	u8 cdi[COVE_CDI_SIZE], sealing_cdi[COVE_CDI_SIZE];
};

/* KDF(label, secret, SHA384(registers, what else)). */
static bool next_cdi(const char *label, u8 *cdi, const u8 *mr, u32 count, const u8 *more,
		     size_t more_size)
{
	struct sha384_ctx ctx;
	u8 tci[SHA384_SIZE];
	struct dice_input in = { cdi, COVE_CDI_SIZE, tci, sizeof(tci) };

	sha384_init(&ctx);
	sha384_update(&ctx, mr, count * COVE_MR_SIZE);
	sha384_update(&ctx, more, more_size);
	sha384_finish(&ctx, tci);
	/* The input is copied before the output is written. */
	return dice_kdf(label, &in, cdi, COVE_CDI_SIZE);
}

static bool derive_key(const char *label, const u8 *cdi, struct dice_key *key)
{
	struct dice_input in = { .first = cdi, .first_size = COVE_CDI_SIZE };

	return dice_key_derive(label, &in, key);
}

static bool derive(const struct dice_platform *p, struct chain *c)
{
	u8 state[8] = { (u8)p->state };

	static_assert(COVE_UDS_SIZE == COVE_CDI_SIZE, "the UDS stands before CDI_0");
	memcpy(c->cdi, p->uds, COVE_UDS_SIZE);
	memcpy(c->sealing_cdi, p->uds, COVE_UDS_SIZE);
	return derive_key(COVE_KDF_ROT_KEY, p->uds, &c->rot) &&
	       next_cdi(COVE_KDF_CDI, c->cdi, p->mr[0], 2, state, sizeof(state)) &&
	       derive_key(COVE_KDF_ATTESTATION_KEY, c->cdi, &c->platform) &&
	       next_cdi(COVE_KDF_CDI, c->cdi, p->mr[2], 2, state, 0) &&
	       derive_key(COVE_KDF_ATTESTATION_KEY, c->cdi, &c->tsm) &&
	       next_cdi(COVE_KDF_SEALING_CDI, c->sealing_cdi, p->mr[0], 1, state, sizeof(state)) &&
	       next_cdi(COVE_KDF_SEALING_CDI, c->sealing_cdi, p->mr[2], 2, state, 0) &&
	       derive_key(COVE_KDF_SEALING_KEY, c->sealing_cdi, &c->sealing);
}

static void claim_key(struct cbor_out *o, s64 label, const struct dice_key *key)
{
	struct dice_public p = dice_public_of(key);

	cbor_int(o, label);
	token_key(o, &p);
}

static void platform_token(struct cbor_out *o, const struct dice_platform *p, const struct chain *c)
{
	u8 work[TOKEN_WORK], kid[COVE_CDI_ID_SIZE];
	struct cbor_out claims = cbor_out(work, sizeof(work));
	const struct token_component firmware = {
		COVE_TYPE_FIRMWARE, p->mr[COVE_MR_PLATFORM_FW], NULL, p->firmware_svn
	};
	const struct token_component config = {
		COVE_TYPE_CONFIG, p->mr[COVE_MR_PLATFORM_CONFIG], NULL, p->firmware_svn
	};

	cbor_head(&claims, CBOR_MAP, 5);
	cbor_int(&claims, EAT_PROFILE);
	cbor_text(&claims, COVE_EAT_PROFILE);
	claim_key(&claims, COVE_CLAIM_PLATFORM_KEY, &c->platform);
	cbor_int(&claims, COVE_CLAIM_MANUFACTURER);
	cbor_bytes(&claims, p->manufacturer, sizeof(p->manufacturer));
	cbor_int(&claims, COVE_CLAIM_PLATFORM_STATE);
	cbor_int(&claims, p->state);
	cbor_int(&claims, COVE_CLAIM_PLATFORM_COMPONENTS);
	cbor_head(&claims, CBOR_ARRAY, 2);
	token_component(&claims, &firmware);
	token_component(&claims, &config);
	o->full |= !dice_key_id(&c->rot, kid);
	token_sign(o, &claims, &c->rot, kid);
}

static void tsm_token(struct cbor_out *o, const struct dice_platform *p, const struct chain *c)
{
	u8 work[TOKEN_WORK];
	struct cbor_out claims = cbor_out(work, sizeof(work));
	const struct token_component driver = {
		COVE_TYPE_TSM_DRIVER, p->mr[COVE_MR_PLATFORM_FW], NULL, p->firmware_svn
	};
	const struct token_component tsm = {
		COVE_TYPE_TSM, p->mr[COVE_MR_TSM], p->mr[COVE_MR_TSM_MANIFEST], p->tsm_svn
	};

	cbor_head(&claims, CBOR_MAP, 3);
	claim_key(&claims, COVE_CLAIM_TSM_KEY, &c->tsm);
	cbor_int(&claims, COVE_CLAIM_TSM_COMPONENTS);
	cbor_head(&claims, CBOR_ARRAY, 2);
	token_component(&claims, &driver);
	token_component(&claims, &tsm);
	claim_key(&claims, COVE_CLAIM_SEALING_KEY, &c->sealing);
	token_sign(o, &claims, &c->platform, NULL);
}

static void layer_cert(struct cbor_out *o, const struct dice_key *issuer,
		       const struct dice_key *subject, s32 path_len)
{
	u8 work[TOKEN_WORK];
	struct dice_public key = dice_public_of(subject);
	struct cert_plan plan = { .issuer = issuer, .subject = &key, .path_len = path_len };

	cert_write(o, &plan, work, sizeof(work));
}

/* The piece of the tail that has been written since @from. */
static struct cove_handoff_piece piece(const struct cbor_out *o, size_t from)
{
	return (struct cove_handoff_piece){ (u16)from, (u16)(o->used - from) };
}

static bool write_tail(const struct dice_platform *p, const struct chain *c, struct cove_handoff *h)
{
	struct cbor_out o = cbor_out(h->tail, sizeof(h->tail));
	size_t from = 0;

	platform_token(&o, p, c);
	h->piece[COVE_HANDOFF_PLATFORM_TOKEN] = piece(&o, from);
	from = o.used;
	tsm_token(&o, p, c);
	h->piece[COVE_HANDOFF_TSM_TOKEN] = piece(&o, from);
	from = o.used;
	layer_cert(&o, &c->rot, &c->platform, 2);
	h->piece[COVE_HANDOFF_PLATFORM_CERT] = piece(&o, from);
	from = o.used;
	layer_cert(&o, &c->platform, &c->tsm, 1);
	h->piece[COVE_HANDOFF_TSM_CERT] = piece(&o, from);
	return !o.full;
}

bool dice_handoff(const struct dice_platform *p, struct cove_handoff *h)
{
	struct chain c;
	bool ok;

	memset(h, 0, sizeof(*h));
	ok = derive(p, &c) && write_tail(p, &c, h);
	h->magic = COVE_HANDOFF_MAGIC;
	h->version = COVE_HANDOFF_VERSION;
	h->platform_state = p->state;
	memcpy(h->mr, p->mr, sizeof(h->mr));
	memcpy(h->cdi, c.cdi, sizeof(h->cdi));
	memcpy(h->sealing_cdi, c.sealing_cdi, sizeof(h->sealing_cdi));
	memcpy(h->private_key, c.tsm.d, sizeof(h->private_key));
	memcpy(h->public_key, c.tsm.x, COVE_KEY_SIZE);
	memcpy(h->public_key + COVE_KEY_SIZE, c.tsm.y, COVE_KEY_SIZE);
	dice_wipe(&c, sizeof(c));
	dice_heap_wipe();
	return ok;
}

void dice_debug_platform(struct dice_platform *p, u32 tsm_svn)
{
	static const char text[] = COVE_DEBUG_TEXT;

	memset(p, 0, sizeof(*p));
	memcpy(p->uds, text, sizeof(text) - 1);
	for (u32 i = 0; i < COVE_HANDOFF_MRS; i++)
		memcpy(p->mr[i], text, sizeof(text) - 1);
	memcpy(p->manufacturer, text, sizeof(text) - 1);
	p->state = COVE_STATE_DEBUG;
	p->tsm_svn = tsm_svn;
}
