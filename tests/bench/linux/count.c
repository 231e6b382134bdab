/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plugin for QEMU that counts the instructions which a machine executes, by who they belong to, and the traps into the
 * TSM by cause. What runs is measured as it is: nothing is compiled into it.
 *
 *	-plugin count.so,out=FILE,start=A,low=A,high=A,trap=A
 *
 * Counting begins with the first instruction at "start", the host's. The first 2 MiB of RAM are the firmware's, from "low" on
 * below "high" the TSM's, all others the host's. "trap" is where the TSM's traps arrive. The guest marks the ends of phases by
 * the hint "slti zero, zero, N", and each adds lines to FILE:
 *
 *	mark N HOST FIRMWARE TSM
 *	exit N CAUSE DETAIL COUNT
 *
 * DETAIL is the extension of an ECALL, the instruction that did not run, or the page that was not there.
 *
 * QEMU's header is not in Debian's packages: what follows is its documented interface, as of version 4.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT		__attribute__((visibility("default")))
#define FIRMWARE	0x80000000ULL
#define FIRMWARE_END	0x80200000ULL
#define HINT_MASK	0x000fffffU	/* all but the immediate */
#define HINT		0x00002013U	/* slti zero, zero, N */
#define MAX_EXITS	4096

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_scoreboard;
struct qemu_plugin_register;

typedef struct { struct qemu_plugin_scoreboard *score; size_t offset; } qemu_plugin_u64;
typedef struct { struct qemu_plugin_register *handle; const char *name, *feature; } register_descriptor;
typedef struct { char *data; unsigned int len; } array;		/* GLib's GArray and GByteArray begin so */
typedef void (*vcpu_cb)(unsigned int vcpu, void *data);

enum { INLINE_ADD_U64 = 0 };
enum { CB_NO_REGS = 0, CB_R_REGS = 1 };

extern void qemu_plugin_register_vcpu_init_cb(uint64_t id, void (*cb)(uint64_t id, unsigned int vcpu));
extern void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*cb)(uint64_t id, struct qemu_plugin_tb *tb));
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
extern size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *to, size_t length);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, vcpu_cb cb, int flags, void *data);
extern void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_plugin_insn *insn, int op,
								  qemu_plugin_u64 entry, uint64_t value);
extern struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t size);
extern uint64_t qemu_plugin_u64_sum(qemu_plugin_u64 entry);
extern array *qemu_plugin_get_registers(void);
extern int qemu_plugin_read_register(struct qemu_plugin_register *handle, array *to);
extern array *g_byte_array_new(void);
extern array *g_byte_array_set_size(array *a, unsigned int length);

EXPORT int qemu_plugin_version = 4;
EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

enum owner { HOST, FW, TSM, OWNERS };
enum reg { SCAUSE, STVAL, HTVAL, A7, REGS };

static const char *const reg_names[REGS] = { "scause", "stval", "htval", "a7" };
static struct qemu_plugin_register *regs[REGS];
static struct qemu_plugin_scoreboard *score;
static uint64_t base[OWNERS];
static uint64_t start, low, high, trap;
static bool started;
static FILE *out;

static struct { uint64_t cause, detail, count; } exits[MAX_EXITS];
static unsigned int nr_exits;

static qemu_plugin_u64 counter(unsigned int owner)
{
	return (qemu_plugin_u64){ score, owner * sizeof(uint64_t) };
}

static uint64_t count(unsigned int owner)
{
	return qemu_plugin_u64_sum(counter(owner)) - base[owner];
}

static uint64_t read_reg(enum reg reg)
{
	static array *bytes;
	uint64_t value = 0;

	if (!bytes)
		bytes = g_byte_array_new();
	g_byte_array_set_size(bytes, 0);
	if (regs[reg] && qemu_plugin_read_register(regs[reg], bytes) > 0)
		memcpy(&value, bytes->data, bytes->len < sizeof(value) ? bytes->len : sizeof(value));
	return value;
}

static uint64_t detail_of(uint64_t cause)
{
	switch (cause) {
	case 10:
		return read_reg(A7);
	case 20:
	case 21:
	case 23:
		return read_reg(HTVAL) << 2 & ~0xfffULL;
	case 22:
		return read_reg(STVAL);
	}
	return 0;
}

/* Harts of -icount take turns in one thread, so nothing is locked. */
static void on_trap(unsigned int vcpu, void *data)
{
	uint64_t cause = read_reg(SCAUSE), detail = detail_of(cause);
	unsigned int i;

	if (!started)
		return;
	for (i = 0; i < nr_exits; i++)
		if (exits[i].cause == cause && exits[i].detail == detail)
			break;
	if (i == MAX_EXITS)
		return;
	if (i == nr_exits) {
		exits[i].cause = cause;
		exits[i].detail = detail;
		nr_exits++;
	}
	exits[i].count++;
}

static void on_start(unsigned int vcpu, void *data)
{
	if (started)
		return;
	started = true;
	for (unsigned int i = 0; i < OWNERS; i++)
		base[i] = qemu_plugin_u64_sum(counter(i));
}

static void on_mark(unsigned int vcpu, void *data)
{
	unsigned int n = (unsigned int)(uintptr_t)data;

	fprintf(out, "mark %u %llu %llu %llu\n", n, (unsigned long long)count(HOST), (unsigned long long)count(FW),
		(unsigned long long)count(TSM));
	for (unsigned int i = 0; i < nr_exits; i++)
		fprintf(out, "exit %u %llx %llx %llu\n", n, (unsigned long long)exits[i].cause,
			(unsigned long long)exits[i].detail, (unsigned long long)exits[i].count);
	fflush(out);
}

static enum owner owner_of(uint64_t at)
{
	if (at >= FIRMWARE && at < FIRMWARE_END)
		return FW;
	return at >= low && at < high ? TSM : HOST;
}

static void on_block(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);

	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t at = qemu_plugin_insn_vaddr(insn);
		uint32_t code = 0;

		qemu_plugin_insn_data(insn, &code, sizeof(code));
		if (at == start && !started)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_start, CB_NO_REGS, NULL);
		if (trap && at == trap)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_trap, CB_R_REGS, NULL);
		if ((code & HINT_MASK) == HINT)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, CB_NO_REGS,
							       (void *)(uintptr_t)(code >> 20));
		qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, INLINE_ADD_U64, counter(owner_of(at)), 1);
	}
}

static void on_vcpu(uint64_t id, unsigned int vcpu)
{
	array *list = qemu_plugin_get_registers();

	if (vcpu)
		return;
	for (unsigned int i = 0; i < list->len; i++)
		for (unsigned int r = 0; r < REGS; r++) {
			register_descriptor *d = &((register_descriptor *)list->data)[i];

			/* Integer registers are called x17/a7 by some versions. */
			if (!strcmp(d->name, reg_names[r]) || (r == A7 && strstr(d->name, "/a7")))
				regs[r] = d->handle;
		}
}

static bool parse(const char *argument)
{
	static const struct { const char *name; uint64_t *to; } numbers[] = {
		{ "start=", &start }, { "low=", &low }, { "high=", &high }, { "trap=", &trap },
	};

	if (!strncmp(argument, "out=", 4))
		return (out = fopen(argument + 4, "w"));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		size_t length = strlen(numbers[i].name);

		if (!strncmp(argument, numbers[i].name, length)) {
			*numbers[i].to = strtoull(argument + length, NULL, 0);
			return true;
		}
	}
	return false;
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!parse(argv[i])) {
			fprintf(stderr, "count: bad argument %s\n", argv[i]);
			return -1;
		}
	if (!out)
		return -1;
	score = qemu_plugin_scoreboard_new(OWNERS * sizeof(uint64_t));
	qemu_plugin_register_vcpu_init_cb(id, on_vcpu);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
	return 0;
}
