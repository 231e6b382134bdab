/* SPDX-License-Identifier: BSD-2-Clause */
/* GET_TSM_INFO, the two numberings and what a6 may hold, SUPD. Group: info. */
#include "tests.h"

#define POISON	0xa5

static u8 buf[2 * PAGE_SIZE] __attribute__((aligned(4096)));

static bool untouched(u64 from, u64 to)
{
	for (u64 i = from; i < to; i++)
		if (buf[i] != POISON)
			return false;
	return true;
}

static void rfc_layout(void)
{
	const struct cove_tsm_info *info = (const void *)buf;

	for (u64 len = 32; len < 48; len += 15) {
		struct sbiret r;

		memset(buf, POISON, sizeof(buf));
		r = covh_get_info((u64)buf, len);
		sbi_ok(r, "GET_TSM_INFO with %lu bytes succeeds", len);
		eq((u64)r.value, 32, "it says that it wrote 32 bytes of %lu", len);
		ok(untouched(32, sizeof(buf)), "it wrote no more than 32 bytes of %lu", len);
		eq(info->tsm_state, COVE_TSM_READY, "the TSM is ready (%lu bytes)", len);
		ok(info->tvm_state_pages >= 1 && info->tvm_state_pages <= 1024,
		   "a TVM's state takes 1 to 1024 pages (%lu bytes)", len);
		ok(info->tvm_vcpu_state_pages >= 1 && info->tvm_vcpu_state_pages <= 1024,
		   "a vCPU's state takes 1 to 1024 pages (%lu bytes)", len);
		ok(info->tvm_max_vcpus >= 1, "a TVM may have a vCPU (%lu bytes)", len);
	}
}

static void spec_layout(void)
{
	static const u64 lengths[] = { 48, 49, 4096, ~0ULL };
	const struct cove_tsm_info_spec *info = (const void *)buf;

	for (u32 i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct sbiret r;

		memset(buf, POISON, sizeof(buf));
		r = covh_get_info((u64)buf, lengths[i]);
		/* A length that wraps may be refused. */
		if (lengths[i] == ~0ULL && r.error == SBI_ERR_INVALID_ADDRESS)
			continue;
		sbi_ok(r, "GET_TSM_INFO with %lu bytes succeeds", lengths[i]);
		eq((u64)r.value, 48, "it says that it wrote 48 bytes of %lu", lengths[i]);
		ok(untouched(48, sizeof(buf)), "it wrote no more than 48 bytes of %lu", lengths[i]);
		eq(info->tsm_state, COVE_TSM_READY, "the TSM is ready (%lu bytes)", lengths[i]);
		eq(info->reserved, 0, "the padding is zero (%lu bytes)", lengths[i]);
		ok(info->tsm_impl_id > 2, "the TSM does not claim to be Salus or ACE (%lu bytes)",
		   lengths[i]);
		ok(info->tsm_capabilities & COVE_CAP_MEMORY_ALLOCATION,
		   "it says that memory is donated as TVMs need it (%lu bytes)", lengths[i]);
		eq(info->tvm_state_pages, tsm_info.tvm_state_pages,
		   "both layouts agree on a TVM's state (%lu bytes)", lengths[i]);
		eq(info->tvm_max_vcpus, tsm_info.tvm_max_vcpus,
		   "both layouts agree on the number of vCPUs (%lu bytes)", lengths[i]);
		eq(info->tvm_vcpu_state_pages, tsm_info.tvm_vcpu_state_pages,
		   "both layouts agree on a vCPU's state (%lu bytes)", lengths[i]);
		eq(info->tsm_version, tsm_info.tsm_version,
		   "both layouts agree on the version (%lu bytes)", lengths[i]);
	}
	numbering_set(NUMBERING_RFC);
}

static void info_refused(void)
{
	const struct range *top = &machine.ram[machine.nr_ram - 1];
	const char *name;
	u64 at, page;

	memset(buf, POISON, sizeof(buf));
	sbi_err(covh_get_info((u64)buf, 0), SBI_ERR_INVALID_PARAM, "GET_TSM_INFO refuses 0 bytes");
	sbi_err(covh_get_info((u64)buf, 31), SBI_ERR_INVALID_PARAM,
		"GET_TSM_INFO refuses 31 bytes");
	ok(untouched(0, sizeof(buf)), "a refused GET_TSM_INFO wrote nothing");
	for (u32 i = 0; (at = foreign_address(i, &name)); i++)
		sbi_err(covh_get_info(at, 32), SBI_ERR_INVALID_ADDRESS,
			"GET_TSM_INFO does not write to %s", name);
	sbi_err(covh_get_info(~7ULL, 32), SBI_ERR_INVALID_ADDRESS,
		"GET_TSM_INFO does not write across the end of all");
	if (!machine_is_ram(top->base + top->size, 8))
		sbi_err(covh_get_info(top->base + top->size - 16, 32), SBI_ERR_INVALID_ADDRESS,
			"GET_TSM_INFO does not write across the end of memory");
	page = pages_alloc(2, 1);
	memset((void *)page, POISON, PAGE_SIZE);
	if (!ok(cove_convert(page + PAGE_SIZE, 1), "a page is converted"))
		return;
	sbi_err(covh_get_info(page + PAGE_SIZE, 32), SBI_ERR_INVALID_ADDRESS,
		"GET_TSM_INFO does not write to a converted page");
	sbi_err(covh_get_info(page + PAGE_SIZE - 16, 32), SBI_ERR_INVALID_ADDRESS,
		"GET_TSM_INFO does not write across the edge of a converted page");
	eq(*(volatile u64 *)(page + PAGE_SIZE - 16), 0xa5a5a5a5a5a5a5a5,
	   "and has not written the part before it");
	sbi_ok(covh_reclaim(page + PAGE_SIZE, 1), "the page comes back");
	sbi_ok(covh_get_info((u64)buf + PAGE_SIZE - 16, 32),
	       "GET_TSM_INFO writes across the edge of two host pages");
	eq(*(u32 *)(buf + PAGE_SIZE - 16), COVE_TSM_READY, "what it wrote there is right");
}

/*
 * Function 7 with TVM 0: DESTROY of an unknown TVM in one numbering, promote_to_tvm in the other.
 */
static s64 fid7(u64 domain)
{
	return sbi(SBI_EXT_COVH, COVH_RFC_DESTROY_TVM | domain << SUPD_SDID_SHIFT).error;
}

static void numberings(void)
{
	eq((u64)fid7(0), (u64)SBI_ERR_INVALID_PARAM,
	   "function 7 is DESTROY for a caller that asked for 32 bytes");
	eq((u64)fid7(SUPD_TSM_DOMAIN), (u64)SBI_ERR_NOT_SUPPORTED,
	   "function 7 is promote_to_tvm for a caller that names the domain");
	ok(numbering_set(NUMBERING_SPEC), "GET_TSM_INFO with 48 bytes succeeds");
	eq((u64)fid7(0), (u64)SBI_ERR_NOT_SUPPORTED, "function 7 is promote_to_tvm after it");
	sbi_err(sbi(SBI_EXT_COVH, COVH_SPEC_DESTROY_TVM), SBI_ERR_INVALID_PARAM,
		"and 8 is DESTROY");
	sbi_err(covh_get_info(NOWHERE, 32), SBI_ERR_INVALID_ADDRESS,
		"GET_TSM_INFO with 32 bytes to nowhere is refused");
	eq((u64)fid7(0), (u64)SBI_ERR_NOT_SUPPORTED, "which does not change the numbering");
	ok(numbering_set(NUMBERING_RFC), "GET_TSM_INFO with 32 bytes succeeds");
	eq((u64)fid7(0), (u64)SBI_ERR_INVALID_PARAM, "function 7 is DESTROY again after it");
	sbi_err(covh_get_info(NOWHERE, 48), SBI_ERR_INVALID_ADDRESS,
		"GET_TSM_INFO with 48 bytes to nowhere is refused");
	eq((u64)fid7(0), (u64)SBI_ERR_INVALID_PARAM, "which does not change the numbering either");
}

static void encoding(void)
{
	struct sbiret r = supd(SUPD_GET_ACTIVE_DOMAINS);

	sbi_ok(r, "SUPD tells the active domains");
	eq((u64)r.value, BIT(SUPD_HOST_DOMAIN) | BIT(SUPD_TSM_DOMAIN),
	   "they are the host's and the TSM's");
	sbi_err(supd(1), SBI_ERR_NOT_SUPPORTED, "SUPD has no function 1");
	for (u32 bit = 16; bit < 26; bit++)
		sbi_err(sbi(SBI_EXT_COVH, COVH_LOCAL_FENCE | BIT(bit)), SBI_ERR_NOT_SUPPORTED,
			"bit %u of a6 is reserved", bit);
	for (u32 bit = 32; bit < 64; bit += 31)
		sbi_err(sbi(SBI_EXT_COVH, COVH_LOCAL_FENCE | BIT(bit)), SBI_ERR_NOT_SUPPORTED,
			"bit %u of a6 is reserved", bit);
	for (u64 domain = 2; domain < 64; domain += 61)
		sbi_err(sbi(SBI_EXT_COVH, COVH_LOCAL_FENCE | domain << SUPD_SDID_SHIFT),
			SBI_ERR_NOT_SUPPORTED, "domain %lu, which is not active, has no functions",
			domain);
	sbi_ok(sbi(SBI_EXT_COVH, COVH_LOCAL_FENCE | (u64)SUPD_TSM_DOMAIN << SUPD_SDID_SHIFT),
	       "the TSM's domain has");
	for (u64 fid = 21; fid < 32; fid++)
		sbi_err(sbi(SBI_EXT_COVH, fid), SBI_ERR_NOT_SUPPORTED, "COVH has no function %lu",
			fid);
	sbi_err(sbi(SBI_EXT_COVH, 1024), SBI_ERR_NOT_SUPPORTED, "COVH has no function 1024");
}

static const struct test info_tests[] = {
	TEST(rfc_layout), TEST(spec_layout), TEST(info_refused), TEST(numberings), TEST(encoding),
};

GROUP(info, true, 1);
