/* SPDX-License-Identifier: BSD-2-Clause */
/* What the host must not have is absent from its device tree and not mapped. Group: hidden. */
#include "tests.h"

static void faults(u64 at, const char *what)
{
	u64 v;

	eq(probe_load64(at, &v), CAUSE_LOAD_ACCESS, "a load from %s takes an access fault", what);
	eq(this_hart()->fault_tval, at, "stval is the address in %s", what);
	eq(probe_store64(at, 0), CAUSE_STORE_ACCESS, "a store to %s takes an access fault", what);
	eq(probe_fetch(at), CAUSE_FETCH_ACCESS, "a fetch from %s takes an access fault", what);
}

static void devices(void)
{
	static const struct {
		u64 address;
		const char *name;
	} list[] = {
		{ 0x1000, "the boot ROM" },
		{ 0x02000000, "the CLINT's place" },
		{ 0x02f00000, "the ACLINT's place" },
		{ 0x0c000000, "the M-mode APLIC" },
		{ 0x10001000, "virtio-mmio" },
		{ 0x10008000, "the last virtio-mmio" },
		{ 0x10100000, "fw_cfg" },
		{ 0x24000000, "an M-mode interrupt file" },
		{ NOWHERE, "no device and no memory" },
	};

	for (u32 i = 0; i < ARRAY_SIZE(list); i++)
		faults(list[i].address, list[i].name);
	for (u32 i = 0; i < nr_harts; i++) {
		char name[] = "the supervisor interrupt file of hart #0";

		name[sizeof(name) - 2] = (char)('0' + i);
		faults(machine.imsic[i] - PAGE_SIZE, name);
	}
}

static void device_tree(void)
{
	ok(!machine_has_compatible("qemu,fw-cfg-mmio"), "the device tree has no fw_cfg");
	ok(!machine_has_compatible("virtio,mmio"), "the device tree has no virtio-mmio");
	ok(!machine_has_compatible("sifive,clint0") && !machine_has_compatible("riscv,clint0"),
	   "the device tree has no CLINT");
	ok(machine_has_compatible("ns16550a"), "the device tree has the UART");
	ok(machine_has_compatible("pci-host-ecam-generic"),
	   "the device tree has the PCI Express bridge");
	ok(machine_has_compatible("google,goldfish-rtc"), "the device tree has the RTC");
	ok(machine_has_compatible("riscv,imsics"), "the device tree has the interrupt files");
	ok(machine.has_h, "the host keeps h in its ISA string");
	ok(strstr(machine.isa, "_ssaia") != NULL, "the host has ssaia in its ISA string");
	ok(strstr(machine.isa, "_sstc") != NULL, "the host has sstc in its ISA string");
	ok(!strstr(machine.isa, "_smaia"),
	   "machine-mode extensions are not in the host's ISA string");
	ok(!strstr(machine.isa, "_sdtrig"), "sdtrig is not in the host's ISA string");
}

/* The ISA string names V where there are vector registers, and nowhere else. */
static void vector_is_named(void)
{
	u64 bytes = 0;

	csr_set(sstatus, SSTATUS_VS_INITIAL);
	eq(probe_insn(0xc2202573 /* csrr a0, vlenb */, &bytes) == NO_TRAP, machine.has_v,
	   "the ISA string has v if the hart has vector registers, and only then");
	ok(machine.has_v == (bytes >= 16), "which are at least 128 bits wide (%lu bytes)", bytes);
	csr_clear(sstatus, SSTATUS_VS);
}

/* The holes of the memory map, 64 KiB at a time: firmware, TSM, page words, tables. */
static void memory_holes(void)
{
	u64 tried = 0, open = 0, v;

	for (u64 at = 0x80000000; at < 0x80000000 + 0x80000000ULL; at += 0x10000) {
		bool beyond = true;

		for (u32 i = 0; i < machine.nr_ram; i++)
			beyond &= at >= machine.ram[i].base + machine.ram[i].size;
		if (beyond)
			break;
		if (machine_is_ram(at, 8))
			continue;
		tried++;
		if (probe_load64(at, &v) != CAUSE_LOAD_ACCESS ||
		    probe_store64(at, 0) != CAUSE_STORE_ACCESS ||
		    probe_fetch(at) != CAUSE_FETCH_ACCESS) {
			note("%lx can be reached", at);
			open++;
		}
	}
	ok(tried > 0, "the memory map has a hole for firmware and TSM");
	eq(open, 0,
	   "nothing in the holes of the memory map can be loaded, stored to or executed (%lu "
	   "places)",
	   tried);
}

/* And all that the map promises is there. */
static void memory_is_there(void)
{
	u64 missing = 0, v;

	for (u32 i = 0; i < machine.nr_ram; i++)
		for (u64 at = machine.ram[i].base; at < machine.ram[i].base + machine.ram[i].size;
		     at += 0x10000)
			missing += probe_load64(at, &v) != NO_TRAP;
	eq(missing, 0, "all memory that the device tree promises can be read");
	eq(probe_load32(machine.imsic[0], &v), NO_TRAP,
	   "the host's own interrupt file can be reached");
	eq(probe_load8(0x10000005, &v), NO_TRAP, "the UART can be reached");
	eq(probe_load32(0x101000, &v), NO_TRAP, "the RTC can be reached");
	eq(probe_load32(0x30000000, &v), NO_TRAP, "the PCI configuration space can be reached");
}

static const struct test hidden_tests[] = {
	TEST(devices),	    TEST(device_tree),	   TEST(vector_is_named),
	TEST(memory_holes), TEST(memory_is_there),
};

GROUP(hidden, true, 1);
