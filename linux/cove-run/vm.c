// SPDX-License-Identifier: GPL-2.0-only
/* Making a TVM: the device, memory, measured pages, vCPUs, entry point. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <syslog.h>
#include <unistd.h>

#include "kvm_riscv.h"
#include "vm.h"

#define LOG_HINT	"the kernel's log (dmesg) names the call that failed"

static const char *open_hint(int error)
{
	switch (error) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return "load the module: insmod /lib/modules/cove.ko, or modprobe cove";
	case EACCES:
	case EPERM:
		return "run as root, or give yourself access to it";
	default:
		return "check --device";
	}
}

/* The last error that cove.ko has put into the kernel's log: why there is no device. */
static bool module_said(char *text, size_t size)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char record[1024], *message;
	unsigned int level;
	bool found = false;
	ssize_t n;

	while (fd >= 0 && ((n = read(fd, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE))) {
		record[n > 0 ? n : 0] = 0;
		message = strchr(record, ';');
		if (!message || sscanf(record, "%u", &level) != 1 || (level & 7) > LOG_ERR ||
		    strncmp(message, ";cove: ", 7))
			continue;
		snprintf(text, size, "%.*s", (int)strcspn(message + 7, "\n"), message + 7);
		found = true;
	}
	if (fd >= 0)
		close(fd);
	return found;
}

static bool open_failed(const char *device)
{
	int error = errno;
	char said[256];

	if (error == ENOENT && access("/sys/module/cove", F_OK) && module_said(said, sizeof(said)))
		complain("cannot open %s: cove.ko does not work here: it said '%s'", device, said);
	else
		complain("cannot open %s: %s: %s", device, strerror(error), open_hint(error));
	return false;
}

bool vm_open(struct vm *vm, const char *device)
{
	int version;

	vm->dev = open(device, O_RDWR | O_CLOEXEC);
	if (vm->dev < 0)
		return open_failed(device);
	version = ioctl(vm->dev, KVM_GET_API_VERSION, 0);
	if (version != KVM_API_VERSION) {
		complain(
			"%s is not what KVM's interface makes of a device: give --device /dev/cove",
			device);
		return false;
	}
	return true;
}

static bool create_failed(void)
{
	switch (errno) {
	case ENOMEM:
		complain(
			"the host has no memory left for another TVM: end another one, or give the host more");
		break;
	case EINVAL:
		complain("this device makes no confidential VMs: give --device /dev/cove");
		break;
	default:
		complain("KVM_CREATE_VM: %s: " LOG_HINT, strerror(errno));
	}
	return false;
}

bool vm_create(struct vm *vm, uint64_t ram_size)
{
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = VM_RAM_BASE,
		.memory_size = ram_size,
	};

	vm->fd = ioctl(vm->dev, KVM_CREATE_VM, KVM_VM_TYPE_RISCV_COVE);
	if (vm->fd < 0)
		return create_failed();
	vm->ram = mmap(NULL, ram_size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (vm->ram == MAP_FAILED) {
		complain("no address space for %" PRIu64 " MiB: give a smaller --memory",
			 ram_size >> 20);
		return false;
	}
	/* Not for the processes that we start. */
	madvise(vm->ram, ram_size, MADV_DONTFORK);
	vm->ram_size = ram_size;
	region.userspace_addr = (uint64_t)(uintptr_t)vm->ram;
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region)) {
		if (errno == ENOMEM)
			complain("the host has not enough memory for a TVM of %" PRIu64
				 " MiB: give a smaller --memory",
				 ram_size >> 20);
		else
			complain("KVM_SET_USER_MEMORY_REGION: %s: " LOG_HINT, strerror(errno));
		return false;
	}
	return true;
}

bool vm_measure(struct vm *vm, uint64_t offset, uint64_t size)
{
	struct cove_measure_region region = {
		.userspace_addr = (uint64_t)(uintptr_t)(vm->ram + offset),
		.gpa = VM_RAM_BASE + offset,
		.size = size,
	};

	if (!ioctl(vm->fd, KVM_RISCV_COVE_MEASURE_REGION, &region))
		return true;
	if (errno == ENOMEM)
		complain(
			"the image is larger than the confidential memory that the host can give: "
			"give the host more memory, or a smaller image");
	else
		complain("KVM_RISCV_COVE_MEASURE_REGION: %s: " LOG_HINT, strerror(errno));
	return false;
}

/* A file of up to VM_MAX_PAYLOAD bytes; 0 if it is none. */
static size_t read_payload(const char *path, uint8_t data[VM_MAX_PAYLOAD + 1])
{
	FILE *f = fopen(path, "rbe");
	size_t n = f ? fread(data, 1, VM_MAX_PAYLOAD + 1, f) : 0;

	if (f)
		fclose(f);
	return n > VM_MAX_PAYLOAD ? 0 : n;
}

bool vm_set_payload(struct vm *vm, const char *path)
{
	uint8_t data[VM_MAX_PAYLOAD + 1];
	struct cove_payload_region region = {
		.userspace_addr = (uint64_t)(uintptr_t)data,
		.size = read_payload(path, data),
	};

	if (!region.size) {
		complain("%s: no payload: give a file of cove-verify --payload", path);
		return false;
	}
	if (!ioctl(vm->fd, KVM_RISCV_COVE_PAYLOAD, &region))
		return true;
	complain("KVM_RISCV_COVE_PAYLOAD: %s: " LOG_HINT, strerror(errno));
	return false;
}

static bool add_vcpu(struct vm *vm, unsigned int id, size_t run_size)
{
	struct vcpu *vcpu = &vm->vcpus[id];

	vcpu->vm = vm;
	vcpu->id = id;
	vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, (unsigned long)id);
	if (vcpu->fd < 0) {
		complain("vCPU %u: %s: " LOG_HINT, id, strerror(errno));
		return false;
	}
	vcpu->run = mmap(NULL, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED) {
		complain("vCPU %u: its run page cannot be mapped: %s", id, strerror(errno));
		return false;
	}
	vm->nr_vcpus++;
	return true;
}

bool vm_add_vcpus(struct vm *vm, unsigned int n)
{
	int run_size = ioctl(vm->dev, KVM_GET_VCPU_MMAP_SIZE, 0);
	int max = ioctl(vm->dev, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);
	unsigned int id;

	if (max > 0 && n > (unsigned int)max) {
		complain(
			"%u vCPUs are more than the %d that the TSM allows: give a smaller --cpus",
			n, max);
		return false;
	}
	if (run_size < (int)sizeof(struct kvm_run)) {
		complain("KVM_GET_VCPU_MMAP_SIZE: %s: " LOG_HINT, strerror(errno));
		return false;
	}
	for (id = 0; id < n; id++)
		if (!add_vcpu(vm, id, (size_t)run_size))
			return false;
	return true;
}

static bool set_core(struct vcpu *vcpu, size_t offset, uint64_t value)
{
	struct kvm_one_reg reg = {
		.id = KVM_REG_RISCV | KVM_REG_SIZE_U64 | KVM_REG_RISCV_CORE |
		      offset / sizeof(unsigned long),
		.addr = (uint64_t)(uintptr_t)&value,
	};

	return !ioctl(vcpu->fd, KVM_SET_ONE_REG, &reg);
}

static bool get_reg(struct vcpu *vcpu, uint64_t id, uint64_t *value)
{
	struct kvm_one_reg reg = {
		.id = KVM_REG_RISCV | KVM_REG_SIZE_U64 | id,
		.addr = (uint64_t)(uintptr_t)value,
	};

	return !ioctl(vcpu->fd, KVM_GET_ONE_REG, &reg);
}

/*
 * Extensions that a device tree names; single letters first, in the order that an ISA string has
 * them.
 */
static const struct {
	uint64_t id;
	const char *name;
} extensions[] = {
	{ KVM_RISCV_ISA_EXT_I, "i" },	      { KVM_RISCV_ISA_EXT_M, "m" },
	{ KVM_RISCV_ISA_EXT_A, "a" },	      { KVM_RISCV_ISA_EXT_F, "f" },
	{ KVM_RISCV_ISA_EXT_D, "d" },	      { KVM_RISCV_ISA_EXT_C, "c" },
	{ ISA_EXT_V, "v" },	      { ISA_EXT_ZBA, "_zba" },
	{ ISA_EXT_ZBB, "_zbb" },    { ISA_EXT_ZBS, "_zbs" },
	{ ISA_EXT_SSAIA, "_ssaia" }, { ISA_EXT_SSTC, "_sstc" },
};

static const char *mmu_type(uint64_t satp_mode)
{
	return satp_mode == 10 ? "riscv,sv57" : satp_mode == 9 ? "riscv,sv48" : "riscv,sv39";
}

bool vm_describe(struct vm *vm)
{
	struct vcpu *vcpu = &vm->vcpus[0];
	uint64_t value, satp_mode;
	size_t i;

	strcpy(vm->isa, "rv64");
	for (i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		value = 0;
		if (extensions[i].id == ISA_EXT_SSAIA && !vm->aia)
			continue;
		if (get_reg(vcpu, REG_ISA_EXT(extensions[i].id), &value) && value)
			strcat(vm->isa, extensions[i].name);
	}
	if (!get_reg(vcpu, KVM_REG_RISCV_TIMER | KVM_REG_RISCV_TIMER_REG(frequency), &vm->timebase) ||
	    !get_reg(vcpu, KVM_REG_RISCV_CONFIG | REG_CONFIG_SATP_MODE, &satp_mode)) {
		complain("KVM_GET_ONE_REG: %s: cove.ko is too old for stock kernels", strerror(errno));
		return false;
	}
	strcpy(vm->mmu, mmu_type(satp_mode));
	return true;
}

static bool aia_attr(int fd, bool set, uint32_t group, uint64_t attr, void *value)
{
	struct kvm_device_attr a = {
		.group = group,
		.attr = attr,
		.addr = (uint64_t)(uintptr_t)value,
	};

	return !ioctl(fd, set ? KVM_SET_DEVICE_ATTR : KVM_GET_DEVICE_ATTR, &a);
}

static bool set_up_aia(struct vm *vm, int fd, uint64_t base)
{
	uint32_t bits = 0, none = 0;
	uint64_t address;
	unsigned int id;

	while (1u << bits < vm->nr_vcpus)
		bits++;
	if (!aia_attr(fd, false, AIA_GRP_CONFIG, AIA_CONFIG_IDS, &vm->imsic_ids) ||
	    !aia_attr(fd, true, AIA_GRP_CONFIG, AIA_CONFIG_SRCS, &none) ||
	    !aia_attr(fd, true, AIA_GRP_CONFIG, AIA_CONFIG_GUEST_BITS, &none) ||
	    !aia_attr(fd, true, AIA_GRP_CONFIG, AIA_CONFIG_HART_BITS, &bits))
		return false;
	for (id = 0; id < vm->nr_vcpus; id++) {
		address = base + id * VM_PAGE;
		if (!aia_attr(fd, true, AIA_GRP_ADDR, AIA_ADDR_IMSIC(id), &address))
			return false;
	}
	return aia_attr(fd, true, AIA_GRP_CTRL, AIA_CTRL_INIT, NULL);
}

bool vm_add_aia(struct vm *vm, uint64_t base)
{
	struct kvm_create_device device = { .type = DEV_TYPE_RISCV_AIA };

	if (ioctl(vm->fd, KVM_CREATE_DEVICE, &device)) {
		if (errno == ENODEV || errno == ENOTTY)
			return true;	/* a guest gets along without, but for devices */
		complain("KVM_CREATE_DEVICE: %s: " LOG_HINT, strerror(errno));
		return false;
	}
	vm->aia = set_up_aia(vm, (int)device.fd, base);
	if (!vm->aia)
		complain("the AIA device cannot be set up: %s: " LOG_HINT, strerror(errno));
	close((int)device.fd);
	return vm->aia;
}

void vm_msi(struct vm *vm, uint64_t address, uint32_t id)
{
	struct kvm_msi msi = {
		.address_lo = (uint32_t)address,
		.address_hi = (uint32_t)(address >> 32),
		.data = id,
	};

	if (ioctl(vm->fd, KVM_SIGNAL_MSI, &msi) < 0 && vm->verbose)
		complain("interrupt %u at 0x%" PRIx64 ": %s", id, address, strerror(errno));
}

bool vm_set_entry(struct vm *vm, uint64_t pc, uint64_t arg)
{
	if (set_core(&vm->vcpus[0], offsetof(struct kvm_riscv_core, regs.pc), pc) &&
	    set_core(&vm->vcpus[0], offsetof(struct kvm_riscv_core, regs.a1), arg))
		return true;
	complain("KVM_SET_ONE_REG: %s: " LOG_HINT, strerror(errno));
	return false;
}
