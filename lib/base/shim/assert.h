/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosted header for third-party code under -nostdinc: only static_assert. */
#ifndef SHIM_ASSERT_H
#define SHIM_ASSERT_H

#ifndef static_assert
#define static_assert	_Static_assert
#endif

#endif
