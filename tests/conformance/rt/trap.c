/* SPDX-License-Identifier: BSD-2-Clause */
#include "rt.h"

extern char _image_start[];

void rt_trap(struct frame *f);

static void __attribute__((noreturn)) unexpected(struct hart *h, struct frame *f)
{
	if (!h->in_trap) {
		h->in_trap = true;
		print("Bail out! unexpected trap on hart %lu: scause %lx stval %lx sepc image+%lx "
		      "ra image+%lx\n",
		      h->id, f->scause, f->stval, f->sepc - (u64)_image_start,
		      f->gpr[1] - (u64)_image_start);
		for (u32 i = 1; i < 32; i++)
			print("# x%u %016lx%s", i, f->gpr[i], i % 4 ? " " : "\n");
		print("\n");
	}
	shutdown(true);
}

void rt_trap(struct frame *f)
{
	struct hart *h = this_hart();

	if ((f->scause & CAUSE_IRQ) && h->irq && !h->in_trap)
		return h->irq(f->scause);
	if ((f->scause & CAUSE_IRQ) || (!h->resume && !h->user_return) || h->in_trap)
		unexpected(h, f);
	h->fault_cause = f->scause;
	h->fault_tval = f->stval;
	f->gpr[10] = f->scause;
	if (h->user_return) {
		f->sepc = h->user_return;
		f->sstatus = (f->sstatus | SSTATUS_SPP) & ~SSTATUS_SPIE;
	} else {
		f->sepc = h->resume;
	}
	h->resume = 0;
	h->user_return = 0;
}

u64 probe_insn(u32 insn, u64 *a0)
{
	static u32 code[MAX_HARTS][2];
	u32 *c = code[this_hart()->index];

	c[0] = insn;
	c[1] = 0x00008067;	/* ret */
	fence_i();
	return probe_exec(c, a0);
}
