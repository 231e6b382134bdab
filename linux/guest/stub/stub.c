/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a CoVE-aware guest would do before its kernel starts: declares the devices of the device
 * tree as MMIO, and allows external interrupts. It is measured with the kernel, and so is the
 * device tree that it reads; what it cannot make sense of ends the TVM with a message. Interrupts
 * are allowed for the boot vCPU, and vCPUs that it starts inherit that.
 */
#include "base/types.h"
#include "cove/covg.h"
#include "fdt/fdt_reader.h"
#include "sbi.h"

#define FDT_MAX		(1U << 20)
#define ALL_INTERRUPTS	(~0UL)

long stub_ecall(unsigned long a0, unsigned long a1, unsigned long a2, unsigned long fid, unsigned long eid);
void stub_main(unsigned long hart, unsigned long fdt);
void stub_trap(unsigned long cause, unsigned long pc, unsigned long value);

/*
 * Devices that a VMM emulates: their registers, and for a PCI bridge its windows. No pointers: VMMs
 * load the file to a place that they choose, and nobody relocates it.
 */
static const char devices[][24] = {
	"ns16550a", "virtio,mmio", "riscv,aplic", "pci-host-ecam-generic", "google,goldfish-rtc", "sifive,test0",
};

static void print(const char *text)
{
	for (; *text; text++)
		stub_ecall((unsigned long)*text, 0, 0, 0, SBI_EXT_LEGACY_PUTCHAR);
}

static void print_hex(u64 value)
{
	char text[19] = "0x";
	int i;

	for (i = 0; i < 16; i++)
		text[2 + i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
	print(text);
}

static void __noreturn fail(const char *why, u64 a, u64 b)
{
	print("boot stub: ");
	print(why);
	print(": ");
	print_hex(a);
	print(", ");
	print_hex(b);
	print("\n");
	stub_ecall(SBI_SRST_TYPE_SHUTDOWN, SBI_SRST_REASON_FAILURE, 0, SBI_SRST_RESET, SBI_EXT_SRST);
	for (;;)
		;
}

void stub_trap(unsigned long cause, unsigned long pc, unsigned long value)
{
	print_hex(cause);
	fail(" is an unexpected trap, at", pc, value);
}

static void declare(const struct machine_range *r)
{
	u64 base = ALIGN_DOWN(r->base.v, PAGE_SIZE), end = ALIGN_UP(r->base.v + r->size, PAGE_SIZE);
	long error;

	if (end <= base)
		fail("no device can be there", r->base.v, r->size);
	error = stub_ecall(base, end - base, 0, COVG_ADD_MMIO_REGION, SBI_EXT_COVG);
	if (error)
		fail("the TSM refuses a device's registers", base, end - base);
}

static bool emulated(const struct dt_walk *w)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(devices); i++)
		if (dt_compatible(w->fdt, w->node, devices[i]))
			return dt_enabled(w->fdt, w->node);
	return false;
}

static void declare_device(struct dt_walk *w)
{
	bool bridge = dt_compatible(w->fdt, w->node, "pci-host-ecam-generic");
	int regs = dt_walk_reg_count(w), windows = bridge ? dt_walk_window_count(w) : 0;
	struct machine_range r;
	int i;

	if (regs <= 0 || windows < 0)
		fail("a device has no registers that make sense", (u64)w->node, 0);
	for (i = 0; i < regs; i++) {
		if (!dt_walk_reg(w, (u32)i, &r))
			fail("a device's registers make no sense", (u64)w->node, (u64)i);
		declare(&r);
	}
	for (i = 0; i < windows; i++)
		if (dt_walk_window(w, (u32)i, &r) && r.size)
			declare(&r);
}

void stub_main(unsigned long hart, unsigned long fdt)
{
	const char *why = "";
	struct dt_walk w;
	bool imsic = false;

	if (dt_validate((const void *)fdt, FDT_MAX, &why))
		fail(why, fdt, hart);
	dt_walk_begin(&w, (const void *)fdt);
	while (dt_walk_next(&w)) {
		if (emulated(&w))
			declare_device(&w);
		imsic |= dt_compatible(w.fdt, w.node, "riscv,imsics");
	}
	if (imsic && stub_ecall(ALL_INTERRUPTS, 0, 0, COVG_ALLOW_EXT_INTERRUPT, SBI_EXT_COVG))
		fail("the TSM has no interrupt files for this TVM", fdt, hart);
}
