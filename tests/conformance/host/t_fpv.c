/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FP and vector state of many worlds on the same harts: the host on each hart and two TVMs change theirs at random, wholly, in
 * part, or by CSRs alone, with sstatus.FS and VS off, initial, clean or dirty while the others run; vCPUs go from hart to
 * hart; TVMs end with their state in use, and begin anew. Each must always find its own. Groups: fpv, fpv_harts.
 */
#include "tests.h"

#define STEPS		120
#define TVMS		2

/* The two numbers of fpv.h that a world's state was made of last; 0 registers: never. */
struct state {
	u64 registers, csrs;
};

static struct tvm vm[TVMS];
static struct state vm_state[TVMS], host_state[MAX_HARTS];
static u64 rng, wrong, numbers;
static u64 units;			/* what the machine has */

static u64 random(u64 below)
{
	rng ^= rng >> 12;
	rng ^= rng << 25;
	rng ^= rng >> 27;
	return (rng * 0x2545f4914f6cdd1dULL >> 33) % below;
}

/* Never the same, and no two of them have a register's value in common. */
static void number(struct state *s, bool registers)
{
	numbers++;
	if (registers)
		s->registers = numbers << 32 | 0x10001;
	s->csrs = numbers * 37 & 0xffff;
}

static u64 what_of(const struct state *s, u64 what)
{
	return (what & units) | (s->registers ? 0 : FPV_FRESH) | s->csrs << FPV_CSRS_SHIFT;
}

/* What sstatus.FS and VS can hold. */
static u64 status_mask(void)
{
	return (units & FPV_F ? SSTATUS_FS : 0) | (units & FPV_V ? SSTATUS_VS : 0);
}

static u64 random_status(void)
{
	return (random(4) << 9 | random(4) << 13) & status_mask();
}

/* What one side puts: nothing, all, one unit, or CSRs alone. A fresh one puts all. */
static u64 random_put(struct state *s)
{
	static const u64 some[] = { 0, FPV_F | FPV_F_CSR | FPV_V | FPV_V_CSR, FPV_F_CSR | FPV_V_CSR };
	u64 what = some[random(3)];

	if (what && !s->registers)
		what = some[1];
	if (what)
		number(s, what & FPV_F);
	return what;
}

static void differs(const char *who, u32 i, u64 bits)
{
	if (!wrong++)
		note("hart %u: %s %u does not find its own: %lx", this_hart()->index, who, i, bits);
}

static void host_check(u64 status)
{
	const struct state *s = &host_state[this_hart()->index];
	u64 now_status = csr_read(sstatus) & FPV_STATUS, bits;

	if (now_status != status)
		differs("sstatus of the host on hart", this_hart()->index, now_status << 16 | status);
	csr_set(sstatus, FPV_STATUS);
	bits = s->registers ? fpv_check(s->registers, what_of(s, FPV_F | FPV_V)) : 0;
	if (bits)
		differs("the host on hart", this_hart()->index, bits);
	csr_clear(sstatus, FPV_STATUS);
	csr_set(sstatus, status);
}

static u64 vm_command(u32 i, u64 op, u64 a, u64 b)
{
	struct exit e;

	return tvm_command(&vm[i], 0, op, a, b, &e) ? tvm_result(&vm[i], 0, &e) : ~0ULL;
}

/* TVM 0 uses FP alone, which the monitor has a shorter way for. */
static u64 vm_units(u32 i)
{
	return i ? FPV_F | FPV_F_CSR | FPV_V | FPV_V_CSR : FPV_F | FPV_F_CSR;
}

static void vm_check(u32 i)
{
	const struct state *s = &vm_state[i];
	u64 bits = vm_command(i, OP_FPV_CHECK, s->registers, (what_of(s, vm_units(i) & (FPV_F | FPV_V))) | random_status());

	if (bits)
		differs("TVM", i, bits);
}

static void vm_put(u32 i)
{
	u64 what = random_put(&vm_state[i]);

	if (what)
		vm_command(i, OP_FPV_PUT, vm_state[i].registers, what_of(&vm_state[i], what & vm_units(i)) | random_status());
}

/* An exit that carries nothing, with what the vCPU used lately in the hart. Another RUN would mend what it broke. */
static void vm_wait(u32 i, u64 status)
{
	struct exit e;

	if (!tvm_command(&vm[i], 0, OP_WFI, 0, 0, &e) || e.scause != CAUSE_VIRTUAL) {
		differs("WFI of TVM", i, e.scause);
		return;
	}
	host_check(status);
	vcpu_resume(&vm[i], 0, &e);
	tvm_result(&vm[i], 0, &e);
}

/* What the vCPU has off itself is illegal to it, whoever's registers are in the hart. */
static void vm_off(u32 i)
{
	u64 reg = units & vm_units(i) & FPV_V && random(2) ? 4 + random(4) : random(4);
	u64 cause = units & FPV_F || reg >= 4 ? vm_command(i, OP_FPV_OFF, reg, 0) : CAUSE_ILLEGAL;

	if (cause != CAUSE_ILLEGAL)
		differs("with FP and V off, TVM", i, cause);
}

static void host_put(u64 *status)
{
	struct state *s = &host_state[this_hart()->index];
	u64 what = random_put(s);

	*status = random_status();
	csr_set(sstatus, FPV_STATUS);
	fpv_put(s->registers, what_of(s, what) | *status);
}

static u64 step_here(u64 i)
{
	u64 status;

	nacl_setup(0);
	host_put(&status);
	switch (random(7)) {
	case 0:
		vm_command((u32)i, OP_NOP, 0, 0);
		break;
	case 3:
	case 4:
		vm_wait((u32)i, status);
		break;
	case 1:
		vm_off((u32)i);
		break;
	case 2:
		vm_check((u32)i);
		break;
	default:
		vm_put((u32)i);
	}
	host_check(status);
	return 0;
}

/* Ends with its state in use; the next finds zeros, on whatever hart it begins. */
static bool vm_renew(u32 i)
{
	vm_state[i].registers = 0;
	return (!vm[i].created || tvm_destroy_fast(&vm[i])) && tvm_build(&vm[i]) && tvm_sync(&vm[i], 0);
}

static void begin(u64 seed)
{
	rng = seed;
	wrong = 0;
	units = (machine.has_d ? FPV_F | FPV_F_CSR : 0) | (machine.has_v ? FPV_V | FPV_V_CSR : 0);
	memset(vm_state, 0, sizeof(vm_state));
	memset(host_state, 0, sizeof(host_state));
}

static void end(void)
{
	for (u32 i = 0; i < TVMS; i++)
		if (vm[i].created)
			ok(tvm_destroy(&vm[i]), "TVM %u is destroyed, and its pages are zero", i);
}

static void at_random_on(u32 count, u64 seed)
{
	bool good = true;

	begin(seed);
	for (u32 i = 0; i < TVMS; i++)
		good = good && vm_renew(i);
	if (!ok(good, "two TVMs run"))
		return;
	for (u32 n = 0; n < STEPS * test_times() && good; n++) {
		u32 i = (u32)random(TVMS), hart = (u32)random(count);

		run_on(hart, step_here, i);
		if (!random(16))
			good = vm_renew(i);
		good = good && !vm[i].broken;
	}
	ok(good, "they run to the end");
	eq(wrong, 0, "host and TVMs always find their own FP and vector state");
	end();
}

static void at_random(void)
{
	at_random_on(1, 1);
}

static const struct test fpv_tests[] = {
	TEST(at_random),
};

GROUP(fpv, true, 1);

/* --- fpv_harts --- */

static void at_random_harts(void)
{
	at_random_on(nr_harts, 3);
}

/* A vCPU ran here; the hart stops, and another life of the host's begins. */
static u64 life_here(u64 again)
{
	struct state *h = &host_state[this_hart()->index];
	u64 status = status_mask(), same = 0;

	nacl_setup(0);
	csr_set(sstatus, FPV_STATUS);
	for (u32 i = 0; again && i < TVMS; i++)
		same |= ~fpv_check(vm_state[i].registers, what_of(&vm_state[i], FPV_F | FPV_V)) & units & vm_units(i) & (FPV_F | FPV_V);
	if (same)
		differs("after a start, TVM's registers on hart", this_hart()->index, same);
	number(h, true);
	fpv_put(h->registers, what_of(h, ~0ULL & FPV_WHAT & ~FPV_FRESH) | status);
	number(&vm_state[again], true);
	vm_command((u32)again, OP_FPV_PUT, vm_state[again].registers,
		   what_of(&vm_state[again], vm_units((u32)again)) | FPV_STATUS);
	host_check(status);
	return 0;
}

static u64 stop_here(u64 unused)
{
	(void)unused;
	sbi(SBI_EXT_HSM, SBI_HSM_STOP);
	return 1;
}

static bool restart(u32 index)
{
	u64 start = now();

	harts[index].online = false;
	harts[index].shmem = 0;
	run_begin(index, stop_here, 0);
	while (sbi(SBI_EXT_HSM, SBI_HSM_STATUS, harts[index].id).value != SBI_HSM_STOPPED)
		if (now() - start > LONG_ENOUGH)
			return false;
	return hart_start(&harts[index]);
}

static void across_stop(void)
{
	begin(4);
	if (!ok(vm_renew(0) && vm_renew(1), "two TVMs run"))
		return;
	run_on(1, life_here, 0);
	ok(restart(1), "a hart stops and starts");
	run_on(1, life_here, 1);
	vm_check(0);
	vm_check(1);
	eq(wrong, 0, "its next life finds nothing of a TVM in the registers, and the TVMs find all of theirs");
	end();
}

static const struct test fpv_harts_tests[] = {
	TEST(at_random_harts), TEST(across_stop),
};

GROUP(fpv_harts, true, 2);
