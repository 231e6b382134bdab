/* SPDX-License-Identifier: BSD-2-Clause */
#include "abi/tvm_sbi.h"
#include "generated/config.h"
#include "host/pmu.h"
#include "rv_arch.h"
#include "sbi.h"

static u64 arg(const struct tvm_call *c, u32 i)
{
	return c->vcpu->world.gpr[REG_A0 + i];
}

bool tvm_reply(const struct tvm_call *c, s64 error, u64 value)
{
	struct world *w = &c->vcpu->world;

	w->gpr[REG_A0] = (u64)error;
	w->gpr[REG_A1] = value;
	w->sepc += 4;
	return true;
}

bool tvm_need_page(const struct tvm_call *c, u64 scause, gpa_t gpa)
{
	exit_page_fault(c->exit, scause, gpa);
	return false;
}

static inline struct world *base_reply(struct vcpu *v, s64 error, u64 value)
{
	v->world.gpr[REG_A0] = (u64)error;
	v->world.gpr[REG_A1] = value;
	return &v->world;
}

static __noinline struct world *probe_pmu(struct vcpu *v)
{
	return base_reply(v, SBI_SUCCESS, pmu_exists());
}

/* COVH, COVI, NACL and SUPD are the host's: absent here (ABI.md 1.4). */
static inline struct world *probe(struct vcpu *v)
{
	switch (v->world.gpr[REG_A0]) {
	case SBI_EXT_LEGACY_PUTCHAR:
	case SBI_EXT_BASE:
	case SBI_EXT_TIME:
	case SBI_EXT_HSM:
	case SBI_EXT_SRST:
	case SBI_EXT_DBCN:
	case SBI_EXT_COVG:
		return base_reply(v, SBI_SUCCESS, 1);
	case SBI_EXT_PMU:
		return probe_pmu(v);
	case SBI_EXT_IPI:
	case SBI_EXT_RFENCE:
		return base_reply(v, SBI_SUCCESS, !tvm_of(v)->aia.valid);
	case SBI_EXT_ATST:
		return base_reply(v, SBI_SUCCESS, CONFIG_ATST);
	}
	return base_reply(v, SBI_SUCCESS, 0);
}

/* No stack and no call in a probe. */
struct world *tvm_base_call(struct vcpu *v)
{
	u64 fid = v->world.gpr[REG_A6];

	v->world.sepc += 4;
	if (likely(fid == SBI_BASE_PROBE))
		return probe(v);
	switch (fid) {
	case SBI_BASE_SPEC_VERSION:
		return base_reply(v, SBI_SUCCESS, SBI_SPEC_VERSION_2_0);
	case SBI_BASE_IMPL_ID:
		return base_reply(v, SBI_SUCCESS, TSM_SBI_IMPL_ID);
	case SBI_BASE_IMPL_VERSION:
		return base_reply(v, SBI_SUCCESS, TSM_VERSION);
	case SBI_BASE_MVENDORID:
	case SBI_BASE_MARCHID:
	case SBI_BASE_MIMPID:
		return base_reply(v, SBI_SUCCESS, 0);
	}
	return base_reply(v, SBI_ERR_NOT_SUPPORTED, 0);
}

static bool time_call(const struct tvm_call *c, u64 fid)
{
	if (fid != SBI_TIME_SET_TIMER)
		return tvm_reply(c, SBI_ERR_NOT_SUPPORTED, 0);
	csr_write(CSR_VSTIMECMP, arg(c, 0));
	return tvm_reply(c, SBI_SUCCESS, 0);
}

static bool hsm_start(const struct tvm_call *c)
{
	u64 id = arg(c, 0);
	struct vcpu *target = tvm_vcpu(c->tvm, id);

	if (!target)
		return tvm_reply(c, SBI_ERR_INVALID_PARAM, 0);
	if (arg(c, 1) >= GSTAGE_GPA_END)
		return tvm_reply(c, SBI_ERR_INVALID_ADDRESS, 0);
	if (!vcpu_power_move(target, VCPU_OFF, VCPU_CLAIMED))
		return tvm_reply(c, SBI_ERR_ALREADY_AVAILABLE, 0);
	vcpu_reset(target, arg(c, 1), arg(c, 2));
	/* The RFC client's guests allow interrupts on their boot vCPU only and expect them on all (ABI.md 17.2). */
	if (c->vcpu->lenient)
		irq_inherit(&target->irq, &c->vcpu->irq);
	vcpu_power_move(target, VCPU_CLAIMED, VCPU_ON);
	/* The host learns which hart to run, not where it starts. */
	exit_notify(c->exit, SBI_EXT_HSM, SBI_HSM_START, id, 0, false);
	tvm_reply(c, SBI_SUCCESS, 0);
	return false;
}

static bool hsm_status(const struct tvm_call *c)
{
	const struct vcpu *target = tvm_vcpu(c->tvm, arg(c, 0));

	if (!target)
		return tvm_reply(c, SBI_ERR_INVALID_PARAM, 0);
	switch ((enum vcpu_power)__atomic_load_n(&target->power, __ATOMIC_ACQUIRE)) {
	case VCPU_OFF:
		return tvm_reply(c, SBI_SUCCESS, SBI_HSM_STOPPED);
	case VCPU_CLAIMED:
		return tvm_reply(c, SBI_SUCCESS, SBI_HSM_START_PENDING);
	case VCPU_ON:
	case VCPU_RUNNING:
		break;
	}
	return tvm_reply(c, SBI_SUCCESS, SBI_HSM_STARTED);
}

static bool hsm_call(const struct tvm_call *c, u64 fid)
{
	switch (fid) {
	case SBI_HSM_START:
		return hsm_start(c);
	case SBI_HSM_STOP:
		exit_notify(c->exit, SBI_EXT_HSM, SBI_HSM_STOP, 0, 0, true);
		return false;
	case SBI_HSM_STATUS:
		return hsm_status(c);
	}
	return tvm_reply(c, SBI_ERR_NOT_SUPPORTED, 0);
}

static bool srst_call(const struct tvm_call *c, u64 fid)
{
	u64 type = arg(c, 0);

	if (fid != SBI_SRST_RESET)
		return tvm_reply(c, SBI_ERR_NOT_SUPPORTED, 0);
	if (type > SBI_SRST_TYPE_WARM_REBOOT)
		return tvm_reply(c, SBI_ERR_INVALID_PARAM, 0);
	exit_notify(c->exit, SBI_EXT_SRST, SBI_SRST_RESET, type, arg(c, 1), true);
	return false;
}

/*
 * A console write from memory that the host cannot read: the TVM asked for these bytes to be
 * printed, so they go out one by one (DECISIONS 7). Stock kernels write from confidential memory; a
 * write that is longer than our buffer is cut, and they repeat the rest.
 */
static bool dbcn_write_private(const struct tvm_call *c, gpa_t gpa, u64 size)
{
	struct vcpu *v = c->vcpu;
	gpa_t missing;

	if (!size)
		return tvm_reply(c, SBI_SUCCESS, 0);
	size = MIN(size, (u64)VCPU_CONSOLE_MAX);
	if (!tvm_read(c->tvm, gpa, v->console, size, &missing))
		return tvm_need_page(c, CAUSE_LOAD_GUEST, missing);
	v->console_size = (u32)size;
	v->console_next = 0;
	exit_console(c->exit, v);
	return false;
}

/*
 * DBCN write and read. The buffer lies in one region; where it is shared, the host moves the bytes
 * itself.
 */
static bool dbcn_buffer(const struct tvm_call *c, u64 fid)
{
	u64 size = arg(c, 0);
	u64 gpa = arg(c, 1);

	if (arg(c, 2) || gpa >= GSTAGE_GPA_END || size > GSTAGE_GPA_END - gpa)
		return tvm_reply(c, SBI_ERR_INVALID_PARAM, 0);
	switch (tvm_range_type(c->tvm, GPA(gpa), size)) {
	case REGION_SHARED:
		exit_ecall(c->exit, c->vcpu, 3, PENDING_ECALL);
		return false;
	case REGION_CONFIDENTIAL:
		if (fid == SBI_DBCN_WRITE)
			return dbcn_write_private(c, GPA(gpa), size);
		/* The host cannot deliver input there. */
		return tvm_reply(c, SBI_SUCCESS, 0);
	case REGION_CONFIDENTIAL_REMOVABLE:
	case REGION_SHARED_REMOVABLE:
	case REGION_MMIO:
	case REGION_IMSIC:
	case REGION_NONE:
		break;
	}
	return tvm_reply(c, SBI_ERR_INVALID_PARAM, 0);
}

static bool dbcn_call(const struct tvm_call *c, u64 fid)
{
	switch (fid) {
	case SBI_DBCN_WRITE:
	case SBI_DBCN_READ:
		return dbcn_buffer(c, fid);
	case SBI_DBCN_WRITE_BYTE:
		exit_ecall(c->exit, c->vcpu, 1, PENDING_ECALL);
		return false;
	}
	return tvm_reply(c, SBI_ERR_NOT_SUPPORTED, 0);
}

bool tvm_sbi_call(const struct tvm_call *c)
{
	u64 fid = c->vcpu->world.gpr[REG_A6];

	switch (c->vcpu->world.gpr[REG_A7]) {
	case SBI_EXT_LEGACY_PUTCHAR:
		exit_ecall(c->exit, c->vcpu, 1, PENDING_PUTCHAR);
		return false;
	case SBI_EXT_TIME:
		return time_call(c, fid);
	case SBI_EXT_HSM:
		return hsm_call(c, fid);
	case SBI_EXT_SRST:
		return srst_call(c, fid);
	case SBI_EXT_DBCN:
		return dbcn_call(c, fid);
	case SBI_EXT_IPI:
		if (!c->tvm->aia.valid)
			return tvm_ipi_call(c, fid);
		break;
	case SBI_EXT_RFENCE:
		if (!c->tvm->aia.valid)
			return tvm_rfence_call(c, fid);
		break;
	case SBI_EXT_PMU:
		pmu_call(&c->vcpu->pmu, &c->vcpu->world, fid);
		c->vcpu->world.sepc += 4;
		return true;
	case SBI_EXT_COVG:
		return tvm_covg_call(c);
	case SBI_EXT_ATST:
		if (CONFIG_ATST)
			return tvm_atst_call(c);
		break;
	}
	return tvm_reply(c, SBI_ERR_NOT_SUPPORTED, 0);
}
