/* SPDX-License-Identifier: BSD-2-Clause */
/* BIND, UNBIND, REBIND and INJECT: each call and each refusal (ABI 5, 14). Group: bind. */
#include "bound.h"

static struct tvm vm, other;

static u64 files_before;

/* A refused call, after which the same files are the host's and the vCPU is bound, or is not, as
 * before. */
static void refused(struct sbiret r, s64 error, bool runs, const char *what)
{
	sbi_err(r, error, "%s is refused (%s)", what, numbering_name());
	if (files_snapshot() != files_before)
		ok(false, "%s: no file has changed hands", what);
	if (runs)
		eq(tvm_peek(&vm, 0, TVM_GPA), *(const u64 *)tvm_image,
		   "%s: the vCPU runs as before", what);
	else
		sbi_err(covh_run(vm.id, 0), SBI_ERR_INVALID_PARAM,
			"%s: the vCPU does not run, as before", what);
}

static struct sbiret vcpu_op(u64 fid, u64 arg)
{
	return covi_call(fid, vm.id, 0, arg);
}

static void bad_ids(u64 fid, u64 arg, bool runs, const char *name)
{
	static const u64 ids[] = { 0, 1, ~0ULL, BIT(40) };

	for (u32 i = 0; i < ARRAY_SIZE(ids); i++)
		refused(covi_call(fid, ids[i], 0, arg), SBI_ERR_INVALID_PARAM, runs, name);
	refused(covi_call(fid, vm.id, 1, arg), SBI_ERR_INVALID_PARAM, runs, name);
	refused(covi_call(fid, vm.id, ~0ULL, arg), SBI_ERR_INVALID_PARAM, runs, name);
	refused(covi_call(fid, vm.id, BIT(32), arg), SBI_ERR_INVALID_PARAM, runs, name);
}

static const struct {
	u64 mask;
	const char *name;
} bad_masks[] = {
	{ 0, "mask 0" },
	{ 1, "mask bit 0" },
	{ 3, "mask bits 0 and 1" },
	{ 6, "mask bits 1 and 2" },
	{ BIT(63), "mask bit 63" },
	{ ~0ULL, "all mask bits" },
	{ BIT(33), "mask bit 33" },
	{ BIT(32) | 2, "mask bits 1 and 32" },
};

static void bind_refused_body(void)
{
	files_before = files_snapshot();
	if (!ok(aia_build(&vm, 1), "a TVM with an interrupt file is built (%s)", numbering_name()))
		return;
	nacl_setup(0);
	refused(vcpu_op(COVI_BIND, BIT(1)), SBI_ERR_INVALID_ADDRESS, false,
		"BIND to a file that the host has");
	sbi_ok(covi_call(COVI_CONVERT_IMSIC, file_page(0, 1), 0, 0), "the file is converted");
	files_before = files_snapshot();
	refused(vcpu_op(COVI_BIND, BIT(1)), SBI_ERR_INVALID_ADDRESS, false,
		"BIND to a file before the fence");
	eq((u64)cove_fence(), 0, "the fences are made");
	for (u32 i = 0; i < ARRAY_SIZE(bad_masks); i++)
		refused(vcpu_op(COVI_BIND, bad_masks[i].mask), SBI_ERR_INVALID_PARAM, false,
			bad_masks[i].name);
	refused(vcpu_op(COVI_BIND, BIT(host_files() + 1)), SBI_ERR_INVALID_PARAM, false,
		"BIND to a file behind the last");
	bad_ids(COVI_BIND, BIT(1), false, "BIND of what does not exist");
	refused(vcpu_op(COVI_UNBIND_BEGIN, 0), SBI_ERR_INVALID_PARAM, false,
		"UNBIND_BEGIN of an unbound vCPU");
	refused(vcpu_op(COVI_UNBIND_END, 0), SBI_ERR_INVALID_PARAM, false,
		"UNBIND_END of an unbound vCPU");
	refused(vcpu_op(COVI_REBIND_BEGIN, BIT(1)), SBI_ERR_INVALID_PARAM, false,
		"REBIND_BEGIN of an unbound vCPU");
	refused(vcpu_op(COVI_REBIND_CLONE, 0), SBI_ERR_INVALID_PARAM, false,
		"REBIND_CLONE of an unbound vCPU");
	refused(vcpu_op(COVI_REBIND_END, 0), SBI_ERR_INVALID_PARAM, false,
		"REBIND_END of an unbound vCPU");
	csr_write(scause, 3);
	csr_write(stval, 3);
	sbi_err(vcpu_op(COVI_BIND, 0), SBI_ERR_INVALID_PARAM, "a last BIND is refused");
	eq(csr_read(scause), fail_entry(3), "scause is %lu then", fail_entry(3));
	eq(csr_read(stval), strict() ? 3 : 0, "stval is %u then", strict() ? 3 : 0);
	sbi_ok(vcpu_op(COVI_BIND, BIT(1)), "after all these refusals the vCPU is bound");
	ok(tvm_sync(&vm, 0), "and runs");
	bare_tvm_gone(&vm);
	ok(aia_give_back(), "the file comes back");
}

static void bind_refused(void)
{
	in_every_numbering(bind_refused_body);
}

static void unbind_body(void)
{
	if (!ok(aia_build(&vm, 1) && aia_bind(&vm, 0, 0, 1) && tvm_sync(&vm, 0),
		"a bound TVM runs (%s)", numbering_name()))
		return;
	files_before = files_snapshot();
	refused(vcpu_op(COVI_BIND, BIT(1)), SBI_ERR_INVALID_PARAM, true, "BIND of a bound vCPU");
	refused(vcpu_op(COVI_UNBIND_END, 0), SBI_ERR_INVALID_PARAM, true,
		"UNBIND_END before UNBIND_BEGIN");
	refused(vcpu_op(COVI_REBIND_CLONE, 0), SBI_ERR_INVALID_PARAM, true,
		"REBIND_CLONE before REBIND_BEGIN");
	refused(vcpu_op(COVI_REBIND_END, 0), SBI_ERR_INVALID_PARAM, true,
		"REBIND_END before REBIND_BEGIN");
	bad_ids(COVI_UNBIND_BEGIN, 0, true, "UNBIND_BEGIN of what does not exist");
	refused(covi_call(COVI_RECLAIM_IMSIC, file_page(0, 1), 0, 0), SBI_ERR_INVALID_PARAM, true,
		"RECLAIM_IMSIC of a bound file");
	refused(covh_reclaim(file_page(0, 1), 1), SBI_ERR_INVALID_ADDRESS, true,
		"RECLAIM_PAGES of a bound file");
	sbi_ok(vcpu_op(COVI_UNBIND_BEGIN, 0), "UNBIND_BEGIN");
	refused(vcpu_op(COVI_UNBIND_BEGIN, 0), SBI_ERR_INVALID_PARAM, false, "UNBIND_BEGIN twice");
	refused(vcpu_op(COVI_BIND, BIT(1)), SBI_ERR_INVALID_PARAM, false, "BIND while unbinding");
	refused(vcpu_op(COVI_REBIND_BEGIN, BIT(1)), SBI_ERR_INVALID_PARAM, false,
		"REBIND_BEGIN while unbinding");
	refused(vcpu_op(COVI_UNBIND_END, 0), SBI_ERR_INVALID_ADDRESS, false,
		"UNBIND_END without a fence");
	refused(covi_call(COVI_RECLAIM_IMSIC, file_page(0, 1), 0, 0), SBI_ERR_INVALID_PARAM, false,
		"RECLAIM_IMSIC of a file that is being unbound");
	bad_ids(COVI_UNBIND_END, 0, false, "UNBIND_END of what does not exist");
	sbi_ok(covh_tvm_fence(vm.id), "the TVM's fence");
	sbi_ok(vcpu_op(COVI_UNBIND_END, 0), "UNBIND_END");
	refused(vcpu_op(COVI_UNBIND_END, 0), SBI_ERR_INVALID_PARAM, false, "UNBIND_END twice");
	sbi_ok(vcpu_op(COVI_BIND, BIT(1)), "the file is free again, without another conversion");
	ok(tvm_sync(&vm, 0), "the vCPU runs");
	eq(tvm_peek(&vm, 0, TVM_GPA), *(const u64 *)tvm_image, "as it did before");
	bare_tvm_gone(&vm);
	ok(aia_give_back(), "the file comes back");
}

static void unbind(void)
{
	in_every_numbering(unbind_body);
}

static void rebind_body(void)
{
	if (!ok(aia_build(&vm, 1) && aia_bind(&vm, 0, 0, 1) && tvm_sync(&vm, 0),
		"a bound TVM runs (%s)", numbering_name()))
		return;
	files_before = files_snapshot();
	refused(vcpu_op(COVI_REBIND_BEGIN, BIT(1)), SBI_ERR_INVALID_ADDRESS, true,
		"REBIND_BEGIN to the file that it has");
	refused(vcpu_op(COVI_REBIND_BEGIN, BIT(2)), SBI_ERR_INVALID_ADDRESS, true,
		"REBIND_BEGIN to a file that the host has");
	sbi_ok(covi_call(COVI_CONVERT_IMSIC, file_page(0, 2), 0, 0), "file 2 is converted");
	files_before = files_snapshot();
	refused(vcpu_op(COVI_REBIND_BEGIN, BIT(2)), SBI_ERR_INVALID_ADDRESS, true,
		"REBIND_BEGIN to a file before the fence");
	eq((u64)cove_fence(), 0, "the fences are made");
	for (u32 i = 0; i < ARRAY_SIZE(bad_masks); i++)
		refused(vcpu_op(COVI_REBIND_BEGIN, bad_masks[i].mask), SBI_ERR_INVALID_PARAM, true,
			bad_masks[i].name);
	bad_ids(COVI_REBIND_BEGIN, BIT(2), true, "REBIND_BEGIN of what does not exist");
	sbi_ok(vcpu_op(COVI_REBIND_BEGIN, BIT(2)), "REBIND_BEGIN");
	refused(vcpu_op(COVI_REBIND_BEGIN, BIT(2)), SBI_ERR_INVALID_PARAM, false,
		"REBIND_BEGIN twice");
	refused(vcpu_op(COVI_REBIND_CLONE, 0), SBI_ERR_INVALID_ADDRESS, false,
		"REBIND_CLONE without a fence");
	refused(vcpu_op(COVI_REBIND_END, 0), SBI_ERR_INVALID_PARAM, false,
		"REBIND_END before REBIND_CLONE");
	refused(vcpu_op(COVI_UNBIND_BEGIN, 0), SBI_ERR_INVALID_PARAM, false,
		"UNBIND_BEGIN while rebinding");
	refused(vcpu_op(COVI_BIND, BIT(1)), SBI_ERR_INVALID_PARAM, false, "BIND while rebinding");
	for (u32 n = 1; n <= 2; n++)
		refused(covi_call(COVI_RECLAIM_IMSIC, file_page(0, n), 0, 0), SBI_ERR_INVALID_PARAM,
			false,
			n == 1 ? "RECLAIM_IMSIC of the old file while rebinding"
			       : "RECLAIM_IMSIC of the new file while rebinding");
	bad_ids(COVI_REBIND_CLONE, 0, false, "REBIND_CLONE of what does not exist");
	sbi_ok(covh_tvm_fence(vm.id), "the TVM's fence");
	sbi_ok(vcpu_op(COVI_REBIND_CLONE, 0), "REBIND_CLONE");
	refused(vcpu_op(COVI_REBIND_CLONE, 0), SBI_ERR_INVALID_PARAM, false, "REBIND_CLONE twice");
	refused(vcpu_op(COVI_UNBIND_BEGIN, 0), SBI_ERR_INVALID_PARAM, false,
		"UNBIND_BEGIN of a cloned vCPU");
	bad_ids(COVI_REBIND_END, 0, false, "REBIND_END of what does not exist");
	sbi_ok(covi_call(COVI_RECLAIM_IMSIC, file_page(0, 1), 0, 0),
	       "the old file can be reclaimed already");
	sbi_ok(vcpu_op(COVI_REBIND_END, 0), "REBIND_END");
	files_before = files_snapshot();
	refused(vcpu_op(COVI_REBIND_END, 0), SBI_ERR_INVALID_PARAM, true, "REBIND_END twice");
	eq(tvm_peek(&vm, 0, TVM_GPA), *(const u64 *)tvm_image, "the vCPU runs as it did before");
	bare_tvm_gone(&vm);
	ok(aia_give_back(), "the files come back");
}

static void rebind(void)
{
	if (host_files() < 2)
		return skip("needs two guest files", "a vCPU goes from one file to another");
	in_every_numbering(rebind_body);
}

/* One file has one vCPU. */
static void taken_file(void)
{
	if (!ok(aia_build(&vm, 1) && aia_bind(&vm, 0, 0, 1) && aia_build(&other, 1),
		"a bound TVM and another are built"))
		return;
	sbi_err(covi_call(COVI_BIND, other.id, 0, BIT(1)), SBI_ERR_INVALID_ADDRESS,
		"BIND of another TVM's vCPU to a file that is taken is refused");
	ok(tvm_sync(&vm, 0), "the first TVM runs");
	ok(aia_bind(&other, 0, 0, 2) && tvm_sync(&other, 0),
	   "the other runs with a file of its own");
	sbi_err(covi_call(COVI_REBIND_BEGIN, other.id, 0, BIT(1)), SBI_ERR_INVALID_ADDRESS,
		"REBIND_BEGIN to a file that is taken is refused");
	eq(tvm_peek(&other, 0, TVM_GPA), *(const u64 *)tvm_image, "the other still runs");
	bare_tvm_gone(&vm);
	sbi_ok(covi_call(COVI_REBIND_BEGIN, other.id, 0, BIT(1)),
	       "REBIND_BEGIN to it when its TVM is gone");
	bare_tvm_gone(&other);
	ok(aia_give_back(), "a TVM that was destroyed while rebinding gives both files back");
}

/* Calls that need a geometry, or a TVM that runs */
static void without_files(void)
{
	if (!ok(tvm_build(&vm) && aia_convert(0, 1), "a TVM without interrupt files is built"))
		return;
	files_before = files_snapshot();
	sbi_err(vcpu_op(COVI_BIND, BIT(1)), SBI_ERR_INVALID_PARAM,
		"BIND in a TVM without files is refused");
	sbi_err(vcpu_op(COVI_UNBIND_BEGIN, 0), SBI_ERR_INVALID_PARAM, "and UNBIND_BEGIN");
	sbi_err(vcpu_op(COVI_REBIND_BEGIN, BIT(1)), SBI_ERR_INVALID_PARAM, "and REBIND_BEGIN");
	sbi_err(vcpu_op(COVI_INJECT, 3), SBI_ERR_INVALID_PARAM, "and INJECT");
	ok(tvm_sync(&vm, 0), "it runs");
	bare_tvm_gone(&vm);
	if (!ok(tvm_outline(&vm, 1) && aia_init(&vm), "a TVM with files is not finalized yet"))
		return;
	sbi_err(vcpu_op(COVI_BIND, BIT(1)), SBI_ERR_INVALID_PARAM,
		"BIND before FINALIZE is refused");
	sbi_err(vcpu_op(COVI_INJECT, 3), SBI_ERR_INVALID_PARAM, "and INJECT");
	ok(tvm_finalize(&vm, 0), "it is finalized");
	sbi_ok(vcpu_op(COVI_BIND, BIT(1)), "then it is bound");
	sbi_err(vcpu_op(COVI_INJECT, 3), SBI_ERR_DENIED,
		"INJECT of what the vCPU has not allowed is denied");
	sbi_refused(vcpu_op(COVI_INJECT, 0), "INJECT of identity 0 is refused");
	sbi_refused(vcpu_op(COVI_INJECT, machine.imsic_ids + 1),
		    "INJECT of an identity behind the last is refused");
	sbi_refused(vcpu_op(COVI_INJECT, ~0ULL), "INJECT of identity ~0 is refused");
	sbi_refused(vcpu_op(COVI_INJECT, BIT(32) | 3), "INJECT of identity 2^32 + 3 is refused");
	sbi_err(covi_call(COVI_INJECT, vm.id, 1, 3), SBI_ERR_INVALID_PARAM,
		"INJECT to an unknown vCPU is refused");
	sbi_err(covi_call(COVI_INJECT, vm.id + 1, 0, 3), SBI_ERR_INVALID_PARAM,
		"INJECT to an unknown TVM is refused");
	sbi_err(covi_call(11, vm.id, 0, 0), SBI_ERR_NOT_SUPPORTED, "COVI function 11 answers -2");
	ok(tvm_sync(&vm, 0), "the vCPU runs");
	vcpu_irq_on(&vm, 0, ~0ULL);
	eq(vcpu_take(&vm, 0), 0, "and finds no interrupt");
	bare_tvm_gone(&vm);
	ok(aia_give_back(), "the file comes back");
}

static const struct test bind_tests[] = {
	TEST(bind_refused), TEST(unbind), TEST(rebind), TEST(taken_file), TEST(without_files),
};

GROUP_FILES(bind, 1, 3);
