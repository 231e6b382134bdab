/* SPDX-License-Identifier: BSD-2-Clause */
#include "expect.h"

#define POISON(offset)	(0xdead00000000beefULL ^ (u64)(offset) << 20)
#define POISON_CAUSE	0x1f
#define POISON_TVAL	0x7e57

static u64 before[NACL_SHMEM_SIZE / 8];

static void poison(void)
{
	u64 a0 = shmem_gpr(10), a1 = shmem_gpr(11);

	for (u64 at = 0; at < NACL_SHMEM_SIZE; at += 8)
		shmem_word(at) = POISON(at);
	/* hvip would be an interrupt that the host injects. */
	shmem_csr(CSR_HVIP) = 0;
	shmem_gpr(10) = a0;
	shmem_gpr(11) = a1;
	for (u64 at = 0; at < NACL_SHMEM_SIZE; at += 8)
		before[at / 8] = shmem_word(at);
	csr_write(scause, POISON_CAUSE);
	csr_write(stval, POISON_TVAL);
}

static bool same(u64 got, u64 want, const char *name)
{
	if (got != want)
		note("%s is %lx, expected %lx", name, got, want);
	return got == want;
}

/* Whether the word at an offset is one that this exit writes. */
static bool written(u64 at, const struct expect *x)
{
	if (at == NACL_CSR_OFFSET(CSR_VSTIMECMP) || at == NACL_CSR_OFFSET(CSR_VSIE) ||
	    at == NACL_CSR_OFFSET(CSR_HTIMEDELTA))
		return true;
	if (at == NACL_CSR_OFFSET(CSR_HTVAL) || at == NACL_CSR_OFFSET(CSR_HTINST))
		return !x->irq;
	return at >= NACL_GPR_OFFSET(10) && at < NACL_GPR_OFFSET(10 + x->args);
}

static bool others_untouched(const struct expect *x, bool mmio_pending)
{
	bool good = true;

	for (u64 at = 0; at < NACL_SHMEM_SIZE; at += 8) {
		u64 want = before[at / 8];

		if (written(at, x))
			continue;
		/* Completing an MMIO access clears a0. */
		if (mmio_pending && at == NACL_GPR_OFFSET(10))
			want = 0;
		if (shmem_word(at) != want) {
			note("word %lx of the area was %lx, is %lx", at, want, shmem_word(at));
			good = false;
		}
	}
	return good;
}

static bool check(struct tvm *t, u32 vcpu, const struct expect *x, const char *what)
{
	bool mmio_pending = t->mmio_pending;
	struct exit e;
	bool good;

	t->mmio_pending = false;
	poison();
	vcpu_run(t, vcpu, &e);
	good = ok(e.error == 0 && e.value == x->value, "%s: RUN succeeds with value %ld", what,
		  x->value);
	if (!good)
		exit_note(&e);
	good &= same(e.scause, x->scause, "scause");
	good &= same(e.stval, x->irq ? POISON_TVAL : x->stval, "stval");
	if (!x->irq) {
		good &= same(e.htval, x->htval, "htval");
		good &= same(e.htinst, x->htinst, "htinst");
	}
	for (u32 i = 0; i < x->args; i++) {
		static const char *const names[] = {
			"a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7"
		};

		good &= same(e.a[i], x->a[i], names[i]);
	}
	good &= same(e.vstimecmp, x->vstimecmp, "vstimecmp");
	good &= same(e.vsie, x->vsie, "vsie");
	if (!e.htimedelta) {
		note("htimedelta is 0");
		good = false;
	}
	ok(good, "%s: cause, address, instruction and registers are those of ABI 9.4", what);
	if (!others_untouched(x, mmio_pending))
		return ok(false, "%s: nothing else in the area is written", what);
	return ok(true, "%s: nothing else in the area is written", what) && good;
}

bool expect_exit(struct tvm *t, u32 vcpu, const struct expect *x, const char *what)
{
	if (t->broken)
		return ok(false, "%s: the TVM is there", what);
	t->broken = !check(t, vcpu, x, what);
	return !t->broken;
}

bool expect_command(struct tvm *t, u32 vcpu, u64 op, u64 a, u64 b, const struct expect *x,
		    const char *what)
{
	if (!tvm_command_begin(t, vcpu, op, a, b))
		return ok(false, "%s: the TVM's program takes the command", what);
	return expect_exit(t, vcpu, x, what);
}
