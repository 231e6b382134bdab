/* SPDX-License-Identifier: BSD-2-Clause */
#include "aia.h"
#include "tap.h"

#define CSR_SIE		0x104
#define CSR_SISELECT	0x150
#define CSR_SIREG	0x151
#define INSN_STOPEI_A0	0x15c01573		/* csrrw a0, stopei, zero */
#define CSRW(csr, x)	((u32)(csr) << 20 | (u32)(x) << 15 | 0x1073)

u64 file_page(u32 hart, u32 n)
{
	return harts[hart].imsic + n * PAGE_SIZE;
}

bool file_is_hosts(u32 hart, u32 n)
{
	u64 v;

	return probe_load32(file_page(hart, n), &v) == NO_TRAP;
}

/* Counted while the host has all of them. */
u32 host_files(void)
{
	static u32 count;

	if (!count)
		while (count < 7 && file_is_hosts(0, count + 1))
			count++;
	return count;
}

u64 files_snapshot(void)
{
	u64 bits = 0;

	for (u32 h = 0; h < MIN(nr_harts, 8); h++)
		for (u32 n = 1; n <= host_files(); n++)
			bits |= (u64)file_is_hosts(h, n) << (h * 8 + n);
	return bits;
}

struct sbiret covi_call(u64 fid, u64 a0, u64 a1, u64 a2)
{
	if (numbering == NUMBERING_SPEC_SDID)
		fid |= (u64)SUPD_TSM_DOMAIN << SUPD_SDID_SHIFT;
	return covi(fid, a0, a1, a2);
}

struct job {
	u64 fid, a0, a1, a2;
	struct sbiret r;
};

static u64 covi_here(u64 arg)
{
	struct job *j = (struct job *)arg;

	j->r = covi_call(j->fid, j->a0, j->a1, j->a2);
	return 0;
}

struct sbiret covi_on(u32 hart, u64 fid, u64 a0, u64 a1, u64 a2)
{
	struct job j = { .fid = fid, .a0 = a0, .a1 = a1, .a2 = a2 };

	run_on(hart, covi_here, (u64)&j);
	return j.r;
}

static bool done(const char *what, struct sbiret r)
{
	if (r.error)
		note("%s: error %ld", what, r.error);
	return !r.error;
}

bool aia_init(struct tvm *t)
{
	struct cove_tvm_aia_params p = {
		.imsic_base_addr = TVM_IMSIC_GPA,
		.group_index_shift = 24,
		.hart_index_bits = TVM_IMSIC_HART_BITS,
	};

	if (!done("INIT_AIA", covi_call(COVI_INIT_AIA, t->id, (u64)&p, sizeof(p))))
		return false;
	for (u32 i = 0; i < t->vcpus; i++)
		if (!done("SET_CPU_IMSIC_ADDR",
			  covi_call(COVI_SET_CPU_IMSIC_ADDR, t->id, i, TVM_FILE(i))))
			return false;
	return true;
}

bool aia_build(struct tvm *t, u32 vcpus)
{
	return tvm_outline(t, vcpus) && aia_init(t) && tvm_finalize(t, 0);
}

bool aia_convert(u32 hart, u32 n)
{
	host_files();
	return done("CONVERT_IMSIC", covi_call(COVI_CONVERT_IMSIC, file_page(hart, n), 0, 0)) &&
	       !cove_fence();
}

bool aia_bind(struct tvm *t, u32 vcpu, u32 hart, u32 n)
{
	if (file_is_hosts(hart, n) && !aia_convert(hart, n))
		return false;
	return done("BIND", covi_on(hart, COVI_BIND, t->id, vcpu, BIT(n)));
}

bool aia_unbind(struct tvm *t, u32 vcpu, u32 hart)
{
	return done("UNBIND_BEGIN", covi_on(hart, COVI_UNBIND_BEGIN, t->id, vcpu, 0)) &&
	       done("TVM_FENCE", covh_tvm_fence(t->id)) &&
	       done("UNBIND_END", covi_on(hart, COVI_UNBIND_END, t->id, vcpu, 0));
}

bool aia_rebind(struct tvm *t, u32 vcpu, u32 from, u32 to, u32 n)
{
	if (file_is_hosts(to, n) && !aia_convert(to, n))
		return false;
	return done("REBIND_BEGIN", covi_on(to, COVI_REBIND_BEGIN, t->id, vcpu, BIT(n))) &&
	       done("TVM_FENCE", covh_tvm_fence(t->id)) &&
	       done("REBIND_CLONE", covi_on(from, COVI_REBIND_CLONE, t->id, vcpu, 0)) &&
	       done("REBIND_END", covi_on(to, COVI_REBIND_END, t->id, vcpu, 0));
}

bool aia_give_back(void)
{
	bool all = true;

	for (u32 h = 0; h < nr_harts; h++)
		for (u32 n = 1; n <= host_files(); n++)
			if (!file_is_hosts(h, n))
				all &= done("RECLAIM_IMSIC", covi_on(h, COVI_RECLAIM_IMSIC,
								     file_page(h, n), 0, 0)) &&
				       file_is_hosts(h, n);
	return all;
}

u64 vcpu_ireg(struct tvm *t, u32 vcpu, u64 reg)
{
	static const u32 code[] = { INSN_CSRW(CSR_SISELECT), INSN_CSRR(CSR_SIREG) };

	tvm_code(t, vcpu, code, ARRAY_SIZE(code));
	tvm_set(t, vcpu, 10, reg);
	return tvm_exec_done(t, vcpu) == CAUSE_BREAK ? tvm_get(t, vcpu, 10) : ~0ULL;
}

void vcpu_ireg_set(struct tvm *t, u32 vcpu, u64 reg, u64 value)
{
	static const u32 code[] = { CSRW(CSR_SISELECT, 10), CSRW(CSR_SIREG, 11) };

	tvm_code(t, vcpu, code, ARRAY_SIZE(code));
	tvm_set(t, vcpu, 10, reg);
	tvm_set(t, vcpu, 11, value);
	if (tvm_exec_done(t, vcpu) != CAUSE_BREAK)
		note("the TVM can not write register %lx of its interrupt file", reg);
}

void vcpu_irq_on(struct tvm *t, u32 vcpu, u64 enabled)
{
	u64 sie = BIT(IRQ_SEI);

	vcpu_ireg_set(t, vcpu, IREG_EIE0, enabled);
	vcpu_ireg_set(t, vcpu, IREG_EITHRESHOLD, 0);
	vcpu_ireg_set(t, vcpu, IREG_EIDELIVERY, 1);
	tvm_insn(t, vcpu, INSN_CSRW(CSR_SIE), &sie);
}

u32 vcpu_take(struct tvm *t, u32 vcpu)
{
	u64 v = 0;

	if (tvm_insn(t, vcpu, INSN_STOPEI_A0, &v) != CAUSE_BREAK)
		return ~0u;
	return (u32)(v >> 16) & 0x7ff;
}

bool vcpu_store_word(struct tvm *t, u32 vcpu, u64 gpa, u32 value, struct exit *e)
{
	static const u32 code[] = { INSN_SW_A1_A0 };

	tvm_code(t, vcpu, code, 1);
	tvm_set(t, vcpu, 10, gpa);
	tvm_set(t, vcpu, 11, value);
	return tvm_exec(t, vcpu, e);
}

void vcpu_send(struct tvm *t, u32 vcpu, u64 gpa, u32 id)
{
	struct exit e;

	if (!vcpu_store_word(t, vcpu, gpa, id, &e) || tvm_result(t, vcpu, &e) != CAUSE_BREAK)
		note("a store of %u to %lx does not run through", id, gpa);
}
