/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The terminal on standard input, raw while a guest uses it. It is put back whatever ends us: at
 * exit(), in handlers of the signals that kill, and by another process when we had no say.
 */
#ifndef TERMINAL_H
#define TERMINAL_H

#define TERMINAL_ESCAPE	0x1d	/* Ctrl-] */

/* No effect where standard input is no terminal. */
void terminal_raw(void);
void terminal_restore(void);

#endif
