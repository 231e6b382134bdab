/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The RFC client's calls (ABI 11): what its kernel module and its VMM send, in their order. One TVM
 * at a time. What the client does not expect to fail and did is counted; no_errors() says so.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include "tests.h"
#include "../rt/aia.h"

#define CLIENT_POOL 1024
#define CLIENT_IMSIC 0x08000000ULL
#define CLIENT_FILE(v) (CLIENT_IMSIC + (u64)(v)*PAGE_SIZE)
#define CLIENT_RAM_SIZE 0x10000000ULL
#define CLIENT_FDT 0x80800000ULL
#define FDT_PAGES 16
#define MAX_LIST 160

struct client_list {
	struct {
		u64 gpa, pa;
	} e[MAX_LIST];
	u32 n;
};

struct client {
	struct tvm vm;
	u32 errors; /* calls that the client does not expect to fail, and did */
	u64 converted, reclaimed;
	struct client_list measured, zero, shared;
};

extern struct client client;

/* Counts a failure, and says in a note what failed. */
struct sbiret must(struct sbiret r, const char *what);
/* One check: nothing was counted since the last such check. */
void no_errors(const char *section);
void list_add(struct client_list *l, u64 gpa, u64 pa);
/* The page at the address, which leaves the list; 0 = none. */
u64 list_take(struct client_list *l, u64 gpa);

void client_fence(void);
void client_convert(u64 pa, u64 n);
/* RECLAIM; what does not come back as zero counts as an error. */
void client_reclaim(u64 pa, u64 n);
/* CONVERT_IMSIC and the fences, if the file is the host's. */
void client_convert_file(u32 hart, u32 n);

/* 11.2 to 11.5 */
void client_create_vm(void);
void client_memory(void);
void client_vcpus(u32 n);
void client_aia_and_fdt(void);
/* 11.6, on the hart that is to run the vCPU; for run_on(). */
u64 client_first_run(u64 vcpu);
/* 11.7: a command of the TVM's program, whose page faults are handled; its result. */
u64 client_touch(u32 vcpu, u64 op, u64 gpa, u64 value);
/* 11.8: what the client calls for one page of a SHARE or an UNSHARE. */
void client_share_page(u64 gpa);
void client_unshare_page(u64 gpa);
/* A COVG call of the TVM as its host handles it; the TVM's a0. */
s64 client_covg(u32 vcpu, u64 fid, u64 gpa, u64 size);
/* 11.13; unbinding is for run_on(), on the hart where the vCPU is bound. */
u64 client_unbind(u64 vcpu);
void client_teardown(const u32 *hart_of);

#endif
