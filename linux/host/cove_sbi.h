/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The calls of COVH and NACL that cove.ko makes: typed, in RFC numbering. Physical addresses are
 * bytes, sizes of GPA ranges are bytes, counts are 4 KiB pages. 0 or a negative errno; a failure is
 * logged with the call's name and the SBI error, unless the comment says otherwise.
 */
#ifndef COVE_SBI_H
#define COVE_SBI_H

#include <linux/types.h>
#include <cove/covh.h>
#include <cove/covi.h>
#include <cove/nacl.h>

/* Extension ids; the kernel's own list has NACL since 6.13 only, and COVH not at all. */
#define COVE_EID_COVH		0x434f5648
#define COVE_EID_NACL		0x4e41434c
#define COVE_EID_COVI		0x434f5649
#define COVE_EID_COVG		0x434f5647
#define COVE_EID_SRST		0x53525354
#define COVE_EID_IPI		0x735049
#define COVE_EID_PUTCHAR	0x01

bool cove_sbi_present(void);
int cove_sbi_tsm_info(phys_addr_t info);
int cove_sbi_convert(phys_addr_t pa, unsigned long pages);
int cove_sbi_reclaim(phys_addr_t pa, unsigned long pages);
int cove_sbi_global_fence(void);	/* -EBUSY, not logged: the cycle before is not complete */
int cove_sbi_local_fence(void);
int cove_sbi_create_tvm(phys_addr_t params, unsigned long *tvm);
int cove_sbi_finalize(unsigned long tvm, u64 entry, u64 arg, phys_addr_t payload, unsigned long size);
int cove_sbi_destroy(unsigned long tvm);
int cove_sbi_add_region(unsigned long tvm, u64 gpa, u64 size);
int cove_sbi_add_tables(unsigned long tvm, phys_addr_t pa, unsigned long pages);
int cove_sbi_add_measured(unsigned long tvm, phys_addr_t from, phys_addr_t to, unsigned long pages,
			  u64 gpa);
/*
 * Not logged: the caller tries again after it gave the TVM page-table pages, or with smaller pages.
 * type is COVE_PAGE_4K or COVE_PAGE_2M, and count is in pages of that size.
 */
int cove_sbi_add_zero(unsigned long tvm, phys_addr_t pa, unsigned int type, unsigned long count,
		      u64 gpa);
int cove_sbi_add_shared(unsigned long tvm, phys_addr_t pa, unsigned long pages, u64 gpa);
/* Of a running TVM; size in bytes. */
int cove_sbi_block(unsigned long tvm, u64 gpa, u64 size);
int cove_sbi_remove(unsigned long tvm, u64 gpa, u64 size);
int cove_sbi_demote(unsigned long tvm, u64 gpa);	/* a 2 MiB leaf */
/* -EBUSY, not logged: the one before is not complete. */
int cove_sbi_tvm_fence(unsigned long tvm);
int cove_sbi_create_vcpu(unsigned long tvm, unsigned long vcpu, phys_addr_t state);
int cove_sbi_init_aia(unsigned long tvm, phys_addr_t params);
int cove_sbi_set_imsic(unsigned long tvm, unsigned long vcpu, u64 gpa);
int cove_sbi_convert_file(phys_addr_t pa);
int cove_sbi_reclaim_file(phys_addr_t pa);
/* On the CPU whose file it is. */
int cove_sbi_bind(unsigned long tvm, unsigned long vcpu, unsigned int file);
int cove_sbi_unbind_begin(unsigned long tvm, unsigned long vcpu);
int cove_sbi_unbind_end(unsigned long tvm, unsigned long vcpu, bool *waits);
/* Not logged: the TVM may not have allowed it. */
int cove_sbi_inject(unsigned long tvm, unsigned long vcpu, u32 id);
int cove_sbi_set_shmem(phys_addr_t pa);
int cove_sbi_clear_shmem(void);

const char *cove_sbi_error_name(long error);

#endif
