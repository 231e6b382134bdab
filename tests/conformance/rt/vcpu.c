/* SPDX-License-Identifier: BSD-2-Clause */
#include "tap.h"
#include "tvm.h"

void vcpu_run(struct tvm *t, u32 vcpu, struct exit *e)
{
	struct sbiret r = covh_run(t->id, vcpu);

	e->error = r.error;
	e->value = r.value;
	e->scause = csr_read(scause);
	e->stval = csr_read(stval);
	if (!this_hart()->shmem)
		return;
	e->htval = shmem_csr(CSR_HTVAL);
	e->htinst = shmem_csr(CSR_HTINST);
	e->vstimecmp = shmem_csr(CSR_VSTIMECMP);
	e->vsie = shmem_csr(CSR_VSIE);
	e->htimedelta = shmem_csr(CSR_HTIMEDELTA);
	for (u32 i = 0; i < 8; i++)
		e->a[i] = shmem_gpr(10 + i);
}

/* 1000 interrupts that nobody takes in a row are one that never goes away. */
void vcpu_resume(struct tvm *t, u32 vcpu, struct exit *e)
{
	for (u32 i = 0; i < 1000; i++) {
		vcpu_run(t, vcpu, e);
		if (e->error || !(e->scause & CAUSE_IRQ))
			return;
	}
}

void exit_note(const struct exit *e)
{
	note("exit: error %ld value %ld scause %lx stval %lx htval %lx htinst %lx a7 %lx a6 %lx a0 %lx a1 %lx",
	     e->error, e->value, e->scause, e->stval, e->htval, e->htinst, e->a[7], e->a[6],
	     e->a[0], e->a[1]);
}

static bool broken(struct tvm *t, const struct exit *e, const char *when)
{
	if (!t->broken) {
		note("%s", when);
		exit_note(e);
	}
	t->broken = true;
	return false;
}

bool tvm_sync(struct tvm *t, u32 vcpu)
{
	struct exit e;

	if (t->broken || !t->created)
		return false;
	if (t->synced[vcpu])
		return true;
	nacl_setup(0);
	vcpu_resume(t, vcpu, &e);
	if (!exit_is_putchar(&e) || e.a[0] != TVM_READY)
		return broken(t, &e, "the TVM's program does not say that it is there");
	t->synced[vcpu] = true;
	return true;
}

static bool feed(struct tvm *t, u32 vcpu, u64 word)
{
	struct exit e;

	shmem_gpr(10) = word;
	vcpu_resume(t, vcpu, &e);
	if (!exit_is_putchar(&e) || e.a[0] != TVM_MORE)
		return broken(t, &e, "the TVM's program does not take a command");
	return true;
}

bool tvm_command_begin(struct tvm *t, u32 vcpu, u64 op, u64 a, u64 b)
{
	if (!tvm_sync(t, vcpu) || !feed(t, vcpu, op) || !feed(t, vcpu, a))
		return false;
	shmem_gpr(10) = b;
	t->synced[vcpu] = false;
	return true;
}

bool tvm_command(struct tvm *t, u32 vcpu, u64 op, u64 a, u64 b, struct exit *e)
{
	memset(e, 0, sizeof(*e));
	if (!tvm_command_begin(t, vcpu, op, a, b))
		return false;
	vcpu_resume(t, vcpu, e);
	return true;
}

u64 tvm_result(struct tvm *t, u32 vcpu, const struct exit *e)
{
	if (t->broken)
		return 0;
	if (!exit_is_putchar(e)) {
		broken(t, e, "the TVM's program does not report a result");
		return 0;
	}
	t->synced[vcpu] = true;
	return e->a[0];
}

static u64 simple(struct tvm *t, u32 vcpu, u64 op, u64 a, u64 b)
{
	struct exit e;

	return tvm_command(t, vcpu, op, a, b, &e) ? tvm_result(t, vcpu, &e) : 0;
}

u64 tvm_peek(struct tvm *t, u32 vcpu, u64 gpa)
{
	return simple(t, vcpu, OP_PEEK, gpa, 0);
}

void tvm_poke(struct tvm *t, u32 vcpu, u64 gpa, u64 value)
{
	simple(t, vcpu, OP_POKE, gpa, value);
}

void tvm_code(struct tvm *t, u32 vcpu, const u32 *code, u32 words)
{
	u64 at = TVM_AREA(vcpu) + AREA_CODE;

	for (u32 i = 0; i <= words; i += 2) {
		u32 lo = i < words ? code[i] : INSN_EBREAK;
		u32 hi = i + 1 < words ? code[i + 1] : INSN_EBREAK;

		tvm_poke(t, vcpu, at + 4 * i, (u64)hi << 32 | lo);
	}
}

void tvm_set(struct tvm *t, u32 vcpu, u32 x, u64 value)
{
	tvm_poke(t, vcpu, TVM_AREA(vcpu) + AREA_IN + 8 * x, value);
}

u64 tvm_get(struct tvm *t, u32 vcpu, u32 x)
{
	return tvm_peek(t, vcpu, TVM_AREA(vcpu) + AREA_OUT + 8 * x);
}

bool tvm_exec(struct tvm *t, u32 vcpu, struct exit *e)
{
	return tvm_command(t, vcpu, OP_EXEC, 0, 0, e);
}

/* After a trap the result that is reported is its cause. */
u64 tvm_exec_done(struct tvm *t, u32 vcpu)
{
	struct exit e;

	return tvm_exec(t, vcpu, &e) ? tvm_result(t, vcpu, &e) : ~0ULL;
}

u64 tvm_insn(struct tvm *t, u32 vcpu, u32 insn, u64 *a0)
{
	u64 cause;

	tvm_code(t, vcpu, &insn, 1);
	tvm_set(t, vcpu, 10, *a0);
	cause = tvm_exec_done(t, vcpu);
	*a0 = tvm_get(t, vcpu, 10);
	return cause;
}

bool tvm_ecall_begin(struct tvm *t, u32 vcpu, u64 eid, u64 fid, const u64 args[6], struct exit *e)
{
	static const u32 code[] = { INSN_ECALL };

	tvm_code(t, vcpu, code, 1);
	for (u32 i = 0; i < 6; i++)
		tvm_set(t, vcpu, 10 + i, args[i]);
	tvm_set(t, vcpu, 16, fid);
	tvm_set(t, vcpu, 17, eid);
	return tvm_exec(t, vcpu, e);
}

static struct sbiret ecall_result(struct tvm *t, u32 vcpu, const struct exit *e)
{
	struct sbiret r = { 1, 0 };

	if (tvm_result(t, vcpu, e) == CAUSE_BREAK && !t->broken) {
		r.error = (s64)tvm_get(t, vcpu, 10);
		r.value = (s64)tvm_get(t, vcpu, 11);
	}
	return r;
}

struct sbiret tvm_ecall_args(struct tvm *t, u32 vcpu, u64 eid, u64 fid, const u64 args[6])
{
	struct exit e;

	if (!tvm_ecall_begin(t, vcpu, eid, fid, args, &e))
		return (struct sbiret){ 1, 0 };
	return ecall_result(t, vcpu, &e);
}

struct sbiret tvm_ecall(struct tvm *t, u32 vcpu, u64 eid, u64 fid, u64 a0, u64 a1, u64 a2)
{
	u64 args[6] = { a0, a1, a2 };

	return tvm_ecall_args(t, vcpu, eid, fid, args);
}

struct sbiret tvm_ecall_end(struct tvm *t, u32 vcpu)
{
	struct exit e = { 0 };

	if (t->broken)
		return (struct sbiret){ 1, 0 };
	vcpu_resume(t, vcpu, &e);
	return ecall_result(t, vcpu, &e);
}

struct sbiret tvm_covg(struct tvm *t, u32 vcpu, u64 fid, u64 a0, u64 a1)
{
	u64 args[6] = { a0, a1 };
	struct exit e;

	if (!tvm_ecall_begin(t, vcpu, SBI_EXT_COVG, fid, args, &e))
		return (struct sbiret){ 1, 0 };
	if (!e.error && e.scause == CAUSE_ECALL && e.a[7] == SBI_EXT_COVG && e.a[6] == fid)
		return tvm_ecall_end(t, vcpu);
	return ecall_result(t, vcpu, &e);
}

struct sbiret tvm_declare_mmio(struct tvm *t, u32 vcpu, u64 gpa, u64 size)
{
	return tvm_covg(t, vcpu, COVG_ADD_MMIO_REGION, gpa, size);
}

bool tvm_start(struct tvm *t, u64 vcpu)
{
	u64 args[6] = { vcpu, TVM_GPA };
	struct exit e;

	return tvm_ecall_begin(t, 0, SBI_EXT_HSM, SBI_HSM_START, args, &e) &&
	       e.a[7] == SBI_EXT_HSM && !tvm_ecall_end(t, 0).error;
}
