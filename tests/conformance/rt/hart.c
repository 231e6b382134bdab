/* SPDX-License-Identifier: BSD-2-Clause */
#include "rt.h"

#define STACK_SIZE	16384
#define TRAP_STACK_SIZE	4096

struct hart harts[MAX_HARTS];
u32 nr_harts;
u64 ticks_per_second = 10000000;

static u8 stacks[MAX_HARTS][STACK_SIZE + TRAP_STACK_SIZE] __attribute__((aligned(16)));

void rt_start(u64 hart_id, const void *fdt, struct hart *boot);
void rt_hart_main(struct hart *h);

bool wait_u64(const u64 *word, u64 value)
{
	u64 start = now();

	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value)
		if (now() - start > LONG_ENOUGH)
			return false;
	return true;
}

void delay(u64 ticks)
{
	u64 start = now();

	while (now() - start < ticks)
		;
}

/* harts[0] is the hart that booted, whatever its id. */
void harts_init(u64 boot_id)
{
	for (u32 i = 0; i < nr_harts; i++) {
		if (machine.hart_ids[i] == boot_id) {
			u64 file = machine.imsic[i];

			machine.hart_ids[i] = machine.hart_ids[0];
			machine.imsic[i] = machine.imsic[0];
			machine.hart_ids[0] = boot_id;
			machine.imsic[0] = file;
		}
	}
	for (u32 i = 0; i < nr_harts; i++) {
		struct hart *h = &harts[i];

		h->id = machine.hart_ids[i];
		h->index = i;
		if (i) {
			h->stack = (u64)stacks[i] + STACK_SIZE;
			h->trap_stack = h->stack + TRAP_STACK_SIZE;
		}
	}
	harts[0].online = true;
}

void rt_start(u64 hart_id, const void *fdt, struct hart *boot)
{
	(void)boot;
	if (!machine_read(fdt)) {
		print("Bail out! the device tree at %lx is none\n", (u64)fdt);
		shutdown(true);
	}
	harts_init(hart_id);
	mem_init();
	imsic_init_hart();
	rt_main();
	shutdown(false);
}

/* Work that another hart has given to this one. */
/*
 * The message that goes with a request may come after the request was seen: it must not end the runs of
 * TVMs that are made here.
 */
static bool serve(struct hart *h)
{
	u64 ssi = csr_read(sie) & BIT(IRQ_SSI);

	if (!__atomic_load_n(&h->busy, __ATOMIC_ACQUIRE))
		return false;
	csr_clear(sie, BIT(IRQ_SSI));
	h->result = h->fn(h->arg);
	csr_set(sie, ssi);
	__atomic_store_n(&h->busy, 0, __ATOMIC_RELEASE);
	return true;
}

/* An interrupt that is enabled in sie ends WFI although it is not taken. */
void rt_hart_main(struct hart *h)
{
	csr_write(sie, BIT(IRQ_SSI));
	imsic_init_hart();
	h->starts++;
	__atomic_store_n(&h->online, true, __ATOMIC_RELEASE);
	for (;;) {
		csr_clear(sip, BIT(IRQ_SSI));
		if (!serve(h))
			wfi();
	}
}

bool hart_start(struct hart *h)
{
	struct sbiret r;
	u64 start = now();

	__atomic_store_n(&h->online, false, __ATOMIC_RELEASE);
	h->busy = 0;
	r = sbi(SBI_EXT_HSM, SBI_HSM_START, h->id, (u64)hart_entry, (u64)h);
	if (r.error)
		return false;
	while (!__atomic_load_n(&h->online, __ATOMIC_ACQUIRE))
		if (now() - start > LONG_ENOUGH)
			return false;
	return true;
}

void run_begin(u32 index, u64 (*fn)(u64), u64 arg)
{
	struct hart *h = &harts[index];

	h->fn = fn;
	h->arg = arg;
	__atomic_store_n(&h->busy, 1, __ATOMIC_RELEASE);
	sbi(SBI_EXT_IPI, SBI_IPI_SEND, 1, h->id);
}

bool run_done(u32 index)
{
	return !__atomic_load_n(&harts[index].busy, __ATOMIC_ACQUIRE);
}

/* The boot hart, which is the only one that has no loop, serves others here: what it waits for may need all harts. */
bool run_wait(u32 index, u64 ticks, u64 *result)
{
	struct hart *h = this_hart();
	u64 start = now();

	while (!run_done(index)) {
		if (!h->index && serve(h))
			csr_clear(sip, BIT(IRQ_SSI));
		if (now() - start > ticks)
			return false;
	}
	*result = harts[index].result;
	return true;
}

u64 run_on(u32 index, u64 (*fn)(u64), u64 arg)
{
	u64 result;

	if (index == this_hart()->index)
		return fn(arg);
	run_begin(index, fn, arg);
	if (!run_wait(index, 20 * ticks_per_second, &result)) {
		print("Bail out! hart %lu does not answer\n", harts[index].id);
		shutdown(true);
	}
	return result;
}

u64 run_on_all(u64 (*fn)(u64), u64 arg)
{
	u64 result = 0;

	for (u32 i = 0; i < nr_harts; i++)
		/* A hart that is busy is inside a TVM, or does this by itself. */
		if (i != this_hart()->index && harts[i].online && run_done(i))
			result |= run_on(i, fn, arg);
	return result | fn(arg);
}
