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
#include <cove/nacl.h>

/* Extension ids; the kernel's own list has NACL since 6.13 only, and COVH not at all. */
#define COVE_EID_COVH		0x434f5648
#define COVE_EID_NACL		0x4e41434c
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
int cove_sbi_finalize(unsigned long tvm, u64 entry, u64 arg);
int cove_sbi_destroy(unsigned long tvm);
int cove_sbi_add_region(unsigned long tvm, u64 gpa, u64 size);
int cove_sbi_add_tables(unsigned long tvm, phys_addr_t pa, unsigned long pages);
int cove_sbi_add_measured(unsigned long tvm, phys_addr_t from, phys_addr_t to, unsigned long pages,
			  u64 gpa);
/* Not logged: the caller tries again after it gave the TVM page-table pages. */
int cove_sbi_add_zero(unsigned long tvm, phys_addr_t pa, unsigned long pages, u64 gpa);
int cove_sbi_create_vcpu(unsigned long tvm, unsigned long vcpu, phys_addr_t state);
int cove_sbi_set_shmem(phys_addr_t pa);
int cove_sbi_clear_shmem(void);

const char *cove_sbi_error_name(long error);

#endif
