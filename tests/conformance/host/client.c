/* SPDX-License-Identifier: BSD-2-Clause */
#include "client.h"

struct client client;

void list_add(struct client_list *l, u64 gpa, u64 pa)
{
	if (l->n == MAX_LIST) {
		client.errors++;
		return;
	}
	l->e[l->n].gpa = gpa;
	l->e[l->n++].pa = pa;
}

struct sbiret must(struct sbiret r, const char *what)
{
	if (r.error) {
		note("%s: error %ld", what, r.error);
		client.errors++;
	}
	return r;
}

void no_errors(const char *section)
{
	eq(client.errors, 0, "%s: no call fails", section);
	client.errors = 0;
}

/* FENCE: 3, then 4 on every hart */
void client_fence(void)
{
	must(covh_global_fence(), "GLOBAL_FENCE");
	if (run_on_all(local_fence, 0)) {
		note("LOCAL_FENCE failed");
		client.errors++;
	}
}

void client_convert(u64 pa, u64 n)
{
	must(covh_convert(pa, n), "CONVERT");
	client.converted += n;
}

void client_reclaim(u64 pa, u64 n)
{
	must(covh_reclaim(pa, n), "RECLAIM");
	client.reclaimed += n;
	if (!pages_zero(pa, n))
		client.errors++;
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

void client_create_vm(void)
{
	static struct cove_tvm_create_params params;

	memset(&client.vm, 0, sizeof(client.vm));
	client.measured.n = client.zero.n = client.shared.n = 0;
	client.errors = 0;
	client.converted = client.reclaimed = 0;
	client.vm.pgd = pages_alloc(COVE_PGD_PAGES, COVE_PGD_PAGES);
	client.vm.pool = pages_alloc(CLIENT_POOL, CLIENT_POOL);
	client.vm.state = pages_alloc(tsm_info.tvm_state_pages, 1);
	client_convert(client.vm.pgd, 4);
	client_convert(client.vm.pool, CLIENT_POOL);
	client_convert(client.vm.state, tsm_info.tvm_state_pages);
	client_fence();
	params.tvm_page_directory_addr = client.vm.pgd;
	params.tvm_state_addr = client.vm.state;
	client.vm.id = (u64)must(covh_create_tvm((u64)&params, sizeof(params)), "CREATE_TVM").value;
	client.vm.created = true;
	must(covh_add_pgt(client.vm.id, client.vm.pool, CLIENT_POOL), "ADD_PGT");
	ok(!run_on_all(interrupts_on, 0), "hie takes bit 12 on every hart");
	no_errors("11.2, KVM_CREATE_VM");
}

/* --- 11.3, 11.4, 11.5 --- */

static void measure_one(const void *src, u64 gpa)
{
	u64 dst = pages_alloc(1, 1);

	client_convert(dst, 1);
	client_fence();
	must(covh_add_measured(client.vm.id, (u64)src, dst, COVE_PAGE_4K, 1, gpa), "ADD_MEASURED");
	list_add(&client.measured, gpa, dst);
}

void client_memory(void)
{
	must(covh_add_region(client.vm.id, 0x80000000, CLIENT_RAM_SIZE), "ADD_REGION");
	for (u64 i = 0; i < TVM_IMAGE_PAGES; i++)
		measure_one(tvm_image + i * PAGE_SIZE, TVM_GPA + i * PAGE_SIZE);
	no_errors("11.3, memory and image");
}

void client_vcpus(u32 n)
{
	for (u32 i = 0; i < n; i++) {
		client.vm.vcpu[i] = pages_alloc(tsm_info.tvm_vcpu_state_pages, 1);
		client_convert(client.vm.vcpu[i], tsm_info.tvm_vcpu_state_pages);
		client_fence();
		must(covh_create_vcpu(client.vm.id, i, client.vm.vcpu[i]), "CREATE_VCPU");
	}
	client.vm.vcpus = n;
	no_errors("11.4, KVM_CREATE_VCPU");
}

void client_aia_and_fdt(void)
{
	static struct cove_tvm_aia_params p = { .imsic_base_addr = CLIENT_IMSIC,
						.group_index_shift = 24,
						.hart_index_bits = 3 };
	void *fdt = (void *)pages_alloc(1, 1);

	memset(fdt, 0, PAGE_SIZE);
	must(covi(COVI_INIT_AIA, client.vm.id, (u64)&p, sizeof(p)), "INIT_AIA");
	for (u32 i = 0; i < client.vm.vcpus; i++)
		must(covi(COVI_SET_CPU_IMSIC_ADDR, client.vm.id, i, CLIENT_FILE(i)),
		     "SET_CPU_IMSIC_ADDR");
	for (u64 i = 0; i < FDT_PAGES; i++)
		measure_one(fdt, CLIENT_FDT + i * PAGE_SIZE);
	no_errors("11.5, interrupt files and device tree");
}

/* --- 11.6 --- */

void client_convert_file(u32 hart, u32 n)
{
	if (!file_is_hosts(hart, n))
		return;
	must(covi(COVI_CONVERT_IMSIC, file_page(hart, n)), "CONVERT_IMSIC");
	client_fence();
}

/* On the hart that is to run it */
u64 client_first_run(u64 vcpu)
{
	u32 n = 1;

	client_convert_file(this_hart()->index, n);
	if (!vcpu)
		must(covh_finalize(client.vm.id, TVM_GPA, CLIENT_FDT, 0), "FINALIZE");
	must(covi(COVI_BIND, client.vm.id, vcpu, BIT(n)), "BIND");
	if (!tvm_sync(&client.vm, (u32)vcpu))
		client.errors++;
	if (!shmem_csr(CSR_HTIMEDELTA))
		client.errors++;
	return 0;
}

/* --- 11.7 --- */

static u64 handle_fault(const struct exit *e)
{
	u64 gpa = e->htval << 2 | (e->stval & 3), pa;

	for (u32 i = 0; i < client.shared.n; i++) {
		if (client.shared.e[i].gpa == gpa) {
			must(covh_add_shared(client.vm.id, client.shared.e[i].pa, COVE_PAGE_4K, 1,
					     gpa),
			     "ADD_SHARED");
			return client.shared.e[i].pa;
		}
	}
	pa = pages_alloc(1, 1);
	client_convert(pa, 1);
	client_fence();
	must(covh_add_zero(client.vm.id, pa, COVE_PAGE_4K, 1, gpa), "ADD_ZERO");
	list_add(&client.zero, gpa, pa);
	return pa;
}

/* A command of the TVM's program, whose page faults are handled; its result. */
u64 client_touch(u32 vcpu, u64 op, u64 gpa, u64 value)
{
	struct exit e;

	if (!tvm_command(&client.vm, vcpu, op, gpa, value, &e))
		return ~0ULL;
	for (u32 i = 0;
	     i < 4 && !e.error && (e.scause == CAUSE_LOAD_GUEST || e.scause == CAUSE_STORE_GUEST);
	     i++) {
		handle_fault(&e);
		vcpu_resume(&client.vm, vcpu, &e);
	}
	return tvm_result(&client.vm, vcpu, &e);
}

/* --- 11.8 --- */

u64 list_take(struct client_list *l, u64 gpa)
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

void client_share_page(u64 gpa)
{
	u64 pa = list_take(&client.zero, gpa);

	if (pa) {
		must(covh_invalidate(client.vm.id, gpa, PAGE_SIZE), "INVALIDATE");
		must(covh_tvm_fence(client.vm.id), "TVM_FENCE");
		must(covh_remove(client.vm.id, gpa, PAGE_SIZE), "REMOVE");
		client_reclaim(pa, 1);
	} else {
		pa = pages_alloc(1, 1);
		memset((void *)pa, 0, PAGE_SIZE);
	}
	list_add(&client.shared, gpa, pa);
}

void client_unshare_page(u64 gpa)
{
	must(covh_invalidate(client.vm.id, gpa, PAGE_SIZE), "INVALIDATE");
	must(covh_tvm_fence(client.vm.id), "TVM_FENCE");
	must(covh_remove(client.vm.id, gpa, PAGE_SIZE), "REMOVE");
	if (!list_take(&client.shared, gpa))
		client.errors++;
}

/* A COVG call of the TVM as its host handles it; the TVM's a0. */
s64 client_covg(u32 vcpu, u64 fid, u64 gpa, u64 size)
{
	const u64 args[6] = { gpa, size };
	struct exit e = { 0 };

	tvm_ecall_begin(&client.vm, vcpu, SBI_EXT_COVG, fid, args, &e);
	if (e.error || e.scause != CAUSE_ECALL || e.a[7] != SBI_EXT_COVG) {
		/* The TSM has answered it. */
		tvm_result(&client.vm, vcpu, &e);
		return (s64)tvm_get(&client.vm, vcpu, 10);
	}
	for (u64 at = gpa; fid == COVG_SHARE_MEMORY && at < gpa + size; at += PAGE_SIZE)
		client_share_page(at);
	for (u64 at = gpa; fid == COVG_UNSHARE_MEMORY && at < gpa + size; at += PAGE_SIZE)
		client_unshare_page(at);
	shmem_gpr(10) = 0;
	shmem_gpr(11) = 0;
	return tvm_ecall_end(&client.vm, vcpu).error;
}

/* --- 11.13 --- */

u64 client_unbind(u64 vcpu)
{
	must(covi(COVI_UNBIND_BEGIN, client.vm.id, vcpu), "UNBIND_BEGIN");
	must(covh_tvm_fence(client.vm.id), "TVM_FENCE");
	must(covi(COVI_UNBIND_END, client.vm.id, vcpu), "UNBIND_END");
	return 0;
}

void client_teardown(const u32 *hart_of)
{
	for (u32 i = 0; i < client.vm.vcpus; i++)
		run_on(hart_of[i], client_unbind, i);
	must(covh_destroy(client.vm.id), "DESTROY");
	client.vm.created = false;
	for (u32 i = 0; i < client.vm.vcpus; i++)
		client_reclaim(client.vm.vcpu[i], tsm_info.tvm_vcpu_state_pages);
	for (u32 i = 0; i < client.measured.n; i++)
		client_reclaim(client.measured.e[i].pa, 1);
	for (u32 i = 0; i < client.zero.n; i++)
		client_reclaim(client.zero.e[i].pa, 1);
	client_reclaim(client.vm.state, tsm_info.tvm_state_pages);
	client_reclaim(client.vm.pool, CLIENT_POOL);
	client_reclaim(client.vm.pgd, 4);
	run_on_all(interrupts_off, 0);
	no_errors("11.13, teardown");
	eq(client.converted, client.reclaimed, "as many pages came back as were converted");
	ok(aia_give_back(), "the interrupt files come back");
}
