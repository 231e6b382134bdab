// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SBI calls: one place that knows function numbers, argument order and what an SBI error means
 * here.
 */
#include <linux/errno.h>
#include <linux/smp.h>
#include <asm/sbi.h>

#include "cove.h"

const char *cove_sbi_error_name(long error)
{
	static const char *const names[] = {
		"success", "failed", "not supported", "invalid parameter", "denied",
		"invalid address", "already available", "already started", "already stopped",
		"no shared memory", "invalid state",
	};

	return error <= 0 && -error < (long)ARRAY_SIZE(names) ? names[-error] : "unknown error";
}

static int errno_of(long error)
{
	switch (error) {
	case 0:
		return 0;
	case SBI_ERR_NOT_SUPPORTED:
		return -EOPNOTSUPP;
	case SBI_ERR_INVALID_PARAM:
		return -EINVAL;
	case SBI_ERR_DENIED:
		return -EPERM;
	case SBI_ERR_INVALID_ADDRESS:
		return -EFAULT;
	case SBI_ERR_ALREADY_STARTED:
		return -EBUSY;
	default:
		return -EIO;
	}
}

static int report(const char *call, struct sbiret ret)
{
	if (!ret.error)
		return 0;
	pr_err_ratelimited("%s: SBI error %ld (%s)\n", call, ret.error,
			   cove_sbi_error_name(ret.error));
	return errno_of(ret.error);
}

/*
 * Both probes are made on one CPU and back to back: the TSM hides NACL from a caller whose probe
 * before it was RFENCE, as KVM's is.
 */
bool cove_sbi_present(void)
{
	bool covh, nacl;

	get_cpu();
	covh = sbi_probe_extension(COVE_EID_COVH) > 0;
	nacl = covh && sbi_probe_extension(COVE_EID_NACL) > 0;
	put_cpu();
	if (!covh)
		pr_err("no TSM: the SBI extension COVH is absent\n");
	else if (!nacl)
		pr_err("no usable TSM: it has COVH, but the SBI extension NACL is absent\n");
	return nacl;
}

/* The length decides the numbering: less than 48 bytes means that this host speaks the RFC's. */
int cove_sbi_tsm_info(phys_addr_t info)
{
	BUILD_BUG_ON(sizeof(struct cove_tsm_info) != 32);
	return report("GET_TSM_INFO", sbi_ecall(COVE_EID_COVH, COVH_GET_TSM_INFO, info,
						sizeof(struct cove_tsm_info), 0, 0, 0, 0));
}

int cove_sbi_convert(phys_addr_t pa, unsigned long pages)
{
	return report("CONVERT_PAGES",
		      sbi_ecall(COVE_EID_COVH, COVH_CONVERT_PAGES, pa, pages, 0, 0, 0, 0));
}

int cove_sbi_reclaim(phys_addr_t pa, unsigned long pages)
{
	return report("RECLAIM_PAGES",
		      sbi_ecall(COVE_EID_COVH, COVH_RECLAIM_PAGES, pa, pages, 0, 0, 0, 0));
}

int cove_sbi_global_fence(void)
{
	struct sbiret ret = sbi_ecall(COVE_EID_COVH, COVH_GLOBAL_FENCE, 0, 0, 0, 0, 0, 0);

	if (ret.error == SBI_ERR_ALREADY_STARTED)
		return -EBUSY;
	return report("GLOBAL_FENCE", ret);
}

int cove_sbi_local_fence(void)
{
	return report("LOCAL_FENCE",
		      sbi_ecall(COVE_EID_COVH, COVH_LOCAL_FENCE, 0, 0, 0, 0, 0, 0));
}

int cove_sbi_create_tvm(phys_addr_t params, unsigned long *tvm)
{
	struct sbiret ret = sbi_ecall(COVE_EID_COVH, COVH_CREATE_TVM, params,
				      sizeof(struct cove_tvm_create_params), 0, 0, 0, 0);

	*tvm = ret.value;
	return report("CREATE_TVM", ret);
}

int cove_sbi_finalize(unsigned long tvm, u64 entry, u64 arg, phys_addr_t payload, unsigned long size)
{
	return report("FINALIZE_TVM",
		      sbi_ecall(COVE_EID_COVH, COVH_FINALIZE_TVM, tvm, entry, arg, 0, payload, size));
}

int cove_sbi_destroy(unsigned long tvm)
{
	return report("DESTROY_TVM",
		      sbi_ecall(COVE_EID_COVH, COVH_RFC_DESTROY_TVM, tvm, 0, 0, 0, 0, 0));
}

int cove_sbi_add_region(unsigned long tvm, u64 gpa, u64 size)
{
	return report("ADD_MEMORY_REGION", sbi_ecall(COVE_EID_COVH, COVH_RFC_ADD_MEMORY_REGION, tvm,
						     gpa, size, 0, 0, 0));
}

int cove_sbi_add_tables(unsigned long tvm, phys_addr_t pa, unsigned long pages)
{
	return report("ADD_PGT_PAGES",
		      sbi_ecall(COVE_EID_COVH, COVH_RFC_ADD_PGT_PAGES, tvm, pa, pages, 0, 0, 0));
}

int cove_sbi_add_measured(unsigned long tvm, phys_addr_t from, phys_addr_t to, unsigned long pages,
			  u64 gpa)
{
	return report("ADD_MEASURED_PAGES", sbi_ecall(COVE_EID_COVH, COVH_RFC_ADD_MEASURED_PAGES,
						      tvm, from, to, COVE_PAGE_4K, pages, gpa));
}

int cove_sbi_add_zero(unsigned long tvm, phys_addr_t pa, unsigned int type, unsigned long count,
		      u64 gpa)
{
	struct sbiret ret = sbi_ecall(COVE_EID_COVH, COVH_RFC_ADD_ZERO_PAGES, tvm, pa, type, count,
				      gpa, 0);

	return errno_of(ret.error);
}

int cove_sbi_add_shared(unsigned long tvm, phys_addr_t pa, unsigned long pages, u64 gpa)
{
	struct sbiret ret = sbi_ecall(COVE_EID_COVH, COVH_RFC_ADD_SHARED_PAGES, tvm, pa,
				      COVE_PAGE_4K, pages, gpa, 0);

	return errno_of(ret.error);
}

int cove_sbi_block(unsigned long tvm, u64 gpa, u64 size)
{
	return report("INVALIDATE_PAGES", sbi_ecall(COVE_EID_COVH, COVH_RFC_INVALIDATE_PAGES, tvm,
						    gpa, size, 0, 0, 0));
}

int cove_sbi_remove(unsigned long tvm, u64 gpa, u64 size)
{
	return report("REMOVE_PAGES", sbi_ecall(COVE_EID_COVH, COVH_RFC_REMOVE_PAGES, tvm, gpa,
						size, 0, 0, 0));
}

int cove_sbi_demote(unsigned long tvm, u64 gpa)
{
	return report("DEMOTE_PAGE", sbi_ecall(COVE_EID_COVH, COVH_RFC_DEMOTE_PAGE, tvm, gpa,
					       COVE_PAGE_4K, 0, 0, 0));
}

int cove_sbi_tvm_fence(unsigned long tvm)
{
	struct sbiret ret = sbi_ecall(COVE_EID_COVH, COVH_RFC_TVM_FENCE, tvm, 0, 0, 0, 0, 0);

	if (ret.error == SBI_ERR_ALREADY_STARTED)
		return -EBUSY;
	return report("TVM_FENCE", ret);
}

int cove_sbi_init_aia(unsigned long tvm, phys_addr_t params)
{
	return report("INIT_TVM_AIA",
		      sbi_ecall(COVE_EID_COVI, COVI_INIT_AIA, tvm, params,
				sizeof(struct cove_tvm_aia_params), 0, 0, 0));
}

int cove_sbi_set_imsic(unsigned long tvm, unsigned long vcpu, u64 gpa)
{
	return report("SET_TVM_AIA_CPU_IMSIC_ADDR",
		      sbi_ecall(COVE_EID_COVI, COVI_SET_CPU_IMSIC_ADDR, tvm, vcpu, gpa, 0, 0, 0));
}

int cove_sbi_convert_file(phys_addr_t pa)
{
	return report("CONVERT_AIA_IMSIC",
		      sbi_ecall(COVE_EID_COVI, COVI_CONVERT_IMSIC, pa, 0, 0, 0, 0, 0));
}

int cove_sbi_reclaim_file(phys_addr_t pa)
{
	return report("RECLAIM_TVM_AIA_IMSIC",
		      sbi_ecall(COVE_EID_COVI, COVI_RECLAIM_IMSIC, pa, 0, 0, 0, 0, 0));
}

int cove_sbi_bind(unsigned long tvm, unsigned long vcpu, unsigned int file)
{
	return report("BIND_AIA_IMSIC", sbi_ecall(COVE_EID_COVI, COVI_BIND, tvm, vcpu, BIT(file), 0,
						  0, 0));
}

int cove_sbi_unbind_begin(unsigned long tvm, unsigned long vcpu)
{
	return report("UNBIND_AIA_IMSIC_BEGIN",
		      sbi_ecall(COVE_EID_COVI, COVI_UNBIND_BEGIN, tvm, vcpu,
				COVI_UNBIND_TELL, 0, 0, 0));
}

int cove_sbi_unbind_end(unsigned long tvm, unsigned long vcpu, bool *waits)
{
	struct sbiret ret = sbi_ecall(COVE_EID_COVI, COVI_UNBIND_END, tvm, vcpu, 0, 0, 0, 0);

	*waits = !ret.error && ret.value;
	return report("UNBIND_AIA_IMSIC_END", ret);
}

int cove_sbi_inject(unsigned long tvm, unsigned long vcpu, u32 id)
{
	return errno_of(sbi_ecall(COVE_EID_COVI, COVI_INJECT, tvm, vcpu, id, 0, 0, 0).error);
}

int cove_sbi_create_vcpu(unsigned long tvm, unsigned long vcpu, phys_addr_t state)
{
	return report("CREATE_VCPU",
		      sbi_ecall(COVE_EID_COVH, COVH_RFC_CREATE_VCPU, tvm, vcpu, state, 0, 0, 0));
}

int cove_sbi_set_shmem(phys_addr_t pa)
{
	return report("NACL SET_SHMEM",
		      sbi_ecall(COVE_EID_NACL, NACL_SET_SHMEM, pa, 0, 0, 0, 0, 0));
}

int cove_sbi_clear_shmem(void)
{
	return report("NACL SET_SHMEM (off)",
		      sbi_ecall(COVE_EID_NACL, NACL_SET_SHMEM, NACL_SHMEM_DISABLE,
				NACL_SHMEM_DISABLE, 0, 0, 0, 0));
}
