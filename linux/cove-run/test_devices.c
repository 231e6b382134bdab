// SPDX-License-Identifier: GPL-2.0-only
/* Device models, driven by a guest that keeps the rules, and by one that does not. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <libfdt.h>

#include "aplic.h"
#include "block.h"
#include "tree.h"
#include "test.h"
#include "uart.h"
#include "virtio.h"

#define RAM_BASE	0x80000000ULL
#define RAM_SIZE	(1u << 20)
#define DESC		RAM_BASE
#define AVAIL		(RAM_BASE + 0x1000)
#define USED		(RAM_BASE + 0x2000)
#define BUFFER		(RAM_BASE + 0x3000)
#define FUZZ_ROUNDS	200000

static uint8_t ram[RAM_SIZE];
static unsigned int raised, printed, sent;
static uint32_t last_hart, last_id;

void complain(const char *format, ...)
{
	(void)format;
}

static void on_raise(void *context)
{
	(void)context;
	raised++;
}

static void on_print(void *context, uint8_t byte)
{
	(void)context;
	printed = byte;
}

static void on_send(void *context, uint32_t hart, uint32_t id)
{
	(void)context;
	sent++;
	last_hart = hart;
	last_id = id;
}

static void test_uart(void)
{
	struct uart u = { .print = on_print };
	unsigned int i;

	uart_store(&u, 0, 'x');
	ok(printed == 'x', "what is written to the UART is printed");
	ok(uart_load(&u, 5) == 0x60 && uart_load(&u, 2) == 1, "it is always ready, and has no interrupt");
	uart_store(&u, 1, 1);
	uart_input(&u, (const uint8_t *)"ab", 2);
	ok(u.line && uart_load(&u, 2) == 4, "input raises its interrupt");
	ok(uart_load(&u, 0) == 'a' && uart_load(&u, 0) == 'b' && !u.line,
	   "the guest reads it, and the interrupt goes");
	uart_store(&u, 1, 2);
	ok(u.line && uart_load(&u, 2) == 2 && !u.line, "an empty transmitter interrupts until it is looked at");
	uart_store(&u, 3, 0x80);
	uart_store(&u, 0, 7);
	ok(uart_load(&u, 0) == 7 && printed == 'x', "the divisor is not printed");
	uart_store(&u, 3, 0);
	for (i = 0; i < 2 * UART_FIFO; i++)
		uart_input(&u, (const uint8_t *)"c", 1);
	ok(!uart_room(&u), "it takes no more than its FIFO holds");
}

static void test_aplic(void)
{
	struct aplic a = { .send = on_send };

	aplic_store(&a, 0x0004, 6);			/* source 1: a level */
	aplic_store(&a, 0x0008, 4);			/* source 2: rising edges */
	aplic_store(&a, 0x3004, 1u << 18 | 33);
	aplic_store(&a, 0x3008, 34);
	aplic_store(&a, 0x1edc, 1);
	aplic_store(&a, 0x1edc, 2);
	aplic_line(&a, 2, true);
	aplic_line(&a, 2, false);
	ok(!sent, "nothing is sent while the domain is off");
	aplic_store(&a, 0, 0x100);
	ok(sent == 1 && last_id == 34 && !last_hart, "what was pending is sent when it goes on");
	aplic_line(&a, 1, true);
	aplic_line(&a, 1, true);
	ok(sent == 2 && last_id == 33 && last_hart == 1, "a level is sent once");
	aplic_store(&a, 0x2000, 1);
	ok(sent == 3, "and again when software asks while it is high");
	aplic_line(&a, 1, false);
	aplic_store(&a, 0x2000, 1);
	ok(sent == 3, "but not when it is low");
	aplic_store(&a, 0x0004, 0x400 | 6);
	ok(aplic_load(&a, 4) == 0, "no source can be delegated");
}

static void test_fdt(void)
{
	static uint8_t blob[4096];
	struct tree f;
	size_t size;
	int node;

	tree_begin(&f, blob, sizeof(blob));
	tree_node(&f, "soc");
	tree_u32(&f, "#address-cells", 2);
	tree_reg(&f, 0x10000000, 0x100);
	tree_string(&f, "compatible", "test");
	tree_close(&f);
	size = tree_end(&f);
	ok(size && !fdt_check_full(blob, sizeof(blob)) && fdt_totalsize(blob) == size,
	   "libfdt finds nothing wrong with a tree of ours");
	node = fdt_path_offset(blob, "/soc");
	ok(node > 0 && !fdt_node_check_compatible(blob, node, "test"), "and the node in it");
	tree_begin(&f, blob, 100);
	tree_string(&f, "long", "a string that does not fit into a hundred bytes");
	ok(!tree_end(&f), "a tree that does not fit is none");
}

static void put64(uint64_t gpa, uint64_t value)
{
	memcpy(ram + (gpa - RAM_BASE), &value, sizeof(value));
}

static void put32(uint64_t gpa, uint32_t value)
{
	memcpy(ram + (gpa - RAM_BASE), &value, sizeof(value));
}

static void put16(uint64_t gpa, uint16_t value)
{
	memcpy(ram + (gpa - RAM_BASE), &value, sizeof(value));
}

static uint16_t used_index(void)
{
	uint16_t value;

	memcpy(&value, ram + (USED + 2 - RAM_BASE), sizeof(value));
	return value;
}

static void desc(unsigned int n, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	put64(DESC + 16 * n, addr);
	put32(DESC + 16 * n + 8, len);
	put16(DESC + 16 * n + 12, flags);
	put16(DESC + 16 * n + 14, next);
}

static void start(struct virtio *v)
{
	memset(ram, 0, sizeof(ram));
	virtio_store(v, 0x70, 4, 0);
	virtio_store(v, 0x70, 4, 3);
	virtio_store(v, 0x24, 4, 1);
	virtio_store(v, 0x20, 4, 3);
	virtio_store(v, 0x70, 4, 11);
	virtio_store(v, 0x30, 4, 0);
	virtio_store(v, 0x38, 4, 8);
	virtio_store(v, 0x80, 4, (uint32_t)DESC);
	virtio_store(v, 0x90, 4, (uint32_t)AVAIL);
	virtio_store(v, 0xa0, 4, (uint32_t)USED);
	virtio_store(v, 0x44, 4, 1);
	virtio_store(v, 0x70, 4, 15);
}

/* A request of a type for a sector, with 512 bytes in either direction; the status that comes back. */
static uint8_t request(struct virtio *v, uint32_t type, uint64_t sector, uint16_t index)
{
	put32(BUFFER, type);
	put64(BUFFER + 8, sector);
	ram[BUFFER + 0x800 - RAM_BASE] = 0xee;
	desc(0, BUFFER, 16, 1, 1);
	desc(1, BUFFER + 0x100, 512, type ? 1 : 3, 2);
	desc(2, BUFFER + 0x800, 1, 2, 0);
	put16(AVAIL + 4 + 2 * (index % 8), 0);
	put16(AVAIL + 2, (uint16_t)(index + 1));
	virtio_store(v, 0x50, 4, 0);
	return ram[BUFFER + 0x800 - RAM_BASE];
}

static void test_block(struct block *b)
{
	struct virtio *v = &b->virtio;

	ok(virtio_load(v, 0, 4) == 0x74726976 && virtio_load(v, 8, 4) == 2, "a virtio block device");
	ok(virtio_load(v, 0x100, 4) == 8, "its capacity is the file's");
	ok(virtio_load(v, 0x10c, 4) == VIRTIO_PARTS - 2, "a request may have many parts");
	start(v);
	ok(virtio_load(v, 0x70, 4) == 15, "it accepts its driver");
	memset(ram + (BUFFER + 0x100 - RAM_BASE), 0x5a, 512);
	ok(!request(v, 1, 3, 0) && used_index() == 1 && raised == 1, "a sector is written");
	memset(ram + (BUFFER + 0x100 - RAM_BASE), 0, 512);
	ok(!request(v, 0, 3, 1) && ram[BUFFER + 0x2ff - RAM_BASE] == 0x5a, "and read");
	ok(request(v, 0, 8, 2) == 1, "one behind the end is an error");
	ok(request(v, 0, ~0ULL / 512, 3) == 1, "one far behind it, too");
	ok(!request(v, 4, 0, 4), "a flush succeeds");
	ok(request(v, 77, 0, 5) == 2, "what it does not know is not supported");
	virtio_store(v, 0x70, 4, 0);
	virtio_store(v, 0x70, 4, 11);
	ok(virtio_load(v, 0x70, 4) == 3, "a driver that does not know of shared memory is not accepted");
}

static void test_broken_rings(struct block *b)
{
	struct virtio *v = &b->virtio;

	start(v);
	desc(0, BUFFER, 16, 1, 0);
	put16(AVAIL + 2, 1);
	virtio_store(v, 0x50, 4, 0);
	ok(virtio_load(v, 0x70, 4) & 64, "a chain that is a circle stops the device");
	start(v);
	desc(0, RAM_BASE + RAM_SIZE - 8, 16, 0, 0);
	put16(AVAIL + 2, 1);
	virtio_store(v, 0x50, 4, 0);
	ok(virtio_load(v, 0x70, 4) & 64, "so does a buffer that leaves the RAM");
	start(v);
	put16(AVAIL + 4, 9);
	put16(AVAIL + 2, 1);
	virtio_store(v, 0x50, 4, 0);
	ok(virtio_load(v, 0x70, 4) & 64, "and a descriptor that does not exist");
}

static uint32_t below(uint32_t limit)
{
	return (uint32_t)random() % limit;
}

/* Whatever a guest writes to rings and registers: the sanitizers look on. */
static void fuzz(struct block *b)
{
	struct uart u = { .print = on_print };
	struct aplic a = { .send = on_send };
	unsigned int i, n;

	srandom(1);
	for (i = 0; i < FUZZ_ROUNDS; i++) {
		uint32_t value = (uint32_t)random() >> below(32);

		if (i % 64 == 0) {
			start(&b->virtio);
			put16(AVAIL + 2, (uint16_t)random());
		}
		for (n = 0; n < 4; n++)
			ram[below(0x3100)] = (uint8_t)random();
		if (i % 8 == 0)
			desc(below(8), RAM_BASE + below(2 * RAM_SIZE),
			     value, random() & 3, random() & 7);
		virtio_store(&b->virtio, below(0x110), 4, value);
		virtio_store(&b->virtio, 0x50, 4, 0);
		virtio_load(&b->virtio, below(0x110), 1u << below(4));
		uart_store(&u, below(9), (uint8_t)value);
		uart_load(&u, below(9));
		aplic_store(&a, below(0x1000) * 4, value);
		aplic_load(&a, below(0x1000) * 4);
		aplic_line(&a, 1 + below(APLIC_SOURCES), value & 1);
	}
	ok(true, "random rings, registers and lines do no harm");
}

void test_devices(void)
{
	static struct block b = {
		.virtio = { .raise = on_raise, .ram = ram, .ram_base = RAM_BASE, .ram_size = RAM_SIZE },
	};
	char path[] = "/tmp/cove-run-disk-XXXXXX";
	int fd = mkstemp(path);

	test_uart();
	test_aplic();
	test_fdt();
	ok(fd >= 0 && !ftruncate(fd, 8 * 512) && block_open(&b, path), "a disk is opened");
	test_block(&b);
	test_broken_rings(&b);
	fuzz(&b);
	unlink(path);
	close(fd);
}
