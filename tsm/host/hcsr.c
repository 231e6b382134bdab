/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/hcsr.h"
#include "host/sgei.h"
#include "rv/fetch.h"
#include "rv/inject.h"

#define INSN_SRET	0x10200073
#define OPCODE_SYSTEM	0x73

/* A cause that KVM does not know: it ends KVM_RUN of an ordinary VM with an error (DECISIONS 9). */
#define CAUSE_NO_NESTED	24

#define ALL		(~0ULL)
#define VS_INTERRUPTS	(BIT(IRQ_VSSI) | BIT(IRQ_VSTI) | BIT(IRQ_VSEI))

/*
 * The virtual CSR file: number and writable bits. A register that is not listed does not exist for the host. The values are the
 * host's own; nothing of them reaches hardware. hgeie holds nothing while the host has no guest interrupt files to give
 * away, hgatp takes Sv39x4 only.
 */
#define HCSRS(X)					\
	X(CSR_HSTATUS, 0x007003e0ULL)			\
	X(CSR_HEDELEG, 0xb1ffULL)			\
	X(CSR_HIDELEG, VS_INTERRUPTS)			\
	X(CSR_HIE, VS_INTERRUPTS | BIT(IRQ_SGEI))	\
	X(CSR_HTIMEDELTA, ALL)				\
	X(CSR_HCOUNTEREN, 0xffffffffULL)		\
	X(CSR_HGEIE, ALL)				\
	X(CSR_HVIEN, 0)					\
	X(CSR_HVICTL, 0)				\
	X(CSR_HENVCFG, HENVCFG_FIOM | HENVCFG_STCE)	\
	X(CSR_HSTATEEN0, ALL)				\
	X(CSR_HTVAL, ALL)				\
	X(CSR_HIP, BIT(IRQ_VSSI))			\
	X(CSR_HVIP, VS_INTERRUPTS)			\
	X(CSR_HVIPRIO1, 0)				\
	X(CSR_HVIPRIO2, 0)				\
	X(CSR_HTINST, ALL)				\
	X(CSR_HGATP, ALL)				\
	X(CSR_HGEIP, 0)					\
	X(CSR_VSSTATUS, 0x80000003000c6122ULL)		\
	X(CSR_VSIE, 0x222ULL)				\
	X(CSR_VSTVEC, ~2ULL)				\
	X(CSR_VSSCRATCH, ALL)				\
	X(CSR_VSEPC, ~1ULL)				\
	X(CSR_VSCAUSE, ALL)				\
	X(CSR_VSTVAL, ALL)				\
	X(CSR_VSIP, 0x2ULL)				\
	X(CSR_VSTIMECMP, ALL)				\
	X(CSR_VSISELECT, 0xfffULL)			\
	X(CSR_VSATP, ALL)

struct hcsr {
	u16 number;
	u64 writable;
};

#define HCSR_ROW(num, mask)	{ (num), (mask) },
static const struct hcsr hcsr_table[] = { HCSRS(HCSR_ROW) };
static_assert(ARRAY_SIZE(hcsr_table) <= HCSR_COUNT, "struct hart holds the values");

u64 hcsr_read(const struct hart *h, u32 number)
{
	for (u32 i = 0; i < ARRAY_SIZE(hcsr_table); i++)
		if (hcsr_table[i].number == number)
			return h->hcsr[i];
	return 0;
}

static u64 *hcsr_value(struct hart *h, u32 number, u64 *writable)
{
	for (u32 i = 0; i < ARRAY_SIZE(hcsr_table); i++) {
		if (hcsr_table[i].number == number) {
			*writable = hcsr_table[i].writable;
			return &h->hcsr[i];
		}
	}
	return NULL;
}

static bool files_offered;

void hcsr_offer_files(bool offer)
{
	__atomic_store_n(&files_offered, offer, __ATOMIC_RELAXED);
}

/* Guest files that the host can give away: bits 1 up. */
static u64 host_files(void)
{
	if (!__atomic_load_n(&files_offered, __ATOMIC_RELAXED))
		return 0;
	return (BIT(hart_features.geilen) - 1) & ~1ULL;
}

/* WARL: a mode other than bare or Sv39x4 leaves hgatp as it was. */
static u64 legal(u32 number, u64 old, u64 new)
{
	u64 mode = new >> HGATP_MODE_SHIFT;

	if (number == CSR_HGEIE)
		return new & host_files();
	if (number == CSR_HGATP && mode && mode != HGATP_MODE_SV39X4)
		return old;
	return new;
}

/* What reading gives: the stored value, or hardware's where the host asks what is pending. */
static u64 value_now(const struct hart *h, u32 number, u64 stored)
{
	u64 pending;

	if (number != CSR_HGEIP && number != CSR_HIP)
		return stored;
	pending = csr_read(CSR_HGEIP) >> 1 & host_files();
	if (number == CSR_HGEIP)
		return pending;
	return stored | (pending & hcsr_read(h, CSR_HGEIE) ? BIT(IRQ_SGEI) : 0);
}

static void set_trap_sret(struct world *w, bool on)
{
	w->hstatus = on ? w->hstatus | HSTATUS_VTSR : w->hstatus & ~HSTATUS_VTSR;
}

static bool csr_writes(u32 insn)
{
	return (insn >> 12 & 3) == 1 || (insn >> 15 & 31);
}

/* What CSRRW, CSRRS, CSRRC and their immediate forms make of a register. */
static u64 csr_result(const struct world *w, u32 insn, u64 old)
{
	u32 rs1 = insn >> 15 & 31;
	u64 operand = insn >> 14 & 1 ? rs1 : w->gpr[rs1];

	switch (insn >> 12 & 3) {
	case 1:
		return operand;
	case 2:
		return old | operand;
	}
	return old & ~operand;
}

/* The host's own interrupt registers, accesses to which trap while hvictl shows it something (host/sgei.c). */
static bool own_access(struct hart *h, struct world *w, u32 insn)
{
	u32 number = insn >> 20, rd = insn >> 7 & 31;
	u64 old = number == CSR_SIE ? csr_read(CSR_VSIE) :
		  number == CSR_SIP ? sgei_sip(h) : csr_read(CSR_VSTIMECMP);
	u64 new = csr_writes(insn) ? csr_result(w, insn, old) : old;

	if (csr_writes(insn) && number == CSR_SIE)
		csr_write(CSR_VSIE, new);
	else if (csr_writes(insn) && number == CSR_SIP)
		csr_write(CSR_VSIP, new);
	else if (csr_writes(insn))
		csr_write(CSR_VSTIMECMP, new);
	if (rd)
		w->gpr[rd] = old;
	return true;
}

/* CSRRW, CSRRS, CSRRC and their immediate forms: the virtual file. */
static bool csr_access(struct hart *h, struct world *w, u32 insn)
{
	u32 number = insn >> 20, rd = insn >> 7 & 31;
	u64 writable, old, new;
	u64 *value = hcsr_value(h, number, &writable);
	bool write = csr_writes(insn);

	if (!value || (write && number >> 10 == 3))
		return false;
	old = value_now(h, number, *value);
	if (write) {
		new = csr_result(w, insn, old);
		*value = legal(number, *value, (*value & ~writable) | (new & writable));
		/* An sret towards V=1 would run an ordinary VM, which does not exist here: see sret(). */
		if (number == CSR_HSTATUS)
			set_trap_sret(w, *value & HSTATUS_SPV || h->sgei_waits);
		if (number == CSR_HGEIE || number == CSR_HIE)
			sgei_update(h);
	}
	if (rd)
		w->gpr[rd] = old;
	return true;
}

/* Zkr: seed traps from VS mode whatever mseccfg says. Only a write may read it; the value is the hart's own. */
static bool seed_access(struct world *w, u32 insn)
{
	u32 rd = insn >> 7 & 31, rs1 = insn >> 15 & 31, funct3 = insn >> 12 & 7;
	u64 v;

	if (!hart_features.seed || ((funct3 & 3) != 1 && !rs1) || !(funct3 & 3) ||
	    !(w->sstatus & SSTATUS_SPP) || !rv_csr_seed(&v))
		return false;
	if (rd)
		w->gpr[rd] = v;
	return true;
}

/* The sret that hstatus.VTSR trapped: refused when it would enter a nested guest, else done as hardware does it. */
static void sret(struct hart *h, struct world *w)
{
	u64 writable, vsstatus = csr_read(CSR_VSSTATUS);
	u64 *hstatus = hcsr_value(h, CSR_HSTATUS, &writable);

	set_trap_sret(w, false);
	if (*hstatus & HSTATUS_SPV) {
		*hstatus &= ~HSTATUS_SPV;
		world_inject(w, CAUSE_NO_NESTED, 0);
		return;
	}
	w->sepc = csr_read(CSR_VSEPC);
	w->sstatus &= ~SSTATUS_SPP;
	w->sstatus |= vsstatus & SSTATUS_SPP;
	if (vsstatus & SSTATUS_SPIE)
		vsstatus |= SSTATUS_SIE;
	else
		vsstatus &= ~SSTATUS_SIE;
	csr_write(CSR_VSSTATUS, (vsstatus & ~SSTATUS_SPP) | SSTATUS_SPIE);
	sgei_after_sret(h, w);
}

/* HFENCE.VVMA/GVMA and HINVAL.VVMA/GVMA: the host has no second-stage translations of its own to flush. */
static bool is_hfence(u32 insn)
{
	u32 funct7 = insn >> 25;

	return (insn & 0x7fff) == OPCODE_SYSTEM &&
	       (funct7 == 0x11 || funct7 == 0x31 || funct7 == 0x13 || funct7 == 0x33);
}

static bool any_csr(struct hart *h, struct world *w, u32 insn)
{
	u32 number = insn >> 20;

	if (number == CSR_SEED)
		return seed_access(w, insn);
	if (h->sgei_told && (number == CSR_SIE || number == CSR_SIP || number == CSR_STIMECMP))
		return own_access(h, w, insn);
	return csr_access(h, w, insn);
}

bool hcsr_emulate(struct hart *h, struct world *w, u64 stval)
{
	u32 insn = (u32)stval;

	if (!insn && !rv_fetch_insn(w->sepc, &insn))
		return false;
	/* The file is the supervisor's: from VU mode all of this stays illegal but what world_inject() makes of it. */
	if (!(w->sstatus & SSTATUS_SPP) || (insn & 0x7f) != OPCODE_SYSTEM)
		return false;
	if (insn == INSN_SRET) {
		sret(h, w);
		return true;
	}
	if (!is_hfence(insn) && !((insn >> 12 & 3) && any_csr(h, w, insn)))
		return false;
	w->sepc += 4;
	return true;
}
