/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI functions of the test machine (scripts/tap-run puts them there) and QEMU's edu, a device that transfers 4 KiB on
 * command, 100 ms after it.
 */
#ifndef RT_PCI_H
#define RT_PCI_H

#include "rt.h"
#include "tsm_ext.h"

#define PCI_ECAM		0x30000000ULL
#define PCI_FN(dev, fn)		(PCI_ECAM + ((u64)(dev) << 15) + ((u64)(fn) << 12))
#define PCI_FN_ON(bus, dev)	(PCI_ECAM + ((u64)(bus) << 20) + ((u64)(dev) << 15))
#define PCI_RID(config)		(((config) - PCI_ECAM) >> 12)

/* Where tap-run puts what */
#define FN_EDU			PCI_FN(4, 0)
#define FN_VIRTIO		PCI_FN(5, 0)	/* rng, VIRTIO_F_ACCESS_PLATFORM offered */
#define FN_PORT			PCI_FN(6, 0)	/* root port; a virtio function with ATS is below it */
#define FN_VIRTIO_BYPASS	PCI_FN(7, 0)	/* not offered */
#define FN_VIRTIO_LEGACY	PCI_FN(8, 0)	/* transitional */
#define FN_NVME			PCI_FN(9, 0)	/* with virtual functions */

/* The two windows of QEMU's virt board */
#define PCI_WINDOW		0x40000000ULL
#define PCI_WINDOW_64		0x400000000ULL
#define EDU_BAR			(PCI_WINDOW + 0x1000000)
#define VIRTIO_BAR		(PCI_WINDOW_64 + 0x100000)

#define PCI_COMMAND		0x04
#define PCI_BAR(n)		(0x10 + 4 * (n))
#define COMMAND_MEMORY		0x2
#define COMMAND_MASTER		0x4

#define pci8(fn, reg)		(*(volatile u8 *)((fn) + (reg)))
#define pci16(fn, reg)		(*(volatile u16 *)((fn) + (reg)))
#define pci32(fn, reg)		(*(volatile u32 *)((fn) + (reg)))

/* The capability of a function with this id from @after on (0: the first); 0: none. Extended ones likewise. */
u32 pci_cap(u64 fn, u8 id, u32 after);
u32 pci_ext_cap(u64 fn, u16 id);
/* What devices may do: TSM_IO_*. */
u64 io_protection(void);

/* --- edu --- */

/* BAR, decoding, bus master as far as the TSM lets it. False: there is none. */
bool edu_init(void);
#define edu32(reg)		(*(volatile u32 *)(EDU_BAR + (reg)))
#define edu64(reg)		(*(volatile u64 *)(EDU_BAR + (reg)))
/* Starts a transfer between the device's buffer and memory, and waits for its end. False: it does not end. */
void edu_begin(bool to_memory, u64 address, u64 bytes);
bool edu_wait(void);
bool edu_move(bool to_memory, u64 address, u64 bytes);
/* One message to an address, by the device's MSI capability. */
void edu_msi(u64 address, u32 data);

/* --- reports of refused transfers --- */

struct refusals {
	u32 count;
	u32 strange;		/* of another device, cause or place than asked for */
	u32 cause;		/* of the first */
};

/* Reads all reports; expected: from @device, @cause, within [address, address + bytes). */
struct refusals refusals_take(u32 device, u32 cause, u64 address, u64 bytes);
#define CAUSE_IO_READ		21
#define CAUSE_IO_WRITE		23

/* Sleeps that long: time passes at once where QEMU counts instructions. */
void nap(u64 ticks);

/* --- virtio-rng --- */

/* Brings the device up with rings at @rings (a page). False: it does not come. */
bool rng_init(u64 rings);
/* The same for any such function, with its two BARs: registers, and the table of messages. */
bool rng_init_at(u64 fn, u64 bar, u64 messages, u64 rings);
/* From now on it tells the end of a transfer by this message, by MSI-X. */
void rng_message(u64 address, u32 data);
/* Asks for @bytes at @address; false: they did not come in time. */
bool rng_fill(u64 address, u32 bytes, u64 ticks);

#endif
