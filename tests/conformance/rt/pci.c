/* SPDX-License-Identifier: BSD-2-Clause */
#include "pci.h"
#include "tap.h"

#define EDU_ID			0x11e81234
#define EDU_BUFFER		0x40000
#define EDU_RAISE		0x60
#define EDU_ACK			0x64
#define EDU_SOURCE		0x80
#define EDU_TARGET		0x88
#define EDU_COUNT		0x90
#define EDU_COMMAND		0x98
#define EDU_RUN			1
#define EDU_TO_MEMORY		2

#define CAP_MSI			0x05
#define CAP_MSIX	0x11
#define CAP_VENDOR		0x09

u32 pci_cap(u64 fn, u8 id, u32 after)
{
	u32 at = pci8(fn, after ? after + 1 : 0x34) & ~3U;

	for (u32 i = 0; i < 48 && at >= 0x40; i++, at = pci8(fn, at + 1) & ~3U)
		if (pci8(fn, at) == id)
			return at;
	return 0;
}

u32 pci_ext_cap(u64 fn, u16 id)
{
	u32 at = 0x100;

	for (u32 i = 0; i < 960 && at >= 0x100; i++) {
		u32 header = pci32(fn, at);

		if (!header || header == ~0U)
			return 0;
		if ((header & 0xffff) == id)
			return at;
		at = header >> 20 & ~3U;
	}
	return 0;
}

u64 io_protection(void)
{
	return (u64)sbi(SBI_EXT_TSM, TSM_EXT_IO_PROTECTION).value;
}

void nap(u64 ticks)
{
	u64 end = now() + ticks;

	while (now() < end) {
		csr_write(0x14d, end);		/* stimecmp */
		csr_set(sie, BIT(IRQ_STI));
		wfi();
		csr_clear(sie, BIT(IRQ_STI));
	}
	csr_write(0x14d, ~0ULL);
}

bool edu_init(void)
{
	if (pci32(FN_EDU, 0) != EDU_ID)
		return false;
	pci16(FN_EDU, PCI_COMMAND) = 0;
	pci32(FN_EDU, PCI_BAR(0)) = (u32)EDU_BAR;
	pci16(FN_EDU, PCI_COMMAND) = COMMAND_MEMORY | COMMAND_MASTER;
	return true;
}

void edu_begin(bool to_memory, u64 address, u64 bytes)
{
	edu64(EDU_SOURCE) = to_memory ? EDU_BUFFER : address;
	edu64(EDU_TARGET) = to_memory ? address : EDU_BUFFER;
	edu64(EDU_COUNT) = bytes;
	fence();
	edu64(EDU_COMMAND) = EDU_RUN | (to_memory ? EDU_TO_MEMORY : 0);
}

bool edu_wait(void)
{
	u64 begin = now();

	while (edu64(EDU_COMMAND) & EDU_RUN) {
		if (now() - begin > LONG_ENOUGH)
			return false;
		nap(ticks_per_second / 100);
	}
	fence();
	return true;
}

bool edu_move(bool to_memory, u64 address, u64 bytes)
{
	edu_begin(to_memory, address, bytes);
	return edu_wait();
}

void edu_msi(u64 address, u32 data)
{
	u32 cap = pci_cap(FN_EDU, CAP_MSI, 0);

	pci32(FN_EDU, cap + 4) = (u32)address;
	pci32(FN_EDU, cap + 8) = (u32)(address >> 32);
	pci16(FN_EDU, cap + 12) = (u16)data;
	pci16(FN_EDU, cap + 2) = 1;		/* enable */
	edu32(EDU_RAISE) = 1;
	edu32(EDU_ACK) = 1;
	pci16(FN_EDU, cap + 2) = 0;
	fence();
}

struct refusals refusals_take(u32 device, u32 cause, u64 address, u64 bytes)
{
	static struct tsm_io_fault r;
	struct refusals found = { 0 };

	while (found.count < 100000) {
		struct sbiret ret = sbi(SBI_EXT_TSM, TSM_EXT_IO_FAULT, (u64)&r);

		if (ret.error || !ret.value)
			break;
		if (!found.count++)
			found.cause = r.cause;
		if (r.device != device || r.cause != cause || r.address < address || r.address >= address + bytes) {
			if (!found.strange++)
				note("device %x cause %u address %lx", r.device, r.cause, r.address);
		}
	}
	return found;
}

/* --- virtio-rng: one queue, one buffer at a time --- */

#define QUEUE_SIZE	8
#define STATUS		0x14
#define STATUS_READY	0xf		/* acknowledged, driver, driver ok, features ok */

struct rings {
	struct {
		u64 address;
		u32 length;
		u16 flags, next;
	} desc[QUEUE_SIZE];
	struct {
		u16 flags, index, ring[QUEUE_SIZE], event;
	} avail;
	u8 pad[1024];
	struct {
		u16 flags, index;
		struct {
			u32 id, length;
		} ring[QUEUE_SIZE];
	} used;
};

static struct {
	u64 fn, bar, messages;
	u64 common, notify;
	volatile struct rings *rings;
} rng;

static u64 region(u8 type)
{
	for (u32 cap = pci_cap(rng.fn, CAP_VENDOR, 0); cap; cap = pci_cap(rng.fn, CAP_VENDOR, cap))
		if (pci8(rng.fn, cap + 3) == type)
			return rng.bar + pci32(rng.fn, cap + 8);
	return 0;
}

#define reg8(off)	(*(volatile u8 *)(rng.common + (off)))
#define reg16(off)	(*(volatile u16 *)(rng.common + (off)))
#define reg32(off)	(*(volatile u32 *)(rng.common + (off)))

static void set_address(u32 off, u64 address)
{
	reg32(off) = (u32)address;
	reg32(off + 4) = (u32)(address >> 32);
}

static void queue_up(u64 rings)
{
	u64 at = rings;

	reg16(0x16) = 0;			/* queue 0 */
	reg16(0x18) = QUEUE_SIZE;
	set_address(0x20, at + offsetof(struct rings, desc));
	set_address(0x28, at + offsetof(struct rings, avail));
	set_address(0x30, at + offsetof(struct rings, used));
	reg16(0x1c) = 1;
}

bool rng_init_at(u64 fn, u64 bar, u64 messages, u64 rings)
{
	u64 begin = now();

	pci16(fn, PCI_COMMAND) = 0;
	pci32(fn, PCI_BAR(1)) = (u32)messages;
	pci32(fn, PCI_BAR(4)) = (u32)bar;
	pci32(fn, PCI_BAR(5)) = (u32)(bar >> 32);
	pci16(fn, PCI_COMMAND) = COMMAND_MEMORY | COMMAND_MASTER;
	rng.fn = fn;
	rng.bar = bar;
	rng.messages = messages;
	rng.common = region(1);
	rng.notify = region(2);
	rng.rings = (volatile struct rings *)rings;
	if (!rng.common || !rng.notify)
		return false;
	reg8(STATUS) = 0;
	while (reg8(STATUS))
		if (now() - begin > LONG_ENOUGH)
			return false;
	reg8(STATUS) = 3;
	reg32(8) = 1;				/* VERSION_1 and ACCESS_PLATFORM */
	reg32(12) = 3;
	reg32(8) = 0;
	reg32(12) = 0;
	reg8(STATUS) = 0xb;
	if (!(reg8(STATUS) & 8))
		return false;
	queue_up(rings);
	reg8(STATUS) = STATUS_READY;
	return true;
}

bool rng_init(u64 rings)
{
	return rng_init_at(FN_VIRTIO, VIRTIO_BAR, PCI_WINDOW + 0x2000000, rings);
}

void rng_message(u64 address, u32 data)
{
	u32 cap = pci_cap(rng.fn, CAP_MSIX, 0);
	volatile u32 *entry = (volatile u32 *)(rng.messages + (pci32(rng.fn, cap + 4) & ~7U));

	entry[0] = (u32)address;
	entry[1] = (u32)(address >> 32);
	entry[2] = data;
	entry[3] = 0;
	pci16(rng.fn, cap + 2) = 0x8000;	/* enable */
	reg16(0x16) = 0;
	reg16(0x1a) = 0;			/* queue 0: the table's first entry */
}

bool rng_fill(u64 address, u32 bytes, u64 ticks)
{
	volatile struct rings *r = rng.rings;
	u16 used = r->used.index;
	u64 begin = now();

	r->desc[0].address = address;
	r->desc[0].length = bytes;
	r->desc[0].flags = 2;			/* the device writes */
	r->avail.ring[r->avail.index % QUEUE_SIZE] = 0;
	fence();
	r->avail.index++;
	__asm__ volatile("fence iorw, iorw" : : : "memory");
	*(volatile u16 *)rng.notify = 0;
	while (r->used.index == used) {
		if (now() - begin > ticks)
			return false;
		nap(ticks_per_second / 1000);
	}
	return r->used.ring[used % QUEUE_SIZE].length > 0;
}
