// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a vCPU left RUN for, and what becomes of it: the rows of the ABI's table of exits. A return
 * value > 0 means run again, 0 means that kvm_run tells user space, < 0 is KVM_RUN's errno.
 */
#include <linux/string.h>
#include <asm/csr.h>
#include <asm/sbi.h>

#include "cove.h"
#include "trace.h"

/*
 * The only two shapes that a TSM reports: a load to x10 and a store from x10, always 32 bits long.
 */
#define INSN_OPCODE(insn)	((insn) & 0x7f)
#define INSN_LOAD		0x03
#define INSN_STORE		0x23
#define INSN_WIDTH(insn)	(1U << (((insn) >> 12) & 3))

#define COVG_SHARE		2
#define COVG_UNSHARE		3

static int unexpected(struct cove_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	pr_warn_ratelimited("vCPU %lu ended: cause %ld, stval 0x%lx, htval 0x%lx, htinst 0x%lx\n",
			    vcpu->id, vcpu->exit.cause, vcpu->exit.tval, vcpu->exit.htval,
			    vcpu->exit.htinst);
	run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	run->internal.suberror = KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON;
	run->internal.ndata = 2;
	run->internal.data[0] = vcpu->exit.cause;
	run->internal.data[1] = vcpu->exit.tval;
	return 0;
}

static int failed_entry(struct cove_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	if (vcpu->probe_start && vcpu->exit.error == SBI_ERR_INVALID_PARAM) {
		vcpu->probe_start = false;
		return 1;
	}
	pr_err_ratelimited("RUN_VCPU: vCPU %lu: SBI error %ld (%s)\n", vcpu->id, vcpu->exit.error,
			   cove_sbi_error_name(vcpu->exit.error));
	run->exit_reason = KVM_EXIT_FAIL_ENTRY;
	run->fail_entry.hardware_entry_failure_reason = COVE_FAIL_ENTRY_RUN_VCPU;
	run->fail_entry.cpu = raw_smp_processor_id();
	return 0;
}

static void reply(struct cove_vcpu *vcpu, unsigned long a0, unsigned long a1)
{
	vcpu->reply_a0 = a0;
	vcpu->reply_a1 = a1;
	vcpu->reply = true;
}

static int to_user(struct cove_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	unsigned int i;

	run->exit_reason = KVM_EXIT_RISCV_SBI;
	run->riscv_sbi.extension_id = vcpu->exit.gpr[7];
	run->riscv_sbi.function_id = vcpu->exit.gpr[6];
	for (i = 0; i < ARRAY_SIZE(run->riscv_sbi.args); i++)
		run->riscv_sbi.args[i] = vcpu->exit.gpr[i];
	run->riscv_sbi.ret[0] = SBI_ERR_NOT_SUPPORTED;
	run->riscv_sbi.ret[1] = 0;
	vcpu->debt = COVE_DEBT_SBI;
	return 0;
}

/* The TVM is off as a whole: the other vCPUs stop where they are. */
static int system_event(struct cove_vcpu *vcpu)
{
	struct cove_vm *vm = vcpu->vm;
	struct kvm_run *run = vcpu->run;
	unsigned int i;

	for (i = 0; i < COVE_MAX_VCPUS; i++) {
		if (vm->vcpus[i]) {
			WRITE_ONCE(vm->vcpus[i]->mp_state, KVM_MP_STATE_STOPPED);
			cove_vcpu_kick(vm->vcpus[i]);
		}
	}
	run->exit_reason = KVM_EXIT_SYSTEM_EVENT;
	run->system_event.type = vcpu->exit.gpr[0] == SBI_SRST_RESET_TYPE_SHUTDOWN
					 ? KVM_SYSTEM_EVENT_SHUTDOWN
					 : KVM_SYSTEM_EVENT_RESET;
	run->system_event.ndata = 1;
	run->system_event.data[0] = vcpu->exit.gpr[1];
	return 0;
}

/*
 * The TSM starts and stops vCPUs and tells us afterwards. Another vCPU may have started this one
 * again before we hear that it stopped, so a stop is believed only after one more RUN was refused.
 */
static int hart_state(struct cove_vcpu *vcpu)
{
	unsigned long hart = vcpu->exit.gpr[0];
	struct cove_vcpu *target;

	if (vcpu->exit.gpr[6] == SBI_EXT_HSM_HART_STOP) {
		WRITE_ONCE(vcpu->mp_state, KVM_MP_STATE_STOPPED);
		vcpu->probe_start = true;
		return 1;
	}
	target = hart < COVE_MAX_VCPUS ? vcpu->vm->vcpus[hart] : NULL;
	if (vcpu->exit.gpr[6] == SBI_EXT_HSM_HART_START && target) {
		WRITE_ONCE(target->mp_state, KVM_MP_STATE_RUNNABLE);
		cove_vcpu_kick(target);
	}
	return 1;
}

/* The TSM delivers the interrupt; only those of the named vCPUs that sleep in WFI need us. */
static int send_ipi(struct cove_vcpu *vcpu)
{
	unsigned long mask = vcpu->exit.gpr[0], base = vcpu->exit.gpr[1];
	struct cove_vm *vm = vcpu->vm;
	unsigned long i;

	for (i = 0; i < COVE_MAX_VCPUS; i++)
		if (vm->vcpus[i] && (base == -1UL || (i >= base && i - base < BITS_PER_LONG &&
						      (mask & BIT(i - base)))))
			cove_vcpu_kick(vm->vcpus[i]);
	reply(vcpu, SBI_SUCCESS, 0);
	return 1;
}

/* The TVM's next RUN carries the answer; until then the range is neither shared nor not. */
static int share(struct cove_vcpu *vcpu)
{
	unsigned long *gpr = vcpu->exit.gpr;
	int ret = cove_share(vcpu->vm, gpr[0], gpr[1], gpr[6] == COVG_SHARE);

	if (ret && ret != -EINVAL)
		return ret;
	vcpu->share_reply = !ret;
	reply(vcpu, ret ? SBI_ERR_INVALID_PARAM : SBI_SUCCESS, 0);
	return 1;
}

/* A call that the TSM forwards waits for a reply; one that it only tells us of ignores it. */
static int sbi_call(struct cove_vcpu *vcpu)
{
	unsigned long *gpr = vcpu->exit.gpr;

	switch (gpr[7]) {
	case COVE_EID_PUTCHAR:
	case SBI_EXT_DBCN:
		return to_user(vcpu);
	case COVE_EID_SRST:
		return system_event(vcpu);
	case SBI_EXT_HSM:
		return hart_state(vcpu);
	case COVE_EID_IPI:
		return send_ipi(vcpu);
	case COVE_EID_COVG:
		if (gpr[6] == COVG_SHARE || gpr[6] == COVG_UNSHARE)
			return share(vcpu);
		return 1;
	default:
		reply(vcpu, SBI_ERR_NOT_SUPPORTED, 0);
		return 1;
	}
}

static int mmio(struct cove_vcpu *vcpu, u64 gpa)
{
	unsigned long insn = vcpu->exit.htinst;
	bool store = INSN_OPCODE(insn) == INSN_STORE;
	struct kvm_run *run = vcpu->run;
	u32 len = INSN_WIDTH(insn);
	u64 value;

	if ((!store && INSN_OPCODE(insn) != INSN_LOAD) || (gpa & (len - 1)))
		return unexpected(vcpu);
	value = vcpu->exit.gpr[0];
	if (cove_aplic_access(vcpu->vm, gpa, len, store, &value)) {
		if (!store)
			reply(vcpu, value, 0);
		return 1;
	}
	if (store && cove_event_store(vcpu->vm, gpa, len, vcpu->exit.gpr[0])) {
		vcpu->exits[COVE_EXIT_DOORBELL]++;
		return 1;
	}
	run->exit_reason = KVM_EXIT_MMIO;
	run->mmio.phys_addr = gpa;
	run->mmio.len = len;
	run->mmio.is_write = store;
	memset(run->mmio.data, 0, sizeof(run->mmio.data));
	if (store) {
		memcpy(run->mmio.data, &vcpu->exit.gpr[0], len);
	} else {
		vcpu->debt = COVE_DEBT_MMIO_LOAD;
		vcpu->debt_len = len;
	}
	return 0;
}

static int page_fault(struct cove_vcpu *vcpu)
{
	u64 gpa = (u64)vcpu->exit.htval << 2 | (vcpu->exit.tval & 3);
	int ret = cove_fault(vcpu->vm, gpa);

	if (!ret)
		return 1;
	if (ret != -ENOENT)
		return ret;
	return vcpu->exit.cause == EXC_INST_GUEST_PAGE_FAULT ? unexpected(vcpu) : mmio(vcpu, gpa);
}

static enum cove_exit_kind kind(const struct cove_exit *exit)
{
	if (exit->cause & CAUSE_IRQ_FLAG)
		return COVE_EXIT_IRQ;
	switch (exit->cause) {
	case EXC_SUPERVISOR_SYSCALL:
		return COVE_EXIT_SBI;
	case EXC_INST_GUEST_PAGE_FAULT:
	case EXC_LOAD_GUEST_PAGE_FAULT:
	case EXC_STORE_GUEST_PAGE_FAULT:
		return exit->htinst ? COVE_EXIT_MMIO : COVE_EXIT_FAULT;
	case EXC_VIRTUAL_INST_FAULT:
		return COVE_EXIT_WFI;
	default:
		return COVE_EXIT_OTHER;
	}
}

int cove_exit_handle(struct cove_vcpu *vcpu)
{
	trace_cove_exit(vcpu->vm->tvm, vcpu->id, vcpu->exit.error, vcpu->exit.cause,
			vcpu->exit.tval);
	vcpu->exits[vcpu->exit.error ? COVE_EXIT_OTHER : kind(&vcpu->exit)]++;
	/* The TSM has read the reply to a share request, if there was one. */
	if (vcpu->share_reply && !vcpu->reply) {
		vcpu->share_reply = false;
		atomic_dec(&vcpu->vm->share_replies);
	}
	if (vcpu->exit.error)
		return failed_entry(vcpu);
	if (vcpu->probe_start) {
		vcpu->probe_start = false;
		WRITE_ONCE(vcpu->mp_state, KVM_MP_STATE_RUNNABLE);
	}
	if (vcpu->exit.cause & CAUSE_IRQ_FLAG)
		return 1;

	switch (vcpu->exit.cause) {
	case EXC_SUPERVISOR_SYSCALL:
		return sbi_call(vcpu);
	case EXC_INST_GUEST_PAGE_FAULT:
	case EXC_LOAD_GUEST_PAGE_FAULT:
	case EXC_STORE_GUEST_PAGE_FAULT:
		return vcpu->exit.value ? unexpected(vcpu) : page_fault(vcpu);
	case EXC_VIRTUAL_INST_FAULT:
		return vcpu->exit.value ? unexpected(vcpu) : cove_vcpu_wait(vcpu);
	default:
		return unexpected(vcpu);
	}
}

/*
 * At the next KVM_RUN: what user space answered becomes the reply that the TVM gets. Loads are raw:
 * the TSM extends.
 */
void cove_exit_complete(struct cove_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	u64 data = 0;

	switch (vcpu->debt) {
	case COVE_DEBT_MMIO_LOAD:
		memcpy(&data, run->mmio.data, vcpu->debt_len);
		reply(vcpu, data, 0);
		break;
	case COVE_DEBT_SBI:
		reply(vcpu, run->riscv_sbi.ret[0], run->riscv_sbi.ret[1]);
		break;
	case COVE_DEBT_NONE:
		break;
	}
	vcpu->debt = COVE_DEBT_NONE;
}
