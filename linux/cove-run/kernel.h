/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A stock kernel as the guest: where kernel file, initramfs and device tree lie in RAM, and what
 * the device tree says.
 *
 *	0x0c000000  APLIC (in MSI mode), where the TVM has interrupt files
 *	0x10000000  16550A
 *	0x10001000  virtio-mmio, one page a device
 *	0x28000000  IMSIC, one page a vCPU: the TSM's
 *	0x80000000  RAM: the kernel file at 2 MiB, initramfs and device tree at the end
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#define APLIC_BASE	0x0c000000ULL
#define UART_BASE	0x10000000ULL
#define VIRTIO_BASE	0x10001000ULL
#define IMSIC_BASE	0x28000000ULL
#define DEVICE_PAGE	0x1000ULL
#define APLIC_SIZE	0x8000ULL

/* Sources of the APLIC */
#define APLIC_UART	1
#define APLIC_VIRTIO	2

struct vm;

/*
 * Loads initrd (NULL: none) and device tree into vm->ram; *fdt is the tree's address. False after a
 * message.
 */
bool kernel_prepare(struct vm *vm, const char *initrd, const char *append, uint64_t kernel_end, uint64_t *fdt);

#endif
