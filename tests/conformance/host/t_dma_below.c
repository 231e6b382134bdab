/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices on other ways than edu's: messages by MSI-X, and a function below a bridge, whose number changes while it works. Group:
 * dma_below.
 */
#include "tests.h"
#include "../rt/aia.h"
#include "../rt/pci.h"

#define BYTES		64U
#define PORT_BUSES	0x18
#define PORT_MEMORY	0x20
#define PORT_PREFETCH	0x24
#define PORT_WINDOW	(PCI_WINDOW + 0x5000000)
#define BUSES(bus)	((u32)(bus) << 8 | (u32)(bus) << 16)
#define OTHER_BUS	7

static struct tvm vm;

static volatile u64 *new_page(void)
{
	void *page = (void *)pages_alloc(1, 1);

	memset(page, 0, PAGE_SIZE);
	return page;
}

static bool begin(void)
{
	if (io_protection() != TSM_IO_IOMMU) {
		skip("no IOMMU", "devices transfer through an IOMMU");
		return false;
	}
	refusals_take(0, 0, 0, 0);
	return true;
}

/* A transfer to the host's own page, whose end the device tells by a message. */
static bool told_by(u64 address)
{
	rng_message(address, EIID_TEST);
	return rng_fill((u64)new_page(), BYTES, LONG_ENOUGH);
}

static void wrong_message(u64 address, const char *what)
{
	struct refusals r;

	ok(told_by(address), "a transfer ends whose MSI-X message goes to %s", what);
	r = refusals_take(PCI_RID(FN_VIRTIO), CAUSE_IO_WRITE, address, 4);
	ok(r.count && !r.strange, "the message is refused and reported (%u, cause %u)", r.count, r.cause);
	eq(imsic_take(), 0, "and no interrupt comes of it");
}

static void msix(void)
{
	volatile u64 *page;

	if (!begin() || !ok(rng_init((u64)new_page()), "a virtio device comes up"))
		return;
	imsic_take();
	ok(told_by(machine.imsic[0]), "a transfer ends whose MSI-X message goes to the host's file");
	eq(imsic_take(), EIID_TEST, "the message arrives");
	wrong_message(machine.imsic[0] - PAGE_SIZE, "the TSM's file");
	page = new_page();
	ok(cove_convert((u64)page, 1), "a page is converted");
	wrong_message((u64)page, "a converted page");
	sbi_ok(covh_reclaim((u64)page, 1), "it is reclaimed");
	ok(pages_zero((u64)page, 1), "and nothing has been written to it");
	if (!host_files())
		return skip("one guest file", "a file that was given away takes no message");
	ok(aia_convert(0, 1), "an interrupt file is given away");
	wrong_message(file_page(0, 1), "it");
	ok(aia_give_back(), "it comes back");
}

static void port_to(u32 bus)
{
	pci16(FN_PORT, PCI_COMMAND) = 0;
	pci32(FN_PORT, PCI_BAR(0)) = (u32)PCI_WINDOW + 0x3000000;
	pci32(FN_PORT, PORT_BUSES) = BUSES(bus);
	pci32(FN_PORT, PORT_MEMORY) = (u32)PORT_WINDOW | (u32)PORT_WINDOW >> 16;
	pci32(FN_PORT, PORT_PREFETCH) = 0x0000fff0;
	pci16(FN_PORT, PCI_COMMAND) = COMMAND_MEMORY | COMMAND_MASTER;
}

/* Whatever device id it has for the IOMMU: it reaches the host's pages at most. */
static void confined(u64 secret, const char *when)
{
	refusals_take(0, 0, 0, 0);
	rng_fill(vm.image, BYTES, ticks_per_second / 10);
	/* QEMU tells the id that it had when the bus had no number. */
	ok(refusals_take(0, CAUSE_IO_WRITE, vm.image, BYTES).count > 0, "%s a transfer to a TVM's page is refused and reported", when);
	eq(tvm_peek(&vm, 0, TVM_GPA), secret, "the TVM's memory is as it was");
}

static void renumbered(void)
{
	u64 secret = *(const u64 *)tvm_image;
	volatile u64 *page;

	if (!begin() || !ok(tvm_build(&vm) && tvm_sync(&vm, 0), "a TVM runs"))
		return;
	port_to(1);
	eq(pci32(PCI_FN_ON(1, 0), 0) & 0xffff, 0x1af4, "a function is below a bridge");
	if (!ok(rng_init_at(PCI_FN_ON(1, 0), PORT_WINDOW + 0x80000, PORT_WINDOW, (u64)new_page()), "it comes up"))
		return;
	page = new_page();
	ok(rng_fill((u64)page, BYTES, LONG_ENOUGH) && (page[0] | page[1]), "it fills a buffer of the host");
	confined(secret, "below a bridge");
	pci32(FN_PORT, PORT_BUSES) = BUSES(OTHER_BUS);
	eq(pci32(PCI_FN_ON(1, 0), 0), ~0U, "the bus gets another number while the device works");
	eq(pci16(PCI_FN_ON(OTHER_BUS, 0), PCI_COMMAND) & 6, 6, "there the function is as it was");
	confined(secret, "under another number");
	pci32(FN_PORT, PORT_BUSES) = 0;
	eq(pci16(FN_PORT, PCI_COMMAND) & COMMAND_MASTER, 0, "without a number nothing below the bridge is let through");
	confined(secret, "under no number");
	port_to(1);
	pci16(PCI_FN_ON(1, 0), PCI_COMMAND) = 0;
	pci16(FN_PORT, PCI_COMMAND) = 0;
	pci32(FN_PORT, PORT_BUSES) = 0;
	ok(tvm_destroy(&vm), "the TVM is destroyed and all its pages come back as zero");
}

static const struct test dma_below_tests[] = { TEST(msix), TEST(renumbered) };

GROUP(dma_below, true, 1);
