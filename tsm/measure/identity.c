/* SPDX-License-Identifier: BSD-2-Clause */
#include "measure/identity.h"
#include "base/string.h"

enum identity_state {
	UNKNOWN,
	COPYING,
	KNOWN,
};

static struct cove_handoff page;
static u32 state;		/* enum identity_state, atomically */
static u8 initial[COVE_HANDOFF_MRS][COVE_MR_SIZE];

static bool valid(const struct cove_handoff *h)
{
	if (h->magic != COVE_HANDOFF_MAGIC || h->version != COVE_HANDOFF_VERSION ||
	    h->platform_state < COVE_STATE_NOT_CONFIGURED || h->platform_state > COVE_STATE_RECOVERY)
		return false;
	for (u32 i = 0; i < COVE_HANDOFF_PIECES; i++)
		if (!h->piece[i].size || h->piece[i].offset > sizeof(h->tail) ||
		    h->piece[i].size > sizeof(h->tail) - h->piece[i].offset)
			return false;
	return true;
}

bool identity_init(const struct cove_handoff *h)
{
	static const char text[] = COVE_DEBUG_TEXT;

	if (h && valid(h)) {
		page = *h;
		memcpy(initial, h->mr, sizeof(initial));
		__atomic_store_n(&state, KNOWN, __ATOMIC_RELEASE);
		return true;
	}
	memset(initial, 0, sizeof(initial));
	for (u32 i = 0; i < COVE_HANDOFF_MRS; i++)
		memcpy(initial[i], text, sizeof(text) - 1);
	return !h;
}

void identity_measure(struct measurement *m)
{
	for (u32 i = 0; i < COVE_HANDOFF_MRS; i++)
		memcpy(m->reg[i].value, initial[i], COVE_MR_SIZE);
}

const struct cove_handoff *identity(void)
{
	return __atomic_load_n(&state, __ATOMIC_ACQUIRE) == KNOWN ? &page : NULL;
}

void identity_publish(const struct cove_handoff *h)
{
	u32 expected = UNKNOWN;

	if (!__atomic_compare_exchange_n(&state, &expected, COPYING, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return;
	page = *h;
	__atomic_store_n(&state, KNOWN, __ATOMIC_RELEASE);
}
