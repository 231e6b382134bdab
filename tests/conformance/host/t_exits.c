/* SPDX-License-Identifier: BSD-2-Clause */
/* Every exit of ABI 9.4 that needs no device: rows 1 to 4, 9 and 11. Groups: run, exits. */
#include "expect.h"

static struct tvm vm;

/* --- run: what RUN refuses --- */

static void refused_run(u64 id, u64 vcpu, const char *what)
{
	csr_write(scause, 3);
	csr_write(stval, 3);
	sbi_err(covh_run(id, vcpu), SBI_ERR_INVALID_PARAM, "RUN of %s is refused", what);
	eq(csr_read(scause), fail_entry(3), "scause is %lu after RUN of %s", fail_entry(3), what);
	eq(csr_read(stval), strict() ? 3 : 0, "stval is %u after RUN of %s", strict() ? 3 : 0,
	   what);
}

static void refused(void)
{
	if (!ok(tvm_build_full(&vm), "a TVM with %u vCPUs is built (%s)", TVM_VCPUS,
		numbering_name()))
		return;
	nacl_setup(0);
	refused_run(0, 0, "TVM 0");
	refused_run(~0ULL, 0, "TVM ~0");
	refused_run(vm.id + 1, 0, "a TVM that does not exist");
	refused_run(vm.id, TVM_VCPUS, "a vCPU that does not exist");
	refused_run(vm.id, ~0ULL, "vCPU ~0");
	refused_run(vm.id, BIT(32), "vCPU 2^32");
	refused_run(vm.id, 1, "a vCPU that is powered off");
	ok(tvm_sync(&vm, 0), "the boot vCPU runs after the refusals");
	ok(tvm_destroy(&vm), "the TVM is destroyed and all its pages come back as zero");
	refused_run(vm.id, 0, "a TVM that was destroyed");
}

static void run_refused(void)
{
	in_every_numbering(refused);
}

/* What the vCPU finds when it starts. */
static void first_instruction(void)
{
	u64 arg = 0x123456789abcdef0ULL;
	bool zero = true;

	tvm_init(&vm);
	if (!ok(tvm_create(&vm) && tvm_add_region(&vm, TVM_RAM_GPA, TVM_RAM_SIZE) &&
			tvm_load(&vm, 2) && tvm_add_vcpu(&vm, 0) && tvm_finalize(&vm, arg) &&
			tvm_sync(&vm, 0),
		"a TVM runs"))
		return;
	eq(tvm_peek(&vm, 0, TVM_AREA(0) + AREA_ENTRY + 8 * 10), 0, "a0 is the vCPU's id at entry");
	eq(tvm_peek(&vm, 0, TVM_AREA(0) + AREA_ENTRY + 8 * 11), arg,
	   "a1 is FINALIZE's argument at entry");
	for (u32 i = 1; i < 32; i++) {
		u64 v = tvm_peek(&vm, 0, TVM_AREA(0) + AREA_ENTRY + 8 * i);

		if (v && i != 10 && i != 11) {
			note("x%u is %lx", i, v);
			zero = false;
		}
	}
	ok(zero, "every other register is zero at entry");
	ok(tvm_destroy(&vm), "the TVM is destroyed");
}

static void without_area(void)
{
	struct exit e;

	if (!ok(tvm_build(&vm), "a TVM is built"))
		return;
	nacl(NACL_SET_SHMEM, NACL_SHMEM_DISABLE, NACL_SHMEM_DISABLE);
	this_hart()->shmem = 0;
	vcpu_run(&vm, 0, &e);
	ok(e.error == 0 && e.value == 0, "RUN without a NACL area succeeds");
	eq(e.scause, CAUSE_ECALL, "and tells its cause");
	nacl_setup(0);
	ok(tvm_destroy(&vm), "the TVM is destroyed");
}

static const struct test run_tests[] = {
	TEST(run_refused), TEST(first_instruction), TEST(without_area),
};

GROUP(run, true, 1);

/* --- exits --- */

#define PATTERN(i)	(0x1122334455660000ULL * ((i) & 3) + 0x0101010101010101ULL * (i))

/*
 * Puts an instruction into the code slot, with every register a pattern, and a7, a6, a0-a5 as
 * given.
 */
static void prepare(const u32 *code, u32 words, u64 eid, u64 fid, const u64 *args)
{
	tvm_code(&vm, 0, code, words);
	for (u32 i = 1; i < 32; i++)
		tvm_set(&vm, 0, i, PATTERN(i));
	for (u32 i = 0; args && i < 6; i++)
		tvm_set(&vm, 0, 10 + i, args[i]);
	if (eid) {
		tvm_set(&vm, 0, 16, fid);
		tvm_set(&vm, 0, 17, eid);
	}
}

static const u32 ecall[] = { INSN_ECALL };

/* After the EXEC came to its end: a0 and a1, and no other register, have changed. */
static void answered(u64 a0, u64 a1, const u64 *args, u64 eid, u64 fid, const char *what)
{
	bool good = true;
	struct exit e;

	vcpu_resume(&vm, 0, &e);
	if (!eq(tvm_result(&vm, 0, &e), CAUSE_BREAK, "%s: the TVM goes on behind its ECALL", what))
		return;
	for (u32 i = 1; i < 32; i++) {
		u64 want = PATTERN(i), got = tvm_get(&vm, 0, i);

		if (i >= 10 && i < 16)
			want = args[i - 10];
		if (i == 16)
			want = fid;
		if (i == 17)
			want = eid;
		if (i == 10)
			want = a0;
		if (i == 11)
			want = a1;
		if (got != want) {
			note("x%u is %lx, expected %lx", i, got, want);
			good = false;
		}
	}
	ok(good, "%s: a0 and a1 are the answer, every other register is as it was", what);
}

static bool begin(void)
{
	return ok(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM runs");
}

static void end(void)
{
	ok(tvm_destroy(&vm), "the TVM is destroyed and all its pages come back as zero");
}

static void putchar_exit(void)
{
	static const u64 args[6] = { 0x41, 0x1111, 0x2222, 0x3333, 0x4444, 0x5555 };
	static const struct expect x =
		EXPECT(CAUSE_ECALL, .args = 8, .a = { 0x41, [7] = SBI_EXT_LEGACY_PUTCHAR });

	if (!begin())
		return;
	prepare(ecall, 1, SBI_EXT_LEGACY_PUTCHAR, 0x6666, args);
	if (!expect_command(&vm, 0, OP_EXEC, 0, 0, &x, "a legacy putchar"))
		return;
	shmem_gpr(10) = 0x77;
	shmem_gpr(11) = 0x88;
	answered(0x77, args[1], args, SBI_EXT_LEGACY_PUTCHAR, 0x6666, "a legacy putchar");
	end();
}

static void write_byte_exit(void)
{
	static const u64 args[6] = { 0x42, 0x1111, 0x2222, 0x3333, 0x4444, 0x5555 };
	static const struct expect x =
		EXPECT(CAUSE_ECALL, .args = 8,
		       .a = { 0x42, [6] = SBI_DBCN_WRITE_BYTE, [7] = SBI_EXT_DBCN });

	if (!begin())
		return;
	prepare(ecall, 1, SBI_EXT_DBCN, SBI_DBCN_WRITE_BYTE, args);
	if (!expect_command(&vm, 0, OP_EXEC, 0, 0, &x, "a DBCN byte"))
		return;
	shmem_gpr(10) = (u64)SBI_ERR_FAILED;
	shmem_gpr(11) = 0x99;
	answered((u64)SBI_ERR_FAILED, 0x99, args, SBI_EXT_DBCN, SBI_DBCN_WRITE_BYTE, "a DBCN byte");
	end();
}

/* DECISIONS 7: what the TVM prints from memory that the host can not read goes out byte by byte. */
static void private_write(void)
{
	static const char text[] = "Hello!!!";
	const u64 args[6] = { 8, TVM_FRESH_GPA };
	u64 word;
	struct exit e = { 0 };
	u32 good = 0;

	if (!begin())
		return;
	memcpy(&word, text, 8);
	ok(tvm_add_zero(&vm, TVM_FRESH_GPA), "a page is added");
	tvm_poke(&vm, 0, TVM_FRESH_GPA, word);
	tvm_ecall_begin(&vm, 0, SBI_EXT_DBCN, SBI_DBCN_WRITE, args, &e);
	for (u32 i = 0; i < 8; i++) {
		good += exit_is_putchar(&e) && e.a[0] == (u8)text[i];
		shmem_gpr(10) = 0;
		vcpu_resume(&vm, 0, &e);
	}
	eq(good, 8, "a DBCN write from confidential memory comes as one putchar a byte");
	eq(tvm_result(&vm, 0, &e), CAUSE_BREAK, "after the last byte the TVM goes on");
	eq(tvm_get(&vm, 0, 10), 0, "its write succeeded");
	eq(tvm_get(&vm, 0, 11), 8, "in full");
	sbi_refused(tvm_ecall(&vm, 0, SBI_EXT_DBCN, SBI_DBCN_WRITE, 8, TVM_HOLE_GPA, 0),
		    "a DBCN write from a GPA in no region is refused in the TVM");
	sbi_refused(tvm_ecall(&vm, 0, SBI_EXT_DBCN, SBI_DBCN_WRITE, ~0ULL, TVM_FRESH_GPA, 0),
		    "a DBCN write that wraps is refused in the TVM");
	sbi_refused(tvm_ecall(&vm, 0, SBI_EXT_DBCN, SBI_DBCN_WRITE, 8, TVM_FRESH_GPA, 1),
		    "a DBCN write with a high address word is refused in the TVM");
	sbi_refused(tvm_ecall(&vm, 0, SBI_EXT_DBCN, SBI_DBCN_WRITE, PAGE_SIZE,
			      TVM_RAM_GPA + TVM_RAM_SIZE - 8, 0),
		    "a DBCN write that leaves its region is refused in the TVM");
	end();
}

static void srst_exit(u64 type)
{
	const u64 args[6] = { type, 1, 0x2222, 0x3333, 0x4444, 0x5555 };
	const struct expect x = EXPECT(CAUSE_ECALL, .args = 8, .value = COVE_RUN_DEAD,
				       .a = { type, 1, [7] = SBI_EXT_SRST });

	if (!begin())
		return;
	prepare(ecall, 1, SBI_EXT_SRST, SBI_SRST_RESET, args);
	expect_command(&vm, 0, OP_EXEC, 0, 0, &x, type ? "a reboot" : "a shutdown");
	csr_write(scause, 0);
	sbi_err(covh_run(vm.id, 0), SBI_ERR_INVALID_PARAM,
		"a vCPU that has reset the system (%lu) does not run again", type);
	eq(csr_read(scause), fail_entry(0), "scause is %lu then (%lu)", fail_entry(0), type);
	end();
}

static void reset_exits(void)
{
	for (u64 type = SBI_SRST_TYPE_SHUTDOWN; type <= SBI_SRST_TYPE_WARM_REBOOT; type++)
		srst_exit(type);
	if (!begin())
		return;
	sbi_err(tvm_ecall(&vm, 0, SBI_EXT_SRST, SBI_SRST_RESET, 3, 0, 0), SBI_ERR_INVALID_PARAM,
		"reset type 3 is refused in the TVM");
	sbi_err(tvm_ecall(&vm, 0, SBI_EXT_SRST, SBI_SRST_RESET, 0xf0000000, 0, 0),
		SBI_ERR_INVALID_PARAM, "a vendor's reset type is refused in the TVM");
	end();
}

static void hsm_stop_exit(void)
{
	static const u64 args[6] = { 1, 2, 3, 4, 5, 6 };
	static const struct expect x = EXPECT(CAUSE_ECALL, .args = 8, .value = COVE_RUN_DEAD,
					      .a = { [6] = SBI_HSM_STOP, [7] = SBI_EXT_HSM });
	struct exit e;

	if (!begin() || !tvm_command_begin(&vm, 0, OP_NOP, 0, 0))
		return;
	vcpu_resume(&vm, 0, &e);
	tvm_result(&vm, 0, &e);
	prepare(ecall, 1, SBI_EXT_HSM, SBI_HSM_STOP, args);
	expect_command(&vm, 0, OP_EXEC, 0, 0, &x, "an HSM stop");
	sbi_err(covh_run(vm.id, 0), SBI_ERR_INVALID_PARAM,
		"a vCPU that has stopped itself does not run again");
	end();
}

/* Row 2, and what the started vCPU finds. */
static void hsm_start_exit(void)
{
	static const u64 args[6] = { 1, TVM_GPA, 0x0badc0ffee0ULL, 4, 5, 6 };
	static const struct expect x =
		EXPECT(CAUSE_ECALL, .args = 8, .a = { 1, [6] = SBI_HSM_START, [7] = SBI_EXT_HSM });

	if (!ok(tvm_build_full(&vm) && tvm_sync(&vm, 0), "a TVM with %u vCPUs runs", TVM_VCPUS))
		return;
	sbi_err(covh_run(vm.id, 1), SBI_ERR_INVALID_PARAM,
		"vCPU 1 does not run before it is started");
	eq((u64)tvm_ecall(&vm, 0, SBI_EXT_HSM, SBI_HSM_STATUS, 1, 0, 0).value, SBI_HSM_STOPPED,
	   "vCPU 1 is stopped, the TVM reads");
	prepare(ecall, 1, SBI_EXT_HSM, SBI_HSM_START, args);
	if (!expect_command(&vm, 0, OP_EXEC, 0, 0, &x,
			    "an HSM start, whose address and argument are hidden"))
		return;
	shmem_gpr(10) = 0x77;
	shmem_gpr(11) = 0x88;
	answered(0, 0, args, SBI_EXT_HSM, SBI_HSM_START, "an HSM start, whatever the host answers");
	eq((u64)tvm_ecall(&vm, 0, SBI_EXT_HSM, SBI_HSM_STATUS, 1, 0, 0).value, SBI_HSM_STARTED,
	   "vCPU 1 is started, the TVM reads");
	sbi_err(tvm_ecall(&vm, 0, SBI_EXT_HSM, SBI_HSM_START, 1, TVM_GPA, 0),
		SBI_ERR_ALREADY_AVAILABLE, "vCPU 1 can not be started twice");
	ok(tvm_sync(&vm, 1), "vCPU 1 runs");
	eq(tvm_peek(&vm, 1, TVM_AREA(1) + AREA_ENTRY + 8 * 10), 1, "a0 was its id at entry");
	eq(tvm_peek(&vm, 1, TVM_AREA(1) + AREA_ENTRY + 8 * 11), args[2],
	   "a1 was the opaque argument at entry");
	eq(tvm_peek(&vm, 1, TVM_AREA(1) + AREA_ENTRY + 8 * 5), 0,
	   "another register was zero at entry");
	tvm_poke(&vm, 1, TVM_AREA(2), 0x5151);
	eq(tvm_peek(&vm, 0, TVM_AREA(2)), 0x5151, "both vCPUs see the same memory");
	end();
}

/*
 * Row 4 for a command that touches @gpa: the exit, the same again, and success once a page is
 * there.
 */
static void page_fault(u64 op, u64 gpa, u64 cause, const char *what)
{
	const struct expect x = EXPECT(cause, .htval = (gpa & ~0xfffULL) >> 2);
	struct exit e;

	if (!expect_command(&vm, 0, op, gpa, 0x4242, &x, what))
		return;
	if (!expect_exit(&vm, 0, &x, "the same fault when nothing was mapped"))
		return;
	ok(tvm_add_zero(&vm, gpa & ~0xfffULL), "%s: a zero page is added there", what);
	vcpu_resume(&vm, 0, &e);
	eq(tvm_result(&vm, 0, &e), 0, "%s: the access succeeds then, a load finds zero", what);
	if (op == OP_POKE)
		eq(tvm_peek(&vm, 0, gpa), 0x4242, "%s: what was stored can be read", what);
}

static void page_faults(void)
{
	static const u32 jump[] = { 0x00050067 };	/* jr a0 */
	static const u32 amo[] = { 0x00b5362f };	/* amoadd.d a2, a1, (a0) */
	const u64 gpa = TVM_FRESH_GPA + 0x8000;
	const struct expect fetch = EXPECT(CAUSE_FETCH_GUEST, .htval = gpa >> 2);
	const struct expect atomic = EXPECT(CAUSE_STORE_GUEST, .htval = (gpa + 0x1000) >> 2);
	struct exit e;

	if (!begin())
		return;
	page_fault(OP_PEEK, TVM_FRESH_GPA + 0x128, CAUSE_LOAD_GUEST, "a load from an empty page");
	page_fault(OP_POKE, TVM_FRESH_GPA + 0x1ff8, CAUSE_STORE_GUEST, "a store to an empty page");
	page_fault(OP_PEEK, TVM_RAM_GPA + TVM_RAM_SIZE - 8, CAUSE_LOAD_GUEST,
		   "a load from the last page of a region");
	prepare(jump, 1, 0, 0, NULL);
	tvm_set(&vm, 0, 10, gpa + 0x124);
	if (expect_command(&vm, 0, OP_EXEC, 0, 0, &fetch, "a fetch from an empty page")) {
		ok(tvm_add_zero(&vm, gpa), "a zero page is added there");
		vcpu_resume(&vm, 0, &e);
		eq(tvm_result(&vm, 0, &e), CAUSE_ILLEGAL,
		   "the fetch finds zeros, which are no instruction");
		eq(tvm_peek(&vm, 0, TVM_AREA(0) + AREA_EPC), gpa + 0x124,
		   "at the address that was jumped to");
	}
	prepare(amo, 1, 0, 0, NULL);
	tvm_set(&vm, 0, 10, gpa + 0x1010);
	if (expect_command(&vm, 0, OP_EXEC, 0, 0, &atomic, "an AMO on an empty page")) {
		ok(tvm_add_zero(&vm, gpa + 0x1000), "a zero page is added there");
		vcpu_resume(&vm, 0, &e);
		eq(tvm_result(&vm, 0, &e), CAUSE_BREAK, "the AMO is done then");
		eq(tvm_peek(&vm, 0, gpa + 0x1010), PATTERN(11), "and has its effect");
	}
	end();
}

static void wfi_exit(void)
{
	static const u32 code[] = { INSN_WFI };
	static const struct expect x = EXPECT(CAUSE_VIRTUAL, .stval = INSN_WFI);
	struct exit e;

	if (!begin())
		return;
	prepare(code, 1, 0, 0, NULL);
	if (!expect_command(&vm, 0, OP_EXEC, 0, 0, &x, "a WFI"))
		return;
	vcpu_resume(&vm, 0, &e);
	eq(tvm_result(&vm, 0, &e), CAUSE_BREAK, "the TVM goes on behind its WFI");
	eq(tvm_get(&vm, 0, 10), PATTERN(10), "with its registers as they were");
	end();
}

/* Row 11 */
static void fatal(const u32 *code, u64 a0, u64 cause, const char *what)
{
	const struct expect x = EXPECT(cause, .value = COVE_RUN_DEAD);

	if (!begin())
		return;
	prepare(code, 1, 0, 0, NULL);
	tvm_set(&vm, 0, 10, a0);
	expect_command(&vm, 0, OP_EXEC, 0, 0, &x, what);
	sbi_err(covh_run(vm.id, 0), SBI_ERR_INVALID_PARAM, "%s: the vCPU does not run again", what);
	end();
}

static void fatal_exits(void)
{
	static const u32 load[] = { 0x00053583 };	/* ld a1, 0(a0) */
	static const u32 store[] = { 0x00b53023 };	/* sd a1, 0(a0) */
	static const u32 jump[] = { 0x00050067 };	/* jr a0 */

	fatal(load, TVM_HOLE_GPA + 0x18, CAUSE_LOAD_GUEST, "a load outside of every region");
	fatal(store, TVM_HOLE_GPA + 0x18, CAUSE_STORE_GUEST, "a store outside of every region");
	fatal(jump, TVM_HOLE_GPA + 0x18, CAUSE_FETCH_GUEST, "a fetch outside of every region");
	fatal(load, TVM_RAM_GPA + TVM_RAM_SIZE, CAUSE_LOAD_GUEST, "a load right behind a region");
	fatal(load, TVM_RAM_GPA - 8, CAUSE_LOAD_GUEST, "a load right before a region");
	fatal(load, BIT(40) + 8, CAUSE_LOAD_GUEST, "a load at a GPA of 1 TiB");
}

/* What the TVM does to itself stays in it. */
static void own_exceptions(void)
{
	static const struct {
		u32 insn;
		u64 cause;
		const char *name;
	} list[] = {
		{ 0x00000000, CAUSE_ILLEGAL, "an illegal instruction" },
		{ INSN_EBREAK, CAUSE_BREAK, "a breakpoint" },
		{ 0x30200073, CAUSE_ILLEGAL, "mret" },
		{ INSN_CSRR(0x300), CAUSE_ILLEGAL, "a read of mstatus" },
		{ INSN_CSRR(0x600), CAUSE_ILLEGAL, "a read of hstatus" },
		{ INSN_CSRR(0x200), CAUSE_ILLEGAL, "a read of vsstatus" },
		{ INSN_CSRR(0x680), CAUSE_ILLEGAL, "a read of hgatp" },
		{ INSN_CSRR(0xe12), CAUSE_ILLEGAL, "a read of hgeip" },
		{ 0x62000073, CAUSE_ILLEGAL, "hfence.gvma" },
		{ 0x6c054573, CAUSE_ILLEGAL, "hlv.d" },
		{ INSN_CSRR(0x5c0), CAUSE_ILLEGAL, "a read of a custom CSR" },
		{ INSN_CSRR(0x015), CAUSE_ILLEGAL, "a read of seed that does not write" },
	};

	if (!begin())
		return;
	for (u32 i = 0; i < ARRAY_SIZE(list); i++) {
		u64 a0 = TVM_GPA;

		eq(tvm_insn(&vm, 0, list[i].insn, &a0), list[i].cause,
		   "%s is the TVM's own exception", list[i].name);
	}
	end();
}

/* sstatus in the handler: what hardware makes of it, whoever delivers the exception. */
static void status_of_exceptions(void)
{
	static const u32 sie_on = 0x10016073; /* csrsi sstatus, 2 */
	static const struct {
		u32 insn;
		const char *name;
	} list[] = {
		{ INSN_EBREAK, "which hardware delivers" },
		{ INSN_CSRR(0x680), "of an H-extension CSR, which the TSM delivers" },
		{ INSN_CSRR(0x300), "of a machine-mode CSR, which the firmware hands on" },
	};
	u64 first = 0;

	if (!begin())
		return;
	for (u32 i = 0; i < ARRAY_SIZE(list); i++) {
		const u32 code[] = { sie_on, list[i].insn };
		u64 status;

		tvm_code(&vm, 0, code, 2);
		tvm_exec_done(&vm, 0);
		status = tvm_peek(&vm, 0, TVM_AREA(0) + AREA_STATUS);
		eq(status & (SSTATUS_SIE | SSTATUS_SPIE | SSTATUS_SPP), SSTATUS_SPIE | SSTATUS_SPP,
		   "interrupts were on, and are off in the handler of an exception %s",
		   list[i].name);
		first = i ? first : status;
		eq(status, first, "sstatus is the same in each handler (%s)", list[i].name);
		eq(tvm_peek(&vm, 0, TVM_AREA(0) + AREA_EPC), TVM_AREA(0) + AREA_CODE + 4,
		   "sepc is the instruction (%s)", list[i].name);
	}
	end();
}

static const struct test exits_tests[] = {
	TEST(putchar_exit), TEST(write_byte_exit), TEST(private_write), TEST(reset_exits),
	TEST(hsm_stop_exit), TEST(hsm_start_exit), TEST(page_faults), TEST(wfi_exit),
	TEST(fatal_exits), TEST(own_exceptions), TEST(status_of_exceptions),
};

GROUP(exits, true, 1);
