/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The RFC client, call by call (ABI 11): what its kernel module and its VMM send, in their order, from the harts that they send it
 * from, interrupts disabled. Groups: client, client_harts.
 */
#include "tests.h"
#include "../rt/aia.h"

#define CLIENT_POOL		1024
#define CLIENT_IMSIC		0x08000000ULL
#define CLIENT_FILE(v)		(CLIENT_IMSIC + (u64)(v) * PAGE_SIZE)
#define CLIENT_RAM_SIZE		0x10000000ULL
#define CLIENT_FDT		0x80800000ULL
#define FDT_PAGES		16
#define MAX_LIST		160

static struct tvm vm;
static u32 errors;		/* calls that the client does not expect to fail, and did */
static u64 converted, reclaimed;

struct list {
	struct {
		u64 gpa, pa;
	} e[MAX_LIST];
	u32 n;
};

static struct list measured, zero, shared;

static void list_add(struct list *l, u64 gpa, u64 pa)
{
	if (l->n == MAX_LIST) {
		errors++;
		return;
	}
	l->e[l->n].gpa = gpa;
	l->e[l->n++].pa = pa;
}

static struct sbiret must(struct sbiret r, const char *what)
{
	if (r.error) {
		note("%s: error %ld", what, r.error);
		errors++;
	}
	return r;
}

static void no_errors(const char *section)
{
	eq(errors, 0, "%s: no call fails", section);
	errors = 0;
}

/* FENCE: 3, then 4 on every hart */
static void client_fence(void)
{
	must(covh_global_fence(), "GLOBAL_FENCE");
	if (run_on_all(local_fence, 0)) {
		note("LOCAL_FENCE failed");
		errors++;
	}
}

static void client_convert(u64 pa, u64 n)
{
	must(covh_convert(pa, n), "CONVERT");
	converted += n;
}

static void client_reclaim(u64 pa, u64 n)
{
	must(covh_reclaim(pa, n), "RECLAIM");
	reclaimed += n;
	if (!pages_zero(pa, n))
		errors++;
}

/* --- 11.1 --- */

static void module_init(void)
{
	u64 old, files;

	numbering_set(NUMBERING_RFC);
	ok(sbi(SBI_EXT_BASE, SBI_BASE_SPEC_VERSION).value >= 0x01000000, "the SBI version is at least 1.0");
	ok(sbi_probe(SBI_EXT_NACL) > 0, "NACL is there");
	for (u64 f = 0; f < 4; f++) {
		struct sbiret r = nacl(NACL_PROBE_FEATURE, f);

		ok(!r.error && (f < 3 || !r.value), "NACL feature %lu can be asked for", f);
	}
	ok(sbi_probe(SBI_EXT_COVH) > 0, "COVH is there");
	ok(sbi_probe(SBI_EXT_COVG) == 0, "COVG is not");
	sbi_ok(covh_get_info((u64)&tsm_info, 32), "GET_TSM_INFO with 32 bytes");
	eq(tsm_info.tsm_state, COVE_TSM_READY, "the TSM is ready");
	ok(tsm_info.tvm_state_pages >= 1 && tsm_info.tvm_state_pages <= 1024, "a TVM costs 1 to 1024 state pages");
	ok(tsm_info.tvm_vcpu_state_pages >= 1 && tsm_info.tvm_vcpu_state_pages <= 1024, "a vCPU costs 1 to 1024 state pages");
	/* hgatp */
	csr_write(0x680, 10ULL << 60);
	ok(csr_read(0x680) >> 60 != 10, "hgatp does not take Sv57x4");
	csr_write(0x680, 9ULL << 60);
	ok(csr_read(0x680) >> 60 != 9, "nor Sv48x4: the client stays with Sv39x4");
	csr_write(0x680, 0);
	old = csr_read(0x680);
	csr_write(0x680, old | 0x3fffULL << 44);
	note("hgatp has VMID bits %lx", csr_read(0x680) >> 44 & 0x3fff);
	csr_write(0x680, old);
	eq(csr_read(0x680), old, "hgatp is written back");
	/* hgeie */
	csr_write(0x607, ~0ULL);
	files = csr_read(0x607);
	csr_write(0x607, 0);
	eq(files, (2ULL << host_files()) - 2, "hgeie tells the guest files: %u", host_files());
}

/* --- 11.2 --- */

static u64 interrupts_on(u64 unused)
{
	(void)unused;
	nacl_setup(0);
	csr_set(0x604, BIT(12));
	csr_set(sie, BIT(12));
	return csr_read(0x604) & BIT(12) ? 0 : 1;
}

static u64 interrupts_off(u64 unused)
{
	(void)unused;
	csr_clear(sie, BIT(12));
	csr_clear(0x604, BIT(12));
	nacl(NACL_SET_SHMEM, NACL_SHMEM_DISABLE, NACL_SHMEM_DISABLE);
	this_hart()->shmem = 0;
	return 0;
}

static void create_vm(void)
{
	static struct cove_tvm_create_params params;

	memset(&vm, 0, sizeof(vm));
	measured.n = zero.n = shared.n = 0;
	errors = 0;
	converted = reclaimed = 0;
	vm.pgd = pages_alloc(COVE_PGD_PAGES, COVE_PGD_PAGES);
	vm.pool = pages_alloc(CLIENT_POOL, CLIENT_POOL);
	vm.state = pages_alloc(tsm_info.tvm_state_pages, 1);
	client_convert(vm.pgd, 4);
	client_convert(vm.pool, CLIENT_POOL);
	client_convert(vm.state, tsm_info.tvm_state_pages);
	client_fence();
	params.tvm_page_directory_addr = vm.pgd;
	params.tvm_state_addr = vm.state;
	vm.id = (u64)must(covh_create_tvm((u64)&params, sizeof(params)), "CREATE_TVM").value;
	vm.created = true;
	must(covh_add_pgt(vm.id, vm.pool, CLIENT_POOL), "ADD_PGT");
	ok(!run_on_all(interrupts_on, 0), "hie takes bit 12 on every hart");
	no_errors("11.2, KVM_CREATE_VM");
}

/* --- 11.3, 11.4, 11.5 --- */

static void measure_one(const void *src, u64 gpa)
{
	u64 dst = pages_alloc(1, 1);

	client_convert(dst, 1);
	client_fence();
	must(covh_add_measured(vm.id, (u64)src, dst, COVE_PAGE_4K, 1, gpa), "ADD_MEASURED");
	list_add(&measured, gpa, dst);
}

static void memory(void)
{
	must(covh_add_region(vm.id, 0x80000000, CLIENT_RAM_SIZE), "ADD_REGION");
	for (u64 i = 0; i < TVM_IMAGE_PAGES; i++)
		measure_one(tvm_image + i * PAGE_SIZE, TVM_GPA + i * PAGE_SIZE);
	no_errors("11.3, memory and image");
}

static void vcpus(u32 n)
{
	for (u32 i = 0; i < n; i++) {
		vm.vcpu[i] = pages_alloc(tsm_info.tvm_vcpu_state_pages, 1);
		client_convert(vm.vcpu[i], tsm_info.tvm_vcpu_state_pages);
		client_fence();
		must(covh_create_vcpu(vm.id, i, vm.vcpu[i]), "CREATE_VCPU");
	}
	vm.vcpus = n;
	no_errors("11.4, KVM_CREATE_VCPU");
}

static void aia_and_fdt(void)
{
	static struct cove_tvm_aia_params p = { .imsic_base_addr = CLIENT_IMSIC, .group_index_shift = 24, .hart_index_bits = 3 };
	void *fdt = (void *)pages_alloc(1, 1);

	memset(fdt, 0, PAGE_SIZE);
	must(covi(COVI_INIT_AIA, vm.id, (u64)&p, sizeof(p)), "INIT_AIA");
	for (u32 i = 0; i < vm.vcpus; i++)
		must(covi(COVI_SET_CPU_IMSIC_ADDR, vm.id, i, CLIENT_FILE(i)), "SET_CPU_IMSIC_ADDR");
	for (u64 i = 0; i < FDT_PAGES; i++)
		measure_one(fdt, CLIENT_FDT + i * PAGE_SIZE);
	no_errors("11.5, interrupt files and device tree");
}

/* --- 11.6 --- */

static void convert_file(u32 hart, u32 n)
{
	if (!file_is_hosts(hart, n))
		return;
	must(covi(COVI_CONVERT_IMSIC, file_page(hart, n)), "CONVERT_IMSIC");
	client_fence();
}

/* On the hart that is to run it */
static u64 first_run(u64 vcpu)
{
	u32 n = 1;

	convert_file(this_hart()->index, n);
	if (!vcpu)
		must(covh_finalize(vm.id, TVM_GPA, CLIENT_FDT, 0), "FINALIZE");
	must(covi(COVI_BIND, vm.id, vcpu, BIT(n)), "BIND");
	if (!tvm_sync(&vm, (u32)vcpu))
		errors++;
	if (!shmem_csr(CSR_HTIMEDELTA))
		errors++;
	return 0;
}

/* --- 11.7 --- */

static u64 handle_fault(const struct exit *e)
{
	u64 gpa = e->htval << 2 | (e->stval & 3), pa;

	for (u32 i = 0; i < shared.n; i++) {
		if (shared.e[i].gpa == gpa) {
			must(covh_add_shared(vm.id, shared.e[i].pa, COVE_PAGE_4K, 1, gpa), "ADD_SHARED");
			return shared.e[i].pa;
		}
	}
	pa = pages_alloc(1, 1);
	client_convert(pa, 1);
	client_fence();
	must(covh_add_zero(vm.id, pa, COVE_PAGE_4K, 1, gpa), "ADD_ZERO");
	list_add(&zero, gpa, pa);
	return pa;
}

/* A command of the TVM's program, whose page faults are handled; its result. */
static u64 touch(u32 vcpu, u64 op, u64 gpa, u64 value)
{
	struct exit e;

	if (!tvm_command(&vm, vcpu, op, gpa, value, &e))
		return ~0ULL;
	for (u32 i = 0; i < 4 && !e.error && (e.scause == CAUSE_LOAD_GUEST || e.scause == CAUSE_STORE_GUEST); i++) {
		handle_fault(&e);
		vcpu_resume(&vm, vcpu, &e);
	}
	return tvm_result(&vm, vcpu, &e);
}

/* --- 11.8 --- */

static u64 list_take(struct list *l, u64 gpa)
{
	for (u32 i = 0; i < l->n; i++) {
		if (l->e[i].gpa == gpa) {
			u64 pa = l->e[i].pa;

			l->e[i] = l->e[--l->n];
			return pa;
		}
	}
	return 0;
}

static void share_page(u64 gpa)
{
	u64 pa = list_take(&zero, gpa);

	if (pa) {
		must(covh_invalidate(vm.id, gpa, PAGE_SIZE), "INVALIDATE");
		must(covh_tvm_fence(vm.id), "TVM_FENCE");
		must(covh_remove(vm.id, gpa, PAGE_SIZE), "REMOVE");
		client_reclaim(pa, 1);
	} else {
		pa = pages_alloc(1, 1);
		memset((void *)pa, 0, PAGE_SIZE);
	}
	list_add(&shared, gpa, pa);
}

static void unshare_page(u64 gpa)
{
	must(covh_invalidate(vm.id, gpa, PAGE_SIZE), "INVALIDATE");
	must(covh_tvm_fence(vm.id), "TVM_FENCE");
	must(covh_remove(vm.id, gpa, PAGE_SIZE), "REMOVE");
	if (!list_take(&shared, gpa))
		errors++;
}

/* A COVG call of the TVM as its host handles it; the TVM's a0. */
static s64 covg(u32 vcpu, u64 fid, u64 gpa, u64 size)
{
	const u64 args[6] = { gpa, size };
	struct exit e = { 0 };

	tvm_ecall_begin(&vm, vcpu, SBI_EXT_COVG, fid, args, &e);
	if (e.error || e.scause != CAUSE_ECALL || e.a[7] != SBI_EXT_COVG) {
		/* The TSM has answered it. */
		tvm_result(&vm, vcpu, &e);
		return (s64)tvm_get(&vm, vcpu, 10);
	}
	for (u64 at = gpa; fid == COVG_SHARE_MEMORY && at < gpa + size; at += PAGE_SIZE)
		share_page(at);
	for (u64 at = gpa; fid == COVG_UNSHARE_MEMORY && at < gpa + size; at += PAGE_SIZE)
		unshare_page(at);
	shmem_gpr(10) = 0;
	shmem_gpr(11) = 0;
	return tvm_ecall_end(&vm, vcpu).error;
}

/* --- 11.13 --- */

static u64 unbind_here(u64 vcpu)
{
	must(covi(COVI_UNBIND_BEGIN, vm.id, vcpu), "UNBIND_BEGIN");
	must(covh_tvm_fence(vm.id), "TVM_FENCE");
	must(covi(COVI_UNBIND_END, vm.id, vcpu), "UNBIND_END");
	return 0;
}

static void teardown(const u32 *hart_of)
{
	for (u32 i = 0; i < vm.vcpus; i++)
		run_on(hart_of[i], unbind_here, i);
	must(covh_destroy(vm.id), "DESTROY");
	vm.created = false;
	for (u32 i = 0; i < vm.vcpus; i++)
		client_reclaim(vm.vcpu[i], tsm_info.tvm_vcpu_state_pages);
	for (u32 i = 0; i < measured.n; i++)
		client_reclaim(measured.e[i].pa, 1);
	for (u32 i = 0; i < zero.n; i++)
		client_reclaim(zero.e[i].pa, 1);
	client_reclaim(vm.state, tsm_info.tvm_state_pages);
	client_reclaim(vm.pool, CLIENT_POOL);
	client_reclaim(vm.pgd, 4);
	run_on_all(interrupts_off, 0);
	no_errors("11.13, teardown");
	eq(converted, reclaimed, "as many pages came back as were converted");
	ok(aia_give_back(), "the interrupt files come back");
}

/* --- the scripts --- */

/* The guest's boot, 11.14, as far as the host sees it */
static void guest_boot(void)
{
	static const struct {
		u64 gpa, size;
		s64 error;
	} maps[] = {
		{ CLIENT_IMSIC, 0x8000, SBI_ERR_INVALID_ADDRESS }, { 0x30000000, SIZE_2M, 0 }, { 0, 0x10000, 0 },
		{ 0x40000000, 0x100000, 0 }, { 0x40100000, 0x1000, 0 }, { 0x40000000, 0x1000, SBI_ERR_INVALID_ADDRESS },
	};
	u64 swiotlb = 0x8c000000, wrong = 0;

	eq((u64)covg(0, COVG_SHARE_MEMORY, TVM_AREA(3), PAGE_SIZE), 0, "the guest shares a page of its image, which was measured");
	eq(touch(0, OP_PEEK, TVM_AREA(3), 0), 0, "and reaches the page that the host gives for it");
	errors += covg(0, COVG_ALLOW_EXT_INTERRUPT, ~0ULL, 0) != 0;
	for (u32 i = 0; i < ARRAY_SIZE(maps); i++)
		eq((u64)covg(0, COVG_ADD_MMIO_REGION, maps[i].gpa, maps[i].size), (u64)maps[i].error,
		   "the guest maps %lx: %s", maps[i].gpa, maps[i].error ? "refused, it is mapped" : "it is MMIO");
	eq((u64)covg(0, COVG_REMOVE_MMIO_REGION, 0x40100000, 0x1000), 0, "it unmaps one");
	/* The bounce buffer: the guest has touched some of it before. */
	for (u64 i = 0; i < 64; i += 9)
		wrong += touch(0, OP_POKE, swiotlb + i * PAGE_SIZE, 0x5ec4e7) != 0;
	eq(wrong, 0, "the guest touches pages of its bounce buffer");
	eq((u64)covg(0, COVG_SHARE_MEMORY, swiotlb, 64 * PAGE_SIZE), 0, "and shares it, %u pages in one call", 64);
	for (u64 i = 0; i < 64; i += 3) {
		touch(0, OP_POKE, swiotlb + i * PAGE_SIZE, i);
		for (u32 k = 0; k < shared.n; k++)
			if (shared.e[k].gpa == swiotlb + i * PAGE_SIZE)
				wrong += *(volatile u64 *)shared.e[k].pa != i;
	}
	eq(wrong, 0, "the host sees what the guest writes there");
	eq((u64)covg(0, COVG_UNSHARE_MEMORY, swiotlb + PAGE_SIZE, 5 * PAGE_SIZE), 0,
	   "a part is unshared, pages that were never touched included");
	eq(touch(0, OP_PEEK, swiotlb + 3 * PAGE_SIZE, 0), 0, "and is confidential: what was there is gone");
	no_errors("11.7, 11.8 and 11.14, the guest boots");
}

/* Two vCPUs that fault on one page, as their threads do it: the same host page, twice. */
static void fault_twice(void)
{
	u64 gpa = 0x8a000123, pa = pages_alloc(1, 1);

	for (u32 i = 0; i < 2; i++) {
		client_convert(pa, 1);
		client_fence();
		must(covh_add_zero(vm.id, pa, COVE_PAGE_4K, 1, gpa), "ADD_ZERO");
		list_add(&zero, gpa, pa);
	}
	tvm_poke(&vm, 0, gpa & ~0xfffULL, 0x1234);
	client_convert(pa, 1);
	client_fence();
	must(covh_add_zero(vm.id, pa, COVE_PAGE_4K, 1, gpa), "ADD_ZERO");
	list_add(&zero, gpa, pa);
	eq(tvm_peek(&vm, 0, gpa & ~0xfffULL), 0x1234, "a page that is added again keeps what the guest wrote");
	no_errors("17.2, two vCPUs fault on one page");
}

static void mmio(void)
{
	struct exit e = { 0 };

	tvm_command(&vm, 0, OP_PEEK, 0x30000008, 0, &e);
	ok(!e.error && e.scause == CAUSE_LOAD_GUEST && (e.htval << 2 | e.stval) == 0x30000008 && e.htinst & 1,
	   "a device access comes to the host with an instruction");
	shmem_gpr(10) = 0x1af4;
	vcpu_resume(&vm, 0, &e);
	eq(tvm_result(&vm, 0, &e), 0x1af4, "which answers it");
}

static void one_vcpu(void)
{
	static const u32 hart_of[] = { 0 };

	create_vm();
	memory();
	vcpus(1);
	aia_and_fdt();
	first_run(0);
	no_errors("11.6, the first KVM_RUN");
	eq(tvm_peek(&vm, 0, TVM_AREA(0) + AREA_ENTRY + 8 * 11), CLIENT_FDT, "the guest finds its device tree in a1");
	guest_boot();
	fault_twice();
	mmio();
	sbi_ok(covi(COVI_INJECT, vm.id, 0, 33), "11.11, an MSI is injected");
	vcpu_irq_on(&vm, 0, ~0ULL);
	eq(vcpu_take(&vm, 0), 33, "and arrives");
	teardown(hart_of);
}

/* Failures in 11.2: pages are given back before any fence, or while the TVM has them. */
static void failed_create(void)
{
	u64 pgd = pages_alloc(4, 4), pool = pages_alloc(CLIENT_POOL, 1), state = pages_alloc(tsm_info.tvm_state_pages, 1);
	static struct cove_tvm_create_params p;
	struct sbiret r;

	sbi_ok(covh_convert(pgd, 4), "CONVERT of the page directory");
	sbi_ok(covh_convert(pool, CLIENT_POOL), "CONVERT of the pool");
	sbi_ok(covh_convert(state, tsm_info.tvm_state_pages), "CONVERT of the state");
	sbi_ok(covh_reclaim(state, tsm_info.tvm_state_pages), "before any fence, RECLAIM of the state");
	sbi_ok(covh_reclaim(pool, CLIENT_POOL), "of the pool");
	sbi_ok(covh_reclaim(pgd, 4), "of the page directory");
	sbi_ok(covh_convert(pgd, 4), "CONVERT of the page directory again");
	sbi_ok(covh_convert(state, tsm_info.tvm_state_pages), "and the state");
	eq((u64)cove_fence(), 0, "FENCE");
	p.tvm_page_directory_addr = pgd;
	p.tvm_state_addr = state;
	r = covh_create_tvm((u64)&p, sizeof(p));
	sbi_ok(r, "CREATE_TVM");
	sbi_err(covh_add_pgt((u64)r.value, pool, CLIENT_POOL), SBI_ERR_INVALID_ADDRESS, "ADD_PGT of pages that were not converted fails");
	sbi_err(covh_reclaim(state, tsm_info.tvm_state_pages), SBI_ERR_INVALID_ADDRESS, "RECLAIM of the TVM's state is refused");
	sbi_err(covh_reclaim(pgd, 4), SBI_ERR_INVALID_ADDRESS, "and of its page directory");
	sbi_ok(covh_destroy((u64)r.value), "DESTROY");
	sbi_ok(covh_reclaim(state, tsm_info.tvm_state_pages), "then both come back");
	sbi_ok(covh_reclaim(pgd, 4), "at once");
	ok(pages_zero(state, tsm_info.tvm_state_pages) && pages_zero(pgd, 4), "as zero");
}

static const struct test client_tests[] = {
	TEST(module_init), TEST(failed_create), TEST(one_vcpu),
};

GROUP(client, true, 1);

/* --- client_harts --- */

static u64 touch_here(u64 vcpu)
{
	return touch((u32)vcpu, OP_POKE, 0x89000000 + vcpu * PAGE_SIZE, vcpu + 1);
}

static u64 irq_here(u64 vcpu)
{
	vcpu_irq_on(&vm, (u32)vcpu, ~0ULL);
	return vm.broken;
}

static u64 take_here(u64 vcpu)
{
	return vcpu_take(&vm, (u32)vcpu);
}

static u64 rebind_begin_here(u64 vcpu)
{
	convert_file(this_hart()->index, 2);
	must(covi(COVI_REBIND_BEGIN, vm.id, vcpu, BIT(2)), "REBIND_BEGIN");
	must(covh_tvm_fence(vm.id), "TVM_FENCE");
	return 0;
}

static u64 clone_here(u64 vcpu)
{
	must(covi(COVI_REBIND_CLONE, vm.id, vcpu), "REBIND_CLONE");
	return 0;
}

static u64 rebind_end_here(u64 vcpu)
{
	must(covi(COVI_REBIND_END, vm.id, vcpu), "REBIND_END");
	return 0;
}

static u64 inject_here(u64 word)
{
	must(covi(COVI_INJECT, vm.id, word >> 32, (u32)word), "INJECT");
	return 0;
}

static u64 stop_here(u64 vcpu)
{
	u64 args[6] = { 0 };
	struct exit e = { 0 };

	tvm_ecall_begin(&vm, (u32)vcpu, SBI_EXT_HSM, SBI_HSM_STOP, args, &e);
	vm.synced[vcpu] = false;
	return e.value == COVE_RUN_DEAD && e.a[7] == SBI_EXT_HSM;
}

static void several_vcpus(void)
{
	u32 n = MIN(nr_harts, 3), hart_of[3] = { 0, 1, 2 };
	u64 wrong = 0;

	create_vm();
	memory();
	vcpus(n);
	aia_and_fdt();
	first_run(0);
	guest_boot();
	for (u32 i = 1; i < n; i++) {
		ok(tvm_start(&vm, i), "the guest starts vCPU %u", i);
		run_on(i, first_run, i);
	}
	no_errors("11.6, the first KVM_RUN of each vCPU on its hart");
	for (u32 i = 0; i < n; i++)
		wrong += run_on(i, touch_here, i) != 0;
	for (u32 i = 0; i < n; i++)
		wrong += tvm_peek(&vm, 0, 0x89000000 + i * PAGE_SIZE) != i + 1;
	eq(wrong, 0, "page faults are handled on every hart");
	for (u32 i = 0; i < n; i++)
		wrong += run_on(i, irq_here, i);
	/* 11.11: MSIs from any hart to any vCPU; the boot vCPU's permission holds for those that it started. */
	for (u32 i = 0; i < n; i++)
		run_on((i + 1) % n, inject_here, (u64)i << 32 | (50 + i));
	for (u32 i = 0; i < n; i++)
		wrong += run_on(i, take_here, i) != 50 + i;
	eq(wrong, 0, "MSIs from any hart arrive at every vCPU");
	/* 11.9: vCPU 1 goes from hart 1 to hart 0, file 2. */
	run_on(1, inject_here, 1ULL << 32 | 60);
	rebind_begin_here(1);
	run_on(1, inject_here, 1ULL << 32 | 61);
	run_on(1, clone_here, 1);
	rebind_end_here(1);
	hart_of[1] = 0;
	no_errors("11.9, a vCPU moves to another hart");
	eq(take_here(1), 60, "its MSI that came before has followed");
	eq(take_here(1), 61, "and the one that came meanwhile");
	/* 11.10: it is stopped and started again; its host unbinds it in between. */
	ok(stop_here(1), "the vCPU stops itself");
	run_on(0, unbind_here, 1);
	ok(tvm_start(&vm, 1), "another starts it");
	must(covi(COVI_BIND, vm.id, 1, BIT(2)), "BIND");
	ok(tvm_sync(&vm, 1), "it runs again");
	eq(tvm_peek(&vm, 1, 0x89000000 + PAGE_SIZE), 2, "and finds the guest's memory");
	no_errors("11.10, a vCPU is reset");
	teardown(hart_of);
}

static const struct test client_harts_tests[] = {
	TEST(several_vcpus),
};

GROUP(client_harts, true, 2);
