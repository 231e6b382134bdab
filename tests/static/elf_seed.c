/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs with one fault each that scripts/elf-check must find (scripts/static builds them, SEED
 * names the fault). Nobody runs them.
 */
#define RECURSION	1
#define INDIRECT	2
#define DEEP		3
#define UNBOUNDED	4
#define WRITABLE	5

void trap_handle(unsigned long n);
__attribute__((noinline)) void callee(volatile char *p, unsigned long n);
__attribute__((noinline)) void back(unsigned long n);
void (*target)(unsigned long n);

void callee(volatile char *p, unsigned long n)
{
	p[n] = 1;
}

/* Two functions, so that the compiler makes no loop of it. */
void back(unsigned long n)
{
	volatile char room[64];

	callee(room, n & 63);
	if (SEED == RECURSION && n)
		trap_handle(n - 1);
	callee(room, n & 31);
}

#if SEED == WRITABLE
__attribute__((section(".both,\"awx\",@progbits#"))) volatile int both = 1;
#endif

void trap_handle(unsigned long n)
{
	volatile char room[SEED == DEEP ? 9000 : 16];

	callee(room, 0);
	if (SEED == UNBOUNDED) {
		volatile char some[n + 1];

		callee(some, n);
	}
	back(n);
	if (SEED == INDIRECT)
		target(n);
	callee(room, 1);
}
