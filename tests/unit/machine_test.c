/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/unit.h"

#include <string.h>
#include <libfdt.h>

#include "fdt/machine.h"
#include "unit/tree.h"

static struct machine m;
static const char *why;

static enum dt_err parse(const void *fdt)
{
	why = NULL;
	memset(&m, 0xa5, sizeof(m));
	return machine_parse(fdt, TREE_ROOM, &m, &why);
}

/* The tree is refused with this error, and the message has these words. */
static void expect_refusal(void *fdt, enum dt_err err, const char *words)
{
	assert_int_equal(parse(fdt), err);
	assert_non_null(why);
	if (!strstr(why, words))
		fail_msg("\"%s\" does not say \"%s\"", why, words);
	free(fdt);
}

static void reads_qemu_virt(void **state)
{
	void *fdt = tree_load("qemu-virt");

	(void)state;
	assert_int_equal(parse(fdt), DT_OK);
	assert_int_equal(m.nr_ram, 1);
	assert_int_equal(m.ram[0].base.v, 0x80000000);
	assert_int_equal(machine_ram_size(&m), 0x40000000);
	assert_int_equal(m.ram_numa[0], ~0U);
	assert_int_equal(m.nr_reserved, 2);
	assert_int_equal(m.nr_harts, 2);
	assert_int_equal(m.timebase_hz, 10000000);
	for (u32 i = 0; i < 2; i++) {
		assert_int_equal(m.harts[i].id, i);
		assert_int_equal(m.harts[i].imsic.v, 0x28000000 + i * 0x8000);
		assert_int_equal(m.harts[i].cbom_block, 64);
		assert_int_equal(m.harts[i].cboz_block, 64);
	}
	assert_true(isa_has(&m.isa, ISA_H) && isa_has(&m.isa, ISA_SSTC));
	assert_true(isa_has(&m.isa, ISA_SSAIA));
	assert_int_equal(m.imsic.phandle, 6);
	assert_int_equal(m.imsic.num_ids, 255);
	assert_int_equal(m.imsic.num_guest_ids, 255);
	assert_int_equal(m.imsic.guest_index_bits, 3);
	assert_int_equal(m.imsic.hart_index_bits, 1);
	assert_int_equal(m.imsic.group_index_bits, 0);
	assert_int_equal(m.kernel.base.v, 0x84000000);
	assert_int_equal(m.kernel.size, 0x1f40);
	assert_int_equal(m.ramdisk.base.v, 0x88000000);
	assert_string_equal(m.bootargs, "console=ttyS0 root=/dev/vda");
	assert_int_equal(m.fdt.base.v, ALIGN_DOWN((uintptr_t)fdt, PAGE_SIZE));
	free(fdt);
}

static void reads_an_odd_board(void **state)
{
	void *fdt = tree_load("odd-board");

	(void)state;
	assert_int_equal(parse(fdt), DT_OK);
	assert_int_equal(m.nr_ram, 3);
	assert_int_equal(m.ram[1].base.v, 0x88000000);
	assert_int_equal(m.ram_numa[1], 1);
	assert_int_equal(m.ram[2].base.v, 0xa0001000);	/* whole pages only */
	assert_int_equal(m.ram[2].size, 0x8000000);
	assert_int_equal(m.nr_reserved, 3);
	assert_int_equal(m.reserved[0].base.v, 0x88000000);	/* /memreserve/, rounded outwards */
	assert_int_equal(m.reserved[0].size, 0x2000);
	assert_int_equal(m.reserved[2].base.v, 0x81000000);
	assert_int_equal(m.reserved[2].size, 0x2000);
	assert_int_equal(m.nr_harts, 3);		/* not the disabled one */
	assert_int_equal(m.harts[0].id, 0x100000001);
	assert_int_equal(m.timebase_hz, 1000000);
	assert_int_equal(m.harts[0].imsic.v, 0x29004000);	/* the last parent */
	assert_int_equal(m.harts[1].imsic.v, 0x29000000);
	assert_int_equal(m.harts[2].imsic.v, 0x28000000);
	assert_int_equal(m.imsic.num_guest_ids, 127);
	assert_int_equal(m.imsic.group_index_bits, 1);
	assert_true(isa_has(&m.harts[1].isa, ISA_SVPBMT));
	assert_false(isa_has(&m.isa, ISA_SVPBMT));	/* not every hart has it */
	assert_true(isa_has(&m.isa, ISA_H));
	assert_string_equal(m.bootargs, "from the module");
	assert_int_equal(m.ramdisk.size, 0);
	free(fdt);
}

static void finds_the_ramdisk_in_chosen(void **state)
{
	void *fdt = tree_load("odd-board");

	(void)state;
	tree_set_u32(fdt, "/chosen", "linux,initrd-start", 0x85000000);
	TREE_CELLS(fdt, "/chosen", "linux,initrd-end", 0, 0x85002345);
	assert_int_equal(parse(fdt), DT_OK);
	assert_int_equal(m.ramdisk.base.v, 0x85000000);
	assert_int_equal(m.ramdisk.size, 0x2345);
	tree_set_u32(fdt, "/chosen", "linux,initrd-start", 0x85003000);
	expect_refusal(fdt, DT_E_INVALID, "initrd");
}

static void says_what_is_missing(void **state)
{
	void *fdt = tree_load("qemu-virt");

	(void)state;
	tree_delete_node(fdt, "/memory@80000000");
	expect_refusal(fdt, DT_E_MISSING, "no memory node");
	fdt = tree_load("qemu-virt");
	tree_delete_node(fdt, "/cpus");
	expect_refusal(fdt, DT_E_MISSING, "no usable hart");
	fdt = tree_load("qemu-virt");
	tree_delete_property(fdt, "/cpus", "timebase-frequency");
	expect_refusal(fdt, DT_E_MISSING, "timebase");
	fdt = tree_load("qemu-virt");
	tree_delete_node(fdt, "/cpus/cpu@1/interrupt-controller");
	expect_refusal(fdt, DT_E_MISSING, "without interrupt controller");
}

static void runs_without_an_imsic(void **state)
{
	void *fdt = tree_load("qemu-virt");

	(void)state;
	tree_delete_node(fdt, "/soc/interrupt-controller@28000000");
	assert_int_equal(parse(fdt), DT_OK);
	assert_int_equal(m.imsic.phandle, 0);
	assert_int_equal(m.harts[0].imsic.v, 0);
	free(fdt);
}

static void refuses_bad_memory(void **state)
{
	const char *ram = "/memory@80000000";
	void *fdt = tree_load("qemu-virt");

	(void)state;
	TREE_CELLS(fdt, ram, "reg", 0, 0x80000000, 0, 0x40000000, 0, 0xbffff000, 0, 0x2000);
	expect_refusal(fdt, DT_E_INVALID, "overlap");
	fdt = tree_load("qemu-virt");
	TREE_CELLS(fdt, ram, "reg", 0, 0x80000000, 0, 0x40000000, 0, 0x80000000, 0, 0x40000000);
	expect_refusal(fdt, DT_E_INVALID, "overlap");
	fdt = tree_load("qemu-virt");
	TREE_CELLS(fdt, ram, "reg", 0, 0x80000000, 0xffffffff, 0x80000000);
	expect_refusal(fdt, DT_E_INVALID, "wrapping");
	fdt = tree_load("qemu-virt");
	TREE_CELLS(fdt, ram, "reg", 0, 0x80000000, 0, 0);
	expect_refusal(fdt, DT_E_INVALID, "empty");
	fdt = tree_load("qemu-virt");
	TREE_CELLS(fdt, ram, "reg", 0x1000000, 0, 0, 0x100000);
	expect_refusal(fdt, DT_E_INVALID, "56");
	fdt = tree_load("qemu-virt");
	TREE_CELLS(fdt, ram, "reg", 0, 0x80000000, 0x40000000);
	expect_refusal(fdt, DT_E_INVALID, "malformed");
	fdt = tree_load("qemu-virt");
	TREE_CELLS(fdt, ram, "reg", 0, 0x80000800, 0, 0x1000);	/* no whole page */
	expect_refusal(fdt, DT_E_MISSING, "no memory node");
}

static void refuses_too_much(void **state)
{
	void *fdt = tree_load("qemu-virt");
	u32 cells[4 * (MACHINE_MAX_RESERVED + 1)] = { 0 };
	char name[32], path[64], *args;

	(void)state;
	for (u32 i = 0; i <= MACHINE_MAX_RAM; i++) {
		cells[4 * i + 1] = 0x80000000 + 0x100000 * i;
		cells[4 * i + 3] = 0x1000;
	}
	tree_set_cells(fdt, "/memory@80000000", "reg", cells, 4 * (MACHINE_MAX_RAM + 1));
	expect_refusal(fdt, DT_E_CAPACITY, "banks");

	fdt = tree_load("qemu-virt");
	for (u32 i = 0; i <= MACHINE_MAX_RESERVED; i++) {
		cells[4 * i + 1] = 0x80000000 + 0x100000 * i;
		cells[4 * i + 3] = 0x1000;
	}
	tree_set_cells(fdt, "/reserved-memory/mmode_resv1@80000000", "reg", cells,
		       4 * (MACHINE_MAX_RESERVED + 1));
	expect_refusal(fdt, DT_E_CAPACITY, "reserved");

	fdt = tree_load("qemu-virt");
	for (u32 i = 2; i <= MACHINE_MAX_HARTS; i++) {
		snprintf(name, sizeof(name), "cpu@%x", i);
		snprintf(path, sizeof(path), "/cpus/%s", name);
		tree_add_node(fdt, "/cpus", name);
		tree_set_string(fdt, path, "device_type", "cpu");
		tree_set_string(fdt, path, "riscv,isa", "rv64i");
		tree_set_u32(fdt, path, "reg", i);
	}
	expect_refusal(fdt, DT_E_CAPACITY, "harts");

	fdt = tree_load("qemu-virt");
	args = malloc(MACHINE_BOOTARGS + 1);
	memset(args, 'x', MACHINE_BOOTARGS);
	args[MACHINE_BOOTARGS] = 0;
	tree_set_string(fdt, "/chosen", "bootargs", args);
	expect_refusal(fdt, DT_E_CAPACITY, "command line");
	fdt = tree_load("qemu-virt");
	tree_set_string(fdt, "/chosen", "bootargs", args + 1);
	assert_int_equal(parse(fdt), DT_OK);
	assert_int_equal(strlen(m.bootargs), MACHINE_BOOTARGS - 1);
	free(fdt);
	free(args);
}

static void refuses_bad_harts(void **state)
{
	void *fdt = tree_load("qemu-virt");

	(void)state;
	tree_set_u32(fdt, "/cpus/cpu@1", "reg", 0);
	expect_refusal(fdt, DT_E_INVALID, "one id");
	fdt = tree_load("qemu-virt");
	TREE_CELLS(fdt, "/cpus/cpu@1", "reg", 0, 1);
	expect_refusal(fdt, DT_E_INVALID, "malformed reg of a cpu");
	fdt = tree_load("qemu-virt");
	tree_set_u32(fdt, "/cpus/cpu@1/interrupt-controller", "phandle", 4);
	expect_refusal(fdt, DT_E_INVALID, "one interrupt controller");
	fdt = tree_load("qemu-virt");
	tree_delete_property(fdt, "/cpus/cpu@0", "riscv,isa");
	tree_delete_property(fdt, "/cpus/cpu@0", "riscv,isa-extensions");
	expect_refusal(fdt, DT_E_INVALID, "riscv,isa");
	fdt = tree_load("qemu-virt");
	tree_set_string(fdt, "/cpus/cpu@0", "riscv,isa", "rv32imac");
	tree_delete_property(fdt, "/cpus/cpu@0", "riscv,isa-extensions");
	expect_refusal(fdt, DT_E_INVALID, "riscv,isa");
	fdt = tree_load("qemu-virt");
	tree_set_bytes(fdt, "/cpus/cpu@0", "riscv,isa-extensions", "i\0m", 3);
	expect_refusal(fdt, DT_E_INVALID, "riscv,isa");
}

static void refuses_bad_modules(void **state)
{
	const char *kernel = "/chosen/module@0x84000000";
	void *fdt = tree_load("qemu-virt");

	(void)state;
	TREE_CELLS(fdt, kernel, "reg", 0, 0x7ffff000, 0, 0x2000);
	expect_refusal(fdt, DT_E_INVALID, "kernel module outside of memory");
	fdt = tree_load("qemu-virt");
	TREE_CELLS(fdt, kernel, "reg", 0, 0xbffff000, 0, 0x2000);
	expect_refusal(fdt, DT_E_INVALID, "kernel module outside of memory");
	fdt = tree_load("qemu-virt");
	TREE_CELLS(fdt, kernel, "reg", 0xffffffff, 0xfffff000, 0, 0x2000);
	expect_refusal(fdt, DT_E_INVALID, "wrapping");
	fdt = tree_load("qemu-virt");
	TREE_CELLS(fdt, kernel, "reg", 0, 0x84000000, 0, 0);
	expect_refusal(fdt, DT_E_INVALID, "empty");
	fdt = tree_load("qemu-virt");
	TREE_CELLS(fdt, kernel, "reg", 0, 0x84000000, 0, 0x4000001);
	expect_refusal(fdt, DT_E_INVALID, "overlap");
	fdt = tree_load("qemu-virt");
	TREE_CELLS(fdt, kernel, "reg", 0x84000000, 0x1000);
	expect_refusal(fdt, DT_E_INVALID, "malformed");
	fdt = tree_load("qemu-virt");
	tree_set_string(fdt, "/chosen/module@0x88000000", "compatible", "multiboot,kernel");
	expect_refusal(fdt, DT_E_INVALID, "two kernels");
}

static void refuses_bad_imsics(void **state)
{
	const char *s = "/soc/interrupt-controller@28000000";
	const char *level_m = "/soc/interrupt-controller@24000000";
	void *fdt = tree_load("qemu-virt");

	(void)state;
	TREE_CELLS(fdt, s, "reg", 0, 0x28000000, 0, 0x8000, 0, 0x28000000, 0, 0x8000);
	expect_refusal(fdt, DT_E_INVALID, "overlap");
	fdt = tree_load("qemu-virt");
	TREE_CELLS(fdt, s, "reg", 0, 0x28000000, 0, 0x8000);		/* one file too few */
	expect_refusal(fdt, DT_E_INVALID, "address of an IMSIC");
	fdt = tree_load("qemu-virt");
	TREE_CELLS(fdt, s, "reg", 0, 0x28001000, 0, 0x10000);	/* not aligned */
	expect_refusal(fdt, DT_E_INVALID, "address of an IMSIC");
	fdt = tree_load("qemu-virt");
	TREE_CELLS(fdt, s, "reg", 0, 0x80000000, 0, 0x10000);		/* in RAM */
	expect_refusal(fdt, DT_E_INVALID, "memory");
	fdt = tree_load("qemu-virt");
	TREE_CELLS(fdt, s, "reg", 0xffffffff, 0xffff8000, 0, 0x10000);
	expect_refusal(fdt, DT_E_INVALID, "IMSIC");
	fdt = tree_load("qemu-virt");
	TREE_CELLS(fdt, s, "interrupts-extended", 4, 9, 4, 9);		/* one hart twice */
	expect_refusal(fdt, DT_E_INVALID, "IMSIC");
	fdt = tree_load("qemu-virt");
	TREE_CELLS(fdt, s, "interrupts-extended", 4, 9, 2, 11);
	expect_refusal(fdt, DT_E_INVALID, "level");
	fdt = tree_load("qemu-virt");
	TREE_CELLS(fdt, s, "interrupts-extended", 4, 9, 2);
	expect_refusal(fdt, DT_E_INVALID, "level");
	fdt = tree_load("qemu-virt");
	tree_set_u32(fdt, s, "riscv,guest-index-bits", 7);
	expect_refusal(fdt, DT_E_INVALID, "index bits");
	fdt = tree_load("qemu-virt");
	tree_set_u32(fdt, s, "riscv,num-ids", 256);
	expect_refusal(fdt, DT_E_INVALID, "identities");
	fdt = tree_load("qemu-virt");
	tree_delete_property(fdt, s, "phandle");
	expect_refusal(fdt, DT_E_INVALID, "phandle");
	fdt = tree_load("qemu-virt");
	tree_set_string(fdt, level_m, "status", "okay");
	TREE_CELLS(fdt, level_m, "interrupts-extended", 4, 9, 2, 9);
	expect_refusal(fdt, DT_E_INVALID, "two S-level");
}

/*
 * An IMSIC may name itself, or a node that does not exist, as a parent: phandles are only compared.
 */
static void ignores_cycles_of_phandles(void **state)
{
	const char *s = "/soc/interrupt-controller@28000000";
	void *fdt = tree_load("qemu-virt");

	(void)state;
	TREE_CELLS(fdt, s, "interrupts-extended", 6, 9, 4, 9);
	tree_set_u32(fdt, s, "interrupt-parent", 6);
	tree_set_u32(fdt, s, "msi-parent", 8);
	tree_set_u32(fdt, "/soc/interrupt-controller@d000000", "interrupt-parent", 8);
	assert_int_equal(parse(fdt), DT_OK);
	assert_int_equal(m.harts[0].imsic.v, 0x28008000);	/* the second place */
	assert_int_equal(m.harts[1].imsic.v, 0);
	free(fdt);
}

static void refuses_reserved_memory_that_wraps(void **state)
{
	const char *path = "/reserved-memory/mmode_resv1@80000000";
	void *fdt = tree_load("qemu-virt");

	(void)state;
	TREE_CELLS(fdt, path, "reg", 0xffffffff, 0xffffff00, 0, 0x80);
	expect_refusal(fdt, DT_E_INVALID, "wraps");
	fdt = tree_load("qemu-virt");
	TREE_CELLS(fdt, path, "reg", 0xffffffff, 0xffffff00, 0, 0x8000);
	expect_refusal(fdt, DT_E_INVALID, "wrapping");
	fdt = tree_load("qemu-virt");
	assert_int_equal(fdt_add_mem_rsv(fdt, 0xfffffffffffff000, 0x2000), 0);
	expect_refusal(fdt, DT_E_INVALID, "memreserve");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SENTENCE("QEMU's virt machine is read", reads_qemu_virt),
		SENTENCE("a board with groups, banks and a disabled hart is read",
			 reads_an_odd_board),
		SENTENCE("a ramdisk is found in linux,initrd-start and -end",
			 finds_the_ramdisk_in_chosen),
		SENTENCE("what is missing is said", says_what_is_missing),
		SENTENCE("a machine without IMSIC parses", runs_without_an_imsic),
		SENTENCE("memory that overlaps, wraps, is empty or too high is refused",
			 refuses_bad_memory),
		SENTENCE("more than the capacity is refused", refuses_too_much),
		SENTENCE("harts without id, ISA or interrupt controller of their own are refused",
			 refuses_bad_harts),
		SENTENCE("modules outside of memory or on top of each other are refused",
			 refuses_bad_modules),
		SENTENCE("IMSICs with impossible geometry or files in wrong places are refused",
			 refuses_bad_imsics),
		SENTENCE("phandles that form a cycle do no harm", ignores_cycles_of_phandles),
		SENTENCE("reserved memory that wraps is refused",
			 refuses_reserved_memory_that_wraps),
	};

	return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
