// SPDX-License-Identifier: GPL-2.0-only
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdt.h"
#include "image.h"
#include "kernel.h"
#include "vm.h"

#define SIZE_2M		(2ULL << 20)
#define FDT_ROOM	65536ULL
#define UART_CLOCK	3686400
#define IRQ_EXTERNAL	9
#define IRQ_EDGE	1
#define IRQ_LEVEL	4
#define PHANDLE_CPU	1	/* and up */
#define PHANDLE_IMSIC	1000
#define PHANDLE_APLIC	1001

struct initrd {
	uint64_t base;
	uint64_t size;
};

static void add_cpu(struct fdt *f, const struct vm *vm, unsigned int id)
{
	fdt_node(f, "cpu@%x", id);
	fdt_string(f, "device_type", "cpu");
	fdt_string(f, "compatible", "riscv");
	fdt_string(f, "status", "okay");
	fdt_u32(f, "reg", id);
	fdt_string(f, "riscv,isa", vm->isa);
	fdt_string(f, "mmu-type", vm->mmu);
	fdt_node(f, "interrupt-controller");
	fdt_string(f, "compatible", "riscv,cpu-intc");
	fdt_u32(f, "#interrupt-cells", 1);
	fdt_empty(f, "interrupt-controller");
	fdt_u32(f, "phandle", PHANDLE_CPU + id);
	fdt_close(f);
	fdt_close(f);
}

static void add_cpus(struct fdt *f, const struct vm *vm)
{
	unsigned int id;

	fdt_node(f, "cpus");
	fdt_u32(f, "#address-cells", 1);
	fdt_u32(f, "#size-cells", 0);
	fdt_u32(f, "timebase-frequency", (uint32_t)vm->timebase);
	for (id = 0; id < vm->nr_vcpus; id++)
		add_cpu(f, vm, id);
	fdt_close(f);
}

static void add_interrupts(struct fdt *f, const struct vm *vm)
{
	uint32_t cells[2 * VM_MAX_VCPUS];
	unsigned int id;

	for (id = 0; id < vm->nr_vcpus; id++) {
		cells[2 * id] = PHANDLE_CPU + id;
		cells[2 * id + 1] = IRQ_EXTERNAL;
	}
	fdt_node(f, "imsics@%" PRIx64, (uint64_t)IMSIC_BASE);
	fdt_string(f, "compatible", "riscv,imsics");
	fdt_reg(f, IMSIC_BASE, vm->nr_vcpus * DEVICE_PAGE);
	fdt_cells(f, "interrupts-extended", cells, 2 * vm->nr_vcpus);
	fdt_empty(f, "interrupt-controller");
	fdt_u32(f, "#interrupt-cells", 0);
	fdt_empty(f, "msi-controller");
	fdt_u32(f, "#msi-cells", 0);
	fdt_u32(f, "riscv,num-ids", vm->imsic_ids);
	fdt_u32(f, "phandle", PHANDLE_IMSIC);
	fdt_close(f);

	fdt_node(f, "aplic@%" PRIx64, (uint64_t)APLIC_BASE);
	fdt_string(f, "compatible", "riscv,aplic");
	fdt_reg(f, APLIC_BASE, APLIC_SIZE);
	fdt_u32(f, "msi-parent", PHANDLE_IMSIC);
	fdt_empty(f, "interrupt-controller");
	fdt_u32(f, "#interrupt-cells", 2);
	fdt_u32(f, "riscv,num-sources", APLIC_SOURCES);
	fdt_u32(f, "phandle", PHANDLE_APLIC);
	fdt_close(f);
}

static void add_irq(struct fdt *f, const struct vm *vm, uint32_t source, uint32_t kind)
{
	const uint32_t cells[] = { source, kind };

	if (!vm->aia)
		return;
	fdt_u32(f, "interrupt-parent", PHANDLE_APLIC);
	fdt_cells(f, "interrupts", cells, 2);
}

static void add_devices(struct fdt *f, const struct vm *vm)
{
	unsigned int i;

	fdt_node(f, "soc");
	fdt_string(f, "compatible", "simple-bus");
	fdt_u32(f, "#address-cells", 2);
	fdt_u32(f, "#size-cells", 2);
	fdt_empty(f, "ranges");
	if (vm->aia)
		add_interrupts(f, vm);
	fdt_node(f, "serial@%" PRIx64, (uint64_t)UART_BASE);
	fdt_string(f, "compatible", "ns16550a");
	fdt_reg(f, UART_BASE, 0x100);
	fdt_u32(f, "clock-frequency", UART_CLOCK);
	add_irq(f, vm, APLIC_UART, IRQ_LEVEL);
	fdt_close(f);
	for (i = 0; i < vm->nr_virtio; i++) {
		fdt_node(f, "virtio@%" PRIx64, (uint64_t)(VIRTIO_BASE + i * DEVICE_PAGE));
		fdt_string(f, "compatible", "virtio,mmio");
		fdt_reg(f, VIRTIO_BASE + i * DEVICE_PAGE, DEVICE_PAGE);
		add_irq(f, vm, APLIC_VIRTIO + i, IRQ_EDGE);
		fdt_close(f);
	}
	fdt_close(f);
}

static void add_chosen(struct fdt *f, const char *append, const struct initrd *initrd)
{
	uint64_t start = htobe64(initrd->base), end = htobe64(initrd->base + initrd->size);

	fdt_node(f, "chosen");
	fdt_string(f, "bootargs", append);
	fdt_string(f, "stdout-path", "/soc/serial@10000000");
	if (initrd->size) {
		fdt_bytes(f, "linux,initrd-start", &start, sizeof(start));
		fdt_bytes(f, "linux,initrd-end", &end, sizeof(end));
	}
	fdt_close(f);
}

static bool write_tree(const struct vm *vm, void *at, const char *append, const struct initrd *initrd)
{
	struct fdt f;

	fdt_begin(&f, at, FDT_ROOM);
	fdt_u32(&f, "#address-cells", 2);
	fdt_u32(&f, "#size-cells", 2);
	fdt_string(&f, "compatible", "linux,cove-run");
	fdt_string(&f, "model", "cove-run");
	add_chosen(&f, append, initrd);
	fdt_node(&f, "memory@%" PRIx64, (uint64_t)VM_RAM_BASE);
	fdt_string(&f, "device_type", "memory");
	fdt_reg(&f, VM_RAM_BASE, vm->ram_size);
	fdt_close(&f);
	add_cpus(&f, vm);
	add_devices(&f, vm);
	if (fdt_end(&f))
		return true;
	complain("the device tree does not fit: give a shorter --append");
	return false;
}

static bool load_initrd(struct vm *vm, const char *path, uint64_t low, uint64_t high, struct initrd *initrd)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	uint64_t at;
	bool ok;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		complain("%s: %s: give the path of an initramfs", path, fd < 0 ? strerror(errno) : "not a file");
		if (fd >= 0)
			close(fd);
		return false;
	}
	if (!st.st_size || (uint64_t)st.st_size > high - low) {
		complain("%s: %s", path, st.st_size ? "too large for the TVM's memory: give a larger --memory" :
						      "empty: give an initramfs");
		close(fd);
		return false;
	}
	at = (high - (uint64_t)st.st_size) & ~(VM_PAGE - 1);
	ok = at >= low && image_read(fd, vm->ram + at, (uint64_t)st.st_size);
	close(fd);
	if (!ok)
		complain("%s: it cannot be read, or is too large: give a larger --memory", path);
	*initrd = (struct initrd){ VM_RAM_BASE + at, (uint64_t)st.st_size };
	return ok;
}

bool kernel_prepare(struct vm *vm, const char *path, const char *append, uint64_t kernel_end, uint64_t *fdt)
{
	uint64_t low = (kernel_end + SIZE_2M - 1) & ~(SIZE_2M - 1);
	uint64_t high = (vm->ram_size & ~(SIZE_2M - 1)) - FDT_ROOM;
	struct initrd initrd = { 0, 0 };

	if (vm->ram_size < SIZE_2M || low >= high) {
		complain("the kernel takes %" PRIu64 " MiB, the TVM has %" PRIu64 ": give a larger --memory",
			 low >> 20, vm->ram_size >> 20);
		return false;
	}
	if (path && !load_initrd(vm, path, low, high, &initrd))
		return false;
	*fdt = VM_RAM_BASE + high;
	return write_tree(vm, vm->ram + high, append, &initrd);
}
