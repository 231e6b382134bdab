/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI configuration space, as far as the TSM keeps it: who is bus master, who answers where. Groups: pci, pci_harts. */
#include "tests.h"
#include "../rt/pci.h"

#define PORT_BUSES	0x18
#define PORT_MEMORY	0x20
#define PORT_PREFETCH	0x24
#define PORT_CONTROL	0x3c
#define CLOSED		0x0000fff0U	/* a window that is none */
#define OPEN		0x41f04100U	/* 0x41000000 to 0x41ffffff */
#define OVER_RAM	0x8ff08000U

static bool confined(void)
{
	return io_protection() == TSM_IO_IOMMU;
}

static bool absent(u64 fn)
{
	pci16(fn, PCI_COMMAND) = 7;
	return pci32(fn, 0) == ~0U && pci16(fn, PCI_COMMAND) == 0xffff && pci8(fn, 0x0e) == 0xff;
}

static void functions(void)
{
	u32 iommus = 0;

	for (u32 dev = 0; dev < 32; dev++)
		iommus += pci32(PCI_FN(dev, 0), 8) >> 16 == 0x0806;
	eq(iommus, 0, "no function is an IOMMU");
	if (!confined())
		return skip("no IOMMU, or trust", "virtio functions are shown by what they do with an IOMMU");
	eq(pci32(FN_VIRTIO, 0) & 0xffff, 0x1af4, "a virtio function that keeps to the IOMMU is there");
	ok(absent(FN_VIRTIO_BYPASS), "one that does not offer VIRTIO_F_ACCESS_PLATFORM is absent");
	ok(absent(FN_VIRTIO_LEGACY), "one with the legacy interface is absent");
}

static void widths(void)
{
	u32 id = pci32(FN_EDU, 0);
	u64 v;

	eq(pci16(FN_EDU, 2) << 16 | pci16(FN_EDU, 0), id, "halfwords are halves of the word");
	eq((u32)pci8(FN_EDU, 3) << 24 | pci8(FN_EDU, 2) << 16 | pci8(FN_EDU, 1) << 8 | pci8(FN_EDU, 0), id,
	   "bytes are quarters of it");
	eq(probe_load64(FN_EDU, &v), CAUSE_LOAD_ACCESS, "a load of 64 bits takes an access fault");
	eq(probe_store64(FN_EDU + 0x10, 0), CAUSE_STORE_ACCESS, "so does a store");
	eq(probe_amo(FN_EDU + 0x10, 0), CAUSE_STORE_ACCESS, "so does an AMO");
	eq(probe_fetch(FN_EDU), CAUSE_FETCH_ACCESS, "a fetch takes an access fault");
	eq(pci32(FN_EDU, 0), id, "the function is as it was");
	pci8(FN_EDU, 0x3c) = 0x5a;
	eq(pci8(FN_EDU, 0x3c), 0x5a, "a byte is written");
	eq(pci32(FN_EDU, 0x3c) & 0xff, 0x5a, "and stands in the word");
}

static void sizing(void)
{
	pci16(FN_EDU, PCI_COMMAND) = 0;
	pci32(FN_EDU, PCI_BAR(0)) = ~0U;
	eq(pci32(FN_EDU, PCI_BAR(0)), 0xfff00000, "the size of a BAR can be asked for");
	pci32(FN_EDU, PCI_BAR(0)) = (u32)EDU_BAR;
	eq(pci32(FN_EDU, PCI_BAR(0)), (u32)EDU_BAR, "it takes an address");
	ok(edu_init(), "the device answers there");
	eq(edu32(0) & 0xff, 0xed, "it says who it is");
}

/* A place where no device may answer, tried before and after decoding is on. */
static void bar_over(u32 place, const char *what)
{
	pci16(FN_EDU, PCI_COMMAND) = 0;
	pci32(FN_EDU, PCI_BAR(0)) = place;
	pci16(FN_EDU, PCI_COMMAND) = COMMAND_MEMORY;
	eq(pci16(FN_EDU, PCI_COMMAND) & COMMAND_MEMORY, 0, "a BAR over %s can not be turned on", what);
	edu_init();
	pci32(FN_EDU, PCI_BAR(0)) = place;
	eq(pci32(FN_EDU, PCI_BAR(0)), (u32)EDU_BAR, "one that is on can not be moved over %s", what);
	ok(pci16(FN_EDU, PCI_COMMAND) & COMMAND_MEMORY, "and stays on");
}

static void bars(void)
{
	volatile u64 *page = (volatile u64 *)pages_alloc(1, 1);

	*page = 0x600df00d;
	bar_over((u32)(u64)page & ~0xfffffU, "the host's memory");
	eq(*page, 0x600df00d, "which is as it was");
	bar_over(0x80200000, "the TSM's image");
	bar_over((u32)machine.imsic[0] & ~0xfffffU, "interrupt files");
	bar_over((u32)PCI_ECAM, "configuration space");
	bar_over(0x0d000000, "the APLIC");
	bar_over(0x03000000, "the board's IOMMU");
	bar_over(0, "nothing at all");
	pci32(FN_EDU, PCI_BAR(0)) = (u32)EDU_BAR + 0x100000;
	eq(pci32(FN_EDU, PCI_BAR(0)), (u32)EDU_BAR + 0x100000, "within the window it can be moved");
	pci8(FN_EDU, PCI_BAR(0) + 3) = 0x80;
	eq(pci32(FN_EDU, PCI_BAR(0)), (u32)EDU_BAR + 0x100000, "nor by a byte of it over memory");
	eq(probe_load32(EDU_BAR + 0x100000, (u64 *)&page), NO_TRAP, "the device answers where it is");
}

static void rom(void)
{
	pci16(FN_EDU, PCI_COMMAND) = 0;
	pci32(FN_PORT, 0x38) = 0x80000001;
	pci32(FN_EDU, 0x30) = 0x80000001;
	edu_init();
	ok(!(pci32(FN_EDU, 0x30) & 1) || !(pci16(FN_EDU, PCI_COMMAND) & COMMAND_MEMORY), "a ROM over memory is off");
	pci32(FN_EDU, 0x30) = 0;
	pci32(FN_PORT, 0x38) = 0;
}

/* --- a bridge --- */

static void port_reset(void)
{
	pci16(FN_PORT, PCI_COMMAND) = 0;
	pci32(FN_PORT, PCI_BAR(0)) = (u32)PCI_WINDOW + 0x3000000;
	pci32(FN_PORT, PORT_BUSES) = 0x00010100;
	pci32(FN_PORT, PORT_MEMORY) = CLOSED;
	pci32(FN_PORT, PORT_PREFETCH) = CLOSED;
	pci32(FN_PORT, 0x28) = 0;
	pci32(FN_PORT, 0x2c) = 0;
}

static void window_over(u32 reg, u32 place, const char *what)
{
	port_reset();
	pci32(FN_PORT, reg) = place;
	pci16(FN_PORT, PCI_COMMAND) = COMMAND_MEMORY;
	eq(pci16(FN_PORT, PCI_COMMAND) & COMMAND_MEMORY, 0, "%s over memory can not be turned on", what);
	port_reset();
	pci32(FN_PORT, reg) = OPEN;
	pci16(FN_PORT, PCI_COMMAND) = COMMAND_MEMORY;
	eq(pci16(FN_PORT, PCI_COMMAND) & COMMAND_MEMORY, COMMAND_MEMORY, "%s in the board's window can", what);
	pci32(FN_PORT, reg) = place;
	eq(pci32(FN_PORT, reg) & 0xfff0fff0, OPEN & 0xfff0fff0, "it can not be moved over memory then");
	pci16(FN_PORT, reg + 2) = 0x8000;
	eq(pci32(FN_PORT, reg) & 0xfff0fff0, OPEN & 0xfff0fff0, "nor its end alone");
	pci32(FN_PORT, reg) = CLOSED;
	eq(pci32(FN_PORT, reg) & 0xfff0fff0, CLOSED, "it can be closed");
}

static void bridges(void)
{
	if (pci8(FN_PORT, 0x0e) != 1)
		return skip("no bridge", "bridges");
	window_over(PORT_MEMORY, OVER_RAM, "a bridge's memory window");
	window_over(PORT_PREFETCH, OVER_RAM, "a bridge's prefetchable window");
	port_reset();
	pci16(FN_PORT, PORT_CONTROL + 2) = 0x18;
	eq(pci16(FN_PORT, PORT_CONTROL + 2) & 0x18, 0, "a bridge has no window for VGA");
	if (!confined())
		return skip("no IOMMU, or trust", "a bridge is a bus master while all buses below it are known");
	pci16(FN_PORT, PCI_COMMAND) = COMMAND_MASTER;
	eq(pci16(FN_PORT, PCI_COMMAND) & COMMAND_MASTER, COMMAND_MASTER, "a bridge to a known bus becomes a bus master");
	pci16(FN_PORT, PORT_BUSES) = 0;
	eq(pci16(FN_PORT, PCI_COMMAND) & COMMAND_MASTER, 0, "without a bus below it it is none any more");
	port_reset();
	pci32(FN_PORT, PORT_BUSES) = 0x00010200;
	pci16(FN_PORT, PCI_COMMAND) = COMMAND_MASTER;
	eq(pci16(FN_PORT, PCI_COMMAND) & COMMAND_MASTER, 0, "nor with numbers that make no sense");
	port_reset();
}

/* --- extended configuration space --- */

#define EXT_ACS		0x0d
#define EXT_ATS		0x0f
#define EXT_SRIOV	0x10
#define ACS_DIRECT	BIT(6)

static void extended(void)
{
	u64 below = PCI_FN_ON(1, 0);
	u32 at;

	if (!confined())
		return skip("no IOMMU, or trust", "extended capabilities");
	port_reset();
	at = pci_ext_cap(FN_PORT, EXT_ACS);
	if (ok(at, "the root port has access control services")) {
		u16 can = pci16(FN_PORT, at + 4) & 0x1f;

		pci16(FN_PORT, PCI_COMMAND) = COMMAND_MASTER;
		eq(pci16(FN_PORT, at + 6) & 0x1f, can, "they are on when it is a bus master");
		pci16(FN_PORT, at + 6) = ACS_DIRECT;
		eq(pci16(FN_PORT, at + 6) & (0x1f | ACS_DIRECT), can, "they can not be turned off");
		pci8(FN_PORT, at + 6) = 0;
		eq(pci16(FN_PORT, at + 6) & 0x1f, can, "nor by a byte");
	}
	eq(pci32(below, 0) & 0xffff, 0x1af4, "there is a function behind the root port");
	at = pci_ext_cap(below, EXT_ATS);
	if (ok(at, "it has address translation services")) {
		pci16(below, at + 6) = 0x8000;
		eq(pci16(below, at + 6) & 0x8000, 0, "they can not be turned on");
		pci32(below, at + 4) = ~0U;
		eq(pci16(below, at + 6) & 0x8000, 0, "nor by a word");
	}
	at = pci_ext_cap(FN_NVME, EXT_SRIOV);
	if (ok(at, "the NVMe controller has virtual functions")) {
		pci16(FN_NVME, at + 0x10) = 1;
		pci16(FN_NVME, at + 8) = 9;
		eq(pci16(FN_NVME, at + 8) & 9, 0, "they can not be turned on");
	}
	port_reset();
}

/* A function level reset: nothing is on after it, and the rules hold. */
static void reset(void)
{
	u32 cap = pci_cap(FN_NVME, 0x10, 0);

	if (!confined())
		return skip("no IOMMU, or trust", "a function level reset");
	if (!ok(cap && pci32(FN_NVME, cap + 4) & BIT(28), "the NVMe controller can be reset"))
		return;
	pci32(FN_NVME, PCI_BAR(0)) = (u32)PCI_WINDOW + 0x4000000;
	pci32(FN_NVME, PCI_BAR(1)) = 0;
	pci16(FN_NVME, PCI_COMMAND) = COMMAND_MEMORY | COMMAND_MASTER;
	eq(pci16(FN_NVME, PCI_COMMAND) & 6, 6, "it decodes and is a bus master");
	pci32(FN_NVME, PCI_BAR(1)) = 1;
	eq(pci32(FN_NVME, PCI_BAR(1)), 0, "the upper half of its BAR can not be moved out of the window");
	pci16(FN_NVME, cap + 8) = 0x8000;
	nap(ticks_per_second / 100);
	eq(pci16(FN_NVME, PCI_COMMAND) & 7, 0, "after a function level reset it does neither");
	pci32(FN_NVME, PCI_BAR(0)) = 0x80000000;
	pci16(FN_NVME, PCI_COMMAND) = COMMAND_MEMORY;
	eq(pci16(FN_NVME, PCI_COMMAND) & COMMAND_MEMORY, 0, "and may decode no more than before");
	pci32(FN_NVME, PCI_BAR(0)) = 0;
}

static const struct test pci_tests[] = {
	TEST(functions), TEST(widths), TEST(sizing), TEST(bars), TEST(rom), TEST(bridges), TEST(extended), TEST(reset),
};

GROUP(pci, true, 1);

/* --- several harts write to one function --- */

#define WRITES	100

static u64 hammer(u64 seed)
{
	static const u32 places[] = {
		0x80000000, (u32)EDU_BAR, 0x28000000, (u32)EDU_BAR + 0x100000, ~0U, 0x80200000, 0,
	};
	u64 wrong = 0;

	for (u32 i = 0; i < WRITES; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		switch (seed >> 60) {
		case 0 ... 5:
			pci32(FN_EDU, PCI_BAR(0)) = places[(seed >> 40) % ARRAY_SIZE(places)];
			break;
		case 6 ... 9:
			pci16(FN_EDU, PCI_COMMAND) = (u16)(seed >> 40 & 7);
			break;
		case 10:
			pci8(FN_EDU, PCI_BAR(0) + 3) = (u8)(seed >> 40);
			break;
		default:
			wrong += pci32(FN_EDU, 0) != 0x11e81234;
		}
	}
	return wrong;
}

static void races(void)
{
	volatile u64 *page = (volatile u64 *)pages_alloc(512, 512);
	u64 wrong = 0, result;
	u32 bar;

	*page = 0x600df00d;
	for (u32 i = 1; i < nr_harts; i++)
		run_begin(i, hammer, i);
	wrong = hammer(0);
	for (u32 i = 1; i < nr_harts; i++) {
		if (!run_wait(i, 60 * ticks_per_second, &result))
			return (void)ok(false, "hart %u comes to its end", i);
		wrong += result;
	}
	eq(wrong, 0, "%u writes of each hart to one function's BAR and command: every read is right", WRITES);
	bar = pci32(FN_EDU, PCI_BAR(0)) & ~0xfU;
	ok(!(pci16(FN_EDU, PCI_COMMAND) & COMMAND_MEMORY) || (bar >= PCI_WINDOW && bar < 0x80000000U - 0x100000),
	   "in the end it does not decode, or within the window (%x)", bar);
	eq(*page, 0x600df00d, "the host's memory is as it was");
	ok(edu_init() && (edu32(0) & 0xff) == 0xed, "the device works");
}

static const struct test pci_harts_tests[] = { TEST(races) };

GROUP(pci_harts, true, 2);
