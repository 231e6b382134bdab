/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TEST_H
#define TEST_H

#include <stdbool.h>

/* One line of TAP. */
void ok(bool good, const char *what);
void test_devices(void);

#endif
