/* SPDX-License-Identifier: BSD-2-Clause */
/* NACL: features and the shared area. Group: nacl. */
#include "tests.h"

static void features(void)
{
	static const char *const names[] = { "SYNC_CSR", "SYNC_HFENCE", "SYNC_SRET",
					     "AUTOSWAP_CSR" };

	for (u64 i = 0; i < ARRAY_SIZE(names); i++) {
		struct sbiret r = nacl(NACL_PROBE_FEATURE, i);

		sbi_ok(r, "the probe of %s succeeds", names[i]);
		ok(r.value == 0 || r.value == 1, "its value is 0 or 1 (%s)", names[i]);
	}
	eq((u64)nacl(NACL_PROBE_FEATURE, NACL_FEAT_SYNC_SRET).value, 0,
	   "SYNC_SRET is not offered to a CoVE client, whose TVMs would never be run with it");
	eq((u64)nacl(NACL_PROBE_FEATURE, 4).value, 0, "a feature that nobody knows probes 0");
	eq((u64)nacl(NACL_PROBE_FEATURE, ~0ULL).value, 0, "feature ~0 probes 0");
	for (u64 fid = NACL_SYNC_CSR; fid <= NACL_SYNC_SRET; fid++)
		if (!nacl(NACL_PROBE_FEATURE, fid - NACL_SYNC_CSR).value)
			sbi_err(nacl(fid, ~0ULL), SBI_ERR_NOT_SUPPORTED,
				"the function of %s, which is not offered, answers -2",
				names[fid - NACL_SYNC_CSR]);
	sbi_err(nacl(5), SBI_ERR_NOT_SUPPORTED, "NACL has no function 5");
}

static void set_shmem(void)
{
	u64 area = pages_alloc(NACL_SHMEM_PAGES, 1), other = pages_alloc(NACL_SHMEM_PAGES, 1);

	this_hart()->shmem = 0;
	sbi_ok(nacl(NACL_SET_SHMEM, area), "an area is registered");
	sbi_ok(nacl(NACL_SET_SHMEM, area), "the same area is registered again");
	for (u32 i = 0; i < NACL_SHMEM_PAGES; i++)
		sbi_err(covh_convert(area + i * PAGE_SIZE, 1), SBI_ERR_INVALID_ADDRESS,
			"page %u of a registered area can not be converted", i);
	ok(pages_readable(area, NACL_SHMEM_PAGES), "the host still reaches the area");
	sbi_ok(nacl(NACL_SET_SHMEM, other), "another area replaces it");
	ok(cove_convert(area, NACL_SHMEM_PAGES), "the replaced area can be converted");
	sbi_ok(covh_reclaim(area, NACL_SHMEM_PAGES), "and comes back");
	sbi_err(covh_convert(other + PAGE_SIZE, 1), SBI_ERR_INVALID_ADDRESS,
		"the new one can not be converted");
	sbi_err(nacl(NACL_SET_SHMEM, area + 8), SBI_ERR_INVALID_PARAM,
		"an area that is not page-aligned is refused");
	sbi_err(covh_convert(other, 1), SBI_ERR_INVALID_ADDRESS,
		"a refused call leaves the old area registered");
	sbi_ok(nacl(NACL_SET_SHMEM, NACL_SHMEM_DISABLE, NACL_SHMEM_DISABLE),
	       "the area is given up");
	sbi_ok(nacl(NACL_SET_SHMEM, NACL_SHMEM_DISABLE, NACL_SHMEM_DISABLE),
	       "giving up no area is a success");
	ok(cove_convert(other, NACL_SHMEM_PAGES), "the given-up area can be converted");
	sbi_ok(covh_reclaim(other, NACL_SHMEM_PAGES), "and comes back");
}

static void set_shmem_refused(void)
{
	const struct range *top = &machine.ram[machine.nr_ram - 1];
	u64 area = pages_alloc(NACL_SHMEM_PAGES, 1), at;
	const char *name;

	sbi_err(nacl(NACL_SET_SHMEM, area, 0, 1), SBI_ERR_INVALID_PARAM,
		"an area with flags is refused");
	sbi_refused(nacl(NACL_SET_SHMEM, area, 1), "an area above 2^64 is refused");
	sbi_refused(nacl(NACL_SET_SHMEM, area, NACL_SHMEM_DISABLE),
		    "half of the word that gives up is refused");
	for (u32 i = 0; (at = foreign_address(i, &name)); i++)
		sbi_err(nacl(NACL_SET_SHMEM, at), SBI_ERR_INVALID_ADDRESS,
			"an area in %s is refused", name);
	sbi_err(nacl(NACL_SET_SHMEM, ~0xfffULL), SBI_ERR_INVALID_ADDRESS,
		"an area that wraps is refused");
	sbi_err(nacl(NACL_SET_SHMEM, top->base + top->size - PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"an area of which only one page is memory is refused");
	if (!ok(cove_convert(area + 2 * PAGE_SIZE, 1),
		"the last page of a would-be area is converted"))
		return;
	sbi_err(nacl(NACL_SET_SHMEM, area), SBI_ERR_INVALID_ADDRESS,
		"an area with a converted page is refused");
	ok(cove_convert(area, 1), "its first page was not pinned by that");
	sbi_ok(covh_reclaim(area, 1), "the first page comes back");
	sbi_ok(covh_reclaim(area + 2 * PAGE_SIZE, 1), "the last page comes back");
}

/* Each hart has its own. */
static u64 shmem_of(u64 area)
{
	return (u64)nacl(NACL_SET_SHMEM, area, area == NACL_SHMEM_DISABLE ? area : 0).error;
}

static void per_hart(void)
{
	u64 area = pages_alloc(NACL_SHMEM_PAGES * MAX_HARTS, 1);
	u32 pinned = 0;

	for (u32 i = 0; i < nr_harts; i++) {
		harts[i].shmem = 0;
		eq(run_on(i, shmem_of, area + i * NACL_SHMEM_SIZE), 0, "hart %lu registers an area",
		   harts[i].id);
	}
	for (u32 i = 0; i < nr_harts; i++)
		pinned += covh_convert(area + i * NACL_SHMEM_SIZE, 1).error ==
			  SBI_ERR_INVALID_ADDRESS;
	eq(pinned, nr_harts, "the area of no hart can be converted");
	for (u32 i = 0; i < nr_harts; i++)
		run_on(i, shmem_of, NACL_SHMEM_DISABLE);
	ok(cove_convert(area, NACL_SHMEM_PAGES * nr_harts),
	   "the areas can be converted once all harts have given them up");
	sbi_ok(covh_reclaim(area, NACL_SHMEM_PAGES * nr_harts), "and come back");
}

static const struct test nacl_tests[] = {
	TEST(features), TEST(set_shmem), TEST(set_shmem_refused), TEST(per_hart),
};

GROUP(nacl, true, 1);
