/* SPDX-License-Identifier: BSD-2-Clause */
/* Where every trap arrives, and how a world is entered for the first time. */
#ifndef TRAP_TRAP_H
#define TRAP_TRAP_H

#include "host/hart.h"

/* stvec (world.S) */
void trap_entry(void);

/* Loads the registers of @w and returns into it. The CSRs of the world are loaded already. */
void __noreturn world_enter(struct world *w);

/*
 * Called by trap_entry with the world that ran, for what does not go to abi/ at once: exceptions of the host but ECALLs, and all
 * interrupts. Returns the world to enter.
 */
struct world *trap_handle(struct world *w, u64 scause, u64 stval);

/* Called by trap_entry, on a stack of its own, for a trap of the TSM that nobody expected. */
void __noreturn trap_panic(u64 sp, u64 ra);

#endif
