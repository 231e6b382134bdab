// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each CPU's NACL shared memory, and the RUN call that uses it. An area is registered by its own
 * CPU: when the module comes, when the CPU comes online, and before each RUN where KVM may have
 * registered its own in between. Areas are read and written with interrupts off, around RUN, on the
 * CPU that runs: nothing of a vCPU stays in them.
 */
#include <linux/context_tracking.h>
#include <linux/cpuhotplug.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/version.h>
#include <asm/csr.h>
#include <asm/sbi.h>

#include "cove.h"

/*
 * KVM has a NACL client of its own since 6.13, and does not say when it registers an area or takes
 * one away.
 */
#define KVM_USES_NACL	(IS_ENABLED(CONFIG_KVM) && LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0))

static DEFINE_PER_CPU(void *, area);
static enum cpuhp_state hotplug_state;

static unsigned long *area_word(void *base, unsigned int offset)
{
	return base + offset;
}

static unsigned long area_gpr(void *base, unsigned int x)
{
	return READ_ONCE(*area_word(base, NACL_GPR_OFFSET(x)));
}

static unsigned long area_csr(void *base, unsigned int csr)
{
	return READ_ONCE(*area_word(base, NACL_CSR_OFFSET(csr)));
}

static int area_register(void)
{
	return cove_sbi_set_shmem(virt_to_phys(this_cpu_read(area)));
}

static int area_online(unsigned int cpu)
{
	int ret = area_register();

	return ret ? ret : cove_irq_cpu_up(cpu);
}

static int area_offline(unsigned int cpu)
{
	cove_irq_cpu_down(cpu);
	cove_sbi_clear_shmem();
	return 0;
}

static void areas_free(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		if (per_cpu(area, cpu))
			free_pages_exact(per_cpu(area, cpu), NACL_SHMEM_SIZE);
		per_cpu(area, cpu) = NULL;
	}
}

int cove_nacl_init(void)
{
	unsigned int cpu;
	int ret;

	for_each_possible_cpu(cpu) {
		per_cpu(area, cpu) = alloc_pages_exact(NACL_SHMEM_SIZE, GFP_KERNEL | __GFP_ZERO);
		if (!per_cpu(area, cpu)) {
			areas_free();
			return -ENOMEM;
		}
	}
	cove_irq_init();
	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "riscv/cove:online", area_online,
				area_offline);
	if (ret < 0) {
		areas_free();
		return ret;
	}
	hotplug_state = ret;
	return 0;
}

/* The TSM pins a registered area, so each CPU unregisters its own before any is freed. */
void cove_nacl_exit(void)
{
	cove_irq_exit();
	cpuhp_remove_state(hotplug_state);
	areas_free();
}

/*
 * The call itself, and the two CSRs that it leaves in the host's own registers: in one block, since
 * any trap that the kernel takes afterwards overwrites them. The TSM preserves every other
 * register, FP and vector included. No call may come between the register variables and the asm,
 * which is why this is a function of its own.
 */
static __always_inline void ecall_run(unsigned long tvm, unsigned long vcpu, struct cove_exit *exit)
{
	register unsigned long a0 asm("a0") = tvm;
	register unsigned long a1 asm("a1") = vcpu;
	register unsigned long a6 asm("a6") = COVH_RFC_RUN_VCPU;
	register unsigned long a7 asm("a7") = COVE_EID_COVH;
	unsigned long cause, tval;

	asm volatile("ecall\n\t"
		     "csrr %[cause], scause\n\t"
		     "csrr %[tval], stval"
		     : "+r" (a0), "+r" (a1), [cause] "=&r" (cause), [tval] "=&r" (tval)
		     : "r" (a6), "r" (a7)
		     : "memory");
	exit->error = a0;
	exit->value = a1;
	exit->cause = cause;
	exit->tval = tval;
}

/* To RCU and to the accounting of full dynticks it is a guest that runs. */
static noinstr void run(struct cove_vcpu *vcpu, struct cove_exit *exit)
{
	instrumentation_begin();
	if (!context_tracking_guest_enter())
		rcu_virt_note_context_switch();
	instrumentation_end();
	ecall_run(vcpu->vm->tvm, vcpu->id, exit);
	context_tracking_guest_exit();
}

/*
 * Runs a vCPU on this CPU until the TSM gives the CPU back, and fills in vcpu->exit. Interrupts are
 * off. A reply is offered again until an exit shows that the TVM went on: the TSM reads it only if
 * the vCPU waits for one.
 */
void cove_nacl_run(struct cove_vcpu *vcpu)
{
	struct cove_exit *exit = &vcpu->exit;
	void *base = this_cpu_read(area);
	unsigned int i;

	if (KVM_USES_NACL && area_register()) {
		exit->error = SBI_ERR_FAILURE;
		exit->cause = COVE_CAUSE_FAIL_ENTRY;
		return;
	}
	if (vcpu->reply) {
		WRITE_ONCE(*area_word(base, NACL_GPR_OFFSET(10)), vcpu->reply_a0);
		WRITE_ONCE(*area_word(base, NACL_GPR_OFFSET(11)), vcpu->reply_a1);
	}
	/* Before a fence of the TVM is asked for, or after it: then it is no longer inside. */
	WRITE_ONCE(vcpu->guest_cpu, smp_processor_id());
	smp_mb();	/* against cove_tvm_fence(), which asks for the fence and then looks */
	run(vcpu, exit);
	WRITE_ONCE(vcpu->guest_cpu, -1);
	if (exit->error || (exit->cause & CAUSE_IRQ_FLAG))
		return;

	vcpu->reply = false;
	exit->htval = area_csr(base, CSR_HTVAL);
	exit->htinst = area_csr(base, CSR_HTINST);
	exit->vsie = area_csr(base, CSR_VSIE);
	exit->vstimecmp = area_csr(base, CSR_VSTIMECMP);
	exit->htimedelta = area_csr(base, CSR_HTIMEDELTA);
	for (i = 0; i < ARRAY_SIZE(exit->gpr); i++)
		exit->gpr[i] = area_gpr(base, 10 + i);
}
