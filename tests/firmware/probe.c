/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in the TSM's place and says what firmware left: what S-mode may touch, on each hart, and
 * what is in the handoff page. tests/firmware/run.py reads it. PROBE_HEADER gives it a TSM's header.
 */
#include <stdint.h>

#define ROT_PAGE	0x801ff000UL
#define HANDOFF_PAGE	0x801fe000UL
#define FIRMWARE	0x80000000UL
#define FW_SIZE		0x200000UL
#define OWN_MEMORY	0x80300000UL

#define EID_HSM		0x48534dUL
#define EID_DBCN	0x4442434eUL

#define CAUSE_FETCH	1
#define CAUSE_LOAD	5
#define CAUSE_STORE	7

uint64_t trapped;			/* scause of the last trap, 0: none. start.S skips the access */
uint64_t may_load(uint64_t address);	/* each returns scause */
uint64_t may_store(uint64_t address);
uint64_t may_fetch(uint64_t address);
long sbi(uint64_t eid, uint64_t fid, uint64_t a0, uint64_t a1, uint64_t a2);
void secondary(void);
void probe(uint64_t hart, uint64_t fdt);
void probe_secondary(uint64_t hart);

static volatile uint64_t done;

static void put(char c)
{
	sbi(EID_DBCN, 2, (uint8_t)c, 0, 0);
}

static void print(const char *s)
{
	while (*s)
		put(*s++);
}

static void print_hex(uint64_t v, int digits)
{
	while (digits--)
		put("0123456789abcdef"[v >> 4 * digits & 15]);
}

static void try_all(uint64_t hart, uint64_t address)
{
	print("hart ");
	print_hex(hart, 2);
	print(" at ");
	print_hex(address, 8);
	print(": load ");
	print_hex(may_load(address), 2);
	print(" store ");
	print_hex(may_store(address), 2);
	print(" fetch ");
	print_hex(may_fetch(address), 2);
	print("\n");
}

/* Every page of firmware's block from both sides of each border that the image may have. */
static void scan(uint64_t hart)
{
	uint64_t open = 0, first = 0;

	for (uint64_t at = FIRMWARE; at < FIRMWARE + FW_SIZE; at += 4096) {
		if (may_load(at) || may_load(at + 4088))
			continue;
		first = open++ ? first : at;
	}
	print("hart ");
	print_hex(hart, 2);
	print(" reads from ");
	print_hex(first, 8);
	print(" on: ");
	print_hex(open, 4);
	print(" pages\n");
}

static void probe_hart(uint64_t hart)
{
	try_all(hart, ROT_PAGE);
	try_all(hart, ROT_PAGE + 4088);
	try_all(hart, FIRMWARE);
	try_all(hart, OWN_MEMORY);
	scan(hart);
}

/* The harts have one stack in turn: from "done" on it is the next one's, so there is no way back. */
void probe_secondary(uint64_t hart)
{
	probe_hart(hart);
	done = hart;
	for (;;)
		__asm__ volatile("wfi");
}

static void dump(void)
{
	const uint8_t *page = (const uint8_t *)HANDOFF_PAGE;

	print("handoff ");
	for (int i = 0; i < 4096; i++)
		print_hex(page[i], 2);
	print("\n");
}

void probe(uint64_t hart, uint64_t fdt)
{
	print("fdt ");
	print_hex(fdt, 8);
	print("\n");
	probe_hart(hart);
	done = hart;			/* any hart may be the first, and 0 another */
	for (uint64_t other = 0; other < 8; other++) {
		if (other == hart || sbi(EID_HSM, 0, other, (uint64_t)secondary, 0))
			continue;
		while (done != other)
			;
	}
	dump();
	print("probe done\n");
}
