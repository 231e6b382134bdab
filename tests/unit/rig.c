/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/unit.h"

#include <string.h>

#include "abi/abi.h"
#include "cove/covh.h"
#include "host/hsm.h"
#include "host/space.h"
#include "vcpu/vcpu.h"
#include "page/page.h"
#include "platform.h"
#include <sbi.h>
#include "unit/rig.h"

/* The U-mode program is called, not mapped: no page of it. */
const u64 notary_image[3];

static u64 task_tables[RIG_HARTS][3 * 512];
static struct hart hart_mem[RIG_HARTS];
static struct rv_cpu cpus[RIG_HARTS];
static u64 words[RIG_RAM_SIZE / PAGE_SIZE];
static char vectors[RIG_HARTS][sizeof(struct vector_regs) + 32 * RV_HOST_MAX_VLENB];
static u64 file_words[RIG_HARTS * RIG_FILE_PAGES];
static u64 alloc_next = RIG_HOST_BASE;

void __noreturn panic(const char *what, const char *file, int line)
{
	fprintf(stderr, "panic: %s (%s:%d)\n", what, file, line);
	abort();
}

/* A test may have a console of its own. */
void __attribute__((weak)) platform_console_write(const char *s, size_t n)
{
	(void)s;
	(void)n;
}

/* What is typed never ends. */
size_t __attribute__((weak)) platform_console_read(char *s, size_t n)
{
	memset(s, 'x', n);
	return n;
}

/* The machine ends here; a test may stand in for it. */
void __attribute__((weak)) __noreturn platform_fail(void)
{
	fprintf(stderr, "the TSM ends the machine\n");
	abort();
}

static bool is_host(u64 spa)
{
	return spa >= RIG_HOST_BASE;
}

static void ram_setup(void)
{
	struct page_bank bank = { RIG_RAM_BASE >> PAGE_SHIFT, RIG_RAM_SIZE >> PAGE_SHIFT, words,
				  PAGE_KIND_RAM };
	spa_t tables = SPA(RIG_RAM_BASE + HOST_ROOT_SIZE + 4 * PAGE_SIZE);

	rv_ram_create(RIG_RAM_BASE, RIG_RAM_SIZE);
	page_bank_add(&bank, PAGE_TSM);
	page_boot_set(PFN(RIG_HOST_BASE >> PAGE_SHIFT),
		      (RIG_HOST_END - RIG_HOST_BASE) >> PAGE_SHIFT, PAGE_HOST);
	host_space_init(SPA(RIG_RAM_BASE), SPA(RIG_RAM_BASE + HOST_ROOT_SIZE), 4);
	assert_true(tables.v + host_space_size(bank.count) <= RIG_HOST_BASE);
	host_space_add_bank(PFN(bank.first), bank.count, tables, is_host);
}

/* As boot does: file 0 of a hart is the TSM's, file 1 the host's for good, the others may be given away. */
static void files_setup(void)
{
	struct page_bank bank = { RIG_FILES >> PAGE_SHIFT, ARRAY_SIZE(file_words), file_words, PAGE_KIND_IMSIC };

	page_bank_add(&bank, PAGE_RESERVED);
	for (u64 i = 0; i < RIG_HARTS; i++) {
		pfn_t file = PFN(bank.first + i * RIG_FILE_PAGES);

		page_boot_set(file, 1, PAGE_TSM);
		page_boot_set(pfn_add(file, 1), RIG_GEILEN, PAGE_HOST);
		assert_true(page_ref(pfn_add(file, 1), PAGE_HOST, 0));
		assert_true(host_space_map_device(pfn_spa(pfn_add(file, 1)).v, RIG_GEILEN * PAGE_SIZE));
	}
}

int rig_setup(void **state)
{
	(void)state;
	ram_setup();
	files_setup();
	rig_harts_reset();
	return 0;
}

void rig_harts_reset(void)
{
	hart_features = (struct hart_features){ .vector = true, .fp = true, .world_csrs = WORLD_HAS_STATEEN,
						.plain_switch = true, .vlenb = 16, .vmid_max = 6, .geilen = RIG_GEILEN, .imsic_ids = 63 };
	epoch_init(&host_epoch, host_epoch_slots, RIG_HARTS);
	hart_count = RIG_HARTS;
	for (u32 i = 0; i < RIG_HARTS; i++) {
		struct hart *h = &hart_mem[i];

		*h = (struct hart){ .hartid = i + 10, .index = i, .msi_index = i, .vmid_generation = i + 1,
				    .epoch_slot = &host_epoch_slots[i], .plain_switch = true,
				    .imsic = SPA(RIG_FILES + i * RIG_FILE_PAGES * PAGE_SIZE) };
		memset(&cpus[i], 0, sizeof(cpus[i]));
		h->stack_top = 0x1000 * (i + 1);
		h->task_tables = task_tables[i];
		h->host_vector = (struct vector_regs *)vectors[i];
		harts[i] = h;
		cpus[i].tp = h;
		cpus[i].vlenb = hart_features.vlenb;
		rig_on(i);
		hsm_world_start(h, 0x80200000, 0);
		csr_write(CSR_SATP, (RIG_HOST_BASE >> PAGE_SHIFT) - 1);	/* a page of zeros */
		csr_write(CSR_SSTATUS, h->host.sstatus);
		csr_write(CSR_SIE, BIT(IRQ_SSI) | BIT(IRQ_STI));
		csr_write(CSR_HIE, BIT(IRQ_SGEI));
		csr_write(CSR_STIMECMP, ~0ULL);
		csr_write(CSR_TIME, 1000);
		host_space_enter(h);
	}
	rig_on(0);
}

struct rv_cpu *rig_cpu(u32 index)
{
	return &cpus[index];
}

void rig_on(u32 index)
{
	rv_cpu = &cpus[index];
}

struct hart *rig_hart(void)
{
	return this_hart();
}

struct world *rig_world(void)
{
	struct hart *h = this_hart();

	return h->vcpu ? &h->vcpu->world : &h->host;
}

static struct rig_ret host_ret(struct hart *h, const struct world *next)
{
	struct rig_ret r = { .entered = next != &h->host };

	csr_write(CSR_SSTATUS, next->sstatus);
	if (!r.entered) {
		r.error = (s64)h->host.gpr[REG_A0];
		r.value = h->host.gpr[REG_A1];
	}
	return r;
}

bool rig_try(u64 eid, u64 fid, const u64 *args, u32 count, struct rig_ret *r)
{
	struct hart *h = this_hart();
	struct world *w = &h->host;
	u64 pc = w->sepc;
	struct world *next;
	u64 before[32];

	assert_ptr_equal(rig_world(), w);
	for (u32 i = 0; i < 6; i++)
		w->gpr[REG_A0 + i] = i < count ? args[i] : 0xdead0000 + i;
	w->gpr[REG_A6] = fid;
	w->gpr[REG_A7] = eid;
	memcpy(before, w->gpr, sizeof(before));
	next = abi_host_ecall(w);
	*r = host_ret(h, next ? next : abi_host_run_over(h));
	if (!r->entered && w->sepc == pc) {
		assert_memory_equal(before, w->gpr, sizeof(before));
		return false;
	}
	assert_int_equal(w->sepc, r->entered ? pc : pc + 4);
	return true;
}

struct rig_ret rig_call(u64 eid, u64 fid, const u64 *args, u32 count)
{
	struct rig_ret r;

	assert_true(rig_try(eid, fid, args, count, &r));
	return r;
}

void rig_interrupt(bool pending)
{
	if (pending) {
		csr_set(CSR_VSSTATUS, SSTATUS_SIE);
		csr_write(CSR_VSIE, BIT(IRQ_STI));
		csr_write(CSR_VSIP, BIT(IRQ_STI));
		return;
	}
	csr_clear(CSR_VSSTATUS, SSTATUS_SIE);
	csr_write(CSR_VSIE, 0);
	csr_write(CSR_VSIP, 0);
}

bool rig_trap(u64 scause, u64 stval, u64 gpa, struct rig_ret *ret)
{
	struct hart *h = this_hart();
	u64 pc = h->host.sepc;

	assert_non_null(h->vcpu);
	assert_ptr_not_equal(rig_world(), &h->host);
	csr_write(CSR_HTVAL, gpa >> 2);
	csr_write(CSR_HTINST, 0);
	*ret = host_ret(h, scause == CAUSE_ECALL_VS ? abi_tvm_ecall(h) :
			    scause & CAUSE_IRQ ? abi_tvm_interrupt(h, scause) :
						 abi_tvm_exception(h, scause, stval));
	if (ret->entered)
		return true;
	assert_null(h->vcpu);
	assert_int_equal(h->host.sepc, pc + 4);
	return false;
}

bool rig_tvm_ecall(u64 eid, u64 fid, const u64 *args, u32 count, struct rig_ret *ret)
{
	struct world *w = rig_world();

	for (u32 i = 0; i < 6; i++)
		w->gpr[REG_A0 + i] = i < count ? args[i] : 0xbeef0000 + i;
	w->gpr[REG_A6] = fid;
	w->gpr[REG_A7] = eid;
	return rig_trap(CAUSE_ECALL_VS, 0, 0, ret);
}

bool rig_task(struct rig_ret *ret)
{
	static struct notary_work work;
	struct vcpu *v = this_hart()->vcpu;

	*ret = (struct rig_ret){ .entered = true };
	while (v->task.on_hart) {
		notary_run(task_mailbox(vcpu_arena(v)), &work);
		v->task.world.gpr[REG_A7] = NOTARY_ECALL_DONE;
		if (!rig_trap(CAUSE_ECALL_U, 0, 0, ret) || !rig_trap(CAUSE_ECALL_VS, 0, 0, ret))
			return false;
	}
	return true;
}

void rig_fence(void)
{
	u32 self = this_hart()->index;

	assert_int_equal(COVH(COVH_GLOBAL_FENCE).error, 0);
	for (u32 i = 0; i < RIG_HARTS; i++) {
		rig_on(i);
		if (!rig_hart()->vcpu)
			assert_int_equal(COVH(COVH_LOCAL_FENCE).error, 0);
	}
	rig_on(self);
}

void rig_convert(u64 hpa, u64 pages)
{
	assert_int_equal(COVH(COVH_CONVERT_PAGES, hpa, pages).error, 0);
	rig_fence();
}

void rig_reclaim(u64 hpa, u64 pages)
{
	assert_int_equal(COVH(COVH_RECLAIM_PAGES, hpa, pages).error, 0);
}

u64 rig_alloc(u64 pages, u64 align)
{
	u64 hpa = ALIGN_UP(alloc_next, align);

	alloc_next = hpa + pages * PAGE_SIZE;
	assert_true(alloc_next <= RIG_HOST_END);
	return hpa;
}

void rig_all_returned(void)
{
	for (u64 hpa = RIG_HOST_BASE; hpa < RIG_HOST_END; hpa += PAGE_SIZE) {
		assert_int_equal(page_word(PFN(hpa >> PAGE_SHIFT)),
				 page_word_make(PAGE_HOST, 0, 0));
		assert_true(host_space_maps(HPA(hpa)));
	}
	alloc_next = RIG_HOST_BASE;
}

enum page_state rig_state(u64 hpa)
{
	return page_word_state(page_word(PFN(hpa >> PAGE_SHIFT)));
}

u64 *rig_word(u64 hpa)
{
	return spa_ptr(SPA(hpa));
}
