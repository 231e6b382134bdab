// SPDX-License-Identifier: GPL-2.0-only
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tree.h"
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

static void add_cpu(struct tree *f, const struct vm *vm, unsigned int id)
{
	tree_node(f, "cpu@%x", id);
	tree_string(f, "device_type", "cpu");
	tree_string(f, "compatible", "riscv");
	tree_string(f, "status", "okay");
	tree_u32(f, "reg", id);
	tree_string(f, "riscv,isa", vm->isa);
	tree_string(f, "mmu-type", vm->mmu);
	tree_node(f, "interrupt-controller");
	tree_string(f, "compatible", "riscv,cpu-intc");
	tree_u32(f, "#interrupt-cells", 1);
	tree_empty(f, "interrupt-controller");
	tree_u32(f, "phandle", PHANDLE_CPU + id);
	tree_close(f);
	tree_close(f);
}

static void add_cpus(struct tree *f, const struct vm *vm)
{
	unsigned int id;

	tree_node(f, "cpus");
	tree_u32(f, "#address-cells", 1);
	tree_u32(f, "#size-cells", 0);
	tree_u32(f, "timebase-frequency", (uint32_t)vm->timebase);
	for (id = 0; id < vm->nr_vcpus; id++)
		add_cpu(f, vm, id);
	tree_close(f);
}

static void add_interrupts(struct tree *f, const struct vm *vm)
{
	uint32_t cells[2 * VM_MAX_VCPUS];
	unsigned int id;

	for (id = 0; id < vm->nr_vcpus; id++) {
		cells[2 * id] = PHANDLE_CPU + id;
		cells[2 * id + 1] = IRQ_EXTERNAL;
	}
	tree_node(f, "imsics@%" PRIx64, (uint64_t)IMSIC_BASE);
	tree_string(f, "compatible", "riscv,imsics");
	tree_reg(f, IMSIC_BASE, vm->nr_vcpus * DEVICE_PAGE);
	tree_cells(f, "interrupts-extended", cells, 2 * vm->nr_vcpus);
	tree_empty(f, "interrupt-controller");
	tree_u32(f, "#interrupt-cells", 0);
	tree_empty(f, "msi-controller");
	tree_u32(f, "#msi-cells", 0);
	tree_u32(f, "riscv,num-ids", vm->imsic_ids);
	tree_u32(f, "phandle", PHANDLE_IMSIC);
	tree_close(f);

	tree_node(f, "aplic@%" PRIx64, (uint64_t)APLIC_BASE);
	tree_string(f, "compatible", "riscv,aplic");
	tree_reg(f, APLIC_BASE, APLIC_SIZE);
	tree_u32(f, "msi-parent", PHANDLE_IMSIC);
	tree_empty(f, "interrupt-controller");
	tree_u32(f, "#interrupt-cells", 2);
	tree_u32(f, "riscv,num-sources", APLIC_SOURCES);
	tree_u32(f, "phandle", PHANDLE_APLIC);
	tree_close(f);
}

static void add_irq(struct tree *f, const struct vm *vm, uint32_t source, uint32_t kind)
{
	const uint32_t cells[] = { source, kind };

	if (!vm->aia)
		return;
	tree_u32(f, "interrupt-parent", PHANDLE_APLIC);
	tree_cells(f, "interrupts", cells, 2);
}

static void add_devices(struct tree *f, const struct vm *vm)
{
	unsigned int i;

	tree_node(f, "soc");
	tree_string(f, "compatible", "simple-bus");
	tree_u32(f, "#address-cells", 2);
	tree_u32(f, "#size-cells", 2);
	tree_empty(f, "ranges");
	if (vm->aia)
		add_interrupts(f, vm);
	tree_node(f, "serial@%" PRIx64, (uint64_t)UART_BASE);
	tree_string(f, "compatible", "ns16550a");
	tree_reg(f, UART_BASE, 0x100);
	tree_u32(f, "clock-frequency", UART_CLOCK);
	add_irq(f, vm, APLIC_UART, IRQ_LEVEL);
	tree_close(f);
	for (i = 0; i < vm->nr_virtio; i++) {
		tree_node(f, "virtio@%" PRIx64, (uint64_t)(VIRTIO_BASE + i * DEVICE_PAGE));
		tree_string(f, "compatible", "virtio,mmio");
		tree_reg(f, VIRTIO_BASE + i * DEVICE_PAGE, DEVICE_PAGE);
		add_irq(f, vm, APLIC_VIRTIO + i, IRQ_EDGE);
		tree_close(f);
	}
	tree_close(f);
}

static void add_chosen(struct tree *f, const char *append, const struct initrd *initrd)
{
	uint64_t start = htobe64(initrd->base), end = htobe64(initrd->base + initrd->size);

	tree_node(f, "chosen");
	tree_string(f, "bootargs", append);
	tree_string(f, "stdout-path", "/soc/serial@10000000");
	if (initrd->size) {
		tree_bytes(f, "linux,initrd-start", &start, sizeof(start));
		tree_bytes(f, "linux,initrd-end", &end, sizeof(end));
	}
	tree_close(f);
}

static bool write_tree(const struct vm *vm, void *at, const char *append, const struct initrd *initrd)
{
	struct tree f;

	tree_begin(&f, at, FDT_ROOM);
	tree_u32(&f, "#address-cells", 2);
	tree_u32(&f, "#size-cells", 2);
	tree_string(&f, "compatible", "linux,cove-run");
	tree_string(&f, "model", "cove-run");
	add_chosen(&f, append, initrd);
	tree_node(&f, "memory@%" PRIx64, (uint64_t)VM_RAM_BASE);
	tree_string(&f, "device_type", "memory");
	tree_reg(&f, VM_RAM_BASE, vm->ram_size);
	tree_close(&f);
	add_cpus(&f, vm);
	add_devices(&f, vm);
	if (tree_end(&f))
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
