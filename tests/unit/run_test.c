/* SPDX-License-Identifier: BSD-2-Clause */
/* Running vCPUs: what the host and the TVM see of each other, and the exits of ABI.md 9.4. */
#include "unit/tvm_rig.h"

static void first_entry(void **state)
{
	struct world *w;
	struct rig_ret r;

	(void)state;
	tvm_start();
	poison();
	csr_write(CSR_TIME, 5000);
	w = run(0);
	assert_int_equal(w->sepc, ENTRY);
	for (u32 i = 0; i < 32; i++)
		assert_int_equal(w->gpr[i], i == REG_A1 ? 0x1234 : 0);
	assert_int_equal(w->sstatus & SSTATUS_SPP, SSTATUS_SPP);
	assert_int_equal(csr_read(CSR_VSTIMECMP), ~0ULL);
	assert_int_equal(csr_read(CSR_HTIMEDELTA), (u64)-5000);
	assert_int_equal(csr_read(CSR_VSATP), 0);
	assert_int_equal(csr_read(CSR_VSIE), 0);
	assert_int_equal(csr_read(CSR_HVIP), 0);
	assert_int_equal(csr_read(CSR_HGATP) & HGATP_PPN_MASK, t.pgd >> PAGE_SHIFT);
	assert_int_not_equal(csr_read(CSR_HGATP) >> HGATP_VMID_SHIFT & 0x3fff, HOST_VMID);
	assert_int_equal(w->tsm_tp, rig_hart()->host.tsm_tp);
	/* Row 10: nothing but the cause. */
	csr_write(CSR_VSIE, 0x220);
	assert_false(rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r));
	assert_int_equal(r.error, 0);
	assert_int_equal(r.value, COVE_RUN_RESUMABLE);
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_IRQ | IRQ_STI);
	assert_int_equal(shmem(NACL_CSR_OFFSET(CSR_HTVAL)), UNTOUCHED);
	assert_int_equal(shmem(NACL_CSR_OFFSET(CSR_HTINST)), UNTOUCHED);
	assert_int_equal(shmem(NACL_CSR_OFFSET(CSR_VSTIMECMP)), ~0ULL);
	assert_int_equal(shmem(NACL_CSR_OFFSET(CSR_VSIE)), 0x220);
	assert_int_equal(shmem(NACL_CSR_OFFSET(CSR_HTIMEDELTA)), (u64)-5000);
	expect_no_args();
	/* The second run keeps the time. */
	csr_write(CSR_TIME, 9000);
	run(0);
	assert_int_equal(csr_read(CSR_HTIMEDELTA), (u64)-5000);
	rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r);
	tvm_end();
}

static void host_state_survives(void **state)
{
	struct hart *h = rig_hart();
	struct rig_ret r;

	(void)state;
	tvm_start();
	csr_write(CSR_VSSTATUS, 0x222);
	csr_write(CSR_VSSCRATCH, 0x51);
	csr_write(CSR_VSATP, 0x8000000000080001);
	csr_write(CSR_SENVCFG, 0x71);
	csr_write(CSR_VSISELECT, 0x72);
	csr_write(CSR_SSTATEEN0, 0x8000000000000000);
	h->host.sstatus |= SSTATUS_FS_DIRTY | SSTATUS_VS_DIRTY;
	for (u32 i = 0; i < 32; i++)
		rv_cpu->f[i] = 0xf00 + i;
	memset(rv_cpu->v, 0x99, 32 * rv_cpu->vlenb);
	csr_write(CSR_FCSR, 0xe0);
	csr_write(CSR_VCSR, 7);
	run(0);
	assert_int_equal(csr_read(CSR_VSSCRATCH), 0);
	assert_int_equal(csr_read(CSR_SENVCFG), 0);
	assert_int_equal(csr_read(CSR_VSISELECT), 0);
	assert_int_equal(csr_read(CSR_SSTATEEN0), 0);
	assert_int_equal(csr_read(CSR_FCSR), 0);
	assert_int_equal(csr_read(CSR_VCSR), 0);
	for (u32 i = 0; i < 32 * rv_cpu->vlenb; i++)
		assert_int_equal(rv_cpu->v[i], 0);
	for (u32 i = 0; i < 32; i++)
		assert_int_equal(rv_cpu->f[i], 0);
	/* The TVM leaves its own behind. */
	rig_world()->sstatus |= SSTATUS_FS_DIRTY | SSTATUS_VS_DIRTY;
	rv_cpu->f[3] = 0x33;
	rv_cpu->v[5] = 0x55;
	csr_write(CSR_VSSCRATCH, 0x52);
	csr_write(CSR_SENVCFG, 0x73);
	rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r);
	assert_int_equal(csr_read(CSR_VSSTATUS), 0x222);
	assert_int_equal(csr_read(CSR_VSSCRATCH), 0x51);
	assert_int_equal(csr_read(CSR_VSATP), 0x8000000000080001);
	assert_int_equal(csr_read(CSR_SENVCFG), 0x71);
	assert_int_equal(csr_read(CSR_VSISELECT), 0x72);
	assert_int_equal(csr_read(CSR_SSTATEEN0), 0x8000000000000000);
	assert_int_equal(rv_cpu->f[3], 0xf03);
	assert_int_equal(rv_cpu->v[5], 0x99);
	assert_int_equal(csr_read(CSR_FCSR), 0xe0);
	/* And finds it again. */
	run(0);
	assert_int_equal(csr_read(CSR_VSSCRATCH), 0x52);
	assert_int_equal(csr_read(CSR_SENVCFG), 0x73);
	assert_int_equal(rv_cpu->f[3], 0x33);
	assert_int_equal(rv_cpu->v[5], 0x55);
	/* FP and vector CSRs alone, without a mark that anything was written. */
	csr_write(CSR_FCSR, 0x21);
	csr_write(CSR_VCSR, 5);
	rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r);
	assert_int_equal(csr_read(CSR_FCSR), 0xe0);
	assert_int_equal(csr_read(CSR_VCSR), 7);
	csr_write(CSR_FCSR, 0x40);
	run(0);
	assert_int_equal(csr_read(CSR_FCSR), 0x21);
	assert_int_equal(csr_read(CSR_VCSR), 5);
	rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r);
	assert_int_equal(csr_read(CSR_FCSR), 0x40);
	csr_write(CSR_VSATP, 0);
	tvm_end();
}

#define FADD		0x02007053	/* fadd.d f0, f0, f0 */
#define VADD		0x02000057	/* vadd.vv v0, v0, v0 */

static void fpv_host(void)
{
	struct hart *h = rig_hart();

	h->host.sstatus |= SSTATUS_FS_DIRTY | SSTATUS_VS_DIRTY;
	for (u32 i = 0; i < 32; i++)
		rv_cpu->f[i] = 0xf00 + i;
	memset(rv_cpu->v, 0x99, 32 * rv_cpu->vlenb);
	csr_write(CSR_FCSR, 0xe0);
	csr_write(CSR_VCSR, 7);
}

static void fpv_host_is_back(void)
{
	assert_int_equal(rv_cpu->f[3], 0xf03);
	assert_int_equal(rv_cpu->v[5], 0x99);
	assert_int_equal(csr_read(CSR_FCSR), 0xe0);
	assert_int_equal(csr_read(CSR_VCSR), 7);
}

/* The TVM may not reach a register file that still is the host's. */
static void expect_off(u64 units)
{
	assert_int_equal(rig_world()->sstatus & (SSTATUS_FS | SSTATUS_VS) & units, 0);
	assert_int_equal(csr_read(CSR_HEDELEG) & BIT(CAUSE_ILLEGAL), 0);
}

static void fpv_first_use(void **state)
{
	struct world *w;
	struct rig_ret r;

	(void)state;
	hart_features.illegal_traps = true;
	tvm_start();
	fpv_host();
	w = run(0);
	expect_off(SSTATUS_FS | SSTATUS_VS);
	assert_int_equal(rv_cpu->f[3], 0xf03);
	/* FP alone: its own are in place, and zero; vectors are still the host's. */
	csr_write(CSR_VSSTATUS, SSTATUS_FS_INITIAL | SSTATUS_VS_INITIAL);
	assert_true(rig_trap(CAUSE_ILLEGAL, FADD, 0, &r));
	assert_int_equal(w->sepc, ENTRY);
	assert_int_equal(w->sstatus & SSTATUS_FS, SSTATUS_FS_CLEAN);
	expect_off(SSTATUS_VS);
	for (u32 i = 0; i < 32; i++)
		assert_int_equal(rv_cpu->f[i], 0);
	assert_int_equal(csr_read(CSR_FCSR), 0);
	assert_int_equal(rv_cpu->v[5], 0x99);
	/* Vectors too: from now on what is illegal is the TVM's own business. */
	assert_true(rig_trap(CAUSE_ILLEGAL, VADD, 0, &r));
	assert_int_equal(w->sepc, ENTRY);
	for (u32 i = 0; i < 32 * rv_cpu->vlenb; i++)
		assert_int_equal(rv_cpu->v[i], 0);
	assert_int_equal(csr_read(CSR_HEDELEG) & BIT(CAUSE_ILLEGAL), BIT(CAUSE_ILLEGAL));
	w->sstatus |= SSTATUS_FS_DIRTY | SSTATUS_VS_DIRTY;
	rv_cpu->f[3] = 0x33;
	rv_cpu->v[5] = 0x55;
	assert_false(rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r));
	fpv_host_is_back();
	assert_int_equal(csr_read(CSR_HEDELEG) & BIT(CAUSE_ILLEGAL), BIT(CAUSE_ILLEGAL));
	/* It has used them lately: it begins with them, on any hart. */
	rig_on(1);
	fpv_host();
	run(0);
	assert_int_equal(rv_cpu->f[3], 0x33);
	assert_int_equal(rv_cpu->v[5], 0x55);
	assert_false(rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r));
	fpv_host_is_back();
	rig_on(0);
	/* It uses them no more: after some runs they stay away, and come back when asked for. */
	for (u32 i = 0; i < 16; i++) {
		run(0);
		assert_false(rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r));
		fpv_host_is_back();
	}
	run(0);
	expect_off(SSTATUS_FS | SSTATUS_VS);
	assert_true(rig_trap(CAUSE_ILLEGAL, 0, 0, &r));
	assert_true(rig_trap(CAUSE_ILLEGAL, 0, 0, &r));
	assert_int_equal(rv_cpu->f[3], 0x33);
	assert_int_equal(rv_cpu->v[5], 0x55);
	assert_false(rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r));
	fpv_host_is_back();
	hart_features.illegal_traps = false;
	tvm_end();
}

static void fpv_illegal(void **state)
{
	struct world *w;
	struct rig_ret r;

	(void)state;
	hart_features.illegal_traps = true;
	tvm_start();
	fpv_host();
	w = run(0);
	csr_write(CSR_VSTVEC, RAM + 0x400);
	/* The TVM has FP and vectors off itself: this is for it to handle. */
	csr_write(CSR_VSSTATUS, 0);
	assert_true(rig_trap(CAUSE_ILLEGAL, FADD, 0, &r));
	assert_int_equal(w->sepc, RAM + 0x400);
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_ILLEGAL);
	assert_int_equal(csr_read(CSR_VSTVAL), FADD);
	assert_int_equal(csr_read(CSR_VSEPC), ENTRY);
	expect_off(SSTATUS_FS | SSTATUS_VS);
	/* Off for FP alone: an instruction that wants a vector gets one, whatever it is. */
	w->sepc = ENTRY;
	csr_write(CSR_VSSTATUS, SSTATUS_VS_INITIAL);
	assert_true(rig_trap(CAUSE_ILLEGAL, 0xffffffff, 0, &r));
	assert_int_equal(w->sepc, ENTRY);
	assert_true(rig_trap(CAUSE_ILLEGAL, 0xffffffff, 0, &r));
	assert_int_equal(w->sepc, RAM + 0x400);
	assert_int_equal(rv_cpu->f[3], 0xf03);
	assert_false(rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r));
	fpv_host_is_back();
	hart_features.illegal_traps = false;
	tvm_end();
}

static void host_interrupts(void **state)
{
	struct hart *h = rig_hart();
	struct rig_ret r;

	(void)state;
	tvm_start();
	csr_write(CSR_VSIE, BIT(IRQ_STI) | BIT(IRQ_SEI) | BIT(IRQ_SSI));
	csr_write(CSR_VSTIMECMP, 123456);
	run(0);
	assert_int_equal(csr_read(CSR_STIMECMP), 123456);
	assert_int_equal(csr_read(CSR_SIE), BIT(IRQ_SSI) | BIT(IRQ_STI));
	assert_int_equal(csr_read(CSR_HIE), BIT(IRQ_SGEI));
	assert_int_equal(csr_read(CSR_HGEIE), BIT(1));
	/* The TSM's own business does not end the run. */
	assert_true(rig_trap(CAUSE_IRQ | IRQ_SSI, 0, 0, &r));
	h->host.hvip |= BIT(IRQ_VSSI);
	assert_false(rig_trap(CAUSE_IRQ | IRQ_SSI, 0, 0, &r));
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_IRQ | IRQ_SSI);
	assert_int_equal(csr_read(CSR_HVIP), BIT(IRQ_VSSI));
	assert_int_equal(csr_read(CSR_STIMECMP), ~0ULL);
	assert_int_equal(csr_read(CSR_HGEIE), 0);
	/* Pending already: the vCPU is not entered at all. */
	r = COVH(COVH_RFC_RUN_VCPU, t.id, 0);
	assert_false(r.entered);
	assert_int_equal(r.error, 0);
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_IRQ | IRQ_SSI);
	csr_write(CSR_HVIP, 0);
	run(0);
	csr_write(CSR_HGEIP, BIT(1));
	assert_false(rig_trap(CAUSE_IRQ | IRQ_SGEI, 0, 0, &r));
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_IRQ | IRQ_SEI);
	csr_write(CSR_HGEIP, BIT(3));
	run(0);
	assert_false(rig_trap(CAUSE_IRQ | IRQ_SGEI, 0, 0, &r));
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_IRQ | IRQ_SGEI);
	csr_write(CSR_VSIE, 0);
	run(0);
	assert_int_equal(csr_read(CSR_STIMECMP), ~0ULL);
	assert_int_equal(csr_read(CSR_HGEIE), 0);
	rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r);
	tvm_end();
}

static void page_faults(void **state)
{
	const u64 causes[] = { CAUSE_FETCH_GUEST, CAUSE_LOAD_GUEST, CAUSE_STORE_GUEST };
	struct world *w;
	struct rig_ret r;
	u64 page;

	(void)state;
	tvm_start();
	page = rig_alloc(1, PAGE_SIZE);
	rig_convert(page, 1);
	for (u32 i = 0; i < 3; i++) {
		w = run(0);
		poison();
		assert_false(rig_trap(causes[i], RAM + 0x7123, RAM + 0x7123, &r));
		assert_int_equal(r.value, COVE_RUN_RESUMABLE);
		expect_exit(causes[i], 0, (RAM + 0x7000) >> 2, 0);
		expect_no_args();
		assert_int_equal(w->sepc, ENTRY);
	}
	assert_int_equal(ZERO(page, 0, 1, RAM + 0x7000), 0);
	/* Spurious now: flushed and retried. */
	run(0);
	page = rv_cpu->hfence_gvma_vmid;
	assert_true(rig_trap(CAUSE_STORE_GUEST, RAM + 0x7123, RAM + 0x7123, &r));
	assert_int_equal(rv_cpu->hfence_gvma_vmid, page + 1);
	/* Row 11: nobody's address. */
	poison();
	assert_false(rig_trap(CAUSE_LOAD_GUEST, 0x10000003, 0x10000003, &r));
	assert_int_equal(r.value, COVE_RUN_DEAD);
	expect_exit(CAUSE_LOAD_GUEST, 0, 0, 0);
	expect_no_args();
	assert_int_equal(COVH(COVH_RFC_RUN_VCPU, t.id, 0).error, SBI_ERR_INVALID_PARAM);
	tvm_end();
}

static void mmio(void **state)
{
	static const u16 lh[] = { 0x1503, 0x0005 }, c_sw[] = { 0xc10c }, amo[] = { 0xa52f, 0x00a5 };
	struct world *w;
	struct rig_ret r;

	(void)state;
	tvm_start();
	w = run(0);
	poison();
	assert_false(TVM_ECALL(&r, SBI_EXT_COVG, COVG_ADD_MMIO_REGION, 0x10000000, 0x2000));
	expect_exit(CAUSE_ECALL_VS, 0, 0, 0);
	expect_args(0x10000000, 0x2000, 0, COVG_ADD_MMIO_REGION, SBI_EXT_COVG);
	assert_int_equal(w->sepc, ENTRY + 4);
	assert_int_equal(w->gpr[REG_A0], 0);

	/* lh a0, 0(a0) */
	run(0);
	rv_cpu->code_addr = ENTRY + 4;
	rv_cpu->code = lh;
	rv_cpu->code_halves = 2;
	poison();
	assert_false(rig_trap(CAUSE_LOAD_GUEST, 0xffffffd010000ffe, 0x10000ffe, &r));
	expect_exit(CAUSE_LOAD_GUEST, 2, 0x10000ffe >> 2, 0x1503);
	assert_int_equal(shmem(NACL_GPR_OFFSET(REG_A0)), 0);
	assert_int_equal(shmem(NACL_GPR_OFFSET(REG_A1)), UNTOUCHED);
	shmem_set(NACL_GPR_OFFSET(REG_A0), 0x8001);
	run(0);
	assert_int_equal(w->gpr[REG_A0], 0xffffffffffff8001);
	assert_int_equal(w->sepc, ENTRY + 8);
	assert_int_equal(shmem(NACL_GPR_OFFSET(REG_A0)), 0);

	/* c.sw a1, 0(a0) */
	rv_cpu->code_addr = ENTRY + 8;
	rv_cpu->code = c_sw;
	rv_cpu->code_halves = 1;
	w->gpr[REG_A1] = 0x1122334455667788;
	poison();
	assert_false(rig_trap(CAUSE_STORE_GUEST, 0x10001004, 0x10001004, &r));
	expect_exit(CAUSE_STORE_GUEST, 0, 0x10001004 >> 2, 0x00a02023);
	assert_int_equal(shmem(NACL_GPR_OFFSET(REG_A0)), 0x55667788);
	assert_int_equal(shmem(NACL_GPR_OFFSET(REG_A1)), UNTOUCHED);
	run(0);
	assert_int_equal(w->sepc, ENTRY + 10);

	/* Misaligned, and no load or store: exceptions in the TVM. */
	rv_cpu->code_addr = ENTRY + 10;
	csr_write(CSR_VSTVEC, 0x80300001);
	assert_true(rig_trap(CAUSE_STORE_GUEST, 0x10001006, 0x10001006, &r));
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_STORE_MISALIGNED);
	assert_int_equal(csr_read(CSR_VSTVAL), 0x10001006);
	assert_int_equal(csr_read(CSR_VSEPC), ENTRY + 10);
	assert_int_equal(w->sepc, 0x80300000);
	rv_cpu->code_addr = 0x80300000;
	rv_cpu->code = amo;
	rv_cpu->code_halves = 2;
	assert_true(rig_trap(CAUSE_STORE_GUEST, 0x10001004, 0x10001004, &r));
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_ILLEGAL);
	assert_int_equal(csr_read(CSR_VSTVAL), 0x00a5a52f);
	/* Not fetchable any more, or rewritten since: the vCPU sees for itself. */
	rv_cpu->code_halves = 0;
	assert_true(rig_trap(CAUSE_STORE_GUEST, 0x10001004, 0x10001004, &r));
	rv_cpu->code = lh;
	rv_cpu->code_halves = 2;
	assert_true(rig_trap(CAUSE_STORE_GUEST, 0x10001004, 0x10001004, &r));
	rv_cpu->code_halves = 1;
	assert_true(rig_trap(CAUSE_LOAD_GUEST, 0x10001004, 0x10001004, &r));
	/* A fetch is no MMIO. */
	assert_false(rig_trap(CAUSE_FETCH_GUEST, 0x10001004, 0x10001004, &r));
	assert_int_equal(r.value, COVE_RUN_DEAD);
	tvm_end();
}

static void mmio_regions(void **state)
{
	struct rig_ret r;

	(void)state;
	tvm_start();
	run(0);
#define TVM_ERR(fid, ...) ({							\
	assert_true(TVM_ECALL(&r, SBI_EXT_COVG, fid, __VA_ARGS__));		\
	(s64)rig_world()->gpr[REG_A0]; })
	assert_int_equal(TVM_ERR(COVG_ADD_MMIO_REGION, RAM, 0x1000), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(TVM_ERR(COVG_ADD_MMIO_REGION, 0x1001, 0x1000), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(TVM_ERR(COVG_ADD_MMIO_REGION, 0x1000, 0x1001), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(TVM_ERR(COVG_ADD_MMIO_REGION, 0x1000, 0), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(TVM_ERR(COVG_ADD_MMIO_REGION, 0x1000, ~PAGE_MASK),
			 SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(TVM_ERR(COVG_ADD_MMIO_REGION, ~PAGE_MASK, 0x1000),
			 SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(TVM_ERR(COVG_REMOVE_MMIO_REGION, 0x1000, 0x1000), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(TVM_ERR(COVG_REMOVE_MMIO_REGION, RAM, 0x1000), SBI_ERR_INVALID_ADDRESS);
	for (u64 i = 1; i < 4; i++) {
		assert_false(
			TVM_ECALL(&r, SBI_EXT_COVG, COVG_ADD_MMIO_REGION, i * 0x10000, 0x1000));
		run(0);
	}
	assert_int_equal(TVM_ERR(COVG_ADD_MMIO_REGION, 0x10000, 0x1000), SBI_ERR_INVALID_ADDRESS);
	/* Every region that overlaps goes. */
	assert_false(TVM_ECALL(&r, SBI_EXT_COVG, COVG_REMOVE_MMIO_REGION, 0x10000, 0x11000));
	run(0);
	assert_int_equal(TVM_ERR(COVG_REMOVE_MMIO_REGION, 0x10000, 0x11000),
			 SBI_ERR_INVALID_ADDRESS);
	assert_false(TVM_ECALL(&r, SBI_EXT_COVG, COVG_REMOVE_MMIO_REGION, 0x30000, 0x1000));
	tvm_end();
}

static void wfi_and_exceptions(void **state)
{
	struct world *w;
	struct rig_ret r;

	(void)state;
	tvm_start();
	w = run(0);
	poison();
	assert_false(rig_trap(CAUSE_VIRTUAL_INST, WFI, 0, &r));
	expect_exit(CAUSE_VIRTUAL_INST, WFI, 0, 0);
	expect_no_args();
	assert_int_equal(w->sepc, ENTRY + 4);
	run(0);
	/* Something to do: no exit. */
	csr_write(CSR_VSIP, BIT(IRQ_STI));
	csr_write(CSR_VSIE, BIT(IRQ_STI));
	assert_true(rig_trap(CAUSE_VIRTUAL_INST, WFI, 0, &r));
	assert_int_equal(w->sepc, ENTRY + 8);
	csr_write(CSR_VSIP, 0);
	csr_write(CSR_VSTVEC, 0x80300000);
	csr_write(CSR_VSSTATUS, SSTATUS_SIE);
	/* Any other virtual instruction, and WFI in user mode, are illegal instructions. */
	assert_true(rig_trap(CAUSE_VIRTUAL_INST, 0x10200073, 0, &r));
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_ILLEGAL);
	assert_int_equal(csr_read(CSR_VSTVAL), 0x10200073);
	assert_int_equal(csr_read(CSR_VSSTATUS), SSTATUS_SPP | SSTATUS_SPIE);
	assert_int_equal(w->sepc, 0x80300000);
	w->sstatus &= ~SSTATUS_SPP;
	assert_true(rig_trap(CAUSE_VIRTUAL_INST, WFI, 0, &r));
	assert_int_equal(csr_read(CSR_VSSTATUS), 0);
	assert_int_equal(w->sstatus & SSTATUS_SPP, SSTATUS_SPP);
	/* A delegated exception that firmware sends on goes where it belongs. */
	assert_true(rig_trap(CAUSE_LOAD_ACCESS, 0x99, 0, &r));
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_LOAD_ACCESS);
	assert_int_equal(csr_read(CSR_VSTVAL), 0x99);
	/* Row 11: what nobody knows. */
	poison();
	assert_false(rig_trap(63, 0x1234, 0x5678, &r));
	expect_exit(63, 0, 0, 0);
	assert_int_equal(r.value, COVE_RUN_DEAD);
	csr_write(CSR_VSIE, 0);
	tvm_end();
}

static void vmids_and_fences(void **state)
{
	struct rig_ret r;
	u64 tag, flushes;

	(void)state;
	tvm_start();
	run(0);
	tag = csr_read(CSR_HGATP) >> HGATP_VMID_SHIFT & 0x3fff;
	rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r);
	flushes = rv_cpu->hfence_gvma_vmid;
	run(0);
	assert_int_equal(csr_read(CSR_HGATP) >> HGATP_VMID_SHIFT & 0x3fff, tag);
	assert_int_equal(rv_cpu->hfence_gvma_vmid, flushes);
	/* While it is inside, the TVM's epoch waits for it; the host's does not. */
	rig_on(1);
	assert_int_equal(COVH(COVH_GLOBAL_FENCE).error, 0);
	for (u32 i = 2; i < RIG_HARTS; i++) {
		rig_on(i);
		assert_int_equal(COVH(COVH_LOCAL_FENCE).error, 0);
	}
	assert_int_equal(COVH(COVH_GLOBAL_FENCE).error, 0);
	rig_on(0);
	flushes = rv_cpu->hfence_gvma_vmid;
	rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r);
	assert_int_equal(rv_cpu->hfence_gvma_vmid, flushes + 1);
	assert_int_equal(rv_cpu->last_vmid, HOST_VMID);
	for (u32 i = 1; i < RIG_HARTS; i++) {
		rig_on(i);
		COVH(COVH_LOCAL_FENCE);
	}
	/*
	 * Back and forth between harts: a new tag each time, and all of them are used up at some
	 * point.
	 */
	for (u32 i = 0; i < 20; i++) {
		rig_on(i % 2);
		run(0);
		assert_in_range(csr_read(CSR_HGATP) >> HGATP_VMID_SHIFT & 0x3fff, 1,
				hart_features.vmid_max);
		rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r);
	}
	assert_true(rv_cpu->hfence_gvma_all > 0);
	assert_true(rig_hart()->vmid_generation > MAX_HARTS);
	rig_on(0);
	tvm_end();
}

static void without_vmids(void **state)
{
	u64 max = hart_features.vmid_max;
	struct rig_ret r;
	u64 before;

	(void)state;
	hart_features.vmid_max = 0;
	rig_hart()->plain_switch = false;
	tvm_start();
	for (u32 i = 0; i < 3; i++) {
		before = rv_cpu->hfence_gvma_all;
		run(0);
		assert_int_equal(csr_read(CSR_HGATP) >> HGATP_VMID_SHIFT & 0x3fff, 0);
		assert_int_equal(rv_cpu->hfence_gvma_all, before + 1);
		assert_false(rig_trap(i ? CAUSE_VIRTUAL_INST : CAUSE_IRQ | IRQ_STI, i ? 0x10500073 : 0, 0, &r));
		assert_int_equal(rv_cpu->hfence_gvma_all, before + 2);
	}
	hart_features.vmid_max = max;
	rig_hart()->plain_switch = true;
	tvm_end();
}

/* Without shared memory nothing is reported there, and nothing comes from there. */
static void without_shmem(void **state)
{
	struct world *w;
	struct rig_ret r;

	(void)state;
	tvm_start();
	RIG_CALL(SBI_EXT_NACL, NACL_SET_SHMEM, NACL_SHMEM_DISABLE, NACL_SHMEM_DISABLE, 0);
	w = run(0);
	assert_false(TVM_ECALL(&r, SBI_EXT_LEGACY_PUTCHAR, 0, 'x'));
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_ECALL_VS);
	run(0);
	assert_int_equal(w->gpr[REG_A0], 0);
	rig_trap(CAUSE_IRQ | IRQ_STI, 0, 0, &r);
	tvm_end();
}

/* The frames of its code may be the host's next, and a fetch need not see what zeroed them (found by the oracle). */
static void instructions_are_forgotten(void **state)
{
	u64 before;

	(void)state;
	tvm_start();
	run(0);
	before = rv_cpu->fence_i;
	kick();
	assert_int_equal(rv_cpu->fence_i, before + 1);
	tvm_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("run: a vCPU starts in the documented state", first_entry),
		SENTENCE("run: the host's state survives, the TVM sees none of it",
			 host_state_survives),
		SENTENCE("run: FP and vector registers come when the vCPU uses them, and go with it",
			 fpv_first_use),
		SENTENCE("run: an illegal instruction that needs no such register is the vCPU's",
			 fpv_illegal),
		SENTENCE("run: the host's interrupts end it as the host has enabled them",
			 host_interrupts),
		SENTENCE("exit: page faults, rounded to the page", page_faults),
		SENTENCE("exit: MMIO loads and stores, exact and in x10 form", mmio),
		SENTENCE("covg: MMIO regions are added and removed", mmio_regions),
		SENTENCE("exit: WFI; other instructions are illegal in the TVM",
			 wfi_and_exceptions),
		SENTENCE("run: VMIDs are not shared, stale translations do not live",
			 vmids_and_fences),
		SENTENCE("run: a machine without VMIDs flushes at every change", without_vmids),
		SENTENCE("run: a hart that leaves a TVM has none of its instructions cached",
			 instructions_are_forgotten),
		SENTENCE("run: without shared memory nothing is reported", without_shmem),
	};

	return cmocka_run_group_tests(tests, rig_setup, NULL);
}
