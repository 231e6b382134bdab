/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FP and vector registers move when a vCPU uses them. It is entered with the hypervisor's own FS and VS
 * off, while the host's values stay in the hart; its first use traps, the host's are put away and its own
 * take their place until it leaves. A vCPU that has used them lately is entered with them in place.
 * Both register files are loaded whole, so nothing of one side is left for the other.
 *
 * The trap is an illegal instruction, which firmware hands on to whom hedeleg names. Every illegal
 * instruction of a vCPU that has not got all its registers comes here; with them in place hedeleg gives
 * it to the vCPU, so whether it was one of theirs need not be known. The vCPU's own FS and VS, in
 * vsstatus, are not touched.
 */
#include "vcpu/vcpu.h"

/* After so many runs that have not written to it, a unit waits for a trap again. */
#define FPV_KEEP	8

#define OP_LOAD_FP	0x07
#define OP_STORE_FP	0x27
#define OP_VECTOR	0x57
#define OP_SYSTEM	0x73
#define OP_VECTOR_CRYPTO 0x77

static struct vector_regs *vcpu_vector(struct vcpu *v)
{
	return (struct vector_regs *)((char *)v + VCPU_VECTOR_OFFSET);
}

static u32 all_units(void)
{
	return (hart_features.fp ? FPV_FP : 0u) | (hart_features.vector ? FPV_VECTOR : 0u);
}

void fpv_reset(struct vcpu *v)
{
	v->world.sstatus &= ~(SSTATUS_FS | SSTATUS_VS);
	v->fpv_loaded = 0;
	v->fpv_expected = hart_features.illegal_traps ? 0 : (u8)all_units();
	v->fp_keep = 0;
	v->vector_keep = 0;
	if (v->fpv_expected || !all_units())
		v->world.hedeleg |= BIT(CAUSE_ILLEGAL);
	else
		v->world.hedeleg &= ~BIT(CAUSE_ILLEGAL);
}

/*
 * Putting a side's registers away: what is not dirty is in memory already. The control registers are
 * saved always: QEMU's HS-level dirty bits do not notice when VS mode writes them as CSRs. True: written to.
 */
static bool fp_save(const struct world *w, struct fp_regs *fp)
{
	u64 fcsr = fp->fcsr;

	fp->fcsr = csr_read(CSR_FCSR);
	if ((w->sstatus & SSTATUS_FS) != SSTATUS_FS_DIRTY)
		return fp->fcsr != fcsr;
	rv_fp_save(fp);
	return true;
}

static bool vector_save(const struct world *w, struct vector_regs *vector)
{
	u64 vcsr = vector->vcsr;

	vector->vstart = csr_read(CSR_VSTART);
	vector->vcsr = csr_read(CSR_VCSR);
	vector->vl = csr_read(CSR_VL);
	vector->vtype = csr_read(CSR_VTYPE);
	if ((w->sstatus & SSTATUS_VS) != SSTATUS_VS_DIRTY)
		return vector->vcsr != vcsr;
	rv_vector_save(vector);
	return true;
}

static void fp_load(struct world *w, const struct fp_regs *fp)
{
	rv_fp_load(fp);
	w->sstatus = (w->sstatus & ~SSTATUS_FS) | SSTATUS_FS_CLEAN;
}

static void vector_load(struct world *w, const struct vector_regs *vector)
{
	rv_vector_load(vector);
	w->sstatus = (w->sstatus & ~SSTATUS_VS) | SSTATUS_VS_CLEAN;
}

/* The host's units go, the vCPU's come. */
static inline void take(struct hart *h, struct vcpu *v, u32 units)
{
	/* Access for the moves themselves; the world that is entered brings its own sstatus. */
	csr_set(CSR_SSTATUS, SSTATUS_FS | SSTATUS_VS);
	if (units & FPV_FP) {
		fp_save(&h->host, &h->host_fp);
		fp_load(&v->world, &v->fp);
	}
	if (units & FPV_VECTOR) {
		vector_save(&h->host, h->host_vector);
		vector_load(&v->world, vcpu_vector(v));
	}
	v->fpv_loaded |= (u8)units;
	if (v->fpv_loaded == all_units())
		v->world.hedeleg |= BIT(CAUSE_ILLEGAL);
}

void fpv_take_expected(struct hart *h, struct vcpu *v)
{
	take(h, v, v->fpv_expected);
}

void fpv_take_fp(struct hart *h, struct vcpu *v)
{
	take(h, v, FPV_FP);
}

/* A guess, for the order only: whose instruction this is. */
static u32 unit_of(u32 insn)
{
	u32 width = insn >> 12 & 7, csr = insn >> 20;

	switch (insn & 0x7f) {
	case OP_VECTOR:
	case OP_VECTOR_CRYPTO:
		return FPV_VECTOR;
	case OP_LOAD_FP:
	case OP_STORE_FP:
		return width >= 1 && width <= 4 ? FPV_FP : FPV_VECTOR;
	case OP_SYSTEM:
		return (csr >= CSR_VSTART && csr <= CSR_VCSR) || (csr >= CSR_VL && csr <= CSR_VLENB) ?
			       FPV_VECTOR : FPV_FP;
	}
	return FPV_FP;
}

bool fpv_take(struct hart *h, struct vcpu *v, u64 insn)
{
	u64 vsstatus = csr_read(CSR_VSSTATUS);
	u32 wanted = all_units() & ~(u32)v->fpv_loaded;

	/* What the vCPU itself has turned off is illegal to it. */
	if (!(vsstatus & SSTATUS_FS))
		wanted &= ~(u32)FPV_FP;
	if (!(vsstatus & SSTATUS_VS))
		wanted &= ~(u32)FPV_VECTOR;
	if (!wanted)
		return false;
	if (wanted & unit_of((u32)insn))
		wanted &= unit_of((u32)insn);
	take(h, v, wanted);
	csr_write(CSR_HEDELEG, v->world.hedeleg);
	v->fp_keep = wanted & FPV_FP ? FPV_KEEP : v->fp_keep;
	v->vector_keep = wanted & FPV_VECTOR ? FPV_KEEP : v->vector_keep;
	return true;
}

static u8 keep_after(u8 keep, bool written)
{
	return written ? FPV_KEEP : keep ? (u8)(keep - 1) : 0;
}

static inline void give_back(struct hart *h, struct vcpu *v, u32 units)
{
	csr_set(CSR_SSTATUS, SSTATUS_FS | SSTATUS_VS);
	if (units & FPV_FP) {
		v->fp_keep = keep_after(v->fp_keep, fp_save(&v->world, &v->fp));
		fp_load(&h->host, &h->host_fp);
	}
	if (units & FPV_VECTOR) {
		v->vector_keep = keep_after(v->vector_keep, vector_save(&v->world, vcpu_vector(v)));
		vector_load(&h->host, h->host_vector);
	}
	v->fpv_loaded = 0;
	v->world.sstatus &= ~(SSTATUS_FS | SSTATUS_VS);
	if (!hart_features.illegal_traps)
		return;
	v->fpv_expected = (u8)((v->fp_keep ? FPV_FP : 0u) | (v->vector_keep ? FPV_VECTOR : 0u));
	v->world.hedeleg &= ~BIT(CAUSE_ILLEGAL);
}

void fpv_give_back(struct hart *h, struct vcpu *v)
{
	give_back(h, v, v->fpv_loaded);
}

void fpv_give_back_fp(struct hart *h, struct vcpu *v)
{
	give_back(h, v, FPV_FP);
}
