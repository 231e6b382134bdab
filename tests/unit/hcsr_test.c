/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's H-mode instructions, which the monitor performs on a file of its own, and guest interrupts to the host. */
#include "unit/unit.h"

#include "host/hcsr.h"
#include "host/sgei.h"
#include "unit/rig.h"

#define PC		0x80300000ULL
#define HANDLER		0x80400000ULL
#define SRET		0x10200073U
#define HFENCE_GVMA	0x62000073U
#define RD_A1		(11U << 7)
#define A0		10U

static u32 csr_insn(u32 number, u32 funct3, u32 rs1)
{
	return number << 20 | rs1 << 15 | funct3 << 12 | RD_A1 | 0x73;
}

#define CSRRW(number)	csr_insn(number, 1, A0)
#define CSRR(number)	csr_insn(number, 2, 0)
#define CSRRC(number)	csr_insn(number, 3, A0)

/* The host executes an instruction that traps, with @a0. */
static bool execute(u32 insn, u64 a0)
{
	struct world *w = &rig_hart()->host;

	w->sepc = PC;
	w->sstatus |= SSTATUS_SPP;
	w->gpr[A0] = a0;
	w->gpr[A0 + 1] = 0x5a;
	return hcsr_emulate(rig_hart(), w, insn);
}

static u64 a1(void)
{
	return rig_hart()->host.gpr[A0 + 1];
}

static void file(void **state)
{
	(void)state;
	assert_true(execute(CSRRW(CSR_HTVAL), 0x1234));
	assert_int_equal(rig_hart()->host.sepc, PC + 4);
	assert_true(execute(CSRRC(CSR_HTVAL), 0x34));
	assert_int_equal(a1(), 0x1234);
	assert_true(execute(CSRR(CSR_HTVAL), 0));
	assert_int_equal(a1(), 0x1200);
	/* Sv48x4 is not there: hgatp stays. */
	assert_true(execute(CSRRW(CSR_HGATP), 8ULL << 60 | 7));
	assert_true(execute(CSRRW(CSR_HGATP), 9ULL << 60 | 9));
	assert_true(execute(CSRRW(CSR_HGATP), 0));
	assert_int_equal(a1(), 8ULL << 60 | 7);
	assert_true(execute(HFENCE_GVMA, 0));
	/* Read-only, of no register, no system instruction, no access at all, from user mode. */
	assert_false(execute(CSRRW(CSR_HGEIP), 0));
	assert_false(execute(CSRR(0x5c0), 0));
	assert_false(execute(0x00000013, 0));
	assert_false(execute(csr_insn(CSR_HTVAL, 4, 0), 0));
	assert_false(execute(0x10500073, 0));
	rig_hart()->host.sstatus &= ~SSTATUS_SPP;
	assert_false(hcsr_emulate(rig_hart(), &rig_hart()->host, CSRR(CSR_HTVAL)));
	/* Not told by the trap, and not to be fetched either. */
	rv_cpu->code_halves = 0;
	assert_false(execute(0, 0));
}

static void seed(void **state)
{
	(void)state;
	hart_features.seed = false;
	rv_cpu->seed_works = true;
	assert_false(execute(CSRRW(CSR_SEED), 0));
	hart_features.seed = true;
	assert_true(execute(CSRRW(CSR_SEED), 0));
	assert_int_equal(a1(), 0x80001234);
	assert_int_equal(rig_hart()->host.sepc, PC + 4);
	/* Only a write may read it. */
	assert_false(execute(CSRR(CSR_SEED), 0));
	assert_false(execute(csr_insn(CSR_SEED, 3, 0), 0));
	assert_false(execute(csr_insn(CSR_SEED, 4, A0), 0));
	assert_true(execute(csr_insn(CSR_SEED, 6, 1), 0));
	assert_true(execute(CSRRW(CSR_SEED) & ~RD_A1, 0));
	assert_int_equal(a1(), 0x5a);
	rv_cpu->seed_works = false;
	assert_false(execute(CSRRW(CSR_SEED), 0));
	assert_int_equal(a1(), 0x5a);
	hart_features.seed = false;
}

static void sret(void **state)
{
	struct world *w = &rig_hart()->host;

	(void)state;
	csr_write(CSR_VSTVEC, HANDLER);
	csr_write(CSR_VSEPC, PC + 0x100);
	for (u64 bits = 0; bits < 4; bits++) {
		u64 spie = bits & 1 ? SSTATUS_SPIE : 0, spp = bits & 2 ? SSTATUS_SPP : 0;

		csr_write(CSR_VSSTATUS, spie | spp);
		w->hstatus |= HSTATUS_VTSR;
		assert_true(execute(SRET, 0));
		assert_int_equal(w->sepc, PC + 0x100);
		assert_int_equal(w->sstatus & SSTATUS_SPP, spp);
		assert_int_equal(csr_read(CSR_VSSTATUS), SSTATUS_SPIE | (spie ? SSTATUS_SIE : 0));
		assert_false(w->hstatus & HSTATUS_VTSR);
	}
	/* With SPV it would enter a guest of the host's: the host is told that there is none. */
	assert_true(execute(CSRRW(CSR_HSTATUS), HSTATUS_SPV));
	assert_true(w->hstatus & HSTATUS_VTSR);
	assert_true(execute(SRET, 0));
	assert_int_equal(w->sepc, HANDLER);
	assert_int_equal(csr_read(CSR_VSCAUSE), 24);
	assert_false(w->hstatus & HSTATUS_VTSR);
	assert_true(execute(CSRR(CSR_HSTATUS), 0));
	assert_false(a1() & HSTATUS_SPV);
}

/* What the host waits for: its file 1, which is hardware file 2. */
static void wait_for_file(void)
{
	hart_features.geilen = 5;
	hcsr_offer_files(true);
	assert_true(execute(CSRRW(CSR_HGEIE), 2));
	assert_true(execute(CSRRW(CSR_HIE), BIT(IRQ_SGEI)));
	assert_int_equal(csr_read(CSR_HGEIE), 4);
	assert_true(csr_read(CSR_HIE) & BIT(IRQ_SGEI));
}

static void guest_interrupt(void **state)
{
	struct hart *h = rig_hart();

	(void)state;
	csr_write(CSR_VSTVEC, HANDLER);
	wait_for_file();
	csr_write(CSR_HGEIP, 4);
	csr_write(CSR_VSSTATUS, SSTATUS_SIE);
	h->host.sepc = PC;
	sgei_trap(h, &h->host);
	assert_int_equal(h->host.sepc, HANDLER);
	assert_int_equal(csr_read(CSR_VSCAUSE), CAUSE_IRQ | IRQ_SGEI);
	assert_int_equal(csr_read(CSR_VSEPC), PC);
	/* It is told once, and shown in stopi, until the host looks. */
	assert_int_equal(csr_read(CSR_HGEIE), 0);
	assert_int_equal(csr_read(CSR_HVICTL) >> 16 & 0xfff, IRQ_SGEI);
	assert_true(execute(CSRRW(CSR_HGEIE), 2));
	assert_int_equal(csr_read(CSR_HGEIE), 4);
	assert_int_equal(csr_read(CSR_HVICTL), 0);
}

/* While it is shown, the host's own sie, sip and stimecmp trap. */
static void own_registers(void **state)
{
	struct hart *h = rig_hart();

	(void)state;
	wait_for_file();
	csr_write(CSR_HGEIP, 4);
	csr_write(CSR_VSSTATUS, 0);
	sgei_trap(h, &h->host);
	csr_write(CSR_VSIE, 0x200);
	csr_write(CSR_VSIP, BIT(IRQ_SEI) | BIT(IRQ_SSI));
	assert_true(execute(CSRRW(CSR_SIE), 0x222));
	assert_int_equal(a1(), 0x200);
	assert_int_equal(csr_read(CSR_VSIE), 0x222);
	/* What the monitor left pending to bring the host here is not the host's. */
	assert_true(execute(CSRR(CSR_SIP), 0));
	assert_int_equal(a1(), BIT(IRQ_SSI));
	assert_true(execute(CSRRC(CSR_SIP), BIT(IRQ_SSI)));
	assert_int_equal(csr_read(CSR_VSIP) & BIT(IRQ_SSI), 0);
	assert_true(execute(CSRRW(CSR_STIMECMP), 77));
	assert_int_equal(csr_read(CSR_VSTIMECMP), 77);
	assert_true(execute(CSRRW(CSR_HIE), 0));
	csr_write(CSR_HGEIP, 0);
	csr_write(CSR_VSIP, 0);
}

static void guest_interrupt_later(void **state)
{
	struct hart *h = rig_hart();

	(void)state;
	wait_for_file();
	csr_write(CSR_HGEIP, 4);
	csr_write(CSR_VSSTATUS, 0);
	h->host.sepc = PC;
	sgei_trap(h, &h->host);
	/* An external interrupt brings the host to its handler, whose sret traps. */
	assert_int_equal(h->host.sepc, PC);
	assert_true(csr_read(CSR_HVIP) & BIT(IRQ_VSEI));
	assert_true(h->host.hstatus & HSTATUS_VTSR);
	csr_write(CSR_VSEPC, PC + 0x200);
	csr_write(CSR_VSSTATUS, SSTATUS_SPIE | SSTATUS_SPP);
	assert_true(execute(SRET, 0));
	assert_int_equal(h->host.sepc, HANDLER);
	assert_int_equal(csr_read(CSR_VSEPC), PC + 0x200);
	assert_false(csr_read(CSR_HVIP) & BIT(IRQ_VSEI));
}

static void guest_interrupt_gone(void **state)
{
	struct hart *h = rig_hart();

	(void)state;
	wait_for_file();
	csr_write(CSR_HGEIP, 4);
	csr_write(CSR_VSSTATUS, 0);
	sgei_trap(h, &h->host);
	csr_write(CSR_HGEIP, 0);
	csr_write(CSR_VSEPC, PC + 0x300);
	csr_write(CSR_VSSTATUS, SSTATUS_SPIE | SSTATUS_SPP);
	assert_true(execute(SRET, 0));
	assert_int_equal(h->host.sepc, PC + 0x300);
	assert_false(csr_read(CSR_HVIP) & BIT(IRQ_VSEI));
	/* It is waited for again. */
	assert_int_equal(csr_read(CSR_HGEIE), 4);
	/* What the host no longer wants is not told either. */
	csr_write(CSR_HGEIP, 4);
	csr_write(CSR_VSSTATUS, 0);
	sgei_trap(h, &h->host);
	assert_true(execute(CSRRW(CSR_HIE), 0));
	assert_false(csr_read(CSR_HVIP) & BIT(IRQ_VSEI));
	assert_int_equal(csr_read(CSR_HGEIE), 0);
	csr_write(CSR_HGEIP, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("hcsr: registers hold what they can, and what is none is refused", file),
		SENTENCE("hcsr: seed is read where it is offered, by a write only", seed),
		SENTENCE("hcsr: sret does what hardware does, and enters no guest of the host's", sret),
		SENTENCE("sgei: the host's handler is entered, once", guest_interrupt),
		SENTENCE("sgei: the host reads and writes its own sie, sip and stimecmp meanwhile", own_registers),
		SENTENCE("sgei: a host that has interrupts off is told when it turns them on", guest_interrupt_later),
		SENTENCE("sgei: what is no longer pending, or no longer wanted, is not told", guest_interrupt_gone),
	};

	return cmocka_run_group_tests(tests, rig_setup, NULL);
}
