/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runtime of the bare-metal TVM images in this folder: one flat file, linked at TVM_BASE, that runs
 * in VS mode with no address translation. It is loaded there by its VMM and entered at its first
 * byte with a0 = vCPU id and a1 = the boot argument. start.S calls tvm_main() on the boot vCPU;
 * when that returns, the TVM powers off.
 *
 * The file begins with the 64-byte header of a RISC-V Linux Image, with which any VMM that loads an
 * Image can load it:
 *	 0 u64  code: a jump over the header
 *	 8 u64  text_offset: 0x200000, where in RAM it wants to be (RAM begins at 0x80000000)
 *	16 u64  image_size: bytes of memory that it uses, from its first byte on
 *	24 u64  flags: 0 (little endian)
 *	32 u32  version: 2 (0.2)
 *	36 u32  0
 *	40 u64  file_size: bytes of the file, exactly; Linux has 0 here
 *	48 u64  magic "RISCV\0\0\0"
 *	56 u32  magic2 "RSC\x05"
 *	60 u32  0
 */
#ifndef TVM_H
#define TVM_H

#define TVM_BASE		0x80200000
#define TVM_TEXT_OFFSET		0x200000
#define TVM_MAX_VCPUS		8
#define TVM_STACK_SIZE		8192
#define TVM_PAGE_SIZE		4096

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sbiret {
	long error;
	long value;
};

/* start.S */
struct sbiret tvm_ecall(unsigned long a0, unsigned long a1, unsigned long a2, unsigned long a3,
			unsigned long a4, unsigned long a5, unsigned long fid, unsigned long eid);
extern char tvm_image_end[];	/* what lies behind, up to the end of RAM, nobody uses */

static inline struct sbiret tvm_sbi(unsigned long eid, unsigned long fid, unsigned long a0,
				    unsigned long a1, unsigned long a2)
{
	return tvm_ecall(a0, a1, a2, 0, 0, 0, fid, eid);
}

/* The image's own: vcpu is its id, arg the boot argument. False: power off and report a failure. */
bool tvm_main(unsigned long vcpu, unsigned long arg);

/*
 * console.c: DBCN if the TSM has it, else the legacy call. Boot vCPU, or whoever holds the caller's
 * lock.
 */
void tvm_puts(const char *text);
void tvm_put_dec(uint64_t value);
void tvm_put_hex(uint64_t value);			/* 0x..., no leading zeros */
void tvm_put_bytes(const uint8_t *bytes, size_t n);	/* two digits each */

/*
 * vcpu.c: fn(id, arg) on another vCPU, on a stack of its own; when fn returns the vCPU stops. The
 * SBI error of HSM.
 */
long tvm_start_vcpu(unsigned long id, void (*fn)(unsigned long id, unsigned long arg),
		    unsigned long arg);
long tvm_vcpu_status(unsigned long id);			/* HSM status, or a negative SBI error */
long tvm_probe(unsigned long eid);			/* > 0: there is such an extension */
void tvm_power_off(bool ok) __attribute__((noreturn));

/* Waits in WFI until the timer is due, with interrupts disabled at sstatus. Needs Sstc. */
void tvm_sleep(uint64_t ticks);
uint64_t tvm_time(void);
#endif

#endif
