/* SPDX-License-Identifier: BSD-2-Clause */
/* The IOMMU driver against a model of the hardware, which can lack things, refuse things and stop to answer. */
#include "unit/unit.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check/check.h"
#include "cove/covh.h"
#include "host/space.h"
#include "io/iommu.h"
#include "io/iommu_format.h"
#include "io/policy.h"
#include "page/page.h"
#include <sbi.h>
#include "oracle/watch.h"
#include "unit/rig.h"

#define REGS		0x3010000ULL
#define MEMORY		(RIG_HOST_BASE - 0x10000)
#define HZ		10000000ULL
#define MAX_DEVICE	0xffffU

/* What the model is told to be. */
static struct {
	u64 capabilities;
	u64 fctl_stuck;
	u64 max_mode;
	bool queues_dead, ddtp_busy, silent;
} is;

static u8 regs[4096];
static u32 invalidations, fences;
static u64 epoch_at_invalidation;

static u64 get(u64 reg, u32 bytes)
{
	u64 v = 0;

	memcpy(&v, regs + reg, bytes);
	return v;
}

static void put(u64 reg, u32 bytes, u64 v) { memcpy(regs + reg, &v, bytes); }

static void run_commands(void)
{
	u64 cqb = get(IOMMU_CQB, 8);
	struct iommu_command *queue = spa_ptr(SPA((cqb >> 10) << PAGE_SHIFT));
	u32 entries = 2U << (cqb & 0x1f), head = (u32)get(IOMMU_CQH, 4);

	while (!is.silent && head != get(IOMMU_CQT, 4)) {
		const struct iommu_command *c = &queue[head];

		switch (c->low & 0x3ff) {
		case CMD_IOTINVAL_GVMA:
			invalidations++;
			epoch_at_invalidation = epoch_current(&host_epoch);
			break;
		case CMD_IOFENCE_C:
			assert_true(c->low & CMD_IOFENCE_PR && c->low & CMD_IOFENCE_PW && c->low & CMD_IOFENCE_AV);
			*(u32 *)spa_ptr(SPA(c->high << 2)) = (u32)(c->low >> 32);
			fences++;
			break;
		case CMD_IODIR_INVAL_DDT:
			break;
		default:
			fail_msg("command %lx", (unsigned long)c->low);
		}
		head = (head + 1) % entries;
		put(IOMMU_CQH, 4, head);
	}
}

static void store(u64 reg, u32 bytes, u64 v)
{
	switch (reg) {
	case IOMMU_DDTP:
		if ((v & DDTP_MODE) <= is.max_mode)
			put(reg, bytes, v);
		return;
	case IOMMU_FCTL:
		return put(reg, bytes, v | is.fctl_stuck);
	case IOMMU_CQCSR:
	case IOMMU_FQCSR:
		/* Error bits are cleared by ones. */
		v = (get(reg, 4) & ~v & 0x300) | (v & QCSR_ENABLE);
		return put(reg, bytes, v | (v & QCSR_ENABLE && !is.queues_dead ? QCSR_ON : 0));
	case IOMMU_CQT:
		put(reg, bytes, v);
		return run_commands();
	}
	put(reg, bytes, v);
}

static void model(u64 spa, u32 bytes, bool write, u64 *value)
{
	u64 reg = spa - REGS;

	if (reg >= sizeof(regs))
		rv_bad_address(spa);
	rv_cpu->csr[CSR_TIME] += 100;
	if (write)
		return store(reg, bytes, *value);
	*value = get(reg, bytes);
	if (reg == IOMMU_DDTP && is.ddtp_busy)
		*value |= DDTP_BUSY;
}

static void be_good(void)
{
	memset(&is, 0, sizeof(is));
	memset(regs, 0, sizeof(regs));
	is.capabilities = CAP_VERSION_1 | CAP_SV39X4 | CAP_MSI_FLAT | 56ULL << CAP_PAS_SHIFT;
	is.max_mode = 4;
	put(IOMMU_DDTP, 8, 1);		/* as a firmware may leave it: everything passes */
	put(IOMMU_FCTL, 4, FCTL_BE);
}

static const char *start(void)
{
	const struct iommu_setup setup = { SPA(REGS), SPA(MEMORY), MAX_DEVICE };

	rv_mmio_model = model;
	put(IOMMU_CAPABILITIES, 8, is.capabilities);
	for (u32 i = 0; i < RIG_HARTS; i++)
		harts[i]->imsic = SPA(0x28000000 + i * 0x8000);
	memset(spa_ptr(setup.memory), 0, IOMMU_PAGES * PAGE_SIZE);
	return iommu_start(&setup, HZ);
}

static void what_lacks_something_is_refused(void **state)
{
	(void)state;
	be_good();
	is.capabilities &= ~CAP_SV39X4;
	assert_non_null(start());
	be_good();
	is.capabilities = CAP_SV39X4 | 0x05 | 56ULL << CAP_PAS_SHIFT;
	assert_non_null(start());
	be_good();
	is.capabilities = CAP_VERSION_1 | CAP_SV39X4 | 31ULL << CAP_PAS_SHIFT;
	assert_non_null(start());
	be_good();
	is.fctl_stuck = FCTL_BE;
	assert_non_null(start());
	be_good();
	is.max_mode = 3;		/* two levels, but 16 bits of extended contexts need three */
	assert_non_null(start());
	assert_int_equal(iommu_count(), 0);
	assert_int_equal(policy_protection(), TSM_IO_NO_DMA);
}

static void what_does_not_answer_is_refused_in_time(void **state)
{
	u64 begin;

	(void)state;
	for (u32 i = 0; i < 3; i++) {
		be_good();
		is.ddtp_busy = i == 0;
		is.queues_dead = i == 1;
		is.silent = i == 2;
		begin = csr_read(CSR_TIME);
		assert_non_null(start());
		assert_true(csr_read(CSR_TIME) - begin < HZ);
	}
	assert_int_equal(iommu_count(), 0);
}

/* The walk of the specification. */
static const struct iommu_dc *context(const struct iommu_tables *t, u32 device)
{
	u32 leaf_bits = t->extended ? 6 : 7;
	u64 *page = spa_ptr(t->directory);

	for (u32 level = t->levels - 1; level > 0; level--) {
		u64 entry = page[device >> (leaf_bits + 9 * (level - 1)) & 511];

		if (!(entry & DDTE_V))
			return NULL;
		assert_int_equal(entry & ~(DDTE_V | 0x3ffffffffffc00ULL), 0);
		page = spa_ptr(SPA(entry >> 10 << PAGE_SHIFT));
	}
	return (const struct iommu_dc *)((u8 *)page + (device & ((1U << leaf_bits) - 1)) * (t->extended ? 64 : 32));
}

static void every_device_has_the_hosts_tables(void **state)
{
	static const u32 devices[] = { 0, 1, 63, 64, 0x1234, 0x7fff, 0x8000, 0xffff };
	struct iommu_tables t;

	(void)state;
	be_good();
	assert_null(start());
	assert_int_equal(iommu_count(), 1);
	assert_int_equal(policy_protection(), TSM_IO_IOMMU);
	assert_true(iommu_tables(0, &t));
	assert_false(iommu_tables(1, &t));
	assert_int_equal(get(IOMMU_DDTP, 8), t.directory.v >> 12 << 10 | 4);
	assert_int_equal(get(IOMMU_FCTL, 4), 0);
	for (u32 i = 0; i < ARRAY_SIZE(devices); i++) {
		const struct iommu_dc *dc = context(&t, devices[i]);

		assert_non_null(dc);
		assert_int_equal(dc->tc, DC_V);
		assert_int_equal(dc->iohgatp, host_space_hgatp());
		assert_int_equal(dc->fsc, 0);
	}
	assert_null(context(&t, 0x10000));
}

/* Each hart's file 1 and nothing else. */
static void messages_reach_the_hosts_files(void **state)
{
	const struct iommu_msi_pte *table;
	const struct iommu_dc *dc;
	struct iommu_tables t;
	u32 valid = 0;

	(void)state;
	assert_true(iommu_tables(0, &t));
	dc = context(&t, 0);
	assert_int_equal(dc->msi_addr_mask, 3 << 3);
	assert_int_equal(dc->msi_addr_pattern, 0x28001);
	assert_int_equal(dc->msiptp >> 60, 1);
	table = spa_ptr(SPA(dc->msiptp << 4 >> 4 << PAGE_SHIFT));
	for (u32 i = 0; i < 256; i++) {
		if (!(table[i].pte & MSI_PTE_V))
			continue;
		assert_int_equal(table[i].pte, (0x28001ULL + i * 8) << 10 | 7);
		valid++;
	}
	assert_int_equal(valid, RIG_HARTS);
}

/* The oracle, with @word of the IOMMU's tables as it is and then changed: in another process, which it ends. */
static void is_found(u64 *word, u64 changed)
{
	int status;
	pid_t pid;

	check_all();
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		setenv("ORACLE_STATUS", "77", 1);
		*word = changed;
		check_all();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 77);
}

static void the_oracle_walks_the_tables(void **state)
{
	struct iommu_tables t;
	struct iommu_dc *dc;
	struct iommu_msi_pte *msi;

	(void)state;
	assert_true(iommu_tables(0, &t));
	dc = (struct iommu_dc *)(uintptr_t)context(&t, 0);
	msi = spa_ptr(SPA(dc->msiptp << 4 >> 4 << PAGE_SHIFT));
	is_found(&dc->iohgatp, dc->iohgatp + 4);
	is_found(&dc->iohgatp, 0);
	is_found(&dc->fsc, 8ULL << 60);
	is_found(&dc->msiptp, 1ULL << 60 | RIG_HOST_BASE >> PAGE_SHIFT);
	is_found(&msi[0].pte, msi[0].pte + (1ULL << MSI_PTE_PPN_SHIFT));
}

static bool usable(u64 page)
{
	if (page_claim(spa_pfn(SPA(page)), 1, PAGE_CONVERTED, 0) != TSM_OK)
		return false;
	page_unclaim(spa_pfn(SPA(page)), 1);
	return true;
}

static void a_fence_waits_for_the_iommu(void **state)
{
	u64 page = rig_alloc(1, PAGE_SIZE), epoch;
	u32 before = invalidations;

	(void)state;
	assert_int_equal(COVH(COVH_CONVERT_PAGES, page, 1).error, 0);
	epoch = epoch_current(&host_epoch);
	assert_false(usable(page));
	rig_fence();
	assert_true(invalidations > before);
	assert_true(epoch_at_invalidation > epoch);	/* the new epoch had begun */
	assert_true(usable(page));
	rig_reclaim(page, 1);
	rig_all_returned();
}

static void refuse_one(u64 address, u32 device)
{
	u64 fqb = get(IOMMU_FQB, 8);
	struct iommu_fault *queue = spa_ptr(SPA((fqb >> 10) << PAGE_SHIFT));
	u32 entries = 2U << (fqb & 0x1f), tail = (u32)get(IOMMU_FQT, 4);

	if ((tail + 1) % entries == get(IOMMU_FQH, 4))
		return put(IOMMU_FQCSR, 4, get(IOMMU_FQCSR, 4) | FQCSR_OVERFLOW);
	queue[tail] = (struct iommu_fault){ 23 | (u64)device << 40 | 3ULL << 34, 0, address, 0 };
	put(IOMMU_FQT, 4, (tail + 1) % entries);
}

static void refusals_are_told_once_and_counted(void **state)
{
	u64 page = rig_alloc(1, PAGE_SIZE);
	struct tsm_io_fault *r = spa_ptr(SPA(page));
	u32 told = 0;
	u64 lost = 0;

	(void)state;
	refuse_one(0x1000, 0x20);
	assert_int_equal(RIG_CALL(SBI_EXT_TSM, TSM_EXT_IO_FAULT, page).value, 1);
	assert_int_equal(r->address, 0x1000);
	assert_int_equal(r->device, 0x20);
	assert_int_equal(r->cause, 23);
	assert_int_equal(r->type, 3);
	assert_int_equal(RIG_CALL(SBI_EXT_TSM, TSM_EXT_IO_FAULT, page).value, 0);
	assert_int_equal(RIG_CALL(SBI_EXT_TSM, TSM_EXT_IO_FAULT, page + 4).error, SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(RIG_CALL(SBI_EXT_TSM, TSM_EXT_IO_FAULT, RIG_RAM_BASE).error, SBI_ERR_INVALID_ADDRESS);
	/* More than either queue holds. */
	for (u32 i = 0; i < 1000; i++)
		refuse_one(i, 0x20);
	rig_fence();
	refuse_one(0x2000, 0x28);
	rig_fence();
	while (RIG_CALL(SBI_EXT_TSM, TSM_EXT_IO_FAULT, page).value) {
		assert_true(r->address == told || r->address == 0x2000);
		told++;
		lost += r->lost;
	}
	assert_in_range(told, 127, 128);
	assert_int_equal(get(IOMMU_FQCSR, 4) & FQCSR_OVERFLOW, 0);
	refuse_one(0x3000, 0x28);
	assert_int_equal(RIG_CALL(SBI_EXT_TSM, TSM_EXT_IO_FAULT, page).value, 1);
	assert_true(r->lost + lost > 0);
	rig_all_returned();
}

/* The last test: nothing is fenced after it. */
static void a_silent_iommu_leaves_pages_unusable(void **state)
{
	u64 page = rig_alloc(1, PAGE_SIZE), begin = csr_read(CSR_TIME);

	(void)state;
	assert_int_equal(COVH(COVH_CONVERT_PAGES, page, 1).error, 0);
	is.silent = true;
	/* The one refusal that leaves a trace: an epoch has begun before the IOMMU fails to answer. No page passes by that. */
	watch_compare = false;
	assert_int_equal(COVH(COVH_GLOBAL_FENCE).error, SBI_ERR_FAILED);
	assert_true(csr_read(CSR_TIME) - begin < HZ);
	for (u32 i = 0; i < RIG_HARTS; i++) {
		rig_on(i);
		assert_int_equal(COVH(COVH_LOCAL_FENCE).error, 0);
	}
	rig_on(0);
	assert_false(usable(page));
	is.silent = false;
	assert_int_equal(COVH(COVH_GLOBAL_FENCE).error, SBI_ERR_FAILED);
	assert_false(usable(page));
	assert_int_equal(COVH(COVH_RECLAIM_PAGES, page, 1).error, 0);
	rig_all_returned();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("iommu: what lacks something is refused", what_lacks_something_is_refused),
		SENTENCE("iommu: what does not answer is refused in time", what_does_not_answer_is_refused_in_time),
		SENTENCE("iommu: every device id has the host's tables, none has more", every_device_has_the_hosts_tables),
		SENTENCE("iommu: messages reach the host's files", messages_reach_the_hosts_files),
		SENTENCE("iommu: the oracle finds a device or a message that goes elsewhere",
			 the_oracle_walks_the_tables),
		SENTENCE("iommu: a converted page is not usable before the IOMMU has forgotten it",
			 a_fence_waits_for_the_iommu),
		SENTENCE("iommu: refusals are told once, and counted when there are too many",
			 refusals_are_told_once_and_counted),
		SENTENCE("iommu: one that stops to answer leaves pages unusable, in bounded time",
			 a_silent_iommu_leaves_pages_unusable),
	};

	return cmocka_run_group_tests(tests, rig_setup, NULL);
}
