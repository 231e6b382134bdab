/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FP and vector registers move at every change of world, saved only where the side that leaves has
 * written them (HS-level sstatus.FS, VS). Both register files are loaded whole, so nothing of one
 * side is left for the other.
 */
#include "vcpu/vcpu.h"

static struct vector_regs *vcpu_vector(struct vcpu *v)
{
	return (struct vector_regs *)((char *)v + VCPU_VECTOR_OFFSET);
}

/*
 * One side's part of a move: saves what is dirty. The control registers are saved always: QEMU's HS-level dirty bits do not
 * notice when VS mode writes them as CSRs.
 */
static void save(struct world *w, struct fp_regs *fp, struct vector_regs *vector)
{
	if (hart_features.fp) {
		fp->fcsr = csr_read(CSR_FCSR);
		if ((w->sstatus & SSTATUS_FS) == SSTATUS_FS_DIRTY)
			rv_fp_save(fp);
	}
	if (hart_features.vector) {
		vector->vstart = csr_read(CSR_VSTART);
		vector->vcsr = csr_read(CSR_VCSR);
		vector->vl = csr_read(CSR_VL);
		vector->vtype = csr_read(CSR_VTYPE);
		if ((w->sstatus & SSTATUS_VS) == SSTATUS_VS_DIRTY)
			rv_vector_save(vector);
	}
}

static void load(struct world *w, const struct fp_regs *fp, const struct vector_regs *vector)
{
	if (hart_features.fp) {
		rv_fp_load(fp);
		w->sstatus = (w->sstatus & ~SSTATUS_FS) | SSTATUS_FS_CLEAN;
	}
	if (hart_features.vector) {
		rv_vector_load(vector);
		w->sstatus = (w->sstatus & ~SSTATUS_VS) | SSTATUS_VS_CLEAN;
	}
}

void fpv_enter(struct hart *h, struct vcpu *v)
{
	/* Access for the moves themselves; the world that is entered brings its own sstatus. */
	csr_set(CSR_SSTATUS, SSTATUS_FS | SSTATUS_VS);
	save(&h->host, &h->host_fp, h->host_vector);
	load(&v->world, &v->fp, vcpu_vector(v));
}

void fpv_leave(struct hart *h, struct vcpu *v)
{
	csr_set(CSR_SSTATUS, SSTATUS_FS | SSTATUS_VS);
	save(&v->world, &v->fp, vcpu_vector(v));
	load(&h->host, &h->host_fp, h->host_vector);
}
