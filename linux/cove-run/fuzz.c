// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer over the device models: the input is what a guest does to registers, rings and memory, and what comes from
 * outside (frames, keys, lines). Each input begins with a fresh machine. The sanitizers look on; besides, a device that
 * raises its interrupt must say why, and a message must be one that exists.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "aplic.h"
#include "block.h"
#include "net.h"
#include "uart.h"
#include "virtio.h"
#include "vm.h"

#define RAM_BASE	0x80000000ULL
#define RAM_SIZE	(64u << 10)
#define DISK_SECTORS	16
#define QUEUE		8
#define DRIVER_OK	15

struct input {
	const uint8_t *at, *end;
};

static uint8_t ram[RAM_SIZE];
static struct block disk;
static struct net net;
static struct vm machine;
static int wire;		/* the other end of the network */

void complain(const char *format, ...)
{
	(void)format;
}

static void on_print(void *context, uint8_t byte)
{
	(void)context;
	(void)byte;
}

static void on_send(void *context, uint32_t hart, uint32_t id)
{
	(void)context;
	if (hart >= 1u << 14 || id >= 1u << 11)
		abort();
}

static void on_raise(void *context)
{
	const struct virtio *v = context;

	if (!v->interrupts)
		abort();
}

static uint32_t take(struct input *in, unsigned int size)
{
	uint32_t value = 0;

	for (; size && in->at < in->end; size--)
		value = value << 8 | *in->at++;
	return value;
}

static uint32_t low(uint64_t queue, unsigned int part)
{
	return (uint32_t)(RAM_BASE + queue * 0x1000 + part * 0x400);
}

/* What a driver that keeps the rules does first, so that an input need not find it out. */
static void start(struct virtio *v)
{
	unsigned int i;

	virtio_store(v, 0x70, 4, 0);
	virtio_store(v, 0x70, 4, 3);
	virtio_store(v, 0x24, 4, 1);
	virtio_store(v, 0x20, 4, 3);
	virtio_store(v, 0x70, 4, 11);
	for (i = 0; i < v->nr_queues; i++) {
		virtio_store(v, 0x30, 4, i);
		virtio_store(v, 0x38, 4, QUEUE);
		virtio_store(v, 0x80, 4, low(i, 0));
		virtio_store(v, 0x90, 4, low(i, 1));
		virtio_store(v, 0xa0, 4, low(i, 2));
		virtio_store(v, 0x44, 4, 1);
	}
	virtio_store(v, 0x70, 4, DRIVER_OK);
}

static void put_desc(struct input *in, unsigned int queue)
{
	uint8_t *at = ram + queue * 0x1000 + take(in, 1) % QUEUE * 16;
	uint64_t address = RAM_BASE + take(in, 3) % (2 * RAM_SIZE);
	uint32_t size = take(in, 2);
	uint16_t flags = (uint16_t)take(in, 1), next = (uint16_t)take(in, 1);

	memcpy(at, &address, 8);
	memcpy(at + 8, &size, 4);
	memcpy(at + 12, &flags, 2);
	memcpy(at + 14, &next, 2);
}

static void put_avail(struct input *in, unsigned int queue)
{
	uint8_t *at = ram + queue * 0x1000 + 0x400;
	uint16_t index;

	memcpy(&index, at + 2, 2);
	at[4 + 2 * (index % QUEUE)] = (uint8_t)take(in, 1);
	index++;
	memcpy(at + 2, &index, 2);
}

static void virtio_step(struct input *in, struct virtio *v)
{
	static const unsigned int sizes[] = { 1, 2, 4, 8 };
	uint32_t what = take(in, 1), offset = take(in, 2) % 0x120;

	switch (what % 5) {
	case 0:
		virtio_store(v, offset, sizes[what / 5 % 4], take(in, 4));
		break;
	case 1:
		virtio_load(v, offset, sizes[what / 5 % 4]);
		break;
	case 2:
		put_desc(in, what / 5 % 2);
		break;
	case 3:
		put_avail(in, what / 5 % 2);
		virtio_store(v, 0x50, 4, what / 5 % 2);
		break;
	case 4:
		start(v);
		break;
	}
}

static void frame_step(struct input *in)
{
	uint8_t frame[2048];
	size_t size = take(in, 2) % sizeof(frame);

	memset(frame, (int)take(in, 1), sizeof(frame));
	if (send(wire, frame, size, MSG_DONTWAIT) < 0 && errno != EAGAIN)
		abort();
	net_poll(&net);
}

static void step(struct input *in, struct uart *u, struct aplic *a)
{
	uint32_t what = take(in, 1), offset = take(in, 2), value;
	uint8_t byte;

	switch (what % 8) {
	case 0:
	case 1:
		virtio_step(in, &disk.virtio);
		break;
	case 2:
		virtio_step(in, &net.virtio);
		break;
	case 3:
		frame_step(in);
		break;
	case 4:
		what & 8 ? uart_store(u, offset % 16, (uint8_t)take(in, 1)) : (void)uart_load(u, offset % 16);
		break;
	case 5:
		byte = (uint8_t)offset;
		uart_input(u, &byte, 1);
		break;
	case 6:
		value = take(in, 4);
		what & 8 ? aplic_store(a, offset * 4, value) : (void)aplic_load(a, offset * 4);
		break;
	case 7:
		aplic_line(a, 1 + offset % APLIC_SOURCES, what & 8);
		break;
	}
}

static void set_up(void)
{
	char path[] = "/tmp/cove-fuzz-disk-XXXXXX";
	int fd = mkstemp(path), ends[2];

	if (fd < 0 || ftruncate(fd, DISK_SECTORS * 512) || !block_open(&disk, path) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends))
		abort();
	unlink(path);
	close(fd);
	net_init(&net, ends[0], 0);
	net.vm = &machine;
	wire = ends[1];
	pthread_mutex_init(&machine.lock, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void reset(struct virtio *v)
{
	v->raise = on_raise;
	v->context = v;
	v->ram = ram;
	v->ram_base = RAM_BASE;
	v->ram_size = RAM_SIZE;
	virtio_store(v, 0x70, 4, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct uart u;
	static struct aplic a;
	struct input in = { data, data + size };
	uint8_t frame[2048];

	if (!wire)
		set_up();
	u = (struct uart){ .print = on_print };
	a = (struct aplic){ .send = on_send };
	memset(ram, 0, sizeof(ram));
	reset(&disk.virtio);
	reset(&net.virtio);
	start(&disk.virtio);
	start(&net.virtio);
	while (in.at < in.end)
		step(&in, &u, &a);
	/* Frames of this input are none of the next one's. */
	while (recv(wire, frame, sizeof(frame), MSG_DONTWAIT) > 0)
		;
	while (recv(net.fd, frame, sizeof(frame), MSG_DONTWAIT) > 0)
		;
	return 0;
}
