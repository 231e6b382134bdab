/* SPDX-License-Identifier: BSD-2-Clause */
#include "measure/measure.h"

static_assert(COVE_MR_SIZE == SHA384_SIZE, "registers hold one digest");

void measure_begin(struct sha384_ctx *ctx, const struct measure_reg *r)
{
	sha384_init(ctx);
	sha384_update(ctx, r->value, sizeof(r->value));
}

void measure_add(struct sha384_ctx *ctx, u64 word)
{
	u8 le[8];

	for (u32 i = 0; i < sizeof(le); i++)
		le[i] = (u8)(word >> 8 * i);
	sha384_update(ctx, le, sizeof(le));
}

void measure_end(struct sha384_ctx *ctx, struct measure_reg *r)
{
	sha384_finish(ctx, r->value);
}

void measure_page(struct measure_reg *r, gpa_t gpa, const void *page)
{
	struct sha384_ctx ctx;

	measure_begin(&ctx, r);
	measure_add(&ctx, gpa.v);
	sha384_update(&ctx, page, PAGE_SIZE);
	measure_end(&ctx, r);
}

void measure_word(struct measure_reg *r, u64 word)
{
	struct sha384_ctx ctx;

	measure_begin(&ctx, r);
	measure_add(&ctx, word);
	measure_end(&ctx, r);
}
