/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/iommu.h"
#include "base/check.h"
#include "base/spinlock.h"
#include "host/hart.h"
#include "io/iommu_format.h"
#include "io/iommu_reports.h"
#include "io/iommu_tables.h"
#include "log/log.h"
#include "rv_arch.h"

#define COMMANDS	128ULL
#define FAULTS		(PAGE_SIZE / sizeof(struct iommu_fault))
#define QUEUE_LOG2(n)	((u64)__builtin_ctzll(n) - 1)

/* How long a register may be busy, and a fence may take: a tenth of a second. */
#define WAIT_DIVISOR	10

/* What an IOMMU reads and writes while it runs. */
struct queues {
	struct iommu_command command[COMMANDS];
	u32 done;			/* the latest fence that the IOMMU has reported */
	char pad[PAGE_SIZE - COMMANDS * sizeof(struct iommu_command) - sizeof(u32)];
	struct iommu_fault fault[FAULTS];
};

static_assert(offsetof(struct queues, fault) == PAGE_SIZE, "queues begin on a page");

struct iommu {
	spa_t regs;
	struct iommu_tables tables;
	struct queues *q;
	u32 tail;
	u32 fault_head;
	u32 fence;			/* number of the latest fence */
};

static struct iommu iommus[MACHINE_MAX_IOMMUS];
static u32 count;
static u64 wait_ticks;
/* Guards the queues. Held for one fence, whose wait is bounded. */
static struct spinlock lock;
/* One IOMMU did not answer: none is asked again, and nothing that is converted becomes usable. */
static bool broken;

static u32 get32(const struct iommu *m, u64 reg) { return rv_mmio_read32(SPA(m->regs.v + reg)); }
static u64 get64(const struct iommu *m, u64 reg) { return rv_mmio_read64(SPA(m->regs.v + reg)); }
static void set32(const struct iommu *m, u64 reg, u32 v) { rv_mmio_write32(SPA(m->regs.v + reg), v); }
static void set64(const struct iommu *m, u64 reg, u64 v) { rv_mmio_write64(SPA(m->regs.v + reg), v); }

/* Waits until the bits of a register are as wanted; false: they were not in time. */
static bool wait_bits(const struct iommu *m, u64 reg, u32 mask, u32 want)
{
	u64 begin = csr_read(CSR_TIME);

	while ((get32(m, reg) & mask) != want) {
		if (csr_read(CSR_TIME) - begin > wait_ticks)
			return false;
		rv_relax();
	}
	return true;
}

static bool set_mode(const struct iommu *m, u64 ddtp)
{
	if (!wait_bits(m, IOMMU_DDTP, DDTP_BUSY, 0))
		return false;
	set64(m, IOMMU_DDTP, ddtp);
	return wait_bits(m, IOMMU_DDTP, DDTP_BUSY, 0) && get64(m, IOMMU_DDTP) == ddtp;
}

static bool queue_off(const struct iommu *m, u64 csr)
{
	if (!wait_bits(m, csr, QCSR_BUSY, 0))
		return false;
	set32(m, csr, 0);
	return wait_bits(m, csr, QCSR_BUSY | QCSR_ON, 0);
}

static bool queue_on(const struct iommu *m, u64 base, u64 csr, spa_t memory, u64 entries)
{
	set64(m, base, spa_pfn(memory).v << QUEUE_PPN_SHIFT | QUEUE_LOG2(entries));
	set32(m, csr, QCSR_ENABLE);
	return wait_bits(m, csr, QCSR_BUSY | QCSR_ON | QCSR_MEM_FAULT, QCSR_ON);
}

static void command(struct iommu *m, u64 low, u64 high)
{
	m->q->command[m->tail] = (struct iommu_command){ low, high };
	m->tail = (m->tail + 1) % (u32)COMMANDS;
}

/* Behind all that has been queued: when the IOMMU has done it, it writes the fence's number. */
static void fence_begin(struct iommu *m)
{
	m->fence++;
	command(m, CMD_IOFENCE_C | CMD_IOFENCE_AV | CMD_IOFENCE_PR | CMD_IOFENCE_PW |
		(u64)m->fence << CMD_IOFENCE_DATA_SHIFT, ptr_spa(&m->q->done).v >> 2);
	set32(m, IOMMU_CQT, m->tail);
}

static bool fence_end(const struct iommu *m)
{
	u64 begin = csr_read(CSR_TIME);

	while (__atomic_load_n(&m->q->done, __ATOMIC_ACQUIRE) != m->fence) {
		if (csr_read(CSR_TIME) - begin > wait_ticks)
			return false;
		rv_relax();
	}
	return true;
}

static const char *configure(struct iommu *m, u64 *cap)
{
	*cap = get64(m, IOMMU_CAPABILITIES);
	if ((*cap & CAP_VERSION) < CAP_VERSION_1)
		return "is older than specification 1.0";
	if (!(*cap & CAP_SV39X4))
		return "has no second stage of Sv39x4";
	if (!set_mode(m, DDTP_OFF) || !queue_off(m, IOMMU_CQCSR) || !queue_off(m, IOMMU_FQCSR) ||
	    !queue_off(m, IOMMU_PQCSR))
		return "does not stop";
	set32(m, IOMMU_FCTL, get32(m, IOMMU_FCTL) & ~(FCTL_BE | FCTL_GXL));
	if (get32(m, IOMMU_FCTL) & (FCTL_BE | FCTL_GXL))
		return "reads its tables big-endian, or of 32 bits only";
	return NULL;
}

static const char *start(struct iommu *m, const struct iommu_setup *s)
{
	const char *why;
	u32 used;
	u64 cap;

	why = configure(m, &cap);
	if (why)
		return why;
	used = iommu_tables_build(&m->tables, s->memory, s->max_device, cap & CAP_MSI_FLAT);
	m->q = spa_ptr(SPA(s->memory.v + used * PAGE_SIZE));
	if ((s->memory.v + IOMMU_PAGES * PAGE_SIZE - 1) >> (cap >> CAP_PAS_SHIFT & CAP_PAS_MASK))
		return "does not reach the TSM's memory";
	if (!queue_on(m, IOMMU_CQB, IOMMU_CQCSR, ptr_spa(m->q->command), COMMANDS) ||
	    !queue_on(m, IOMMU_FQB, IOMMU_FQCSR, ptr_spa(m->q->fault), FAULTS))
		return "does not start its queues";
	m->tail = get32(m, IOMMU_CQH) % (u32)COMMANDS;
	m->fault_head = get32(m, IOMMU_FQT) % (u32)FAULTS;
	set32(m, IOMMU_FQH, m->fault_head);
	if (!set_mode(m, spa_pfn(m->tables.directory).v << QUEUE_PPN_SHIFT | (DDTP_1LVL + m->tables.levels - 1)))
		return "does not take a device directory of as many levels as it needs";
	command(m, CMD_IODIR_INVAL_DDT, 0);
	command(m, CMD_IOTINVAL_GVMA, 0);
	fence_begin(m);
	return fence_end(m) ? NULL : "does not answer";
}

const char *iommu_start(const struct iommu_setup *setup, u64 timebase_hz)
{
	struct iommu *m = &iommus[count];
	struct epoch_slot *slot = &host_epoch_slots[hart_count];
	const char *why;

	check(count < MACHINE_MAX_IOMMUS);
	wait_ticks = timebase_hz / WAIT_DIVISOR;
	m->regs = setup->regs;
	why = start(m, setup);
	if (why)
		return why;
	if (!count++) {
		*slot = (struct epoch_slot){ .version = epoch_current(&host_epoch), .active = 1 };
		epoch_grow(&host_epoch, hart_count + 1);
	}
	return NULL;
}

u32 iommu_count(void)
{
	return count;
}

/* The fault queue, at most once around. A record is complete before the tail shows it. */
static void collect(u32 index)
{
	struct iommu *m = &iommus[index];
	u32 tail = get32(m, IOMMU_FQT) % (u32)FAULTS;
	u32 csr;

	if (tail == m->fault_head)
		return;
	while (m->fault_head != tail) {
		const struct iommu_fault *f = &m->q->fault[m->fault_head];

		iommu_report_add(index, f->header, f->iotval);
		m->fault_head = (m->fault_head + 1) % (u32)FAULTS;
	}
	set32(m, IOMMU_FQH, m->fault_head);
	csr = get32(m, IOMMU_FQCSR);
	if (csr & (FQCSR_OVERFLOW | QCSR_MEM_FAULT)) {
		iommu_report_lost();
		set32(m, IOMMU_FQCSR, QCSR_ENABLE | (csr & (FQCSR_OVERFLOW | QCSR_MEM_FAULT)));
	}
}

static bool invalidate(void)
{
	bool good = true;

	for (u32 i = 0; i < count; i++) {
		command(&iommus[i], CMD_IOTINVAL_GVMA | CMD_IOTINVAL_GV |
			(u64)HOST_VMID << CMD_IOTINVAL_GSCID_SHIFT, 0);
		fence_begin(&iommus[i]);
	}
	for (u32 i = 0; i < count && good; i++)
		good = fence_end(&iommus[i]);
	return good;
}

bool iommu_fence(void)
{
	u64 version;

	if (!count)
		return true;
	spin_lock(&lock);
	version = epoch_current(&host_epoch);
	if (!broken && !invalidate()) {
		broken = true;
		log_error("an IOMMU does not answer: converted pages stay unusable");
	}
	if (!broken) {
		epoch_flushed(&host_epoch_slots[hart_count], version);
		for (u32 i = 0; i < count; i++)
			collect(i);
	}
	spin_unlock(&lock);
	return !broken;
}

bool iommu_is_current(void)
{
	return !count || __atomic_load_n(&host_epoch_slots[hart_count].version, __ATOMIC_SEQ_CST) ==
	       epoch_current(&host_epoch);
}

bool iommu_report_peek(struct tsm_io_fault *report, u64 *number)
{
	bool found;

	spin_lock(&lock);
	for (u32 i = 0; i < count && !broken; i++)
		collect(i);
	found = iommu_report_first(report, number);
	spin_unlock(&lock);
	return found;
}

bool iommu_report_drop(u64 number)
{
	bool dropped;

	spin_lock(&lock);
	dropped = iommu_report_forget(number);
	spin_unlock(&lock);
	return dropped;
}

bool iommu_tables(u32 index, struct iommu_tables *t)
{
	if (index >= count)
		return false;
	*t = iommus[index].tables;
	return true;
}
