/* SPDX-License-Identifier: BSD-2-Clause */
#include "notary/notary.h"

static enum notary_status parse_key(const struct notary_input *in, struct notary_reply *r)
{
	if (in->size > NOTARY_KEY_MAX || !notary_parse_key(in->data, in->size, &r->key))
		return NOTARY_REFUSED;
	r->size = sizeof(r->key);
	return NOTARY_OK;
}

static enum notary_status debug_handoff(u32 svn, struct notary_reply *r)
{
	struct dice_platform p;

	dice_debug_platform(&p, svn);
	if (!dice_handoff(&p, &r->handoff))
		return NOTARY_FAILED;
	r->size = sizeof(r->handoff);
	return NOTARY_OK;
}

static enum notary_status evidence(const struct notary_evidence *e, struct notary_work *w,
				   struct notary_reply *r)
{
	struct cbor_out o = cbor_out(r->data, sizeof(r->data));

	if (!notary_make_evidence(e, w, &o))
		return NOTARY_FAILED;
	r->size = (u32)o.used;
	return NOTARY_OK;
}

static enum notary_status unseal(const struct notary_unseal *u, struct notary_reply *r)
{
	static_assert(COVE_PAYLOAD_SECRET_MAX <= NOTARY_OUTPUT_MAX, "a secret fits");
	if (!notary_unseal(u, r->data))
		return NOTARY_REFUSED;
	r->size = u->payload.size;
	return NOTARY_OK;
}

static enum notary_status parse_csr(const struct notary_input *in, struct notary_reply *r)
{
	if (in->size > sizeof(in->data) || !notary_parse_csr(in->data, in->size, &r->applicant))
		return NOTARY_REFUSED;
	r->size = sizeof(r->applicant);
	return NOTARY_OK;
}

static enum notary_status salus(const struct notary_salus *s, struct notary_work *w, struct notary_reply *r)
{
	struct cbor_out o = cbor_out(r->data, sizeof(r->data));

	if (!notary_make_salus(s, w, &o))
		return NOTARY_FAILED;
	r->size = (u32)o.used;
	return NOTARY_OK;
}

static enum notary_status answer(const struct notary_request *q, struct notary_work *w,
				 struct notary_reply *r)
{
	switch ((enum notary_op)q->op) {
	case NOTARY_NONE:
		break;
	case NOTARY_PARSE_KEY:
		return parse_key(&q->input, r);
	case NOTARY_HANDOFF:
		return debug_handoff(q->svn, r);
	case NOTARY_EVIDENCE:
		return evidence(&q->evidence, w, r);
	case NOTARY_UNSEAL:
		return unseal(&q->unseal, r);
	case NOTARY_PARSE_CSR:
		return parse_csr(&q->input, r);
	case NOTARY_SALUS:
		return salus(&q->salus, w, r);
	}
	return NOTARY_REFUSED;
}

void notary_run(struct notary_mailbox *m, struct notary_work *w)
{
	enum notary_status status;

	dice_heap(w->heap, sizeof(w->heap));
	m->reply.size = 0;
	status = answer(&m->request, w, &m->reply);
	dice_wipe(w, sizeof(*w));
	dice_wipe(&m->request, sizeof(m->request));
	m->reply.status = status;
}
