/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Read before every file of the image (Makefile). The image is one piece: what another file defines is found relative to the
 * pc, not through a table of addresses. -fvisibility=hidden says so of definitions alone.
 */
#ifndef BASE_HIDDEN_H
#define BASE_HIDDEN_H

#pragma GCC visibility push(hidden)

#endif
