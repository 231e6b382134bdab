// SPDX-License-Identifier: GPL-2.0-only
/*
 * What /dev/cove answers to a VMM that knows KVM's interface and uses it well, badly or in a strange order. Runs in the
 * host. TAP on standard output; the exit status is 0 if all went well.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/kvm.h>

#include "console.h"
#include "image.h"
#include "kvm_riscv.h"
#include "measure.h"
#include "vm.h"

/* Newer than Debian 12's headers. */
struct memory_region2 {
	uint32_t slot, flags;
	uint64_t gpa, size, uaddr, memfd_offset;
	uint32_t memfd, pad;
	uint64_t pad2[14];
};

struct create_memfd {
	uint64_t size, flags, reserved[6];
};

struct memory_attributes {
	uint64_t address, size, attributes, flags;
};

#define SET_REGION2	_IOW(KVMIO, 0x49, struct memory_region2)
#define CREATE_MEMFD	_IOWR(KVMIO, 0xd4, struct create_memfd)
#define SET_ATTRIBUTES	_IOW(KVMIO, 0xd2, struct memory_attributes)
#define MEM_GUEST_MEMFD	(1U << 2)
#define ATTR_PRIVATE	(1ULL << 3)
#define CAP_USER_MEMORY2	231
#define CAP_ATTRIBUTES		233
#define CAP_GUEST_MEMFD		234

#define MIB		(1ULL << 20)
#define ROUTES		1024

static unsigned int count, failed;
static int dev;
static uint8_t *memory;			/* 16 MiB */

static void ok(bool good, const char *what)
{
	failed += !good;
	printf("%sok %u - %s\n", good ? "" : "not ", ++count, what);
}

/* The errno of a call that returned ret, or 0. */
static int error_of(int ret)
{
	return ret < 0 ? errno : 0;
}

static int vm_new(void)
{
	int fd = ioctl(dev, KVM_CREATE_VM, 0UL);

	if (fd < 0) {
		printf("Bail out! KVM_CREATE_VM: %s\n", strerror(errno));
		exit(1);
	}
	return fd;
}

static int set_slot(int vm, uint32_t slot, uint64_t gpa, uint64_t size)
{
	struct kvm_userspace_memory_region r = {
		.slot = slot, .guest_phys_addr = gpa, .memory_size = size,
		.userspace_addr = (uint64_t)(uintptr_t)memory,
	};

	return error_of(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &r));
}

static int measure(int vm, uint64_t gpa, uint64_t size)
{
	struct cove_measure_region r = {
		.userspace_addr = (uint64_t)(uintptr_t)memory, .gpa = gpa, .size = size,
	};

	return error_of(ioctl(vm, KVM_RISCV_COVE_MEASURE_REGION, &r));
}

static int extension(int fd, unsigned long which)
{
	return ioctl(fd, KVM_CHECK_EXTENSION, which);
}

static void test_device(void)
{
	int vm = vm_new();

	ok(ioctl(dev, KVM_GET_API_VERSION, 0) == KVM_API_VERSION, "the version is KVM's");
	ok(error_of(ioctl(dev, KVM_CREATE_VM, 1UL << 10)) == EINVAL, "an unknown VM type is refused");
	ok(extension(dev, KVM_CAP_USER_MEMORY) == 1 && extension(vm, KVM_CAP_IOEVENTFD_ANY_LENGTH) == 1 &&
	   extension(vm, KVM_CAP_DESTROY_MEMORY_REGION_WORKS) == 1 && extension(dev, CAP_USER_MEMORY2) == 1 &&
	   extension(dev, CAP_GUEST_MEMFD) == 1 && extension(vm, CAP_ATTRIBUTES) == (int)ATTR_PRIVATE &&
	   extension(dev, KVM_CAP_IRQ_ROUTING) == ROUTES, "extensions that are there are told, of device and VM");
	ok(!extension(dev, KVM_CAP_READONLY_MEM) && !extension(dev, KVM_CAP_SYNC_MMU) &&
	   !extension(dev, KVM_CAP_IRQFD_RESAMPLE), "extensions that are not there are not");
	ok(error_of(ioctl(vm, KVM_GET_DIRTY_LOG, memory)) == ENOTTY, "an unknown VM ioctl is refused");
	close(vm);
}

static void test_slots(void)
{
	int vm = vm_new();

	ok(!set_slot(vm, 0, 0x80000000, 4 * MIB), "a slot is set");
	ok(set_slot(vm, 1, 0x80000000 + 3 * MIB, 4 * MIB) == EEXIST, "one that overlaps it is refused");
	ok(set_slot(vm, 1, 0x80000001, MIB) == EINVAL, "one that is not aligned is refused");
	ok(set_slot(vm, 1, -MIB, 2 * MIB) == EINVAL, "one that wraps is refused");
	ok(set_slot(vm, 1, 0, 0) == EINVAL, "what is not there is not taken away");
	ok(!set_slot(vm, 0, 0x90000000, 4 * MIB) && !set_slot(vm, 1, 0x80000000, 4 * MIB),
	   "a slot is moved, and its place is free");
	ok(!set_slot(vm, 1, 0, 0) && !set_slot(vm, 2, 0x80000000, 2 * MIB), "a slot is taken away, and its place is free");
	memset(memory, 1, 4096);
	ok(!measure(vm, 0x80000000, 4096), "a page is measured");
	ok(set_slot(vm, 2, 0x80000000, 4 * MIB) == EBUSY && set_slot(vm, 2, 0, 0) == EBUSY,
	   "a slot of which something was measured stays");
	ok(!set_slot(vm, 0, 0xa0000000, 4 * MIB) && !set_slot(vm, 3, 0xb0000000, MIB), "the others may still change");
	ok(measure(vm, 0x80000000, 4096) == EEXIST, "a page is not measured twice");
	ok(measure(vm, 0x80000000 + MIB, 2 * MIB) == EINVAL, "nothing is measured beyond a slot");
	close(vm);
}

static int memfd_new(int vm, uint64_t size, uint64_t flags)
{
	struct create_memfd c = { .size = size, .flags = flags };

	return ioctl(vm, CREATE_MEMFD, &c);
}

static int set_region2(int vm, uint32_t slot, uint64_t gpa, uint64_t size, int memfd, uint64_t offset)
{
	struct memory_region2 r = {
		.slot = slot, .flags = MEM_GUEST_MEMFD, .gpa = gpa, .size = size, .uaddr = (uint64_t)(uintptr_t)memory,
		.memfd = (uint32_t)memfd, .memfd_offset = offset,
	};

	return error_of(ioctl(vm, SET_REGION2, &r));
}

static int attributes(int vm, uint64_t gpa, uint64_t size, uint64_t which, uint64_t flags)
{
	struct memory_attributes a = { .address = gpa, .size = size, .attributes = which, .flags = flags };

	return error_of(ioctl(vm, SET_ATTRIBUTES, &a));
}

static void test_memfd(void)
{
	int vm = vm_new(), other = vm_new(), event = eventfd(0, EFD_CLOEXEC);
	int memfd = memfd_new(vm, 4 * MIB, 0);
	char byte;

	ok(memfd >= 0, "a descriptor for guest memory is made");
	ok(error_of(memfd_new(vm, 0, 0)) == EINVAL && error_of(memfd_new(vm, 4095, 0)) == EINVAL &&
	   error_of(memfd_new(vm, MIB, 1ULL << 40)) == EINVAL, "not of no size, half a page, or with unknown flags");
	ok(mmap(NULL, MIB, PROT_READ, MAP_SHARED, memfd, 0) == MAP_FAILED && read(memfd, &byte, 1) < 0,
	   "the VMM can neither map nor read it");
	ok(!set_region2(vm, 0, 0x80000000, 2 * MIB, memfd, 0), "a slot names a part of it");
	ok(set_region2(vm, 1, 0x90000000, 2 * MIB, memfd, MIB) == EINVAL, "another slot does not get the same part");
	ok(!set_region2(vm, 1, 0x90000000, 2 * MIB, memfd, 2 * MIB), "but the rest of it");
	ok(set_region2(vm, 2, 0xa0000000, 2 * MIB, memfd, 3 * MIB) == EINVAL &&
	   set_region2(vm, 2, 0xa0000000, 2 * MIB, memfd, -4096ULL) == EINVAL, "not what is beyond its end");
	ok(set_region2(other, 0, 0x80000000, MIB, memfd, 0) == EINVAL, "another VM does not get it");
	ok(set_region2(vm, 2, 0xa0000000, MIB, event, 0) == EINVAL && set_region2(vm, 2, 0xa0000000, MIB, -1, 0) == EBADF,
	   "another kind of descriptor, or none, is refused");
	ok(!attributes(vm, 0x80000000, 2 * MIB, ATTR_PRIVATE, 0), "memory is private, and may be called so");
	ok(attributes(vm, 0x80000000, MIB, 0, 0) == EBUSY, "the VMM cannot make it shared");
	ok(attributes(vm, 0x80000000, MIB, 1, 0) == EINVAL && attributes(vm, 0x80000000, 0, ATTR_PRIVATE, 0) == EINVAL &&
	   attributes(vm, -4096ULL, 8192, ATTR_PRIVATE, 0) == EINVAL && attributes(vm, 0x80000000, MIB, ATTR_PRIVATE, 1) == EINVAL,
	   "unknown attributes and flags, no size, and ranges that wrap are refused");
	close(memfd);
	ok(!set_slot(vm, 0, 0, 0) && !set_slot(vm, 3, 0x80000000, MIB), "a slot outlives the VMM's descriptor, and goes");
	close(event);
	close(other);
	close(vm);
}

static int one_reg(int vcpu, unsigned long request, uint64_t id, void *value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uint64_t)(uintptr_t)value };

	return error_of(ioctl(vcpu, request, &reg));
}

#define CORE(n)	(KVM_REG_RISCV | KVM_REG_SIZE_U64 | KVM_REG_RISCV_CORE | (n))
#define CSR(n)	(KVM_REG_RISCV | KVM_REG_SIZE_U64 | KVM_REG_RISCV_CSR | (n))
#define TIMER(n) (KVM_REG_RISCV | KVM_REG_SIZE_U64 | KVM_REG_RISCV_TIMER | (n))

/* Every register of the list can be read, and what was read can be written. */
static bool all_can_be_written(int vcpu, const struct kvm_reg_list *list)
{
	static uint8_t value[65536];
	int error;
	uint64_t i;

	for (i = 0; i < list->n; i++) {
		error = one_reg(vcpu, KVM_GET_ONE_REG, list->reg[i], value);
		if (!error)
			error = one_reg(vcpu, KVM_SET_ONE_REG, list->reg[i], value);
		if (error) {
			printf("# register 0x%llx: %s\n", (unsigned long long)list->reg[i], strerror(error));
			return false;
		}
	}
	return list->n > 0;
}

static void test_registers(void)
{
	int vm = vm_new(), vcpu = ioctl(vm, KVM_CREATE_VCPU, 0UL);
	struct kvm_reg_list none = { .n = 0 }, *list;
	uint64_t value = 0x1000;

	ok(error_of(ioctl(vcpu, KVM_GET_REG_LIST, &none)) == E2BIG && none.n > 40, "the list of registers says how long it is");
	list = calloc(none.n + 1, sizeof(uint64_t));
	list->n = none.n;
	ok(!ioctl(vcpu, KVM_GET_REG_LIST, list) && all_can_be_written(vcpu, list),
	   "every register in it can be read, and what was read can be written");
	free(list);
	ok(!one_reg(vcpu, KVM_SET_ONE_REG, CORE(0), &value) && !one_reg(vcpu, KVM_SET_ONE_REG, CORE(11), &value),
	   "pc and a1 are the VMM's");
	ok(one_reg(vcpu, KVM_SET_ONE_REG, CORE(5), &value) == EINVAL && one_reg(vcpu, KVM_SET_ONE_REG, CSR(0), &value) == EINVAL &&
	   one_reg(vcpu, KVM_SET_ONE_REG, CORE(10), &value) == EINVAL, "others stay as the TSM makes them");
	ok(one_reg(vcpu, KVM_GET_ONE_REG, CORE(100), &value) == ENOENT && one_reg(vcpu, KVM_GET_ONE_REG, CSR(11), &value) == ENOENT &&
	   one_reg(vcpu, KVM_GET_ONE_REG, 0, &value) == ENOENT, "those that do not exist are refused");
	ok(one_reg(vcpu, KVM_GET_ONE_REG, CORE(0), (void *)1) == EFAULT, "a bad address is refused");
	close(vcpu);
	close(vm);
}

static int route(int vm, uint32_t gsi, uint32_t type, uint32_t entries)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry entry[2];
	} r = { .head.nr = entries };

	for (uint32_t i = 0; i < 2; i++)
		r.entry[i] = (struct kvm_irq_routing_entry){ .gsi = gsi, .type = type };
	return error_of(ioctl(vm, KVM_SET_GSI_ROUTING, &r));
}

static int irqfd(int vm, int fd, uint32_t gsi, uint32_t flags)
{
	struct kvm_irqfd f = { .fd = (uint32_t)fd, .gsi = gsi, .flags = flags };

	return error_of(ioctl(vm, KVM_IRQFD, &f));
}

static void test_irqfd(void)
{
	int vm = vm_new(), event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), second = eventfd(3, EFD_CLOEXEC);
	uint64_t one = 1;

	ok(!route(vm, 7, KVM_IRQ_ROUTING_MSI, 1) && !route(vm, 7, KVM_IRQ_ROUTING_IRQCHIP, 1) && !route(vm, 0, 0, 0),
	   "interrupt numbers are routed to messages, lines, and nowhere");
	ok(route(vm, ROUTES, KVM_IRQ_ROUTING_MSI, 1) == EINVAL && route(vm, 1, 99, 1) == EINVAL &&
	   route(vm, 1, KVM_IRQ_ROUTING_MSI, 2) == EINVAL && route(vm, 1, KVM_IRQ_ROUTING_MSI, ROUTES + 1) == EINVAL,
	   "not to unknown things, twice, or beyond the table");
	ok(!irqfd(vm, event, 7, 0) && !route(vm, 7, KVM_IRQ_ROUTING_MSI, 1), "an eventfd is an interrupt");
	ok(write(event, &one, sizeof(one)) == sizeof(one) && read(event, &one, sizeof(one)) < 0 && errno == EAGAIN,
	   "which takes what is written to it");
	ok(irqfd(vm, event, 8, 0) == EBUSY, "it is not two");
	ok(irqfd(vm, second, ROUTES, 0) == EINVAL && irqfd(vm, second, 1, 1U << 1) == EINVAL && irqfd(vm, vm, 1, 0) == EINVAL &&
	   irqfd(vm, -1, 1, 0) == EBADF, "unknown flags, numbers and files are refused");
	ok(!irqfd(vm, event, 7, KVM_IRQFD_FLAG_DEASSIGN) && write(event, &one, sizeof(one)) == sizeof(one) &&
	   read(event, &one, sizeof(one)) == sizeof(one), "taken away, it is an eventfd again");
	ok(!irqfd(vm, second, 5, 0) && !close(second) && !irqfd(vm, event, 5, 0), "one that was closed is forgotten");
	close(vm);
	ok(write(event, &one, sizeof(one)) == sizeof(one) && read(event, &one, sizeof(one)) == sizeof(one),
	   "an eventfd outlives the VM");
	close(event);
}

static int ioeventfd(int vm, int fd, uint64_t addr, uint32_t len, uint64_t data, uint32_t flags)
{
	struct kvm_ioeventfd e = { .fd = fd, .addr = addr, .len = len, .datamatch = data, .flags = flags };

	return error_of(ioctl(vm, KVM_IOEVENTFD, &e));
}

static void test_ioeventfd(void)
{
	const uint32_t match = KVM_IOEVENTFD_FLAG_DATAMATCH, off = KVM_IOEVENTFD_FLAG_DEASSIGN;
	int vm = vm_new(), event = eventfd(0, EFD_CLOEXEC);

	ok(!ioeventfd(vm, event, 0x1000, 4, 0, 0) && !ioeventfd(vm, event, 0x1004, 0, 0, 0) &&
	   !ioeventfd(vm, event, 0x1008, 2, 1, match) && !ioeventfd(vm, event, 0x1008, 2, 2, match),
	   "stores are eventfds: of a length, of any, of a value");
	ok(ioeventfd(vm, event, 0x1000, 4, 0, 0) == EEXIST && ioeventfd(vm, event, 0x1000, 0, 0, 0) == EEXIST &&
	   ioeventfd(vm, event, 0x1004, 8, 0, 0) == EEXIST && ioeventfd(vm, event, 0x1008, 2, 2, match) == EEXIST &&
	   ioeventfd(vm, event, 0x1008, 2, 0, 0) == EEXIST, "no store is two");
	ok(ioeventfd(vm, event, 0x2000, 3, 0, 0) == EINVAL && ioeventfd(vm, event, 0x2000, 16, 0, 0) == EINVAL &&
	   ioeventfd(vm, event, 0x2000, 0, 0, match) == EINVAL && ioeventfd(vm, event, -1ULL, 8, 0, 0) == EINVAL &&
	   ioeventfd(vm, event, 0x2000, 4, 0, 1U << 9) == EINVAL && ioeventfd(vm, vm, 0x2000, 4, 0, 0) == EINVAL,
	   "unknown lengths, flags and files are refused");
	ok(ioeventfd(vm, event, 0x1000, 2, 0, off) == ENOENT && !ioeventfd(vm, event, 0x1000, 4, 0, off) &&
	   ioeventfd(vm, event, 0x1000, 4, 0, off) == ENOENT, "what is there is taken away, once");
	close(event);
	close(vm);
}

static int device_attr(int device, uint32_t group, uint64_t attr, uint64_t value)
{
	struct kvm_device_attr a = { .group = group, .attr = attr, .addr = (uint64_t)(uintptr_t)&value };

	return error_of(ioctl(device, KVM_SET_DEVICE_ATTR, &a));
}

static int line(int vm, uint32_t irq, uint32_t level)
{
	struct kvm_irq_level l = { .irq = irq, .level = level };

	return error_of(ioctl(vm, KVM_IRQ_LINE, &l));
}

#define IMSIC	0x28000000ULL
#define APLIC	0x0d000000ULL

static void test_aia(void)
{
	struct kvm_create_device d = { .type = DEV_TYPE_RISCV_AIA };
	int vm = vm_new(), vcpu = ioctl(vm, KVM_CREATE_VCPU, 0UL), event = eventfd(0, EFD_CLOEXEC);
	uint64_t one = 1;

	ok(line(vm, 1, 1) == ENXIO, "without an interrupt controller no line is raised");
	ok(!ioctl(vm, KVM_CREATE_DEVICE, &d) && error_of(ioctl(vm, KVM_CREATE_DEVICE, &d)) == EEXIST, "the AIA device is made, once");
	ok(device_attr((int)d.fd, AIA_GRP_CONFIG, AIA_CONFIG_SRCS, 1024) == EINVAL &&
	   !device_attr((int)d.fd, AIA_GRP_CONFIG, AIA_CONFIG_SRCS, 96), "it has up to 1023 lines");
	ok(device_attr((int)d.fd, AIA_GRP_CTRL, AIA_CTRL_INIT, 0) == EINVAL, "it needs addresses");
	ok(device_attr((int)d.fd, AIA_GRP_ADDR, 0, APLIC + 4) == EINVAL && device_attr((int)d.fd, AIA_GRP_ADDR, 0, -4096ULL) == EINVAL &&
	   device_attr((int)d.fd, AIA_GRP_ADDR, AIA_ADDR_IMSIC(5), IMSIC) == ENXIO, "not any addresses, nor those of vCPUs that are not there");
	ok(!device_attr((int)d.fd, AIA_GRP_ADDR, 0, APLIC) && !device_attr((int)d.fd, AIA_GRP_ADDR, AIA_ADDR_IMSIC(0), IMSIC) &&
	   !device_attr((int)d.fd, AIA_GRP_CTRL, AIA_CTRL_INIT, 0), "it is initialised");
	ok(device_attr((int)d.fd, AIA_GRP_CONFIG, AIA_CONFIG_SRCS, 1) == EBUSY &&
	   error_of(ioctl(vm, KVM_CREATE_VCPU, 1UL)) == EBUSY, "then it stays, and no vCPU is added");
	ok(!line(vm, 1, 1) && !line(vm, 96, 0) && line(vm, 0, 1) == EINVAL && line(vm, 97, 1) == EINVAL, "lines 1 to 96 are raised, no others");
	ok(!route(vm, 96, KVM_IRQ_ROUTING_IRQCHIP, 1) && !irqfd(vm, event, 96, 0) && write(event, &one, sizeof(one)) == sizeof(one),
	   "and by an eventfd");
	close(event);
	close((int)d.fd);
	close(vcpu);
	close(vm);
}

static struct console console;

/* What the TVM prints, until it ends. The shared page of a console write lies in the slot at VM_RAM_BASE. */
static bool run_to_end(struct kvm_run *run, int vcpu, const uint8_t *ram)
{
	while (!ioctl(vcpu, KVM_RUN, 0) || errno == EINTR) {
		uint64_t *args = (uint64_t *)run->riscv_sbi.args;
		char byte = (char)args[0];

		if (run->exit_reason == KVM_EXIT_SYSTEM_EVENT)
			return run->system_event.type == KVM_SYSTEM_EVENT_SHUTDOWN;
		if (run->exit_reason == KVM_EXIT_INTR)
			continue;
		if (run->exit_reason != KVM_EXIT_RISCV_SBI)
			return false;
		run->riscv_sbi.ret[0] = 0;
		run->riscv_sbi.ret[1] = args[0];
		if (run->riscv_sbi.extension_id == 1 || run->riscv_sbi.function_id == 2)
			console_put(&console, &byte, 1);
		else if (!run->riscv_sbi.function_id && args[1] - VM_RAM_BASE < 8 * MIB && args[0] <= MIB)
			console_put(&console, (const char *)ram + (args[1] - VM_RAM_BASE), args[0]);
	}
	return false;
}

static bool is_zero(const uint8_t *page)
{
	static const uint8_t zero[MEASURE_PAGE];

	return !memcmp(page, zero, MEASURE_PAGE);
}

static void expect_pages(uint8_t reg[SHA384_SIZE], uint64_t gpa, const uint8_t *from, uint64_t size)
{
	for (uint64_t at = 0; at < size; at += MEASURE_PAGE)
		if (!is_zero(from + at))
			measure_pages(reg, gpa + at, from + at, MEASURE_PAGE);
}

/*
 * A VMM that knows only KVM: RAM, the upper one of two slots, is set first, and its second page, which the image does not
 * touch, is not zero; nor is one of the lower slot.
 */
static void test_kvm_only(void)
{
	uint8_t *low = memory + 8 * MIB, expected[SHA384_SIZE] = { 0 };
	int vm = vm_new(), vcpu, run_size = ioctl(dev, KVM_GET_VCPU_MMAP_SIZE, 0);
	struct kvm_userspace_memory_region r = {
		.slot = 9, .guest_phys_addr = 0x10000, .memory_size = MIB, .userspace_addr = (uint64_t)(uintptr_t)low,
	};
	struct kvm_run *run;
	struct image image;
	char why[200] = "";
	uint64_t entry;

	memset(memory, 0, 16 * MIB);
	ok(image_open(&image, IMAGE_FOLDER "/hello", 8 * MIB, why, sizeof(why)) &&
	   image_load(&image, memory + image.offset, why, sizeof(why)), "the image is loaded");
	strcpy((char *)memory + MEASURE_PAGE, "of no use");
	strcpy((char *)low + 5 * MEASURE_PAGE, "nor this");
	expect_pages(expected, 0x10000, low, MIB);
	expect_pages(expected, VM_RAM_BASE, memory, 8 * MIB);
	ok(!set_slot(vm, 3, VM_RAM_BASE, 8 * MIB) && !ioctl(vm, KVM_SET_USER_MEMORY_REGION, &r), "its slots are set");
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0UL);
	run = mmap(NULL, (size_t)run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	entry = VM_RAM_BASE + image.offset;
	ok(run != MAP_FAILED && !one_reg(vcpu, KVM_SET_ONE_REG, CORE(0), &entry), "its vCPU is there");
	console_init(&console, open("/dev/null", O_WRONLY | O_CLOEXEC));
	ok(run_to_end(run, vcpu, memory), "it runs to its end");
	ok(console.seen[4] && !memcmp(console.digest[4], expected, SHA384_SIZE),
	   "what was not zero in its memory was measured, in ascending order of addresses");
	ok(set_slot(vm, 3, 0, 0) == EBUSY && !one_reg(vcpu, KVM_GET_ONE_REG, CORE(5), &entry) && !entry &&
	   one_reg(vcpu, KVM_SET_ONE_REG, CSR(0), &entry) == EPERM, "then its slots stay, and its registers are its own");
	ok(!one_reg(vcpu, KVM_GET_ONE_REG, TIMER(1), &entry) && entry && !one_reg(vcpu, KVM_SET_ONE_REG, TIMER(1), &entry),
	   "its clock can be read, and written to no effect");
	munmap(run, (size_t)run_size);
	close(vcpu);
	close(vm);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	dev = open("/dev/cove", O_RDWR | O_CLOEXEC);
	memory = mmap(NULL, 16 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (dev < 0 || memory == MAP_FAILED) {
		printf("Bail out! /dev/cove: %s\n", strerror(errno));
		return 1;
	}
	test_device();
	test_slots();
	test_memfd();
	test_registers();
	test_irqfd();
	test_ioeventfd();
	test_aia();
	test_kvm_only();
	printf("1..%u\n", count);
	return failed != 0;
}
