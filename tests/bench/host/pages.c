/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages on their way from the host and back. */
#include "bench.h"

#define BLOCKS	8
#define SINGLES	256

static u64 timed(enum covh_fn fn, u64 a0, u64 a1, const char *what)
{
	u64 start = instret();
	struct sbiret r = covh_call(fn, a0, a1, 0, 0, 0, 0);
	u64 end = instret();

	need(!r.error, what);
	return end - start;
}

/* Every page is written before, as the host's would be. */
static void dirty(u64 pa, u64 n)
{
	for (u64 at = pa; at < pa + n * PAGE_SIZE; at += 64)
		*(volatile u64 *)at = at;
}

static void blocks(u64 shift, const char *convert, const char *reclaim)
{
	u64 pages = pages_alloc((BLOCKS + 1) * 512, 512) + shift, in = 0, out = 0, global = 0,
	    local = 0;

	dirty(pages, BLOCKS * 512);
	for (u64 i = 0; i < BLOCKS; i++)
		in += timed(FN_CONVERT, pages + i * SIZE_2M, 512, "CONVERT of 512 pages fails");
	global += timed(FN_GLOBAL_FENCE, 0, 0, "GLOBAL_FENCE fails");
	local += timed(FN_LOCAL_FENCE, 0, 0, "LOCAL_FENCE fails");
	for (u64 i = 0; i < BLOCKS; i++)
		out += timed(FN_RECLAIM, pages + i * SIZE_2M, 512, "RECLAIM of 512 pages fails");
	report(convert, in, BLOCKS * 512);
	report(reclaim, out, BLOCKS * 512);
	if (!shift)
		note("the fences after it: %lu and %lu", global, local);
}

static void singles(void)
{
	u64 pages = pages_alloc(512, 512), in = 0, out = 0, global = 0, local = 0;

	dirty(pages, 512);
	/* The first splits the leaf, which is not what a page costs. */
	timed(FN_CONVERT, pages + 511 * PAGE_SIZE, 1, "CONVERT fails");
	for (u64 i = 0; i < SINGLES; i++) {
		in += timed(FN_CONVERT, pages + i * PAGE_SIZE, 1, "CONVERT of a page fails");
		global += timed(FN_GLOBAL_FENCE, 0, 0, "GLOBAL_FENCE fails");
		local += timed(FN_LOCAL_FENCE, 0, 0, "LOCAL_FENCE fails");
	}
	for (u64 i = 0; i < SINGLES; i++)
		out += timed(FN_RECLAIM, pages + i * PAGE_SIZE, 1, "RECLAIM of a page fails");
	timed(FN_RECLAIM, pages + 511 * PAGE_SIZE, 1, "RECLAIM fails");
	report("convert_1", in, SINGLES);
	report("global_fence", global, SINGLES);
	report("local_fence", local, SINGLES);
	report("reclaim_1", out, SINGLES);
}

void bench_pages(void)
{
	u64 mark = mem_mark();

	blocks(0, "convert_512", "reclaim_512");
	blocks(256 * PAGE_SIZE, "convert_512_unaligned", "reclaim_512_unaligned");
	singles();
	need(!mem_release(mark), "pages are lost");
}
