/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long a call can keep the host from an interrupt: every call is made with the host's timer about to fire, and it fires again
 * as soon as the call goes on after each interrupt. So every part of the call, from where it goes on to where it next lets go, is
 * gone through and counted; what is reported is the longest. The part of the interrupt's handler that stands before the count is
 * in it.
 */
#include "bench.h"

#define GPA		0x100000000ULL
#define GIB		0x40000000ULL
#define GIB_PAGES	(GIB / PAGE_SIZE)
#define TABLES		560
#define MEASURED	8

static struct tvm vm;
static u64 mark, longest, taken;

/* A tick is 100 instructions: the second from now comes when the ECALL has been made. */
static void soon(void)
{
	csr_write(0x14d, now() + 2);
}

static void on_timer(u64 scause)
{
	u64 at = instret();

	(void)scause;
	longest = MAX(longest, at - mark);
	taken++;
	soon();
	mark = instret();
}

static void begin(void)
{
	longest = 0;
	taken = 0;
	this_hart()->irq = on_timer;
	csr_set(sie, BIT(IRQ_STI));
	mark = instret();
	soon();
	csr_set(sstatus, SSTATUS_SIE);
}

static void end(const char *name, struct sbiret r)
{
	u64 at = instret();

	csr_clear(sstatus, SSTATUS_SIE);
	csr_write(0x14d, ~0ULL);
	csr_clear(sie, BIT(IRQ_STI));
	longest = MAX(longest, at - mark);
	if (r.error)
		print("# %s: error %ld\n", name, r.error);
	need(!r.error, name);
	print("# %s: let the host in %lu times\n", name, taken);
	report(name, longest, 1);
}

#define STRETCH(name, call)	({ begin(); end("stretch_" name, (call)); })

static void of_the_host(u64 pa)
{
	STRETCH("convert_1024", covh_convert(pa, 1024));
	STRETCH("reclaim_1024_unfenced", covh_reclaim(pa, 1024));
	need(cove_convert(pa, 1024), "pages are not converted");
	STRETCH("reclaim_1024", covh_reclaim(pa, 1024));
	STRETCH("convert_1g", covh_convert(pa, GIB_PAGES));
	STRETCH("reclaim_1g_unfenced", covh_reclaim(pa, GIB_PAGES));
	need(cove_convert(pa, GIB_PAGES), "pages are not converted");
	STRETCH("reclaim_1g", covh_reclaim(pa, GIB_PAGES));
}

static void tvm_up(u64 tables)
{
	tvm_init(&vm);
	need(tvm_create(&vm) && tvm_add_region(&vm, TVM_RAM_GPA, TVM_RAM_SIZE), "a TVM is not made");
	need(cove_convert(tables, TABLES), "pages are not converted");
	STRETCH("add_pgt_560", covh_add_pgt(vm.id, tables, TABLES));
	STRETCH("add_region", covh_add_region(vm.id, GPA, GIB));
	need(tvm_load(&vm, 2) && tvm_add_vcpu(&vm, 0), "a TVM is not filled");
}

static void block(const char *suffix)
{
	bool small = !strcmp(suffix, "4k");

	if (small)
		STRETCH("invalidate_1g_of_4k", covh_invalidate(vm.id, GPA, GIB));
	else
		STRETCH("invalidate_1g_of_1g", covh_invalidate(vm.id, GPA, GIB));
	STRETCH("validate_1g", covh_validate(vm.id, GPA, GIB));
	need(!covh_invalidate(vm.id, GPA, GIB).error && !covh_tvm_fence(vm.id).error, "a GiB is not blocked");
}

/* The TVM asks for its GiB to be shared, or no longer. */
static void ask(u64 fid)
{
	const u64 args[6] = { GPA, GIB };
	struct exit e;

	need(tvm_ecall_begin(&vm, 0, SBI_EXT_COVG, fid, args, &e), "the TVM does not ask");
	shmem_gpr(10) = 0;
	shmem_gpr(11) = 0;
}

static void with_4k(u64 pa, u64 tables)
{
	tvm_up(tables);
	need(tvm_finalize(&vm, 0) && tvm_sync(&vm, 0), "a TVM does not run");
	need(cove_convert(pa, GIB_PAGES), "pages are not converted");
	STRETCH("add_zero_1g_of_4k", covh_add_zero(vm.id, pa, COVE_PAGE_4K, GIB_PAGES, GPA));
	block("4k");
	STRETCH("promote_2m", covh(FN_PROMOTE_PAGE, vm.id, GPA, COVE_PAGE_2M));
	need(!covh_invalidate(vm.id, GPA, SIZE_2M).error && !covh_tvm_fence(vm.id).error, "a leaf is not blocked");
	STRETCH("demote_2m", covh(FN_DEMOTE_PAGE, vm.id, GPA, COVE_PAGE_4K));
	need(!covh_invalidate(vm.id, GPA, SIZE_2M).error && !covh_tvm_fence(vm.id).error, "leaves are not blocked");
	ask(COVG_SHARE_MEMORY);
	STRETCH("remove_1g_of_4k", covh_remove(vm.id, GPA, GIB));
	need(!tvm_ecall_end(&vm, 0).error, "the TVM is not answered");
	need(!covh_reclaim(pa, GIB_PAGES).error, "RECLAIM fails");
	STRETCH("add_shared_1g_of_4k", covh_add_shared(vm.id, pa, COVE_PAGE_4K, GIB_PAGES, GPA));
	vm.created = false;
	STRETCH("destroy_shared_1g", covh_destroy(vm.id));
	need(tvm_destroy_fast(&vm) && !covh_reclaim(tables, TABLES).error, "pages are lost");
}

static void with_1g(u64 pa, u64 tables)
{
	struct sbiret r;

	tvm_up(tables);
	STRETCH("finalize", covh_finalize(vm.id, TVM_GPA, 0, 0));
	need(tvm_sync(&vm, 0) && cove_convert(pa, GIB_PAGES), "a TVM does not run");
	STRETCH("add_zero_1g_of_1g", covh_add_zero(vm.id, pa, COVE_PAGE_1G, 1, GPA));
	block("1g");
	ask(COVG_SHARE_MEMORY);
	STRETCH("remove_1g_of_1g", covh_remove(vm.id, GPA, GIB));
	r = tvm_ecall_end(&vm, 0);
	need(!r.error, "the TVM is not answered");
	ask(COVG_UNSHARE_MEMORY);
	need(!tvm_ecall_end(&vm, 0).error, "the TVM is not answered");
	STRETCH("add_zero_1g_of_2m", covh_add_zero(vm.id, pa, COVE_PAGE_2M, 512, GPA));
	vm.created = false;
	STRETCH("destroy_1g", covh_destroy(vm.id));
	need(tvm_destroy_fast(&vm) && !covh_reclaim(tables, TABLES).error && !covh_reclaim(pa, GIB_PAGES).error,
	     "pages are lost");
}

static void measured(u64 pa, u64 tables)
{
	static struct cove_tvm_create_params params;
	u64 vcpu = pa + 64 * PAGE_SIZE;
	struct sbiret r;

	tvm_init(&vm);
	need(cove_convert(vm.pgd, 4) && cove_convert(vm.state, tsm_info.tvm_state_pages) &&
	     cove_convert(vm.pool, vm.pool_pages) && cove_convert(pa, 128), "pages are not converted");
	params.tvm_page_directory_addr = vm.pgd;
	params.tvm_state_addr = vm.state;
	begin();
	r = covh_create_tvm((u64)&params, sizeof(params));
	end("stretch_create_tvm", r);
	vm.id = (u64)r.value;
	need(!covh_add_pgt(vm.id, vm.pool, vm.pool_pages).error && tvm_add_region(&vm, TVM_RAM_GPA, TVM_RAM_SIZE),
	     "a TVM is not filled");
	STRETCH("add_measured", covh_add_measured(vm.id, tables, pa, COVE_PAGE_4K, MEASURED, TVM_GPA));
	STRETCH("create_vcpu", covh_create_vcpu(vm.id, 0, vcpu));
	need(!covh_destroy(vm.id).error, "DESTROY fails");
	need(tvm_destroy_fast(&vm) && !covh_reclaim(pa, 128).error, "pages are lost");
}

void bench_stretch(void)
{
	u64 pa, tables;

	if (mem_free_pages() < 2 * GIB_PAGES)
		return;
	pa = pages_alloc(GIB_PAGES, GIB_PAGES);
	tables = pages_alloc(TABLES, 1);
	of_the_host(pa);
	with_4k(pa, tables);
	with_1g(pa, tables);
	measured(pa, tables);
}
