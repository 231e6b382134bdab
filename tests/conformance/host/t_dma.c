/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices that read and write memory: exactly what the host reaches. QEMU's edu and a virtio device do it for real. Groups: dma,
 * dma_harts.
 */
#include "tests.h"
#include "../rt/aia.h"
#include "../rt/pci.h"

#define PATTERN		0xd0a11edd0a11edULL
#define BYTES		8ULL
#define EDU		PCI_RID(FN_EDU)
#define VIRTIO		PCI_RID(FN_VIRTIO)
#define APLIC_TARGETS	0xd003000ULL
#define RESET_DEVICE	0x100000ULL
#define BOARD_IOMMU	0x3010000ULL
/*
 * The TSM's piece of memory is the last that the host does not have: behind its first range, up to
 * its second if there is one, or up to the end of memory, of which there is a multiple of 256 MiB.
 * Tables are at its start, the image is in its last 2 MiB.
 */
static u64 tsm_tables(void)
{
	return machine.ram[0].base + machine.ram[0].size;
}

static u64 tsm_image(void)
{
	return (machine.nr_ram > 1 ? machine.ram[1].base : ALIGN_UP(tsm_tables(), 256ULL << 20)) - SIZE_2M;
}

static struct tvm vm;

static volatile u64 *new_page(u64 word)
{
	u64 *p = (u64 *)pages_alloc(1, 1);

	for (u32 i = 0; i < PAGE_SIZE / 8; i++)
		p[i] = word;
	return p;
}

static void forget_refusals(void)
{
	refusals_take(0, 0, 0, 0);
}

/* The device is there and its transfers are confined; else the group has nothing to say. */
static bool begin(void)
{
	if (io_protection() != TSM_IO_IOMMU) {
		skip("no IOMMU", "devices transfer through an IOMMU");
		return false;
	}
	forget_refusals();
	return ok(edu_init(), "the device answers at its new address") &&
	       eq(pci16(FN_EDU, PCI_COMMAND) & 6, COMMAND_MEMORY | COMMAND_MASTER, "it is a bus master");
}

/* The device's buffer begins with this word. */
static bool load_buffer(u64 word)
{
	volatile u64 *page = new_page(word);

	return edu_move(false, (u64)page, BYTES);
}

static u64 buffer_word(void)
{
	volatile u64 *page = new_page(~PATTERN);

	edu_move(true, (u64)page, BYTES);
	return *page;
}

static void permitted(void)
{
	volatile u64 *from, *to;
	struct refusals r;

	if (!begin())
		return;
	from = new_page(PATTERN);
	to = new_page(0);
	ok(edu_move(false, (u64)from, PAGE_SIZE) && edu_move(true, (u64)to, PAGE_SIZE),
	   "the device reads a page of the host and writes another");
	ok(!memcmp((const void *)from, (const void *)to, PAGE_SIZE), "what it wrote is what it read");
	to[0] = 0;
	ok(edu_move(true, (u64)to + PAGE_SIZE - BYTES, BYTES), "it writes the last bytes of a page");
	eq(to[PAGE_SIZE / 8 - 1], PATTERN, "they are there");
	eq(to[0], 0, "and nothing else is");
	r = refusals_take(0, 0, 0, 0);
	eq(r.count, 0, "no transfer was refused");
}

static void refuse(u64 address, const char *what)
{
	struct refusals r;

	if (!load_buffer(PATTERN))
		return (void)ok(false, "the device works before %s", what);
	ok(edu_move(true, address, BYTES), "a write to %s ends", what);
	r = refusals_take(EDU, CAUSE_IO_WRITE, address, BYTES);
	ok(r.count && !r.strange, "it is refused and reported: %s (%u reports, %u of something else)", what, r.count,
	   r.strange);
	ok(edu_move(false, address, BYTES), "a read from %s ends", what);
	r = refusals_take(EDU, CAUSE_IO_READ, address, BYTES);
	ok(r.count && !r.strange, "it is refused and reported as well: %s", what);
}

/* Memory that is a TVM's, by what it is. */
static void tvm_memory(void)
{
	u64 secret = *(const u64 *)tvm_image, page;

	if (!begin() || !ok(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM runs"))
		return;
	refuse(vm.image, "a TVM's page");
	ok(buffer_word() != secret, "the device has not seen what is in it");
	refuse(vm.image + PAGE_SIZE - BYTES, "the end of a TVM's page");
	refuse(vm.pgd, "a TVM's root table");
	refuse(vm.pool, "a TVM's table");
	refuse(vm.state, "a TVM's state");
	refuse(vm.vcpu[0], "a vCPU's state");
	page = pages_alloc(1, 1);
	ok(cove_convert(page, 1), "a page is converted");
	refuse(page, "a converted page");
	sbi_ok(covh_reclaim(page, 1), "it is reclaimed");
	ok(pages_zero(page, 1), "nothing has been written to it");
	ok(load_buffer(PATTERN) && edu_move(true, page, BYTES), "the device writes to it then");
	eq(*(volatile u64 *)page, PATTERN, "and it arrives");
	eq(tvm_peek(&vm, 0, TVM_GPA), secret, "the TVM's memory is as it was");
	ok(tvm_destroy(&vm), "the TVM is destroyed and all its pages come back as zero");
}

static void other_memory(void)
{
	if (!begin())
		return;
	refuse(0x80000000, "the firmware");
	refuse(tsm_image(), "the TSM's image");
	refuse(tsm_tables(), "the TSM's tables");
	refuse(machine.imsic[0] - PAGE_SIZE, "the TSM's interrupt file");
	refuse(PCI_ECAM, "PCI's configuration space");
	refuse(APLIC_TARGETS, "the APLIC's targets");
	refuse(RESET_DEVICE, "the reset device");
	refuse(BOARD_IOMMU, "the IOMMU");
	refuse(0x24000000, "an M-mode interrupt file");
	refuse(NOWHERE, "no device and no memory");
	refuse(BIT(45), "an address that no table translates");
}

/* The TVM asks for a page to be shared, and the host says yes. */
static bool share(u64 gpa)
{
	const u64 args[6] = { gpa, PAGE_SIZE };
	struct exit e = { 0 };

	if (!tvm_ecall_begin(&vm, 0, SBI_EXT_COVG, COVG_SHARE_MEMORY, args, &e) || e.error)
		return false;
	shmem_gpr(10) = 0;
	shmem_gpr(11) = 0;
	return !tvm_ecall_end(&vm, 0).error;
}

/* A region that the TVM shares: the host's page, so the device's too. */
static void shared_memory(void)
{
	volatile u64 *page;

	if (!begin() || !ok(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM runs"))
		return;
	page = new_page(0);
	ok(share(TVM_FRESH_GPA), "the TVM shares a page");
	sbi_ok(covh_add_shared(vm.id, (u64)page, COVE_PAGE_4K, 1, TVM_FRESH_GPA), "the host adds one of its own");
	ok(load_buffer(PATTERN) && edu_move(true, (u64)page, BYTES), "the device writes to it");
	eq(tvm_peek(&vm, 0, TVM_FRESH_GPA), PATTERN, "the TVM reads what the device wrote");
	eq(refusals_take(0, 0, 0, 0).count, 0, "nothing was refused");
	ok(tvm_destroy(&vm), "the TVM is destroyed and all its pages come back as zero");
}

/* A transfer that was begun before its page is converted, and ends after. */
static void races(void)
{
	u32 dirty = 0, late = 0, caught = 0;

	if (!begin() || !ok(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM runs"))
		return;
	ok(load_buffer(PATTERN), "the device's buffer is full");
	for (u32 i = 0; i < 8; i++) {
		u64 page = pages_alloc(1, 1), gpa = TVM_FRESH_GPA + i * PAGE_SIZE;

		*(volatile u64 *)page = 0;
		edu_begin(true, page, BYTES);
		nap(i * ticks_per_second / 55);
		if (!cove_convert(page, 1) || covh_add_zero(vm.id, page, COVE_PAGE_4K, 1, gpa).error)
			return (void)ok(false, "round %u: the page becomes the TVM's", i);
		vm.zero[vm.zeros].pa = page;
		vm.zero[vm.zeros++].gpa = gpa;
		late += !edu_wait();
		dirty += tvm_peek(&vm, 0, gpa) != 0;
		caught += refusals_take(EDU, CAUSE_IO_WRITE, page, BYTES).count > 0;
	}
	eq(late, 0, "every transfer ends");
	eq(dirty, 0, "no transfer from before the fence reaches the TVM's page after it");
	ok(caught > 0, "some of them came too late and were refused (%u)", caught);
	ok(tvm_destroy(&vm), "the TVM is destroyed and all its pages come back as zero");
}

/* --- messages --- */

static u64 take(u64 unused)
{
	(void)unused;
	return imsic_take();
}

static void message(u32 hart)
{
	edu_msi(harts[hart].imsic, EIID_TEST);
	eq(run_on(hart, take, 0), EIID_TEST, "a device's message to the host's file of hart %u arrives", hart);
}

static void wrong_message(u64 address, const char *what)
{
	struct refusals r;

	edu_msi(address, EIID_TEST);
	r = refusals_take(EDU, CAUSE_IO_WRITE, address, 4);
	ok(r.count && !r.strange, "a message to %s is refused and reported (%u, cause %u)", what, r.count, r.cause);
	eq(imsic_take(), 0, "and no interrupt comes of it");
}

static void messages(void)
{
	u64 stride = nr_harts > 1 ? machine.imsic[1] - machine.imsic[0] : 8 * PAGE_SIZE;

	if (!begin())
		return;
	message(0);
	message(nr_harts - 1);
	/* QEMU's IOMMU drops it: edu does not say who writes. Hardware may take it for a message. */
	ok(load_buffer(EIID_OTHER) && edu_move(true, machine.imsic[0], 4), "the device writes a word to the host's file");
	eq(imsic_take() & ~EIID_OTHER, 0, "which is a message or nothing");
	wrong_message(machine.imsic[0] - PAGE_SIZE, "the TSM's file");
	wrong_message(machine.imsic[0] + stride * MAX_HARTS, "a hart that is not there");
	if (!host_files())
		return skip("one guest file", "a file that was given away takes no message");
	edu_msi(file_page(0, 1), EIID_TEST);
	eq(refusals_take(0, 0, 0, 0).count, 0, "a file that the host has for its guests takes messages");
	ok(aia_convert(0, 1), "it is given away");
	wrong_message(file_page(0, 1), "a file that was given away");
	ok(aia_give_back(), "it comes back");
}

/* --- the APLIC, which sends messages too --- */

#define TARGET(source)	(*(volatile u32 *)(APLIC_TARGETS + 4 * (source)))
#define TARGET_OF(hart, guest, eiid)	((u32)(hart) << 18 | (guest) << 12 | (eiid))

static void aplic(void)
{
	u32 good = TARGET_OF(0, 1, EIID_TEST), old = TARGET(1);
	u64 v;

	TARGET(1) = good;
	eq(TARGET(1), good, "an APLIC source can be aimed at the host's file");
	TARGET(1) = TARGET_OF(0, 0, EIID_TEST);
	eq(TARGET(1), good, "not at the TSM's");
	for (u32 guest = 2; guest < 64; guest += 1 + guest / 4)
		TARGET(1) = TARGET_OF(0, guest, EIID_TEST);
	eq(TARGET(1), good, "not at any other guest file");
	TARGET(1) = TARGET_OF(nr_harts, 1, EIID_TEST);
	TARGET(1) = TARGET_OF(0x3fff, 1, EIID_TEST);
	eq(TARGET(1), good, "not at a hart that is not there");
	*(volatile u32 *)APLIC_TARGETS = TARGET_OF(0, 0, EIID_TEST);
	eq(*(volatile u32 *)APLIC_TARGETS, 0, "genmsi takes nothing");
	eq(imsic_take(), 0, "and sends nothing");
	eq(probe_load64(APLIC_TARGETS + 8, &v), CAUSE_LOAD_ACCESS, "64 bits of it take an access fault");
	eq(probe_load8(APLIC_TARGETS + 8, &v), CAUSE_LOAD_ACCESS, "so does a byte");
	TARGET(1) = old;
}

/* --- a virtio device --- */

static void virtio(void)
{
	u64 rings, secret = *(const u64 *)tvm_image;
	volatile u64 *page;
	struct refusals r;

	if (!begin() || !ok(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM runs"))
		return;
	rings = (u64)new_page(0);
	page = new_page(0);
	ok(rng_init(rings), "a virtio device comes up");
	ok(rng_fill((u64)page, 64, LONG_ENOUGH), "it fills a buffer of the host");
	ok(page[0] | page[1] | page[2], "the buffer is not zero any more");
	rng_fill(vm.image, 64, ticks_per_second / 10);	/* QEMU's device does not notice that it failed */
	r = refusals_take(VIRTIO, CAUSE_IO_WRITE, vm.image, 64);
	ok(r.count && !r.strange, "a buffer in a TVM's page is refused and reported");
	eq(tvm_peek(&vm, 0, TVM_GPA), secret, "the TVM's memory is as it was");
	rings = (u64)new_page(0);
	ok(rng_init(rings), "the device comes up again");
	ok(cove_convert(rings, 1), "its rings' page is converted");
	*(volatile u16 *)(VIRTIO_BAR + 0x3000) = 0;
	nap(ticks_per_second / 20);
	r = refusals_take(VIRTIO, CAUSE_IO_READ, rings, PAGE_SIZE);
	ok(r.count && !r.strange, "it can not read them any more (%u)", r.count);
	pci16(FN_VIRTIO, PCI_COMMAND) = 0;
	sbi_ok(covh_reclaim(rings, 1), "they are reclaimed");
	ok(pages_zero(rings, 1), "and zero");
	ok(tvm_destroy(&vm), "the TVM is destroyed and all its pages come back as zero");
}

/* Without an IOMMU nothing moves. */
static void no_dma(void)
{
	volatile u64 *page;

	if (io_protection() != TSM_IO_NO_DMA)
		return skip("there is an IOMMU, or trust", "without an IOMMU no device transfers");
	ok(edu_init(), "a device is there");
	page = new_page(PATTERN);
	eq(pci16(FN_EDU, PCI_COMMAND) & 6, COMMAND_MEMORY, "it decodes, but can not become a bus master");
	ok(edu_move(true, (u64)page, BYTES), "a transfer ends");
	ok(*page == PATTERN, "memory is as it was");
	edu_msi(machine.imsic[0], EIID_TEST);
	eq(imsic_take(), 0, "no message arrives");
	eq(pci32(FN_VIRTIO, 0), ~0U, "a virtio device is absent");
}

static void trusted(void)
{
	volatile u64 *page;

	if (io_protection() != TSM_IO_TRUSTED_DEVICES)
		return skip("devices are not trusted", "trusted devices transfer");
	ok(edu_init() && load_buffer(PATTERN), "a device reads memory");
	page = new_page(0);
	ok(edu_move(true, (u64)page, BYTES) && *page == PATTERN, "and writes it");
	ok(pci32(FN_VIRTIO_LEGACY, 0) != ~0U, "a virtio device that knows no IOMMU is there");
}

static void reports(void)
{
	u64 page = pages_alloc(1, 1);
	struct sbiret r;

	sbi_err(sbi(SBI_EXT_TSM, 2), SBI_ERR_NOT_SUPPORTED, "the extension has no third function");
	sbi_err(sbi(SBI_EXT_TSM, TSM_EXT_IO_FAULT, page + 4), SBI_ERR_INVALID_ADDRESS,
		"a report at an unaligned address is refused");
	sbi_err(sbi(SBI_EXT_TSM, TSM_EXT_IO_FAULT, tsm_image()), SBI_ERR_INVALID_ADDRESS,
		"a report into the TSM is refused");
	ok(cove_convert(page, 1), "a page is converted");
	if (io_protection() == TSM_IO_IOMMU && edu_init()) {
		forget_refusals();
		edu_move(true, page, BYTES);
		sbi_err(sbi(SBI_EXT_TSM, TSM_EXT_IO_FAULT, page), SBI_ERR_INVALID_ADDRESS,
			"a report into a converted page is refused");
		ok(refusals_take(EDU, CAUSE_IO_WRITE, page, BYTES).count > 0, "and not lost by that");
	}
	sbi_ok(covh_reclaim(page, 1), "the page is reclaimed");
	r = sbi(SBI_EXT_TSM, TSM_EXT_IO_FAULT, page);
	ok(!r.error && !r.value && pages_zero(page, 1), "without a report nothing is written");
}

static const struct test dma_tests[] = {
	TEST(permitted), TEST(tvm_memory), TEST(other_memory), TEST(shared_memory), TEST(races), TEST(messages),
	TEST(aplic), 	TEST(virtio), TEST(no_dma), TEST(trusted), TEST(reports),
};

GROUP(dma, true, 1);
