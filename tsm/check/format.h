/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page words and table entries as docs/page-states.md, the privileged specification (Sv39x4) and gstage/pte.h describe
 * them, written down a second time: the oracle shares no code with what it judges. Private to check/ and the tests.
 */
#ifndef CHECK_FORMAT_H
#define CHECK_FORMAT_H

#include "base/types.h"

enum word_state {
	W_RESERVED,
	W_TSM,
	W_HOST,
	W_CONVERTING,
	W_CONVERTED,
	W_DATA,
	W_BLOCKED,
	W_TABLE,
	W_STATE,
	W_VCPU,
	W_STATES,
};

/* info of a converted frame: zero already (RAM), or holding what a TVM left in it (interrupt file). */
#define W_INFO_CLEAN	1u
#define W_INFO_DIRTY	2u

static inline u32 w_state(u64 word) { return word & 15; }
static inline bool w_busy(u64 word) { return word >> 4 & 1; }
static inline u64 w_owner(u64 word) { return word >> 5 & 0x3ffffff; }
static inline u32 w_info(u64 word) { return (u32)(word >> 32); }

#define E_V		0x001u
#define E_R		0x002u
#define E_W		0x004u
#define E_X		0x008u
#define E_U		0x010u
#define E_G		0x020u
#define E_A		0x040u
#define E_D		0x080u
#define E_IN_FLIGHT	0x100u	/* of a TVM's tables: not valid, a call is filling the frame */
#define E_BLOCKED	0x200u	/* likewise: not valid, frame and permissions kept, epoch in bits 36 up */

static inline bool e_is_table(u64 e) { return (e & (E_V | E_R | E_W | E_X)) == E_V; }
/* In the host's tables and, where no stamp is in it, in a TVM's. */
static inline u64 e_frame(u64 e) { return e << 10 >> 20; }
/* A TVM's entry: 26 bits of frame number below the stamp. */
static inline u64 e_tvm_frame(u64 e) { return e >> 10 & 0x3ffffff; }
static inline u32 e_stamp(u64 e) { return (u32)(e >> 36); }
#define E_STAMP_MASK	0xfffffffu

/* Frames that an entry at a level stands for: 0: 4 KiB, 1: 2 MiB, 2: 1 GiB. */
static inline u64 e_frames(u32 level) { return 1ULL << 9 * level; }

#endif
