/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The RFC client, call by call (ABI 11), from the harts that it sends them from, interrupts
 * disabled. To a monitor without its deviations (17.2) it is a caller like any other: what its
 * races and gaps lead to is refused there. Groups: client, client_harts.
 */
#include "client.h"

static struct tvm *const vm = &client.vm;

/* --- 11.1 --- */

static void module_init(void)
{
	u64 old, files;

	numbering_set(NUMBERING_RFC);
	ok(sbi(SBI_EXT_BASE, SBI_BASE_SPEC_VERSION).value >= 0x01000000,
	   "the SBI version is at least 1.0");
	ok(sbi_probe(SBI_EXT_NACL) > 0, "NACL is there");
	for (u64 f = 0; f < 4; f++) {
		struct sbiret r = nacl(NACL_PROBE_FEATURE, f);

		ok(!r.error && (f < 3 || !r.value), "NACL feature %lu can be asked for", f);
	}
	ok(sbi_probe(SBI_EXT_COVH) > 0, "COVH is there");
	ok(sbi_probe(SBI_EXT_COVG) == 0, "COVG is not");
	sbi_ok(covh_get_info((u64)&tsm_info, 32), "GET_TSM_INFO with 32 bytes");
	eq(tsm_info.tsm_state, COVE_TSM_READY, "the TSM is ready");
	ok(tsm_info.tvm_state_pages >= 1 && tsm_info.tvm_state_pages <= 1024,
	   "a TVM costs 1 to 1024 state pages");
	ok(tsm_info.tvm_vcpu_state_pages >= 1 && tsm_info.tvm_vcpu_state_pages <= 1024,
	   "a vCPU costs 1 to 1024 state pages");
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

/* --- the scripts --- */

/*
 * The guest shares a page of its image, which was measured: the client finds it in none of its
 * lists, calls nothing and says that it is shared.
 */
static void share_measured(void)
{
	const u64 args[6] = { TVM_AREA(3), PAGE_SIZE };
	struct exit e = { 0 };

	if (!strict()) {
		eq((u64)client_covg(0, COVG_SHARE_MEMORY, args[0], args[1]), 0,
		   "the guest shares a page of its image, which was measured");
		eq(client_touch(0, OP_PEEK, args[0], 0), 0,
		   "and reaches the page that the host gives for it");
		return;
	}
	tvm_ecall_begin(vm, 0, SBI_EXT_COVG, COVG_SHARE_MEMORY, args, &e);
	for (u32 i = 0; i < 2; i++) {
		shmem_gpr(10) = 0;
		shmem_gpr(11) = 0;
		csr_write(scause, 3);
		sbi_err(covh_run(vm->id, 0), SBI_ERR_INVALID_ADDRESS,
			"RUN is refused while a page of the share is mapped (%u)", i);
		eq(csr_read(scause), 3, "scause stays as it was (%u)", i);
	}
	shmem_gpr(10) = (u64)SBI_ERR_INVALID_PARAM;
	eq((u64)tvm_ecall_end(vm, 0).error, (u64)SBI_ERR_INVALID_PARAM,
	   "the host that says no lets the guest go on");
	eq(client_touch(0, OP_PEEK, args[0], 0), 0, "with the page that it had");
}

/* A part of the bounce buffer, pages that were never touched included. */
static void unshare_part(u64 from)
{
	const u64 args[6] = { from, 5 * PAGE_SIZE };
	struct exit e = { 0 };

	if (!strict()) {
		eq((u64)client_covg(0, COVG_UNSHARE_MEMORY, args[0], args[1]), 0,
		   "a part is unshared, pages that were never touched included");
		eq(client_touch(0, OP_PEEK, from + 2 * PAGE_SIZE, 0), 0,
		   "and is confidential: what was there is gone");
		return;
	}
	tvm_ecall_begin(vm, 0, SBI_EXT_COVG, COVG_UNSHARE_MEMORY, args, &e);
	sbi_err(covh_invalidate(vm->id, from, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS,
		"INVALIDATE of a page that was never touched is refused in an unshare");
	sbi_err(covh_remove(vm->id, from, PAGE_SIZE), SBI_ERR_INVALID_ADDRESS, "so is REMOVE");
	client_unshare_page(from + 2 * PAGE_SIZE);
	shmem_gpr(10) = 0;
	shmem_gpr(11) = 0;
	eq((u64)tvm_ecall_end(vm, 0).error, 0,
	   "a host that takes just what is mapped completes it");
	eq(client_touch(0, OP_PEEK, from + 2 * PAGE_SIZE, 0), 0,
	   "the part is confidential: what was there is gone");
}

static void map_devices(void)
{
	static const struct {
		u64 gpa, size;
		s64 error;
	} maps[] = {
		{ CLIENT_IMSIC, 0x8000, SBI_ERR_INVALID_ADDRESS },
		{ 0x30000000, SIZE_2M, 0 },
		{ 0, 0x10000, 0 },
		{ 0x40000000, 0x100000, 0 },
		{ 0x40100000, 0x1000, 0 },
		{ 0x40000000, 0x1000, SBI_ERR_INVALID_ADDRESS },
	};

	for (u32 i = 0; i < ARRAY_SIZE(maps); i++)
		eq((u64)client_covg(0, COVG_ADD_MMIO_REGION, maps[i].gpa, maps[i].size),
		   (u64)maps[i].error, "the guest maps %lx: %s", maps[i].gpa,
		   maps[i].error ? "refused, it is mapped" : "it is MMIO");
	eq((u64)client_covg(0, COVG_REMOVE_MMIO_REGION, 0x40100000, 0x1000), 0, "it unmaps one");
}

/* The guest's boot, 11.14, as far as the host sees it */
static void guest_boot(void)
{
	u64 swiotlb = 0x8c000000, wrong = 0;

	share_measured();
	client.errors += client_covg(0, COVG_ALLOW_EXT_INTERRUPT, ~0ULL, 0) != 0;
	map_devices();
	/* The bounce buffer: the guest has touched some of it before. */
	for (u64 i = 0; i < 64; i += 9)
		wrong += client_touch(0, OP_POKE, swiotlb + i * PAGE_SIZE, 0x5ec4e7) != 0;
	eq(wrong, 0, "the guest touches pages of its bounce buffer");
	eq((u64)client_covg(0, COVG_SHARE_MEMORY, swiotlb, 64 * PAGE_SIZE), 0,
	   "and shares it, %u pages in one call", 64);
	for (u64 i = 0; i < 64; i += 3) {
		client_touch(0, OP_POKE, swiotlb + i * PAGE_SIZE, i);
		for (u32 k = 0; k < client.shared.n; k++)
			if (client.shared.e[k].gpa == swiotlb + i * PAGE_SIZE)
				wrong += *(volatile u64 *)client.shared.e[k].pa != i;
	}
	eq(wrong, 0, "the host sees what the guest writes there");
	unshare_part(swiotlb + PAGE_SIZE);
	no_errors("11.7, 11.8 and 11.14, the guest boots");
}

/* What the second of two threads that fault on one page finds: it is done already. */
static void done_already(u64 pa, u64 gpa)
{
	if (!strict()) {
		client_convert(pa, 1);
		client_fence();
		must(covh_add_zero(vm->id, pa, COVE_PAGE_4K, 1, gpa), "ADD_ZERO");
		list_add(&client.zero, gpa, pa);
		return;
	}
	sbi_err(covh_convert(pa, 1), SBI_ERR_INVALID_ADDRESS,
		"CONVERT of the guest's page is refused");
	sbi_err(covh_add_zero(vm->id, pa, COVE_PAGE_4K, 1, gpa), SBI_ERR_INVALID_ADDRESS,
		"and so is ADD_ZERO of it where it is");
}

/* Two vCPUs that fault on one page, as their threads do it: the same host page, twice. */
static void fault_twice(void)
{
	u64 gpa = 0x8a000123, pa = pages_alloc(1, 1);

	/* A strict caller gives the address of a page. */
	gpa &= strict() ? ~0xfffULL : ~0ULL;
	client_convert(pa, 1);
	client_fence();
	must(covh_add_zero(vm->id, pa, COVE_PAGE_4K, 1, gpa), "ADD_ZERO");
	list_add(&client.zero, gpa, pa);
	done_already(pa, gpa);
	tvm_poke(vm, 0, gpa & ~0xfffULL, 0x1234);
	done_already(pa, gpa);
	eq(tvm_peek(vm, 0, gpa & ~0xfffULL), 0x1234,
	   "a page that is added again keeps what the guest wrote");
	no_errors("17.2, two vCPUs fault on one page");
}

static void mmio(void)
{
	struct exit e = { 0 };

	tvm_command(vm, 0, OP_PEEK, 0x30000008, 0, &e);
	ok(!e.error && e.scause == CAUSE_LOAD_GUEST && (e.htval << 2 | e.stval) == 0x30000008 &&
		   e.htinst & 1,
	   "a device access comes to the host with an instruction");
	shmem_gpr(10) = 0x1af4;
	vcpu_resume(vm, 0, &e);
	eq(tvm_result(vm, 0, &e), 0x1af4, "which answers it");
}

static void one_vcpu(void)
{
	static const u32 hart_of[] = { 0 };

	if (!host_files())
		return skip("needs a guest file", "11.2 to 11.13 with one vCPU");
	client_create_vm();
	client_memory();
	client_vcpus(1);
	client_aia_and_fdt();
	client_first_run(0);
	no_errors("11.6, the first KVM_RUN");
	eq(tvm_peek(vm, 0, TVM_AREA(0) + AREA_ENTRY + 8 * 11), CLIENT_FDT,
	   "the guest finds its device tree in a1");
	guest_boot();
	fault_twice();
	mmio();
	sbi_ok(covi(COVI_INJECT, vm->id, 0, 33), "11.11, an MSI is injected");
	vcpu_irq_on(vm, 0, ~0ULL);
	eq(vcpu_take(vm, 0), 33, "and arrives");
	client_teardown(hart_of);
}

/* Failures in 11.2: pages are given back before any fence, or while the TVM has them. */
static void failed_create(void)
{
	u64 pgd = pages_alloc(4, 4), pool = pages_alloc(CLIENT_POOL, 1),
	    state = pages_alloc(tsm_info.tvm_state_pages, 1);
	static struct cove_tvm_create_params p;
	struct sbiret r;

	sbi_ok(covh_convert(pgd, 4), "CONVERT of the page directory");
	sbi_ok(covh_convert(pool, CLIENT_POOL), "CONVERT of the pool");
	sbi_ok(covh_convert(state, tsm_info.tvm_state_pages), "CONVERT of the state");
	sbi_ok(covh_reclaim(state, tsm_info.tvm_state_pages),
	       "before any fence, RECLAIM of the state");
	sbi_ok(covh_reclaim(pool, CLIENT_POOL), "of the pool");
	sbi_ok(covh_reclaim(pgd, 4), "of the page directory");
	sbi_ok(covh_convert(pgd, 4), "CONVERT of the page directory again");
	sbi_ok(covh_convert(state, tsm_info.tvm_state_pages), "and the state");
	eq((u64)cove_fence(), 0, "FENCE");
	p.tvm_page_directory_addr = pgd;
	p.tvm_state_addr = state;
	r = covh_create_tvm((u64)&p, sizeof(p));
	sbi_ok(r, "CREATE_TVM");
	sbi_err(covh_add_pgt((u64)r.value, pool, CLIENT_POOL), SBI_ERR_INVALID_ADDRESS,
		"ADD_PGT of pages that were not converted fails");
	sbi_err(covh_reclaim(state, tsm_info.tvm_state_pages), SBI_ERR_INVALID_ADDRESS,
		"RECLAIM of the TVM's state is refused");
	sbi_err(covh_reclaim(pgd, 4), SBI_ERR_INVALID_ADDRESS, "and of its page directory");
	sbi_ok(covh_destroy((u64)r.value), "DESTROY");
	sbi_ok(covh_reclaim(state, tsm_info.tvm_state_pages), "then both come back");
	sbi_ok(covh_reclaim(pgd, 4), "at once");
	ok(pages_zero(state, tsm_info.tvm_state_pages) && pages_zero(pgd, 4), "as zero");
}

static const struct test client_tests[] = {
	TEST(module_init),
	TEST(failed_create),
	TEST(one_vcpu),
};

GROUP(client, true, 1);

/* --- client_harts --- */

static u64 touch_here(u64 vcpu)
{
	return client_touch((u32)vcpu, OP_POKE, 0x89000000 + vcpu * PAGE_SIZE, vcpu + 1);
}

static u64 irq_here(u64 vcpu)
{
	vcpu_irq_on(vm, (u32)vcpu, ~0ULL);
	return vm->broken;
}

static u64 take_here(u64 vcpu)
{
	return vcpu_take(vm, (u32)vcpu);
}

static u64 rebind_begin_here(u64 vcpu)
{
	client_convert_file(this_hart()->index, 2);
	must(covi(COVI_REBIND_BEGIN, vm->id, vcpu, BIT(2)), "REBIND_BEGIN");
	must(covh_tvm_fence(vm->id), "TVM_FENCE");
	return 0;
}

static u64 clone_here(u64 vcpu)
{
	must(covi(COVI_REBIND_CLONE, vm->id, vcpu), "REBIND_CLONE");
	return 0;
}

static u64 rebind_end_here(u64 vcpu)
{
	must(covi(COVI_REBIND_END, vm->id, vcpu), "REBIND_END");
	return 0;
}

static u64 inject_here(u64 word)
{
	must(covi(COVI_INJECT, vm->id, word >> 32, (u32)word), "INJECT");
	return 0;
}

static u64 allow_here(u64 vcpu)
{
	return (u64)client_covg((u32)vcpu, COVG_ALLOW_EXT_INTERRUPT, ~0ULL, 0);
}

/*
 * The boot vCPU's permission holds for those that it started, so that a guest that allows on its
 * boot CPU only gets its interrupts on all (17.2); else each is to allow for itself.
 */
static void allowances(u32 n)
{
	u64 wrong = 0;

	if (!strict())
		return;
	for (u32 i = 1; i < n; i++) {
		wrong += covi(COVI_INJECT, vm->id, i, 49).error != SBI_ERR_DENIED;
		wrong += run_on(i, allow_here, i) != 0;
	}
	eq(wrong, 0, "MSIs to a vCPU are denied until it allows them itself");
}

static u64 stop_here(u64 vcpu)
{
	u64 args[6] = { 0 };
	struct exit e = { 0 };

	tvm_ecall_begin(vm, (u32)vcpu, SBI_EXT_HSM, SBI_HSM_STOP, args, &e);
	vm->synced[vcpu] = false;
	return e.value == COVE_RUN_DEAD && e.a[7] == SBI_EXT_HSM;
}

static void several_vcpus(void)
{
	u32 n = MIN(nr_harts, 3), hart_of[3] = { 0, 1, 2 };
	u64 wrong = 0;

	client_create_vm();
	client_memory();
	client_vcpus(n);
	client_aia_and_fdt();
	client_first_run(0);
	guest_boot();
	for (u32 i = 1; i < n; i++) {
		ok(tvm_start(vm, i), "the guest starts vCPU %u", i);
		run_on(i, client_first_run, i);
	}
	no_errors("11.6, the first KVM_RUN of each vCPU on its hart");
	for (u32 i = 0; i < n; i++)
		wrong += run_on(i, touch_here, i) != 0;
	for (u32 i = 0; i < n; i++)
		wrong += tvm_peek(vm, 0, 0x89000000 + i * PAGE_SIZE) != i + 1;
	eq(wrong, 0, "page faults are handled on every hart");
	for (u32 i = 0; i < n; i++)
		wrong += run_on(i, irq_here, i);
	allowances(n);
	/* 11.11: MSIs from any hart to any vCPU */
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
	run_on(0, client_unbind, 1);
	ok(tvm_start(vm, 1), "another starts it");
	must(covi(COVI_BIND, vm->id, 1, BIT(2)), "BIND");
	ok(tvm_sync(vm, 1), "it runs again");
	eq(tvm_peek(vm, 1, 0x89000000 + PAGE_SIZE), 2, "and finds the guest's memory");
	no_errors("11.10, a vCPU is reset");
	client_teardown(hart_of);
}

static const struct test client_harts_tests[] = {
	TEST(several_vcpus),
};

GROUP_FILES(client_harts, 2, 2);
